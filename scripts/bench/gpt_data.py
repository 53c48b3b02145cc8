"""Sizes, weights and tokens of the Transformer workloads as numpy arrays, by the formula that bench/steps/transformer.cpp
uses."""
import pathlib
import sys

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "golden"))
from formula import splitmix, uniform  # noqa: E402

LEARNING_RATE, BETAS, WEIGHT_DECAY = 1e-4, (0.9, 0.999), 0.01
PROMPT, FRESH = 16, 256  # tokens of the decoding works
NAMES = ("gpt", "gpt_dropout", "gpt33k", "gptbyte", "gpt124m")
DECODING = ("decode", "decode8")
VOCABULARY = {"gpt33k": 33278, "gptbyte": 256, "gpt124m": 50257}


class Sizes:
    """vocabulary, context, width, layers, heads, batch."""

    def __init__(self, work):
        self.vocabulary, self.width, self.layers, self.heads = VOCABULARY.get(work, 8192), 384, 6, 6
        self.context, self.batch, self.dropout = 256, 8, 0.1 if work == "gpt_dropout" else 0.0
        if work == "gpt124m":
            self.context, self.width, self.layers, self.heads, self.batch = 64, 768, 12, 12, 4
        if work in DECODING:
            self.context, self.batch = PROMPT + FRESH, 8 if work == "decode8" else 1
        if work == "seq2seq":
            self.context, self.width, self.layers, self.heads, self.batch = 32, 256, 4, 4, 64


def block_shapes(name, c, cross):
    """Parameters of a block in order: weights [out, in], biases, norms."""
    def linear(part, out, fan_in):
        return {f"{name}.{part}.weight": (out, fan_in), f"{name}.{part}.bias": (out,)}

    def norm(part):
        return {f"{name}.{part}.weight": (c,), f"{name}.{part}.bias": (c,)}
    shapes = norm("ln_1") | linear("attn.c_attn", 3 * c, c) | linear("attn.c_proj", c, c)
    if cross:
        shapes |= norm("ln_cross_attn") | linear("crossattention.q_attn", c, c)
        shapes |= linear("crossattention.c_attn", 2 * c, c) | linear("crossattention.c_proj", c, c)
    return shapes | norm("ln_2") | linear("mlp.c_fc", 4 * c, c) | linear("mlp.c_proj", c, 4 * c)


def stack_shapes(name, sizes, cross=False):
    shapes = {f"{name}.wte.weight": (sizes.vocabulary, sizes.width), f"{name}.wpe.weight": (sizes.context, sizes.width)}
    for i in range(sizes.layers):
        shapes |= block_shapes(f"{name}.h.{i}", sizes.width, cross)
    return shapes | {f"{name}.ln_f.weight": (sizes.width,), f"{name}.ln_f.bias": (sizes.width,)}


def weights(work):
    """{name: array}: matrices in +- 1/sqrt(columns), biases in +- 0.1, norms in 1 +- 0.1, seeds 1, 2, ... in order."""
    sizes = Sizes(work)
    if work == "seq2seq":
        shapes = stack_shapes("encoder", sizes) | stack_shapes("decoder", sizes, cross=True)
    else:
        shapes = stack_shapes("transformer", sizes)
    made = {}
    for seed, (name, shape) in enumerate(shapes.items(), 1):
        bound = shape[1] ** -0.5 if len(shape) == 2 else 0.1
        centre = 1 if len(shape) == 1 and name.endswith("weight") else 0
        made[name] = uniform(seed, shape, centre - bound, centre + bound)
    return made


def tokens(seed, rows, columns, vocabulary):
    return (splitmix(seed, rows * columns) % np.uint64(vocabulary)).astype(np.int64).reshape(rows, columns)


def batch(sizes, seed, target_seed):
    """Inputs and targets [B, T]."""
    return tuple(tokens(s, sizes.batch, sizes.context, sizes.vocabulary) for s in (seed, target_seed))


def step_batches(sizes):
    """Those of the steps that are timed, again and again."""
    return [batch(sizes, 5000 + i, 5100 + i) for i in range(8)]


def lengths(sizes):
    """Tokens of each sentence that are not padding, [B]."""
    return np.array([sizes.context - b * 7 % 24 for b in range(sizes.batch)])


def pairs(sizes, seed):
    """Source, target inputs, targets [B, T] of sentence pairs; targets that are padding are -100."""
    source, inputs, targets = (tokens(seed + k, sizes.batch, sizes.context, sizes.vocabulary) for k in (0, 1000, 2000))
    targets[np.arange(sizes.context) >= lengths(sizes)[:, None]] = -100
    return source, inputs, targets


def prompt(sizes):
    return tokens(1000, sizes.batch, PROMPT, sizes.vocabulary)


def next_tokens(sizes, k):
    return tokens(1000 + k, sizes.batch, 1, sizes.vocabulary)
