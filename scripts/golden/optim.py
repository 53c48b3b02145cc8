"""Golden values of optimizers, schedules and initialisation bounds: PyTorch in float64 on a small regression.

usage: optim.py > tests/golden/optim.json          (needs numpy and torch; written with torch 2.13.0)
"""
import json

import torch

from formula import uniform

STEPS = 6
x, y = (torch.tensor(uniform(seed, shape, -1, 1)).double() for seed, shape in ((10, (8, 4)), (11, (8, 3))))


def params():
    return [torch.tensor(uniform(seed, shape, -1, 1)).double().requires_grad_() for seed, shape in ((1, (3, 4)), (2, (3,)))]


def loss(w, b, rows=slice(None)):
    return ((torch.tanh(x[rows] @ w.T + b) - y[rows]) ** 2).mean()


def train(make, clip=0.0, parts=1):
    w, b = params()
    optimizer = make([w, b])
    for _ in range(STEPS):
        optimizer.zero_grad()
        for k in range(parts):
            (loss(w, b, slice(k * 8 // parts, (k + 1) * 8 // parts)) / parts).backward()
        if clip:
            torch.nn.utils.clip_grad_norm_([w, b], clip)
        optimizer.step()
    return torch.cat([w.flatten(), b]).tolist()


sgd, adam, adamw = torch.optim.SGD, torch.optim.Adam, torch.optim.AdamW
runs = {
    "sgd": train(lambda p: sgd(p, lr=0.1)),
    "momentum": train(lambda p: sgd(p, lr=0.1, momentum=0.9)),
    "dampening": train(lambda p: sgd(p, lr=0.1, momentum=0.9, dampening=0.5)),
    "nesterov": train(lambda p: sgd(p, lr=0.1, momentum=0.9, nesterov=True)),
    "sgd_decay": train(lambda p: sgd(p, lr=0.1, momentum=0.9, weight_decay=0.1)),
    "adam": train(lambda p: adam(p, lr=0.05)),
    "adam_betas": train(lambda p: adam(p, lr=0.05, betas=(0.5, 0.9), eps=1e-3)),
    "adam_decay": train(lambda p: adam(p, lr=0.05, weight_decay=0.1)),
    "adamw": train(lambda p: adamw(p, lr=0.05, weight_decay=0.1)),
    "adamw_matrices": train(lambda p: adamw([{"params": p[:1]}, {"params": p[1:], "weight_decay": 0}], lr=0.05,
                                            weight_decay=0.1)),
    "clip": train(lambda p: sgd(p, lr=0.5), clip=0.1),
    "accumulate": train(lambda p: adam(p, lr=0.05), parts=4),
}


def factors(make, steps=12):
    optimizer = sgd(params(), lr=1.0)
    scheduler = make(optimizer)
    values = []
    for _ in range(steps):
        values.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return values


S = torch.optim.lr_scheduler
schedules = {
    "cosine": factors(lambda o: S.CosineAnnealingLR(o, 12, eta_min=0.1)),
    "step": factors(lambda o: S.StepLR(o, 5, gamma=0.3)),
    "linear": factors(lambda o: S.LinearLR(o, 1.0, 0.2, 12)),
    "warmup_cosine": factors(lambda o: S.SequentialLR(
        o, [S.LinearLR(o, 0.25, 1.0, 3), S.CosineAnnealingLR(o, 8, eta_min=0)], [4])),
}
print(json.dumps({"runs": runs, "schedules": schedules}, indent=1))
