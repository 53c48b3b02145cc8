"""Weights, images and noise of the DCGAN workloads as numpy arrays, by the formula that bench/steps/dcgan.cpp uses."""
import pathlib
import sys

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "golden"))
from formula import splitmix, uniform  # noqa: E402

SIZE, CHANNELS, LATENT, IMAGES = 64, 3, 100, 256
WIDTHS = (64, 128, 256, 512)  # channels of the inner maps, the largest map first
BOUND = 0.035                 # of the initial weights
PENALTY_WEIGHT = 10


def penalised(work):
    return work.startswith("wgangp")


def batch_of(work):
    """Images in a step of "dcgan32" and the like."""
    return int(work.removeprefix("wgangp").removeprefix("dcgan"))


def adam_of(work):
    """Learning rate and betas."""
    return (1e-4, 0.0, 0.9) if penalised(work) else (2e-4, 0.5, 0.999)


def generator_weights():
    """Transposed convolutions [in, out, 4, 4] from z to the image; a normalisation stands between two."""
    channels = (LATENT, *reversed(WIDTHS), CHANNELS)
    return [uniform(1 + 3 * i, (a, b, 4, 4), -BOUND, BOUND) for i, (a, b) in enumerate(zip(channels, channels[1:]))]


def discriminator_weights(work):
    """Convolutions [out, in, 4, 4] from the image to the logit. A seed is passed over for every parameter between two:
    weight and bias of a normalisation, or the bias of a convolution without one."""
    channels, seed, made = (CHANNELS, *WIDTHS, 1), 100, []
    for i, (a, b) in enumerate(zip(channels, channels[1:])):
        made.append(uniform(seed, (b, a, 4, 4), -BOUND, BOUND))
        between = 1 if penalised(work) else 2 if 0 < i < len(WIDTHS) else 0
        seed += 1 + between
    return made


def images():
    """[256, 3, 64, 64] floats in [-1, 1]: bytes x as 2 x / 255 - 1."""
    grey = (splitmix(9, IMAGES * CHANNELS * SIZE * SIZE) >> np.uint64(56)).astype(np.float32)
    return (2 * grey / 255 - 1).reshape(IMAGES, CHANNELS, SIZE, SIZE)


def parity_batch(k, batch):
    """Images [batch, 3, 64, 64], noise [batch, 100] and shares [batch, 1] of step k of the first ones."""
    return (uniform(1000 + k, (batch, CHANNELS, SIZE, SIZE), -1, 1), uniform(2000 + k, (batch, LATENT), -1.7, 1.7),
            uniform(3000 + k, (batch, 1)))

