"""Golden values of the GAN module in PyTorch, in float64: losses, penalties with their gradients, the minibatch
standard deviation, and 20 steps of both players.

usage: gan.py > tests/golden/gan.json          (needs numpy and torch; written with torch 2.13.0)
"""
import json

import numpy as np
import torch
import torch.nn.functional as F

from formula import uniform

BATCH, LATENT, FEATURES, HIDDEN, STEPS = 32, 5, 3, (16, 12), 20
LOSSES = ("non_saturating", "minimax", "lsgan", "hinge", "wasserstein")


def tensor(seed, shape, low=0.0, high=1.0):
    return torch.tensor(uniform(seed, shape, low, high), dtype=torch.float64)


def weights(seed, sizes):
    """Layers of the given sizes: uniform in +- 1/sqrt(fan_in), seeds counted in the order of the parameters."""
    made = {}
    for i, (fan_in, out) in enumerate(zip(sizes, sizes[1:])):
        for part, shape in (("weight", (out, fan_in)), ("bias", (out,))):
            bound = fan_in ** -0.5
            made[f"{i}.{part}"] = tensor(seed, shape, -bound, bound).requires_grad_()
            seed += 1
    return made


def mlp(w, x, activation):
    layers = len(w) // 2
    for i in range(layers):
        x = F.linear(x, w[f"{i}.weight"], w[f"{i}.bias"])
        if i + 1 < layers:
            x = activation(x)
    return x


def generate(w, z):
    return mlp(w, z, F.relu)


def discriminate(w, x):
    return mlp(w, x, lambda v: F.leaky_relu(v, 0.2))


def discriminator_loss(loss, r, f, smoothing=0.0):
    if loss in ("non_saturating", "minimax"):
        return (F.binary_cross_entropy_with_logits(r, torch.full_like(r, 1 - smoothing)) +
                F.binary_cross_entropy_with_logits(f, torch.zeros_like(f)))
    if loss == "lsgan":
        return 0.5 * F.mse_loss(r, torch.full_like(r, 1 - smoothing)) + 0.5 * F.mse_loss(f, torch.zeros_like(f))
    if loss == "hinge":
        return F.relu(1 - r).mean() + F.relu(1 + f).mean()
    return f.mean() - r.mean()


def generator_loss(loss, f):
    if loss == "non_saturating":
        return F.binary_cross_entropy_with_logits(f, torch.ones_like(f))
    if loss == "minimax":
        return -F.binary_cross_entropy_with_logits(f, torch.zeros_like(f))
    if loss == "lsgan":
        return 0.5 * F.mse_loss(f, torch.ones_like(f))
    return -f.mean()


def wgan_gp(w, real, fake, share):
    mix = (real + share * (fake - real)).detach().requires_grad_()
    (slope,) = torch.autograd.grad(discriminate(w, mix).sum(), mix, create_graph=True)
    return ((slope.norm(2, dim=1) - 1) ** 2).mean()


def r1(w, real):
    real = real.detach().requires_grad_()
    (slope,) = torch.autograd.grad(discriminate(w, real).sum(), real, create_graph=True)
    return slope.square().sum(1).mean()


def minibatch_stddev(x, group):
    """x: [B, C, H, W] or [B, D]."""
    y = x.reshape(group, x.shape[0] // group, *x.shape[1:])
    y = torch.sqrt(torch.var(y, dim=0, unbiased=False) + 1e-8).flatten(1).mean(1)
    column = y.repeat(group).reshape(-1, *([1] * (x.dim() - 1)))
    return torch.cat([x, column.expand(x.shape[0], 1, *x.shape[2:])], 1)


def losses():
    r, f = tensor(1, (6, 1), -4, 4), tensor(2, (6, 1), -4, 4)
    out = {}
    for loss in LOSSES:
        a, b = r.clone().requires_grad_(), f.clone().requires_grad_()
        smooth = 0.1 if loss in LOSSES[:3] else 0.0
        d = discriminator_loss(loss, a, b, smooth)
        d_real, d_fake = torch.autograd.grad(d, (a, b))
        g = generator_loss(loss, b)
        (g_fake,) = torch.autograd.grad(g, b)
        out[loss] = {"smoothing": smooth, "discriminator": d.item(), "real": d_real.flatten().tolist(),
                     "fake": d_fake.flatten().tolist(), "generator": g.item(),
                     "generator_fake": g_fake.flatten().tolist()}
    return out


def penalties():
    w = weights(50, (FEATURES, *HIDDEN, 1))
    real, fake = tensor(3, (BATCH, FEATURES), -2, 2), tensor(4, (BATCH, FEATURES), -2, 2)
    share = tensor(5, (BATCH, 1))
    out = {}
    for name, value in (("wgan_gp", wgan_gp(w, real, fake, share)), ("r1", r1(w, real))):
        gradients = torch.autograd.grad(value, list(w.values()), allow_unused=True)
        out[name] = {"value": value.item(),
                     "gradients": [None if g is None else g.flatten().tolist() for g in gradients]}
    return out


def training(loss, penalty, weight, beta1, beta2):
    g, d = weights(1, (LATENT, *HIDDEN, FEATURES)), weights(20, (FEATURES, *HIDDEN, 1))
    g_adam = torch.optim.Adam(g.values(), lr=2e-3, betas=(beta1, beta2))
    d_adam = torch.optim.Adam(d.values(), lr=2e-3, betas=(beta1, beta2))
    out = []
    for step in range(STEPS):
        real = tensor(1000 + step, (BATCH, FEATURES), -2, 2)
        fake = generate(g, tensor(2000 + step, (BATCH, LATENT), -1.7, 1.7))
        d_loss = discriminator_loss(loss, discriminate(d, real), discriminate(d, fake.detach()))
        added = torch.zeros((), dtype=torch.float64)
        if penalty == "wgan_gp":
            added = weight * wgan_gp(d, real, fake.detach(), tensor(3000 + step, (BATCH, 1)))
        elif penalty == "r1":
            added = weight / 2 * r1(d, real)
        d_adam.zero_grad()
        (d_loss + added).backward()
        d_adam.step()
        g_loss = generator_loss(loss, discriminate(d, fake))
        g_adam.zero_grad()
        g_loss.backward()
        g_adam.step()
        out.append([d_loss.item(), added.item(), g_loss.item()])
    return {"loss": loss, "penalty": penalty, "weight": weight, "beta1": beta1, "beta2": beta2, "losses": out}


def spread():
    flat, image = tensor(6, (6, 4), -1, 1), tensor(7, (6, 2, 3, 2), -1, 1)  # channels last
    channels_first = image.permute(0, 3, 1, 2)
    made = minibatch_stddev(channels_first, 2).permute(0, 2, 3, 1)
    return {"flat": minibatch_stddev(flat, 3).flatten().tolist(), "image": made.flatten().tolist()}


torch.set_num_threads(1)
np.seterr(all="raise", over="ignore")
print(json.dumps({"torch": torch.__version__, "losses": losses(), "penalties": penalties(), "stddev": spread(),
                  "training": [training("non_saturating", "none", 0, 0.5, 0.999),
                               training("minimax", "none", 0, 0.5, 0.999),
                               training("lsgan", "r1", 0.5, 0.0, 0.99),
                               training("hinge", "r1", 1, 0.0, 0.9),
                               training("non_saturating", "r1", 2, 0.5, 0.99),
                               training("wasserstein", "wgan_gp", 10, 0.0, 0.9)]}, indent=1))
