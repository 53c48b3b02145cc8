"""Weights, images and noise of the VAE workloads as numpy arrays, by the formula that bench/steps/vae.cpp uses."""
import pathlib
import sys

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "golden"))
from formula import splitmix, uniform  # noqa: E402

PIXELS, HIDDEN, LATENT, IMAGES = 784, 400, 20, 8192
LAYERS = {"encoder": (HIDDEN, PIXELS), "posterior": (2 * LATENT, HIDDEN), "decoder": (HIDDEN, LATENT),
          "output": (PIXELS, HIDDEN)}
LEARNING_RATE = 1e-3


def batch_of(work):
    """Images in a step of "vae128" and the like."""
    return int(work.removeprefix("vae"))


def weights():
    """{layer: (weight [out, in], bias [out])}, uniform in +- 1/sqrt(in), seeds 1, 2, ... in this order."""
    made, seed = {}, 1
    for name, (out, fan_in) in LAYERS.items():
        bound = fan_in ** -0.5
        made[name] = (uniform(seed, (out, fan_in), -bound, bound), uniform(seed + 1, (out,), -bound, bound))
        seed += 2
    return made


def images():
    """[8192, 784] floats, grey levels / 255: the data set stays in memory as numbers."""
    return ((splitmix(9, IMAGES * PIXELS) >> np.uint64(56)).astype(np.float32) / 255).reshape(IMAGES, PIXELS)


def parity_batch(k, batch):
    """Images [batch, 784] and noise [batch, 20] of step k of the first ones."""
    return uniform(1000 + k, (batch, PIXELS)), uniform(2000 + k, (batch, LATENT), -1.7, 1.7)


class Batches:
    """Numbers of the images of each step: every epoch in an order of its own, the remainder left out."""

    def __init__(self, batch):
        self.batch, self.random, self.order, self.next = batch, np.random.default_rng(1), np.empty(0, np.int32), 0

    def __call__(self):
        if self.next + self.batch > len(self.order):
            self.order, self.next = self.random.permutation(IMAGES).astype(np.int32), 0
        self.next += self.batch
        return self.order[self.next - self.batch:self.next]
