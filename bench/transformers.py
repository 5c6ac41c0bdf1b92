#!/usr/bin/env python3
"""Loss and gradient of small transformers by PyTorch (Debian: python3-torch), for tests/data/transformers.tsv:

    bench/transformers.py >tests/data/transformers.tsv

Tokens, parameters and the directions on which gradients are projected are formulas, so that the test (tests/test_decoder.c)
knows them, too. Layouts are those of src/train/decoder.h."""
import math

import torch

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)
VOCABULARY, LENGTH, FIRST, SCORED, SEQUENCES = 7, 9, 3, 6, 5
PLACES = FIRST + SCORED - 1
TOKENS = torch.tensor([[(3 * n + 5 * t + n * t * t) % VOCABULARY for t in range(LENGTH)] for n in range(SEQUENCES)])

INPUTS = torch.tensor([[[math.sin(0.3 * n + 0.7 * t + 1.1 * i + 0.13 * t * i) if t < PLACES - 1 else 0.0 for i in range(VOCABULARY)]
                        for t in range(PLACES)] for n in range(SEQUENCES)])  # the last place is asked
ANSWERS = torch.tensor([[math.cos(0.9 * n + 0.4 * i) for i in range(VOCABULARY)] for n in range(SEQUENCES)])

VARIANTS = {  # name: heads, blocks, width, mlp, places, one_hot, keys, full_heads, output, residual, norm
    "full": (2, 1, 6, 5, "learned", False, True, False, True, True, True),
    "two blocks": (2, 2, 6, 5, "learned", False, True, False, True, True, True),
    "sinusoids": (3, 2, 6, 4, "sinusoidal", False, True, False, True, True, False),
    "no MLP": (2, 1, 6, 0, "learned", False, True, False, True, True, True),
    "no output": (2, 1, 6, 3, "learned", False, True, False, False, True, True),
    "no keys": (2, 2, 6, 0, "learned", False, False, True, False, True, True),
    "minimal": (2, 1, 0, 0, "learned", True, False, True, False, False, False),
}


def shapes(heads, blocks, width, mlp, places, one_hot, keys, full, output, residual, norm):
    C = VOCABULARY + PLACES if one_hot else width
    inner = heads * (C if full else C // heads)
    out = []
    if not one_hot:
        out.append(("token", (VOCABULARY, C)))
        if places == "learned":
            out.append(("place", (PLACES, C)))
    for b in range(blocks):
        out.append((f"query{b}", (inner, C)))
        if keys:
            out.append((f"key{b}", (inner, C)))
        out.append((f"value{b}", (inner, C)))
        if output:
            out.append((f"output{b}", (C, inner)))
        if norm:
            out += [(f"gain1{b}", (C,)), (f"shift1{b}", (C,))]
        if mlp:
            out += [(f"in{b}", (mlp, C)), (f"inb{b}", (mlp,)), (f"out{b}", (C, mlp)), (f"outb{b}", (C,))]
        if norm and mlp:
            out += [(f"gain2{b}", (C,)), (f"shift2{b}", (C,))]
    if not one_hot:
        out.append(("readout", (VOCABULARY, C)))
    return C, out


VECTORS = {  # those that read vectors and give one
    "vectors": (2, 1, 6, 5, "learned", False, True, False, True, True, True),
    "vectors, two blocks": (1, 2, 6, 0, "sinusoidal", False, True, False, True, True, False),
}


def loss_of(vectors, p, C, heads, blocks, width, mlp, places, one_hot, keys, full, output, residual, norm):
    tokens = TOKENS[:, :PLACES]
    if vectors:
        x = INPUTS @ p["token"]
    elif one_hot:
        x = torch.cat([torch.nn.functional.one_hot(tokens, VOCABULARY).double(),
                       torch.eye(PLACES).expand(SEQUENCES, PLACES, PLACES)], dim=2)
    else:
        x = p["token"][tokens]
    if not one_hot:
        if places == "learned":
            x = x + p["place"]
        else:
            x = x + torch.tensor([[(math.sin if c % 2 == 0 else math.cos)(t / 10000 ** (c // 2 * 2 / C)) for c in range(C)]
                                  for t in range(PLACES)])
    d = C if full else C // heads
    mask = torch.full((PLACES, PLACES), -math.inf).triu(1)
    for b in range(blocks):
        split = lambda y: y.view(SEQUENCES, PLACES, heads, d).transpose(1, 2)
        q, v = split(x @ p[f"query{b}"].T), split(x @ p[f"value{b}"].T)
        k = split(x @ p[f"key{b}"].T) if keys else x.unsqueeze(1)
        o = torch.softmax(q @ k.transpose(2, 3) / math.sqrt(d) + mask, dim=3) @ v
        if output:
            a = o.transpose(1, 2).reshape(SEQUENCES, PLACES, heads * d) @ p[f"output{b}"].T
        else:
            a = o.sum(1) if full else o.transpose(1, 2).reshape(SEQUENCES, PLACES, C)
        y = x + a if residual else a
        if norm:
            y = torch.nn.functional.layer_norm(y, (C,), p[f"gain1{b}"], p[f"shift1{b}"], 1e-5)
        if mlp:
            h = torch.relu(y @ p[f"in{b}"].T + p[f"inb{b}"]) @ p[f"out{b}"].T + p[f"outb{b}"]
            y = y + h if residual else h
            if norm:
                y = torch.nn.functional.layer_norm(y, (C,), p[f"gain2{b}"], p[f"shift2{b}"], 1e-5)
        x = y
    z = x[:, :, :VOCABULARY] if one_hot else x @ p["readout"].T
    if vectors:
        return ((z[:, -1] - ANSWERS) ** 2).sum() / 2 / SEQUENCES
    return torch.nn.functional.cross_entropy(z[:, FIRST - 1:].reshape(-1, VOCABULARY), TOKENS[:, FIRST:].reshape(-1))


print("variant\tparameters\tloss\tprojection_1\tprojection_2\tprojection_3\tnorm")
for name, variant in (VARIANTS | VECTORS).items():
    C, list_ = shapes(*variant)
    p, at = {}, 0
    for key, shape in list_:
        count = math.prod(shape)
        values = [0.7 * math.sin(1 + 0.37 * i + 0.0011 * i * i) for i in range(at, at + count)]
        p[key] = torch.tensor(values).reshape(shape).requires_grad_()
        at += count
    loss = loss_of(name in VECTORS, p, C, *variant)
    loss.backward()
    g = torch.cat([p[key].grad.reshape(-1) for key, _ in list_]).tolist()
    along = [sum(x * math.cos(k * (i + 1)) for i, x in enumerate(g)) for k in (1, 2, 3)]
    print(name, at, repr(loss.item()), *map(repr, along), repr(math.sqrt(sum(x * x for x in g))), sep="\t")
