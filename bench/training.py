#!/usr/bin/env python3
"""Cost of a training step of the regression transformer: headflow beside PyTorch (Debian: python3-torch), one run.

    bench/training.py build/headflow [--steps 300] [--rounds 5] [--threads 1 2]

The problem: y = sum_j A_j X p_j, X of d x T standard normal, H heads V_k X softmax(a_k), squared error; d = 50, T = 40, H = 3, J = 3,
batch 512, fresh samples at every step, plain SGD. Formulations for PyTorch:

    natural   einsum over all heads, single and double precision; without the generation of data (one batch, used again)
    best      S X^T first, one matrix product with all values side by side, single and double precision; with and without data

headflow computes in double or mixed precision and always draws its data; its time per step is the difference of two runs of different
length, so that start and end do not count. All are measured in turn, several times; medians and the least are given."""
import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time

D, T, H, J, B = 50, 40, 3, 3, 512

MODEL = """
heads = %d; positions = %d;
target = { strengths = (2.89, 1.7, 1.0); };
init = { distribution = "sine"; perturbation = 1e-2; };
train = { dim = %d; batch = %d; lr = 0.05; seeds = 1; sampling = "%s"; precision = "%s"; log_every = 1000000; };
detect = { saddles = false; };
output = { plots = false; attention = false; };
"""


def headflow_step(program, sampling, precision, threads, steps):
    """Seconds per step from runs of steps and of 4 steps."""
    with tempfile.TemporaryDirectory() as folder:
        model = os.path.join(folder, "m.conf")
        with open(model, "w") as file:
            file.write(MODEL % (H, T, D, B, sampling, precision))
        seconds = []
        for count in (steps, 4 * steps):
            start = time.perf_counter()
            subprocess.run([program, "run", model, "-o", os.path.join(folder, "out"), "--quiet", "-j", str(threads),
                            "-s", "train.steps=%d" % count], check=True)
            seconds.append(time.perf_counter() - start)
        return (seconds[1] - seconds[0]) / (3 * steps)


def torch_task(torch, dtype):
    features = torch.randn(J, D, D, dtype=dtype)
    features *= (torch.tensor([2.89, 1.7, 1.0], dtype=dtype) / features.flatten(1).norm(dim=1))[:, None, None]
    pattern = torch.zeros(J, T, dtype=dtype)
    pattern[range(J), range(J)] = 1
    values = torch.zeros(H, D, D, dtype=dtype, requires_grad=True)
    logits = (1e-2 * torch.randn(H, T, dtype=dtype)).requires_grad_()
    return features, pattern, values, logits


def natural(torch, x, y, values, logits):
    attention = torch.softmax(logits, dim=1)
    return 0.5 * ((y - torch.einsum("kde,bet,kt->bd", values, x, attention)) ** 2).sum(1).mean()


def best(torch, x, y, values, logits):
    """x: (B, T, d). All heads' X s_k as one product, then one more with the values side by side."""
    attention = torch.softmax(logits, dim=1)
    seen = (attention @ x).reshape(B, H * D)
    return 0.5 * ((y - seen @ values.transpose(1, 2).reshape(H * D, D)) ** 2).sum(1).mean()


def torch_step(torch, form, dtype, with_data, steps):
    torch.manual_seed(1)
    features, pattern, values, logits = torch_task(torch, dtype)
    rows = form is best

    def draw():
        x = torch.randn(B, T, D, dtype=dtype)
        seen = (pattern @ x).reshape(B, J * D)
        y = seen @ features.transpose(1, 2).reshape(J * D, D)
        return (x if rows else x.transpose(1, 2).contiguous()), y

    def step(x, y):
        loss = form(torch, x, y, values, logits)
        loss.backward()
        with torch.no_grad():
            for parameter in (values, logits):
                parameter -= 0.05 * parameter.grad
                parameter.grad = None

    x, y = draw()
    for _ in range(5):
        step(x, y)
    start = time.perf_counter()
    for _ in range(steps):
        if with_data:
            x, y = draw()
        step(x, y)
    return (time.perf_counter() - start) / steps


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, nargs="+", default=(1, 2))
    arguments = parser.parse_args()
    try:
        import torch
    except ImportError:
        sys.exit("bench/training.py: PyTorch is missing; on Debian: apt-get install python3-torch")
    print("# d = %d, T = %d, H = %d, batch %d; PyTorch %s" % (D, T, H, B, torch.__version__))
    print("what\tprecision\tdata\tthreads\tms_median\tms_least")
    for threads in arguments.threads:
        torch.set_num_threads(threads)
        cases = [("headflow, " + sampling, precision, "with",
                  lambda n, s=sampling, p=precision: headflow_step(arguments.program, s, p, threads, n))
                 for sampling in ("direct", "projected") for precision in ("double", "mixed")]
        for form, name in ((natural, "natural"), (best, "best")):
            for dtype, precision in ((torch.float32, "single"), (torch.float64, "double")):
                for with_data in (False, True):
                    cases.append(("PyTorch, " + name, precision, "with" if with_data else "without",
                                  lambda n, f=form, t=dtype, w=with_data: torch_step(torch, f, t, w, max(n // 5, 20))))
        taken = [[] for _ in cases]
        for _ in range(arguments.rounds):
            for case, times in zip(cases, taken):
                times.append(1e3 * case[3](arguments.steps))
        for case, times in zip(cases, taken):
            print("%s\t%s\t%s\t%d\t%.3f\t%.3f" % (*case[:3], threads, statistics.median(times), min(times)), flush=True)


if __name__ == "__main__":
    main()
