"""Numbers that C++ and Python both make from a formula, so that golden files need not hold inputs and weights."""
import numpy as np


def splitmix(seed, n):
    """n 64-bit integers: SplitMix64 of seed * 2^32 + 0, 1, 2, ... (Steele et al. 2014)."""
    with np.errstate(over="ignore"):
        z = np.uint64(seed << 32) + np.arange(n, dtype=np.uint64) + np.uint64(1)
        z = z * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))


def uniform(seed, shape, low=0.0, high=1.0):
    """Float32 numbers in [low, high) with 24 random bits, computed in float64 and rounded once."""
    u = (splitmix(seed, int(np.prod(shape))) >> np.uint64(40)).astype(np.float64) / (1 << 24)
    return (low + (high - low) * u).astype(np.float32).reshape(shape)


def signs(seed, n):
    """n numbers that are 1 or -1."""
    return np.where(splitmix(seed, n) >> np.uint64(63), 1.0, -1.0)


def fingerprint(tensor, seed, count=16):
    """Norm of a tensor and its products with `count` vectors of random signs: the mean square of the products of a
    difference is the square of its norm, so a few numbers stand for the whole tensor."""
    flat = np.asarray(tensor, np.float64).ravel()
    return {"norm": float(np.linalg.norm(flat)),
            "products": [float(flat @ signs(seed * 100 + k, flat.size)) for k in range(count)]}
