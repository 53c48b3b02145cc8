"""Golden values of a small DCGAN (32 x 32) in PyTorch: 20 steps of both players in float64 from weights by formula, the
state they end in, and at some steps losses and gradients in float32 from the state of that moment.

usage: dcgan.py > tests/golden/dcgan.json          (needs numpy and torch; written with torch 2.13.0)
"""
import copy
import json

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

from formula import fingerprint, uniform

SIZE, CHANNELS, LATENT, WIDTH, BATCH, STEPS = 32, 3, 6, 4, 8, 20
IN_FLOAT = (0, 3, 9, 19)  # steps that are looked at in float32


def generator():
    w = WIDTH
    up = lambda i, o, *a: [nn.ConvTranspose2d(i, o, 4, *a, bias=False), nn.BatchNorm2d(o), nn.ReLU()]  # noqa: E731
    return nn.Sequential(*up(LATENT, 4 * w), *up(4 * w, 2 * w, 2, 1), *up(2 * w, w, 2, 1),
                         nn.ConvTranspose2d(w, CHANNELS, 4, 2, 1, bias=False), nn.Tanh())


def discriminator():
    w = WIDTH
    down = lambda i, o: [nn.Conv2d(i, o, 4, 2, 1, bias=False), nn.BatchNorm2d(o), nn.LeakyReLU(0.2)]  # noqa: E731
    return nn.Sequential(nn.Conv2d(CHANNELS, w, 4, 2, 1, bias=False), nn.LeakyReLU(0.2), *down(w, 2 * w),
                         *down(2 * w, 4 * w), nn.Conv2d(4 * w, 1, 4, bias=False), nn.Flatten(0))


def fill(net, seed):
    """Convolutions uniform in +- 0.2; weights of normalisations in [0.8, 1.2), their biases in +- 0.2: seeds counted in
    the order of the parameters."""
    for name, p in net.named_parameters():
        low, high = (-0.2, 0.2) if p.dim() == 4 or name.endswith("bias") else (0.8, 1.2)
        p.data = torch.from_numpy(uniform(seed, tuple(p.shape), low, high)).to(p.dtype)
        seed += 1


def data(step):
    real = torch.from_numpy(uniform(1000 + step, (BATCH, CHANNELS, SIZE, SIZE), -1, 1)).double()
    noise = torch.from_numpy(uniform(2000 + step, (BATCH, LATENT), -1.7, 1.7)).double()
    return real, noise[:, :, None, None]


def d_loss(d, real, fake):
    return F.softplus(-d(real)).mean() + F.softplus(d(fake.detach())).mean()


def gradients(loss, net):
    return [fingerprint(g, k + 1, 8) for k, g in enumerate(torch.autograd.grad(loss, list(net.parameters())))]


def in_float(g, d, step, player):
    """Loss and gradients of one player in float32 from the present state, which stays as it is."""
    g, d = copy.deepcopy(g).float(), copy.deepcopy(d).float()
    real, noise = (x.float() for x in data(step))
    fake = g(noise)
    loss = d_loss(d, real, fake) if player == "d" else F.softplus(-d(fake)).mean()
    return {"loss": loss.item(), "gradients": gradients(loss, d if player == "d" else g)}


def main():
    torch.set_num_threads(1)
    g, d = generator().double(), discriminator().double()
    fill(g, 1)
    fill(d, 100)
    adam = lambda net: torch.optim.Adam(net.parameters(), lr=2e-4, betas=(0.5, 0.999))  # noqa: E731
    g_adam, d_adam = adam(g), adam(d)
    out = {"torch": torch.__version__, "losses": [], "float": []}
    for step in range(STEPS):
        real, noise = data(step)
        looked_at = {"step": step, "d": in_float(g, d, step, "d")}
        fake = g(noise)
        judged = d_loss(d, real, fake)
        d_adam.zero_grad()
        judged.backward()
        d_adam.step()
        looked_at["g"] = in_float(g, d, step, "g")
        deceived = F.softplus(-d(fake)).mean()
        g_adam.zero_grad()
        deceived.backward()
        g_adam.step()
        out["losses"].append([judged.item(), deceived.item()])
        if step in IN_FLOAT:
            out["float"].append(looked_at)
    for name, net in (("generator", g), ("discriminator", d)):
        out[name] = {key: fingerprint(value, k + 1, 8) for k, (key, value) in enumerate(net.state_dict().items())}
    print(json.dumps(out, indent=1))


np.seterr(all="raise", over="ignore")
main()
