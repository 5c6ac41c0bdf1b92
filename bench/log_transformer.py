#!/usr/bin/python3
"""A log of a one-layer transformer that looks tokens up: the last token of a sequence is one of three questions, asked with
probabilities 0.75, 0.2 and 0.05, and each is answered by the token at a position of its own. What is asked often is learned first.
The
loss is that of 1000 held-out sequences, written every fifth step as W&B exports it: bench/log_transformer.py > transformer.csv"""
import sys

import torch

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
torch.set_num_threads(1)
STEPS, LR, BATCH, HELD_OUT, WORDS, LENGTH, DIM = 3000, 0.05, 64, 1000, 8, 12, 32
CHANCES = torch.tensor([0.75, 0.2, 0.05])
PLACES = torch.tensor([2, 5, 9])


class Transformer(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.word = torch.nn.Embedding(WORDS + 3, DIM)
        self.place = torch.nn.Parameter(0.3 * torch.randn(LENGTH + 1, DIM))
        self.query = torch.nn.Linear(DIM, DIM, bias=False)
        self.key = torch.nn.Linear(DIM, DIM, bias=False)
        self.value = torch.nn.Linear(DIM, DIM, bias=False)
        self.out = torch.nn.Linear(DIM, WORDS)
        for part in (self.query, self.key, self.value, self.out):
            torch.nn.init.normal_(part.weight, std=0.01)

    def forward(self, tokens):
        x = self.word(tokens) + self.place
        scores = self.key(x) @ self.query(x[:, -1:]).transpose(1, 2) / DIM**0.5
        seen = (torch.softmax(scores, 1) * self.value(x)).sum(1)
        return self.out(seen)


def draw(count):
    words = torch.randint(0, WORDS, (count, LENGTH))
    asked = torch.multinomial(CHANCES, count, replacement=True)
    return torch.cat([words, WORDS + asked[:, None]], 1), words[torch.arange(count), PLACES[asked]]


model = Transformer()
optimizer = torch.optim.SGD(model.parameters(), lr=LR)
held_out = draw(HELD_OUT)
print('"Step","lookup - val/loss","lookup - val/loss__MIN","lookup - val/loss__MAX"')
for step in range(STEPS):
    if step % 5 == 0:
        with torch.no_grad():
            loss = f"{torch.nn.functional.cross_entropy(model(held_out[0]), held_out[1]).item():.6g}"
        print(f'"{step}","{loss}","{loss}","{loss}"')
    tokens, answers = draw(BATCH)
    optimizer.zero_grad()
    torch.nn.functional.cross_entropy(model(tokens), answers).backward()
    optimizer.step()
