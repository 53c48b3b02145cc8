"""Golden values of the building blocks of Transformers and recurrent networks: PyTorch's results and gradients in
float64 for inputs made by formula.

usage: transformer_ops.py > tests/golden/transformer_ops.json    (needs numpy and torch; written with torch 2.13.0)
"""
import json

import torch
import torch.nn.functional as F

from formula import uniform

IDS = torch.tensor([2, 0, 4, 4, 1, 3])
LENGTHS = torch.tensor([4, 7])


def heads(x):
    return x.transpose(1, 2)  # [B, T, H, D] and [B, H, T, D]


def attention(causal=False, lengths=None, scale=None):
    def run(q, k, v):
        mask = None
        if lengths is not None:
            mask = (torch.arange(k.size(1))[None] < lengths[:, None])[:, None, None]
        return heads(F.scaled_dot_product_attention(heads(q), heads(k), heads(v), mask, is_causal=causal, scale=scale))
    return run


def rotary(x):
    """As in the model code of Llama: halves, angles p 10000^(-2 i / D)."""
    size = x.size(-1)
    angles = torch.outer(torch.arange(x.size(1)), 10000 ** (-torch.arange(0, size, 2).double() / size))
    cos, sin = (torch.cat([f(angles)] * 2, -1)[:, None] for f in (torch.cos, torch.sin))
    turned = torch.cat([-x[..., size // 2:], x[..., :size // 2]], -1)
    return x * cos + turned * sin


# name: (function, [(shape, low, high), ...]); tests/ops/transformer_golden_test.cpp has the same names
UNIT, WIDE = (-1, 1), (-3, 3)
Q, K = ((2, 5, 3, 4), *WIDE), ((2, 7, 3, 4), *WIDE)
CASES = {
    "attention": (attention(), [Q, K, K]),
    "attention_causal": (attention(causal=True), [K, K, K]),
    "attention_lengths": (attention(lengths=LENGTHS), [Q, K, K]),
    "attention_scale": (attention(scale=0.3), [Q, K, K]),
    "rms_norm": (lambda x, w: F.rms_norm(x, (9,), w, 1e-5), [((4, 9), *WIDE), ((9,), *UNIT)]),
    "add_layer_norm": (lambda x, r, w, b: F.layer_norm(x + r, (9,), w, b) * (x + r),
                       [((4, 9), *WIDE), ((4, 9), *WIDE), ((9,), *UNIT), ((9,), *UNIT)]),
    "swiglu": (lambda a, b: F.silu(a) * b, [((3, 7), *WIDE), ((3, 7), *WIDE)]),
    "rotary": (rotary, [((2, 5, 3, 8), *UNIT)]),
    "embedding": (lambda w: F.embedding(IDS.reshape(2, 3), w), [((6, 4), *UNIT)]),
    "cross_entropy_smooth": (lambda z: F.cross_entropy(z, IDS, reduction="none", label_smoothing=0.2, ignore_index=4),
                             [((6, 5), *WIDE)]),
    "linear_cross_entropy": (lambda x, w, b: F.cross_entropy(F.linear(x, w, b), IDS, label_smoothing=0.1,
                                                             ignore_index=4),
                             [((6, 3), *UNIT), ((5, 3), *WIDE), ((5,), *UNIT)]),
}


def gradients(y, tensors, seed):
    """Of the sum of y with weights made by formula."""
    weights = torch.tensor(uniform(seed, tuple(y.shape), -1, 1)).double()
    return [g.flatten().tolist() for g in torch.autograd.grad((y * weights).sum(), tensors)]


def case(number, function, arguments):
    seed = 5000 + 20 * number
    x = [torch.tensor(uniform(seed + k, shape, low, high)).double().requires_grad_()
         for k, (shape, low, high) in enumerate(arguments)]
    y = function(*x)
    return {"seed": seed, "inputs": [list(a) for a in arguments], "values": y.flatten().tolist(),
            "gradients": gradients(y, x, seed + 10)}


def module(number, net, run):
    """A module whose parameters are filled in order, each from a seed of its own."""
    seed = 6000 + 50 * number
    net = net.double()
    names = {}
    for k, (name, p) in enumerate(net.named_parameters()):
        p.data = torch.tensor(uniform(seed + k, tuple(p.shape), -0.5, 0.5)).double()
        names[name] = list(p.shape)
    y = run(net, lambda k, shape: torch.tensor(uniform(seed + 40 + k, shape, -1, 1)).double())
    return {"seed": seed, "parameters": names, "values": y.flatten().tolist(),
            "gradients": gradients(y, list(net.parameters()), seed + 49)}


def run_lstm(net, make):
    y, (h, c) = net(make(0, (4, 3, 5)), (make(1, (2, 3, 6)), make(2, (2, 3, 6))))
    return torch.cat([y.flatten(), h.flatten(), c.flatten()])


def run_adaptive(net, make):
    x = make(0, (8, 16))
    loss = net(x, torch.tensor([0, 3, 4, 5, 9, 10, 17, 19])).loss
    return torch.cat([loss[None], net.log_prob(x[:2]).flatten()])


golden = {name: case(number, *rest) for number, (name, rest) in enumerate(CASES.items())}
golden["lstm"] = module(0, torch.nn.LSTM(5, 6, 2), run_lstm)
golden["adaptive_softmax"] = module(1, torch.nn.AdaptiveLogSoftmaxWithLoss(16, 20, [4, 10], div_value=2.0,
                                                                           head_bias=True), run_adaptive)
print("{\n" + ",\n".join(f'"{name}": {json.dumps(item)}' for name, item in golden.items()) + "\n}")
