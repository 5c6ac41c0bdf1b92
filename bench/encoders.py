#!/usr/bin/env python3
"""Encoders with masks of attention by PyTorch (Debian: python3-torch), in two uses:

    bench/encoders.py >tests/data/encoders.tsv       loss and gradient of small ones, for tests/test_encoder.c
    bench/encoders.py steps [MASK]...                seconds of a training step at the size of models/masks-*.conf, one thread

Strings, parameters and the directions on which gradients are projected are formulas, so that the test knows them, too. Layouts are
those of src/train/encoder.h."""
import math
import sys
import time

import torch

torch.set_num_threads(1)
VOCABULARY, CLASSES = 3, 2

#           mask, globals, heads, pad, pad_seen, final_norm, first_eps
VARIANTS = {
    "full": ("full", 0, 2, True, True, False, 0.0),
    "one head": ("full", 0, 1, True, True, False, 1e-5),
    "final norm": ("full", 0, 2, True, True, True, 1e-5),
    "top": ("top", 0, 2, True, True, False, 0.0),
    "top, no padding": ("top", 0, 2, False, True, False, 0.0),
    "top, padding unseen": ("top", 0, 2, True, False, False, 0.0),
    "bottom": ("bottom", 0, 2, True, True, False, 0.0),
    "window": ("window", 0, 2, True, True, False, 0.0),
    "window, global places": ("window", 2, 2, True, True, False, 0.0),
    "block": ("block", 0, 2, True, True, False, 0.0),
    "block, no padding": ("block", 0, 2, False, True, False, 0.0),
    "block, global place": ("block", 1, 2, True, False, False, 0.0),
}


class Encoder:
    def __init__(self, length, width, blocks, mlp, k, variant):
        self.mask, globals_, self.heads, pad, pad_seen, self.final_norm, self.first_eps = variant
        self.k, self.L, self.C, self.M, self.B = k, length, width, mlp, blocks
        sized = self.mask != "full"
        self.padded = -(-length // k) * k if pad and sized else length
        self.globals = globals_ if self.mask in ("window", "block") else 0
        self.P = self.padded + self.globals
        self.seen = torch.tensor([t < length or t >= self.padded or pad_seen for t in range(self.P)])
        self.tokens = VOCABULARY + 1 + self.globals
        self.places = torch.tensor([[(math.sin if c % 2 == 0 else math.cos)(t / 10000 ** (c // 2 * 2 / width))
                                     for c in range(width)] for t in range(self.P)], dtype=torch.get_default_dtype())
        self.near = torch.stack([self.near_to(q) for q in range(self.P)])

    def near_to(self, q):
        local, keep = self.padded, torch.zeros(self.P, dtype=torch.bool)
        if self.mask == "window":
            size = min(self.k, local)
            start = min(max(q - (self.k - 1) // 2, 0), local - size)
            keep[start:start + size] = True
        elif self.mask == "block":
            keep[q // self.k * self.k:min(q // self.k * self.k + self.k, local)] = True
        else:
            keep[:] = True
        if q >= local:
            keep[:] = True
        keep[local:] = True
        return keep & self.seen

    def shapes(self):
        C, M = self.C, self.M
        block = [("query", (C, C)), ("key", (C, C)), ("value", (C, C)), ("query_bias", (C,)), ("key_bias", (C,)),
                 ("value_bias", (C,)), ("output", (C, C)), ("output_bias", (C,)), ("mlp_in", (M, C)), ("mlp_in_bias", (M,)),
                 ("mlp_out", (C, M)), ("mlp_out_bias", (C,))]
        return ([("token", (self.tokens, C))] + [(f"{name}{b}", shape) for b in range(self.B) for name, shape in block]
                + [("head", (CLASSES, C)), ("head_bias", (CLASSES,))])

    def keep(self, logits):
        if self.mask not in ("top", "bottom"):
            return self.near
        value = logits.detach() if self.mask == "top" else -logits.detach()
        value = value.masked_fill(~self.seen, -math.inf)
        order = torch.sort(value, dim=3, descending=True, stable=True)[1][..., :self.k]
        return torch.zeros_like(logits, dtype=torch.bool).scatter(3, order, True) & self.seen

    def loss(self, p, strings, answers, dropout=0.0, attention_dropout=0.0):
        n, P, C, H = len(strings), self.P, self.C, self.heads
        drop = torch.nn.functional.dropout
        inputs = torch.cat([strings, torch.full((n, self.padded - self.L), VOCABULARY),
                            torch.arange(self.globals).expand(n, -1) + VOCABULARY + 1], dim=1)
        norm = lambda x, eps: torch.nn.functional.layer_norm(x, (C,), eps=eps)
        x = drop(math.sqrt(C) * p["token"][inputs] + self.places, dropout)
        for b in range(self.B):
            u = norm(x, self.first_eps if b == 0 else 1e-5)
            q, k, v = (torch.nn.functional.linear(u, p[f"{w}{b}"], p[f"{w}_bias{b}"]).view(n, P, H, C // H).transpose(1, 2)
                       for w in ("query", "key", "value"))
            logits = q @ k.transpose(2, 3) / math.sqrt(C // H)
            keep = self.keep(logits)
            weights = torch.softmax(logits.masked_fill(~keep, -math.inf), dim=3)
            weights = drop(torch.where(keep.any(-1, keepdim=True), weights, torch.zeros_like(weights)), attention_dropout)
            o = (weights @ v).transpose(1, 2).reshape(n, P, C)
            x = x + drop(torch.nn.functional.linear(o, p[f"output{b}"], p[f"output_bias{b}"]), dropout)
            h = torch.relu(drop(torch.nn.functional.linear(norm(x, 1e-5), p[f"mlp_in{b}"], p[f"mlp_in_bias{b}"]), dropout))
            x = x + drop(torch.nn.functional.linear(h, p[f"mlp_out{b}"], p[f"mlp_out_bias{b}"]), dropout)
        if self.final_norm:
            x = norm(x, 1e-5)
        z = torch.nn.functional.linear(x[:, self.seen].mean(1), p["head"], p["head_bias"])
        return torch.nn.functional.cross_entropy(z, answers)


def compare():
    torch.set_default_dtype(torch.float64)
    length, width, blocks, mlp, k, count = 7, 6, 2, 5, 3, 5
    strings = torch.tensor([[(3 * s + 5 * t + s * t * t) % VOCABULARY for t in range(length)] for s in range(count)])
    answers = torch.tensor([s % CLASSES for s in range(count)])
    print("variant\tparameters\tloss\tprojection_1\tprojection_2\tprojection_3\tnorm")
    for name, variant in VARIANTS.items():
        model = Encoder(length, width, blocks, mlp, k, variant)
        p, at = {}, 0
        for key, shape in model.shapes():
            values = [0.7 * math.sin(1 + 0.37 * i + 0.0011 * i * i) for i in range(at, at + math.prod(shape))]
            p[key] = torch.tensor(values).reshape(shape).requires_grad_()
            at += math.prod(shape)
        loss = model.loss(p, strings, answers)
        loss.backward()
        g = torch.cat([p[key].grad.reshape(-1) for key, _ in model.shapes()]).tolist()
        along = [sum(x * math.cos(k * (i + 1)) for i, x in enumerate(g)) for k in (1, 2, 3)]
        print(name, at, repr(loss.item()), *map(repr, along), repr(math.sqrt(sum(x * x for x in g))), sep="\t")


def seconds(mask, steps=20):
    """Of one SGD step of 25 strings of 40 bits, in both precisions: the least of five groups of steps."""
    for dtype in (torch.float64, torch.float32):
        torch.set_default_dtype(dtype)
        torch.manual_seed(1)
        model = Encoder(40, 64, 5, 64, 5, (mask, 0, 1, True, True, False, 0.0))
        p = {key: (0.1 * (2 * torch.rand(shape) - 1)).requires_grad_() for key, shape in model.shapes()}
        optimizer = torch.optim.SGD(p.values(), lr=0.1)
        best = math.inf
        for _ in range(5):
            start = time.process_time()
            for _ in range(steps):
                strings, answers = torch.randint(0, 2, (25, 40)), torch.randint(0, 2, (25,))
                optimizer.zero_grad()
                model.loss(p, strings, answers, 0.01, 0.01).backward()
                torch.nn.utils.clip_grad_norm_(p.values(), 0.5)
                optimizer.step()
            best = min(best, (time.process_time() - start) / steps)
        print(f"{mask:8s} {str(dtype)[6:]}  {1e3 * best:7.2f} ms a step  {1 / best:7.1f} steps/s", flush=True)


if len(sys.argv) > 1 and sys.argv[1] == "steps":
    for mask in sys.argv[2:] or ("full", "top", "window", "block"):
        seconds(mask)
else:
    compare()
