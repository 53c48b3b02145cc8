"""Golden values of image operations, normalisations of channels and spectral normalisation: PyTorch's results and
gradients in float64 for inputs made by formula. Images are channels last here and in the library.

usage: image_ops.py > tests/golden/image_ops.json          (needs numpy and torch; written with torch 2.13.0)
"""
import json

import torch
import torch.nn.functional as F

from formula import fingerprint, uniform

UNIT, WIDE, POSITIVE = (-1, 1), (-4, 4), (0.2, 3)
first = lambda x: x.permute(0, 3, 1, 2)
last = lambda x: x.permute(0, 2, 3, 1)


def image(f):
    """f of images, channels first, as a function of images, channels last."""
    return lambda x, *more: last(f(first(x), *more))


def batch_norm(activation, training):
    def f(x, w, b, mean, variance):
        moments = (None, None) if training else (mean.detach(), variance.detach())
        return activation(F.batch_norm(x, *moments, w, b, training=training, eps=1e-3))
    return f


X, XL = ((2, 5, 7, 3), *UNIT), ((2, 6, 4, 19), *UNIT)
C3 = [((3,), *POSITIVE), ((3,), *UNIT)]
C19 = [((19,), *POSITIVE), ((19,), *UNIT)]
MOMENTS19 = [((19,), *UNIT), ((19,), *POSITIVE)]
leaky = lambda y: F.leaky_relu(y, 0.1)
reflected = dict(pad=(3, 1, 2, 4), mode="reflect")

# name: (function, [(shape, low, high), ...]); tests/ops/golden_image_test.cpp has the same names
CASES = {
    "channels_last": (last, [((2, 3, 5, 7), *UNIT)]),
    "channels_first": (first, [X]),
    "pad_zeros": (image(lambda x: F.pad(x, (3, 1, 2, 0))), [X]),
    "pad_constant": (image(lambda x: F.pad(x, (3, 1, 2, 0), value=0.7)), [X]),
    "pad_reflect": (image(lambda x: F.pad(x, **reflected)), [X]),
    "pad_replicate": (image(lambda x: F.pad(x, (9, 1, 2, 4), mode="replicate")), [X]),
    "pad_circular": (image(lambda x: F.pad(x, (7, 1, 2, 5), mode="circular")), [X]),
    "avg_pool": (image(lambda x: F.avg_pool2d(x, 2)), [X]),
    "avg_pool_padded": (image(lambda x: F.avg_pool2d(x, 3, 2, 1)), [XL]),
    "avg_pool_without_padding": (image(lambda x: F.avg_pool2d(x, 3, 2, 1, count_include_pad=False)), [X]),
    "max_pool": (image(lambda x: F.max_pool2d(x, 2)), [XL]),
    "max_pool_padded": (image(lambda x: F.max_pool2d(x, (3, 2), (2, 1), (1, 1))), [X]),
    "max_pool_of_equals": (image(lambda x: F.max_pool2d(x, 3, 1, 1)), [X]),
    "adaptive_avg_pool": (image(lambda x: F.adaptive_avg_pool2d(x, (3, 4))), [X]),
    "adaptive_avg_pool_more": (image(lambda x: F.adaptive_avg_pool2d(x, (7, 3))), [XL]),
    "global_avg_pool": (lambda x: F.adaptive_avg_pool2d(first(x), 1).flatten(1), [XL]),
    "global_max_pool": (lambda x: F.adaptive_max_pool2d(first(x), 1).flatten(1), [X]),
    "upsample_nearest": (image(lambda x: F.interpolate(x, scale_factor=(2, 3))), [X]),
    "upsample_bilinear": (image(lambda x: F.interpolate(x, scale_factor=(2, 2), mode="bilinear")), [XL]),
    "upsample_bilinear_odd": (image(lambda x: F.interpolate(x, scale_factor=(3, 5), mode="bilinear")), [X]),
    "pixel_shuffle": (image(lambda x: F.pixel_shuffle(x, 2)), [((2, 3, 5, 12), *UNIT)]),
    "pixel_unshuffle": (image(lambda x: F.pixel_unshuffle(x, 3)), [((2, 6, 9, 2), *UNIT)]),
    "batch_norm": (image(batch_norm(lambda y: y, True)), [X, *C3, *C3]),
    "batch_norm_rows": (batch_norm(lambda y: y, True), [((9, 19), *WIDE), *C19, *MOMENTS19]),
    "batch_norm_relu": (image(batch_norm(F.relu, True)), [XL, *C19, *MOMENTS19]),
    "batch_norm_leaky": (image(batch_norm(leaky, True)), [XL, *C19, *MOMENTS19]),
    "batch_norm_tanh": (image(batch_norm(torch.tanh, True)), [XL, *C19, *MOMENTS19]),
    "batch_norm_silu": (image(batch_norm(F.silu, True)), [X, *C3, *C3]),
    "batch_norm_eval": (image(batch_norm(lambda y: y, False)), [XL, *C19, *MOMENTS19]),
    "batch_norm_eval_leaky": (image(batch_norm(leaky, False)), [XL, *C19, *MOMENTS19]),
    "group_norm": (image(lambda x, w, b: F.group_norm(x, 4, w, b, 1e-3)), [((2, 3, 5, 12), *UNIT), ((12,), *POSITIVE),
                                                                           ((12,), *UNIT)]),
    "group_norm_one_relu": (image(lambda x, w, b: F.relu(F.group_norm(x, 1, w, b, 1e-3))), [XL, *C19]),
    "instance_norm": (image(lambda x, w, b: F.instance_norm(x, weight=w, bias=b, eps=1e-3)), [XL, *C19]),
    "layer_norm": (lambda x, w, b: F.layer_norm(x, (19,), w, b), [XL, *C19]),
}


def running_statistics():
    """Buffers and results of BatchNorm2d over four batches, with momentum 0.3 and with the mean over batches."""
    result = {}
    for name, momentum in ("momentum", 0.3), ("mean", None):
        layer = torch.nn.BatchNorm2d(3, momentum=momentum, dtype=torch.float64)
        for k in range(4):
            layer(first(torch.from_numpy(uniform(7000 + k, (2, 5, 7, 3), -1, 1 + k)).double()))
        layer.eval()
        y = layer(first(torch.from_numpy(uniform(7000, (2, 5, 7, 3), -1, 1)).double()))
        result[name] = {"mean": layer.running_mean.tolist(), "variance": layer.running_var.tolist(),
                        "batches": layer.num_batches_tracked.item(), "values": last(y).flatten().tolist()}
    return result


def spectral(dim):
    """Three passes in training and one in use of a normalised weight, from given u and v; gradients of the last."""
    shape = (4, 3, 2, 5)
    layer = torch.nn.Module()
    layer.weight = torch.nn.Parameter(torch.from_numpy(uniform(7100, shape, -1, 1)).double())
    torch.nn.utils.parametrizations.spectral_norm(layer, dim=dim)
    norm = layer.parametrizations.weight[0]
    norm._u.copy_(F.normalize(torch.from_numpy(uniform(7101, norm._u.shape, -1, 1)).double(), dim=0))
    norm._v.copy_(F.normalize(torch.from_numpy(uniform(7102, norm._v.shape, -1, 1)).double(), dim=0))
    for _ in range(3):
        trained = layer.weight
    layer.eval()
    y = layer.weight
    (y * torch.from_numpy(uniform(7103, shape, -1, 1)).double()).sum().backward()
    return {"u": norm._u.tolist(), "v": norm._v.tolist(), "trained": trained.flatten().tolist(),
            "values": y.flatten().tolist(), "gradient": layer.parametrizations.weight.original.grad.flatten().tolist()}


golden = {}
for number, (name, (function, arguments)) in enumerate(CASES.items()):
    seed = 2000 + 10 * number
    x = [torch.from_numpy(uniform(seed + k, shape, low, high)).double()
         for k, (shape, low, high) in enumerate(arguments)]
    if name.endswith("of_equals"):
        x = [torch.round(t) for t in x]
    x = [t.requires_grad_() for t in x]
    y = function(*x)
    cotangent = torch.from_numpy(uniform(seed + 9, y.shape, -1, 1)).double()
    gradients = torch.autograd.grad(y, x, cotangent, allow_unused=True)
    golden[name] = {"seed": seed, "inputs": [list(a) for a in arguments], "shape": list(y.shape),
                    "values": fingerprint(y.detach(), seed),
                    "gradients": [fingerprint(g, seed + 1 + k) for k, g in enumerate(gradients) if g is not None]}
lines = ",\n".join(f'"{name}": {json.dumps(case)}' for name, case in golden.items())
print(f'{{"operations": {{\n{lines}\n}},\n"running": {json.dumps(running_statistics())},')
print(f'"spectral": {json.dumps([spectral(0), spectral(1)])}}}')
