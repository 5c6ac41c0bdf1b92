#!/usr/bin/python3
"""A log of a deep linear net: y = W2 W1 x learns a matrix of singular values 4, 2, 1 by SGD, from small weights. Every singular value s
is a stage of its own, and takes s^2/2 off the loss, at t of about ln(s/u)/(2 s) for a start of u = |W|^2 (Saxe, McClelland and Ganguli
2014). Writes step,loss of every batch to standard output: bench/log_linear.py > linear.csv"""
import sys

import torch

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
torch.set_num_threads(1)
STEPS, LR, BATCH, DIM, NOISE = 6000, 0.004, 64, 16, 0.2 # of the labels
left, _ = torch.linalg.qr(torch.randn(DIM, DIM))
right, _ = torch.linalg.qr(torch.randn(DIM, DIM))
target = left[:, :3] @ torch.diag(torch.tensor([4.0, 2.0, 1.0])) @ right[:, :3].T
net = torch.nn.Sequential(torch.nn.Linear(DIM, DIM, bias=False), torch.nn.Linear(DIM, DIM, bias=False))
for layer in net:
    torch.nn.init.normal_(layer.weight, std=1e-6)
optimizer = torch.optim.SGD(net.parameters(), lr=LR)
print("step,loss")
for step in range(STEPS):
    x = torch.randn(BATCH, DIM)
    y = x @ target.T + NOISE * torch.randn(BATCH, DIM)
    loss = 0.5 * (net(x) - y).square().sum(1).mean()
    print(f"{step},{loss.item():.6g}")
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
