"""Golden values of the recurrent language model: steps of truncated backpropagation in PyTorch, in float64, with a
carried state, a tied output layer, penalties on activations, clipped gradients and Adam.

usage: lstm_lm.py > tests/golden/lstm_lm.json          (needs numpy and torch; written with torch 2.13.0)
"""
import json

import numpy as np
import torch
import torch.nn.functional as F

from formula import splitmix, uniform

VOCABULARY, BATCH, LENGTH, LAYERS, STEPS = 29, 3, 5, 2, 6
ACTIVATION, DIFFERENCE, CLIP, RATE = 2.0, 1.0, 0.25, 1e-2


def make(embedding, hidden):
    """The modules, and their parameters in the model's order, uniform in +- 1/sqrt(fan_in)."""
    parts = {"encoder": torch.nn.Embedding(VOCABULARY, embedding), "rnn": torch.nn.LSTM(embedding, hidden, LAYERS)}
    if hidden != embedding:
        parts["projection"] = torch.nn.Linear(hidden, embedding)
    bias = torch.nn.Parameter(torch.zeros(VOCABULARY))
    parameters = [p for m in parts.values() for p in m.double().parameters()] + [bias]
    bound = None
    for seed, p in enumerate(parameters, 1):
        bound = p.shape[1] ** -0.5 if p.dim() == 2 else bound
        p.data = torch.tensor(uniform(seed, tuple(p.shape), -bound, bound)).double()
    return parts, bias, parameters


def ids(step):
    numbers = (splitmix(5000 + step, (LENGTH + 1) * BATCH) % np.uint64(VOCABULARY)).astype(np.int64)
    return torch.tensor(numbers).reshape(LENGTH + 1, BATCH)


def run(embedding, hidden):
    parts, bias, parameters = make(embedding, hidden)
    optimizer = torch.optim.Adam(parameters, lr=RATE)
    state, losses = None, []
    for step in range(STEPS):
        tokens = ids(step)
        y, state = parts["rnn"](parts["encoder"](tokens[:-1]), state)
        state = tuple(s.detach() for s in state)
        features = parts["projection"](y) if "projection" in parts else y
        logits = F.linear(features, parts["encoder"].weight, bias)
        nats = F.cross_entropy(logits.reshape(-1, VOCABULARY), tokens[1:].reshape(-1))
        loss = nats + ACTIVATION * y.pow(2).mean() + DIFFERENCE * (y[1:] - y[:-1]).pow(2).mean()
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, CLIP)
        optimizer.step()
        losses.append([loss.item(), nats.item()])
    return losses


torch.set_num_threads(1)
print(json.dumps({"torch": torch.__version__, "same_width": run(12, 12), "projected": run(8, 12)}, indent=1))
