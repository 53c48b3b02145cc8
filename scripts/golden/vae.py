"""Golden values of the VAE: 50 steps of the 784-400-20 model in PyTorch, in float64 and float32.

usage: vae.py > tests/golden/vae.json          (needs numpy and torch; written with torch 2.13.0)
"""
import json

import numpy as np
import torch
import torch.nn.functional as F

from formula import fingerprint, uniform

BATCH, PIXELS, HIDDEN, LATENT, STEPS = 128, 784, 400, 20, 50
LAYERS = {"encoder.0": (HIDDEN, PIXELS), "posterior": (2 * LATENT, HIDDEN), "decoder.0": (HIDDEN, LATENT),
          "output": (PIXELS, HIDDEN)}


def weights(dtype):
    """Uniform in +- 1/sqrt(fan_in), seeds 1, 2, ... in the order of the model's parameters."""
    made, seed = {}, 1
    for name, (out, fan_in) in LAYERS.items():
        for part, shape in (("weight", (out, fan_in)), ("bias", (out,))):
            bound = fan_in ** -0.5
            made[f"{name}.{part}"] = torch.tensor(uniform(seed, shape, -bound, bound), dtype=dtype, requires_grad=True)
            seed += 1
    return made


def loss_terms(w, x, noise):
    def linear(name, v):
        return F.linear(v, w[f"{name}.weight"], w[f"{name}.bias"])
    mean, logvar = linear("posterior", F.relu(linear("encoder.0", x))).split(LATENT, 1)
    z = mean + torch.exp(0.5 * logvar) * noise
    logits = linear("output", F.relu(linear("decoder.0", z)))
    reconstruction = F.binary_cross_entropy_with_logits(logits, x, reduction="sum") / len(x)
    kl = -0.5 * torch.sum(1 + logvar - mean ** 2 - logvar.exp()) / len(x)
    return reconstruction, kl


def run(dtype):
    w = weights(dtype)
    optimizer = torch.optim.Adam(w.values(), lr=1e-3)
    losses, gradients = [], {}
    for step in range(STEPS):
        x = torch.tensor(uniform(1000 + step, (BATCH, PIXELS)), dtype=dtype)
        noise = torch.tensor(uniform(2000 + step, (BATCH, LATENT), -1.7, 1.7), dtype=dtype)
        reconstruction, kl = loss_terms(w, x, noise)
        optimizer.zero_grad()
        (reconstruction + kl).backward()
        if step == 0:
            gradients = {k: fingerprint(v.grad.numpy(), i) for i, (k, v) in enumerate(w.items())}
        optimizer.step()
        losses.append([reconstruction.item(), kl.item()])
    return losses, gradients


torch.set_num_threads(1)
exact, gradients = run(torch.float64)
single, _ = run(torch.float32)
deviation = max(abs(sum(a) - sum(b)) / sum(a) for a, b in zip(exact, single))
print(json.dumps({"torch": torch.__version__, "losses": exact, "torch_float32_deviation": deviation,
                  "gradients": gradients}, indent=1))
