#!/usr/bin/env python3
"""Cost of a training step of the Markov-chain transformers: headflow beside PyTorch (Debian: python3-torch), one run.

    bench/tokens.py build/bench/steps [--models minimal,full] [--threads 1,2] [--rounds 5] >tokens.tsv

A step is forward, backward, clipping and AdamW at the paper's sizes, batch 3000 (models/paper/minimal.conf, full.conf); its
sequences are there already on both sides. Forms of the minimal model for PyTorch:

    products   inputs as one-hot vectors, matrix products with them
    look-ups   rows of the key-major query matrix and of the value matrix by token and place, logits gathered from them
    mixed      the rows by products with one-hot tokens, logits gathered from them

All compute scored queries only and sum heads and keys in one batched product. The decoder computes queries of scored places only,
keys and values in one product, and uses PyTorch's fused layer norm, softmax and cross-entropy. Both go through the batch whole or
in chunks that stay in cache, gradients added: the fastest size of chunk is taken.

headflow and each form run in turn; medians over the rounds are given, of the processor time and of the clock. On a machine that
others use, too, compare processor times of one thread, and the least times of the clock for more of them."""
import argparse
import math
import os
import statistics
import subprocess
import sys
import time

os.environ.setdefault("OMP_WAIT_POLICY", "passive")
HERE = os.path.dirname(os.path.abspath(__file__))
MODELS = os.path.join(HERE, "..", "models", "paper")
BATCH, D, SCORED, HEADS = 3000, 50, 20, 3


def split(batch, chunk):
    return [(a, min(a + chunk, batch)) for a in range(0, batch, chunk)]


class Minimal:
    """Attention alone, spans of two tokens: 25 places, width 75."""
    first, places = 5, 25

    def __init__(self, torch, form, dtype):
        self.torch, self.form = torch, form
        width = D + self.places
        bound = math.sqrt(6 / (2 * width))
        self.query = torch.empty(width, HEADS, width, dtype=dtype).uniform_(-bound, bound).requires_grad_()  # key, head, query
        self.value = torch.empty(width, HEADS, width, dtype=dtype).uniform_(-bound, bound).requires_grad_()  # key, head, output
        self.parameters = [self.query, self.value]
        self.scale = 1 / math.sqrt(width)
        self.mask = torch.full((SCORED, self.places), -math.inf, dtype=dtype).triu(self.first + 1)
        self.tokens = torch.randint(0, D, (BATCH, self.places + 1))
        self.hot = torch.nn.functional.one_hot(self.tokens[:, :self.places], D).to(dtype)
        place = torch.eye(self.places, dtype=dtype).expand(BATCH, self.places, self.places)
        self.x = torch.cat([self.hot, place], dim=2) if form == "products" else None

    def logits(self, a, b):
        """(n, scored, heads, places) attention logits, (n, heads * places, D) what is shown of every key."""
        torch, n = self.torch, b - a
        if self.form == "products":
            x = self.x[a:b]
            rows = (x.reshape(-1, D + self.places) @ self.query.flatten(1)).view(n, self.places * HEADS, -1)
            l = (x[:, self.first:] @ rows.transpose(1, 2)).view(n, SCORED, self.places, HEADS).transpose(2, 3)
            shown = x.reshape(-1, D + self.places) @ self.value[:, :, :D].flatten(1)
        else:
            if self.form == "look-ups":
                rows = torch.nn.functional.embedding(self.tokens[a:b, :self.places], self.query[:D].flatten(1))
                shown = torch.nn.functional.embedding(self.tokens[a:b, :self.places], self.value[:D, :, :D].flatten(1))
            else:
                hot = self.hot[a:b].reshape(-1, D)
                rows = (hot @ self.query[:D].flatten(1)).view(n, self.places, -1)
                shown = (hot @ self.value[:D, :, :D].flatten(1)).view(n, self.places, -1)
            rows = (rows + self.query[D:].flatten(1)).view(n, self.places, HEADS, -1)
            shown = shown + self.value[D:, :, :D].flatten(1)
            asked = self.tokens[a:b, None, None, self.first:self.places].expand(n, self.places, HEADS, SCORED)
            l = rows.gather(3, asked) + rows[..., D + self.first:]
            l = l.permute(0, 3, 2, 1)
        return l, shown.view(n, self.places, HEADS, D).transpose(1, 2).reshape(n, HEADS * self.places, D)

    def loss(self, a, b):
        torch = self.torch
        l, shown = self.logits(a, b)
        weights = torch.softmax(l * self.scale + self.mask[:, None], dim=3)
        z = torch.bmm(weights.reshape(b - a, SCORED, HEADS * self.places), shown)
        return torch.nn.functional.cross_entropy(z.view(-1, D), self.tokens[a:b, self.first + 1:].reshape(-1), reduction="sum")


class Decoder:
    """One block, width 255, spans of four tokens: 31 places."""
    first, places, width, mlp, dropout = 11, 31, 255, 64, 0.1

    def __init__(self, torch, form, dtype):
        self.torch = torch
        C, M = self.width, self.mlp

        def uniform(rows, columns):
            bound = math.sqrt(6 / (rows + columns))
            return torch.empty(rows, columns, dtype=dtype).uniform_(-bound, bound).requires_grad_()

        def full(count, number):
            return torch.full((count,), number, dtype=dtype).requires_grad_()

        self.p = {"token": uniform(D, C), "place": uniform(self.places, C), "query": uniform(C, C), "both": uniform(2 * C, C),
                  "output": uniform(C, C), "in": uniform(M, C), "inb": full(M, 0), "out": uniform(C, M), "outb": full(C, 0),
                  "gain1": full(C, 1), "shift1": full(C, 0), "gain2": full(C, 1), "shift2": full(C, 0), "readout": uniform(D, C)}
        self.parameters = list(self.p.values())
        self.mask = torch.full((SCORED, self.places), -math.inf, dtype=dtype).triu(self.first + 1)
        self.tokens = torch.randint(0, D, (BATCH, self.places + 1))

    def loss(self, a, b):
        torch, p, n, C = self.torch, self.p, b - a, self.width
        f, size = torch.nn.functional, C // HEADS
        x = f.dropout(f.embedding(self.tokens[a:b, :self.places], p["token"]) + p["place"], self.dropout)
        asking = x[:, self.first:]
        q = f.linear(asking, p["query"]).view(n, SCORED, HEADS, size).transpose(1, 2).reshape(-1, SCORED, size)
        both = f.linear(x, p["both"]).view(n, self.places, 2, HEADS, size).permute(2, 0, 3, 1, 4)
        k, v = both.reshape(2, -1, self.places, size)
        weights = torch.softmax(torch.baddbmm(self.mask, q, k.transpose(1, 2), alpha=1 / math.sqrt(size)), dim=2)
        o = torch.bmm(f.dropout(weights, self.dropout), v).view(n, HEADS, SCORED, size).transpose(1, 2).reshape(n, SCORED, C)
        y = f.layer_norm(asking + f.dropout(f.linear(o, p["output"]), self.dropout), (C,), p["gain1"], p["shift1"], 1e-5)
        inner = f.relu(f.linear(y, p["in"], p["inb"]))
        y = f.layer_norm(y + f.dropout(f.linear(inner, p["out"], p["outb"]), self.dropout), (C,), p["gain2"], p["shift2"], 1e-5)
        z = f.linear(y, p["readout"])
        return f.cross_entropy(z.view(-1, D), self.tokens[a:b, self.first + 1:].reshape(-1), reduction="sum")


def step(model, optimizer, torch, chunk):
    optimizer.zero_grad(set_to_none=True)
    for a, b in split(BATCH, chunk):
        (model.loss(a, b) / (BATCH * SCORED)).backward()
    torch.nn.utils.clip_grad_norm_(model.parameters, 1.0)
    optimizer.step()


def timed(action):
    clock, processor = time.perf_counter(), time.process_time()
    action()
    return 1e3 * (time.process_time() - processor), 1e3 * (time.perf_counter() - clock)


def torch_case(torch, kind, form, dtype, rate, chunks):
    """A function that makes one step, with the fastest chunk, which it says."""
    model = kind(torch, form, dtype)
    optimizer = torch.optim.AdamW(model.parameters, lr=rate)
    best = None
    torch.set_num_threads(1)
    for chunk in chunks:
        step(model, optimizer, torch, chunk)
        taken = min(timed(lambda: step(model, optimizer, torch, chunk))[0] for _ in range(2))
        if best is None or taken < best[0]:
            best = taken, chunk
    return best[1], lambda: step(model, optimizer, torch, best[1])


def headflow_case(program, name, threads, steps, *options):
    """Medians over the steps, ms: processor time, clock; of one run."""
    out = subprocess.run([program, os.path.join(MODELS, name + ".conf"), str(threads), str(steps), "train.samples=3000",
                          "train.validation=1", *options], check=True, capture_output=True, text=True).stdout
    row = next(line.split("\t") for line in out.splitlines() if line.startswith("step"))
    return float(row[1]), float(row[2])


def measure(torch, program, name, threads_list, rounds, precisions):
    kind, forms, rate, chunks, steps = {"minimal": (Minimal, ("products", "look-ups", "mixed"), 0.08, (3000, 600, 120, 30), 5),
                                        "full": (Decoder, ("fused",), 0.003, (3000, 300, 60, 15), 1)}[name]
    cases = []
    if name == "minimal":
        cases.append(("headflow", "single", None))
    for precision in precisions:
        for form in forms:
            chunk, action = torch_case(torch, kind, form, getattr(torch, {"single": "float32", "double": "float64"}[precision]),
                                       rate, chunks)
            cases.append(("PyTorch, %s, chunks of %d" % (form, chunk), precision, action))
    for threads in threads_list:
        torch.set_num_threads(threads)
        taken = [[] for _ in range(len(cases) + 1)]
        for _ in range(rounds):
            taken[0].append(headflow_case(program, name, threads, steps))
            for case, times in zip(cases, taken[1:]):
                times.append(headflow_case(program, name, threads, steps, "train.precision=single") if case[2] is None
                             else timed(case[2]))
        ours = [statistics.median(t[i] for t in taken[0]) for i in (0, 1)] + [min(t[1] for t in taken[0])]
        for (form, precision), times in zip([("headflow", "double")] + [c[:2] for c in cases], taken):
            theirs = [statistics.median(t[i] for t in times) for i in (0, 1)] + [min(t[1] for t in times)]
            numbers = theirs + [t / o for t, o in zip(theirs, ours)]
            print(name, form, precision, threads, *("%.4g" % x for x in numbers), sep="\t", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--models", default="minimal,full")
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--precisions", default="single,double")
    arguments = parser.parse_args()
    try:
        import torch
    except ImportError:
        sys.exit("bench/tokens.py: PyTorch is missing; on Debian: apt-get install python3-torch")
    torch.manual_seed(1)
    print("# batch %d; PyTorch %s; ms a step; ratios: to headflow's in double precision" % (BATCH, torch.__version__))
    print("model\twhat\tprecision\tthreads\tprocessor\tclock\tclock_least\tprocessor_ratio\tclock_ratio\tclock_least_ratio")
    for name in arguments.models.split(","):
        measure(torch, arguments.program, name, [int(t) for t in arguments.threads.split(",")], arguments.rounds,
                arguments.precisions.split(","))


if __name__ == "__main__":
    main()
