#!/usr/bin/python3
"""A log of a two-layer net (ReLU) that learns a staircase of parities, x1 + x1 x2 + x1 x2 x3 of random signs, by SGD: each step of the
staircase is a stage, for the next one cannot be seen before (Abbe, Boix-Adsera and Misiakiewicz 2022). Writes step,train/loss of
every batch to standard output: bench/log_mlp.py > mlp.csv"""
import sys

import torch

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
torch.set_num_threads(1)
STEPS, LR, BATCH, DIM, WIDTH = 6000, 0.01, 64, 30, 100
first = torch.nn.Linear(DIM, WIDTH)
second = torch.nn.Linear(WIDTH, 1)
torch.nn.init.normal_(first.weight, std=0.01)
torch.nn.init.normal_(second.weight, std=0.01)
net = torch.nn.Sequential(first, torch.nn.ReLU(), second)
optimizer = torch.optim.SGD(net.parameters(), lr=LR)
print("step,train/loss")
for step in range(STEPS):
    x = torch.randint(0, 2, (BATCH, DIM)).float() * 2 - 1
    y = x[:, 0] * (1 + x[:, 1] * (1 + x[:, 2]))
    loss = 0.5 * (net(x)[:, 0] - y).square().mean()
    print(f"{step},{loss.item():.6g}")
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
