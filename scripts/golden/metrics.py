"""Golden values of the metrics, by SciPy, scikit-learn, scikit-image, pytorch-msssim and plain NumPy and PyTorch.

usage: metrics.py > tests/golden/metrics.json
(needs numpy, scipy, scikit-learn, scikit-image, torch, pytorch-msssim; written with numpy 2.4.6, scipy 1.17.1,
scikit-learn 1.9.1, scikit-image 0.26.0, torch 2.13.0, pytorch-msssim 1.0.0)
"""
import json

import numpy as np
import pytorch_msssim
import scipy.ndimage
import scipy.stats
import skimage.metrics
import sklearn.metrics.pairwise
import sklearn.neighbors
import torch
import torch.nn.functional as F

from formula import fingerprint, uniform

FILTER = np.outer([1, 4, 6, 4, 1], [1, 4, 6, 4, 1]) / 256


def convolve(images, kernel):
    return scipy.ndimage.convolve(images, kernel[None, None], mode="mirror")


def pyramid(images, levels):
    """Laplacian pyramid by whole convolutions, of images or, between zeros, of their halves."""
    made = [np.asarray(images, np.float64)]
    for _ in range(levels - 1):
        half = convolve(made[-1], FILTER)[:, :, ::2, ::2]
        double = np.zeros(half.shape[:2] + (2 * half.shape[2], 2 * half.shape[3]))
        double[:, :, ::2, ::2] = half
        height, width = made[-1].shape[2:]
        made[-1] = made[-1] - convolve(double, 4 * FILTER)[:, :, :height, :width]
        made.append(half)
    return made


def normalised_patches(level, count, side, rng):
    n, channels, height, width = level.shape
    patches = np.empty((n, count, channels, side, side))
    for i in range(n):
        for k in range(count):
            y, x = rng.integers(height - side + 1), rng.integers(width - side + 1)
            patches[i, k] = level[i, :, y:y + side, x:x + side]
    patches -= patches.mean(axis=(0, 1, 3, 4), keepdims=True)
    patches /= patches.std(axis=(0, 1, 3, 4), keepdims=True)
    return patches.reshape(n * count, -1)


def image_distance(real, generated, rng):
    """The distances of one run at every level, times 1000."""
    found = []
    for a, b in zip(pyramid(real, 2), pyramid(generated, 2)):
        a, b = normalised_patches(a, 32, 7, rng), normalised_patches(b, 32, 7, rng)
        directions = rng.standard_normal((a.shape[1], 128))
        directions /= np.linalg.norm(directions, axis=0)
        found.append(1000 * np.abs(np.sort(a @ directions, axis=0) - np.sort(b @ directions, axis=0)).mean())
    return found


def sliced_wasserstein():
    a, b, directions = uniform(1, (300, 5)), uniform(2, (300, 5), -0.5, 1.2), uniform(3, (24, 5), -1, 1)
    points = np.mean([scipy.stats.wasserstein_distance(a.astype(np.float64) @ d, b.astype(np.float64) @ d)
                      for d in directions.astype(np.float64)])
    levels = {}
    for name, shape in (("even", (2, 3, 32, 24)), ("odd", (1, 2, 21, 19))):
        levels[name] = [fingerprint(level, 5, 4) for level in pyramid(uniform(4, shape), 3)]
    real, noise = uniform(6, (48, 3, 32, 32)), uniform(7, (48, 3, 32, 32))
    generated = (noise + np.roll(noise, -1, axis=3)) / 2
    runs = np.array([image_distance(real, generated, np.random.default_rng(seed)) for seed in range(16)])
    return {"points": float(points), "pyramid": levels,
            "images": {"mean": runs.mean(0).tolist(), "std": runs.std(0, ddof=1).tolist()}}


def pair(seed, shape, low=0.0, high=1.0):
    """Images that agree in two pixels of three."""
    x, y = uniform(seed, shape, low, high), uniform(seed + 1, shape, low, high)
    third = np.arange(x.size).reshape(shape) % 3 == 0
    return x, np.where(third, y, x)


def ms_ssim(x, y, weights, span):
    """From the definition, by two-dimensional convolutions in PyTorch."""
    x, y = (torch.tensor(v, dtype=torch.float64) for v in (x, y))
    line = torch.exp(-(torch.arange(11, dtype=torch.float64) - 5) ** 2 / (2 * 1.5 ** 2))
    line /= line.sum()
    channels = x.shape[1]
    window = torch.outer(line, line).expand(channels, 1, 11, 11)
    c1, c2 = (0.01 * span) ** 2, (0.03 * span) ** 2
    product = torch.ones(x.shape[:2], dtype=torch.float64)
    for scale, weight in enumerate(weights):
        if scale:
            x, y = (F.avg_pool2d(F.pad(v, (0, v.shape[3] % 2, 0, v.shape[2] % 2), mode="replicate"), 2) for v in (x, y))
        mx, my, xx, yy, xy = (F.conv2d(v, window, groups=channels) for v in (x, y, x * x, y * y, x * y))
        contrast = (2 * (xy - mx * my) + c2) / (xx - mx ** 2 + yy - my ** 2 + c2)
        luminance = (2 * mx * my + c1) / (mx ** 2 + my ** 2 + c1)
        value = contrast * luminance if scale == len(weights) - 1 else contrast
        product *= torch.relu(value.mean(dim=(2, 3))) ** weight
    return product.mean(1).tolist()


def similarity():
    weights = np.array([0.0448, 0.2856, 0.3001, 0.2363, 0.1333])
    first = lambda n: weights[:n] / weights[:n].sum()
    large = [torch.tensor(v, dtype=torch.float64) for v in pair(10, (2, 1, 176, 176))]
    colour, odd, grey = pair(12, (3, 3, 64, 64), -1, 1), pair(14, (2, 2, 45, 37)), pair(16, (1, 1, 24, 30))
    return {"pytorch_msssim": pytorch_msssim.ms_ssim(*large, data_range=1.0, size_average=False).tolist(),
            "colour": ms_ssim(*(v.astype(np.float64) + 1 for v in colour), first(3), 2.0),
            "odd": ms_ssim(*odd, first(2), 1.0),
            "skimage": skimage.metrics.structural_similarity(
                grey[0][0, 0].astype(np.float64), grey[1][0, 0].astype(np.float64), data_range=1.0,
                gaussian_weights=True, sigma=1.5, use_sample_covariance=False)}


def kernel_distance():
    x, y = uniform(20, (60, 10), -1, 1).astype(np.float64), uniform(21, (50, 10), -0.5, 1.5).astype(np.float64)
    k = lambda a, b: sklearn.metrics.pairwise.polynomial_kernel(a, b, degree=3, gamma=1 / a.shape[1], coef0=1)
    off_diagonal = lambda a: (k(a, a).sum() - np.trace(k(a, a))) / (len(a) * (len(a) - 1))
    return float(off_diagonal(x) + off_diagonal(y) - 2 * k(x, y).mean())


def leave_one_out(real, generated):
    """Accuracies on all, real, generated by scikit-learn, which knows no shares of a vote: for data without ties."""
    points = np.concatenate([real, generated]).astype(np.float64)
    labels = np.arange(len(points)) >= len(real)
    neighbours = sklearn.neighbors.NearestNeighbors(n_neighbors=2, algorithm="brute").fit(points)
    right = labels[neighbours.kneighbors(points)[1][:, 1]] == labels
    return [right.mean(), right[:len(real)].mean(), right[len(real):].mean()]


def leave_one_out_shared(real, generated):
    """The same from differences in float64; equally near points share the vote."""
    points = np.concatenate([real, generated]).astype(np.float64)
    labels = np.arange(len(points)) >= len(real)
    distances = ((points[:, None] - points[None]) ** 2).sum(2)
    np.fill_diagonal(distances, np.inf)
    near = distances == distances.min(1, keepdims=True)
    right = (near & (labels[None] == labels[:, None])).sum(1) / near.sum(1)
    return [right.mean(), right[:len(real)].mean(), right[len(real):].mean()]


def neighbours():
    plain = uniform(30, (90, 12)), uniform(31, (70, 12), 0.1, 1.1)
    far = uniform(32, (150, 6), 1000, 1000.01), uniform(33, (150, 6), 1000, 1000.01)
    return {"plain": leave_one_out(*plain), "far": leave_one_out_shared(*far)}


def modes():
    x = uniform(40, (3000, 2), -1.3, 1.3).astype(np.float64)
    angles = 2 * np.pi * np.arange(8) / 8
    centres = np.stack([np.cos(angles), np.sin(angles)], 1).astype(np.float32).astype(np.float64)
    distances = np.linalg.norm(x[:, None] - centres[None], axis=2)
    good = distances.min(1) <= 3 * 0.1
    counts = np.bincount(distances.argmin(1)[good], minlength=8)
    return {"samples": counts.tolist(), "high_quality": good.mean(), "modes_from_120": int((counts >= 120).sum())}


def histogram():
    u = uniform(50, (400, 7)).astype(np.float64) ** 6
    u[:, 5] = 0
    p = (u / u.sum(1, keepdims=True)).astype(np.float32)
    shares = np.bincount(p.argmax(1), minlength=7) / len(p)
    return {"kl": scipy.stats.entropy(shares, np.full(7, 1 / 7)), "present": int((shares > 0).sum()),
            "mean_confidence": p.max(1).astype(np.float64).mean(), "confident": float((p.max(1) >= np.float32(0.9)).mean())}


torch.set_num_threads(1)
print(json.dumps({"sliced_wasserstein": sliced_wasserstein(), "ms_ssim": similarity(),
                  "polynomial_mmd2": kernel_distance(), "one_nn": neighbours(), "modes": modes(),
                  "class_histogram": histogram()}, indent=1))
