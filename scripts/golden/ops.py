"""Golden values of the operations: PyTorch's results in float64 for inputs made by formula.

usage: ops.py > tests/golden/ops.json          (needs numpy and torch; written with torch 2.13.0)
"""
import json

import torch
import torch.nn.functional as F

from formula import uniform

LABELS = torch.tensor([2, 0, 4, 4, 1])

# name: (function, [(shape, low, high), ...]); tests/ops/golden_test.cpp has the same names
UNIT, WIDE, POSITIVE = (-1, 1), (-4, 4), (0.2, 3)
CASES = {
    "add": (lambda a, b: a + b, [((3, 5), *UNIT), ((5,), *UNIT)]),
    "sub": (lambda a, b: a - b, [((3, 1), *UNIT), ((3, 5), *UNIT)]),
    "mul": (lambda a, b: a * b, [((2, 1, 3), *UNIT), ((4, 1), *UNIT)]),
    "div": (lambda a, b: a / b, [((3, 5), *UNIT), ((3, 5), *POSITIVE)]),
    "affine": (lambda x: 3 * x - 2, [((7,), *UNIT)]),
    "neg": (lambda x: -x, [((7,), *UNIT)]),
    "reciprocal": (lambda x: 3 / x, [((7,), *POSITIVE)]),
    "maximum": (torch.maximum, [((3, 5), *UNIT), ((5,), *UNIT)]),
    "minimum": (torch.minimum, [((3, 5), *UNIT), ((5,), *UNIT)]),
    "equal": (lambda a, b: (torch.round(a) == torch.round(b)).double(), [((31,), *UNIT), ((31,), *UNIT)]),
    "less": (lambda a, b: (a < b).double(), [((31,), *UNIT), ((31,), *UNIT)]),
    "less_equal": (lambda a, b: (a <= b).double(), [((31,), *UNIT), ((31,), *UNIT)]),
    "where": (lambda a, b: torch.where(a < b, a * a, b), [((3, 5), *UNIT), ((5,), *UNIT)]),
    "exp": (torch.exp, [((19,), *WIDE)]),
    "expm1": (torch.expm1, [((19,), *WIDE)]),
    "log": (torch.log, [((19,), *POSITIVE)]),
    "log1p": (torch.log1p, [((19,), *POSITIVE)]),
    "sqrt": (torch.sqrt, [((19,), *POSITIVE)]),
    "rsqrt": (torch.rsqrt, [((19,), *POSITIVE)]),
    "square": (torch.square, [((19,), *WIDE)]),
    "abs": (torch.abs, [((19,), *WIDE)]),
    "pow": (lambda x: torch.pow(x, 1.7), [((19,), *POSITIVE)]),
    "sin": (torch.sin, [((19,), *WIDE)]),
    "cos": (torch.cos, [((19,), *WIDE)]),
    "tanh": (torch.tanh, [((19,), *WIDE)]),
    "erf": (torch.erf, [((19,), *WIDE)]),
    "sigmoid": (torch.sigmoid, [((19,), *WIDE)]),
    "softplus": (F.softplus, [((19,), *WIDE)]),
    "relu": (F.relu, [((19,), *WIDE)]),
    "leaky_relu": (lambda x: F.leaky_relu(x, 0.2), [((19,), *WIDE)]),
    "elu": (lambda x: F.elu(x, 0.7), [((19,), *WIDE)]),
    "silu": (F.silu, [((19,), *WIDE)]),
    "gelu": (F.gelu, [((19,), *WIDE)]),
    "gelu_tanh": (lambda x: F.gelu(x, approximate="tanh"), [((19,), *WIDE)]),
    "clamp": (lambda x: torch.clamp(x, -0.4, 0.6), [((19,), *UNIT)]),
    "sum": (torch.sum, [((3, 5, 7), *UNIT)]),
    "sum_0": (lambda x: torch.sum(x, 0), [((3, 5, 7), *UNIT)]),
    "sum_1_keep": (lambda x: torch.sum(x, 1, keepdim=True), [((3, 5, 7), *UNIT)]),
    "sum_02": (lambda x: torch.sum(x, (0, 2)), [((3, 5, 7), *UNIT)]),
    "mean_12": (lambda x: torch.mean(x, (1, 2)), [((3, 5, 7), *UNIT)]),
    "variance_0": (lambda x: torch.var(x, 0, unbiased=False), [((3, 5, 7), *UNIT)]),
    "variance_unbiased": (torch.var, [((3, 5, 7), *UNIT)]),
    "max_1": (lambda x: torch.amax(x, 1), [((3, 5, 7), *UNIT)]),
    "min": (torch.min, [((3, 5, 7), *UNIT)]),
    "argmax": (lambda x: torch.argmax(x, -1).double(), [((3, 5, 7), *UNIT)]),
    "expand": (lambda x: x.expand(4, 3, 5), [((3, 1), *UNIT)]),
    "permute": (lambda x: x.permute(2, 0, 1), [((3, 5, 7), *UNIT)]),
    "transpose": (lambda x: x.transpose(0, 1), [((33, 18), *UNIT)]),
    "slice": (lambda x: x[:, 1:-1], [((3, 5, 7), *UNIT)]),
    "select_index": (lambda x: x[:, :, -2], [((3, 5, 7), *UNIT)]),
    "concat": (lambda a, b: torch.cat([a, b], 1), [((3, 5, 2), *UNIT), ((3, 1, 2), *UNIT)]),
    "stack": (lambda a, b: torch.stack([a, b], 1), [((3, 5), *UNIT), ((3, 5), *UNIT)]),
    "split": (lambda x: torch.split(x, [1, 4], 1)[1], [((3, 5), *UNIT)]),
    "embed": (lambda x: F.pad(x, (2, 1)), [((3, 5), *UNIT)]),
    "take": (lambda x: x[LABELS], [((6, 3), *UNIT)]),
    "scatter_add": (lambda x: torch.zeros(3, 6, dtype=x.dtype).index_add(1, LABELS, x), [((3, 5), *UNIT)]),
    "pick": (lambda x: x.gather(1, LABELS[:, None])[:, 0], [((5, 6), *UNIT)]),
    "matmul": (torch.matmul, [((5, 7), *UNIT), ((7, 3), *UNIT)]),
    "matmul_tn": (lambda a, b: a.T @ b, [((7, 5), *UNIT), ((7, 3), *UNIT)]),
    "matmul_nt": (lambda a, b: a @ b.T, [((5, 7), *UNIT), ((3, 7), *UNIT)]),
    "matmul_batched": (torch.matmul, [((2, 3, 4, 5), *UNIT), ((2, 3, 5, 6), *UNIT)]),
    "matmul_batched_tt": (lambda a, b: a.mT @ b.mT, [((2, 5, 4), *UNIT), ((2, 6, 5), *UNIT)]),
    "matmul_shared": (torch.matmul, [((2, 3, 4, 5), *UNIT), ((5, 6), *UNIT)]),
    "linear": (F.linear, [((2, 4, 5), *UNIT), ((3, 5), *UNIT), ((3,), *UNIT)]),
    "linear_relu": (lambda x, w, b: F.relu(F.linear(x, w, b)), [((6, 5), *UNIT), ((3, 5), *UNIT), ((3,), *UNIT)]),
    "linear_gelu": (lambda x, w, b: F.gelu(F.linear(x, w, b)), [((6, 5), *UNIT), ((3, 5), *UNIT), ((3,), *UNIT)]),
    "softmax": (lambda x: F.softmax(x, -1), [((4, 9), *WIDE)]),
    "log_softmax": (lambda x: F.log_softmax(x, -1), [((4, 9), *WIDE)]),
    "logsumexp": (lambda x: torch.logsumexp(x, -1), [((4, 9), *WIDE)]),
    "layer_norm": (lambda x, w, b: F.layer_norm(x, (9,), w, b), [((4, 9), *WIDE), ((9,), *UNIT), ((9,), *UNIT)]),
    "bce_with_logits": (lambda l, x: F.binary_cross_entropy_with_logits(l, x, reduction="none").sum(1),
                        [((4, 9), *WIDE), ((4, 9), 0, 1)]),
    "half_squared_error": (lambda y, x: 0.5 * F.mse_loss(y, x, reduction="none").sum(1),
                           [((4, 9), *WIDE), ((4, 9), *UNIT)]),
    "gaussian_nll": (lambda m, v, x: F.gaussian_nll_loss(m, x, v.exp(), full=True, reduction="none").sum(1),
                     [((4, 9), *UNIT), ((4, 9), *UNIT), ((4, 9), *UNIT)]),
    "gaussian_kl": (lambda m, v: torch.distributions.kl_divergence(
        torch.distributions.Normal(m, (0.5 * v).exp()), torch.distributions.Normal(0.0, 1.0)).sum(1),
        [((4, 9), *UNIT), ((4, 9), *UNIT)]),
    "cross_entropy": (lambda x: F.cross_entropy(x, LABELS, reduction="none"), [((5, 6), *WIDE)]),
}

golden = {}
for number, (name, (function, arguments)) in enumerate(CASES.items()):
    x = [torch.tensor(uniform(100 + 10 * number + k, shape, low, high)).double()
         for k, (shape, low, high) in enumerate(arguments)]
    y = function(*x)
    golden[name] = {"seed": 100 + 10 * number, "inputs": [list(a) for a in arguments], "shape": list(y.shape),
                    "values": y.flatten().tolist()}
print("{\n" + ",\n".join(f'"{name}": {json.dumps(case)}' for name, case in golden.items()) + "\n}")
