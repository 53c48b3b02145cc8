"""Golden values of the convolutions: PyTorch's results and gradients in float64 for inputs made by formula.

usage: conv.py > tests/golden/conv.json          (needs numpy and torch; written with torch 2.13.0)

Images go in and come out channels last. The gradients are those of the sum of the result times numbers by formula.
"""
import json

import torch
import torch.nn.functional as F

from formula import uniform

# name: (function, shapes of x [B, H, W, C], w, b, options); tests/ops/conv_golden_test.cpp has the same names
CASES = {
    "plain": (F.conv2d, [(2, 5, 6, 3), (4, 3, 3, 3), (4,)], {}),
    "dcgan": (F.conv2d, [(2, 8, 8, 6), (5, 6, 4, 4), (5,)], dict(stride=2, padding=1)),
    "product": (F.conv2d, [(2, 3, 4, 5), (6, 5, 1, 1), (6,)], {}),
    "odd": (F.conv2d, [(2, 7, 6, 4), (6, 2, 3, 2), (6,)],
            dict(stride=(2, 1), padding=(1, 2), dilation=(1, 2), groups=2)),
    "transposed": (F.conv_transpose2d, [(2, 3, 4, 3), (3, 4, 3, 3), (4,)], {}),
    "transposed_dcgan": (F.conv_transpose2d, [(2, 4, 4, 6), (6, 5, 4, 4), (5,)], dict(stride=2, padding=1)),
    "transposed_first": (F.conv_transpose2d, [(3, 1, 1, 7), (7, 5, 4, 4), (5,)], {}),
    "transposed_odd": (F.conv_transpose2d, [(2, 3, 4, 4), (4, 3, 3, 2), (6,)],
                       dict(stride=(3, 2), padding=(1, 2), output_padding=(2, 1), dilation=(1, 3), groups=2)),
}

golden = {}
for number, (name, (function, shapes, options)) in enumerate(CASES.items()):
    seed = 100 + 10 * number
    x, w, b = (torch.tensor(uniform(seed + k, shape, -1, 1)).double().requires_grad_()
               for k, shape in enumerate(shapes))
    y = function(x.permute(0, 3, 1, 2), w, b, **options).permute(0, 2, 3, 1)
    g = torch.tensor(uniform(seed + 3, tuple(y.shape), -1, 1)).double()
    gradients = torch.autograd.grad((y * g).sum(), [x, w, b])
    golden[name] = {"seed": seed, "inputs": [list(s) for s in shapes], "shape": list(y.shape),
                    "values": y.flatten().tolist(), "gradients": [d.flatten().tolist() for d in gradients]}
print("{\n" + ",\n".join(f'"{name}": {json.dumps(case)}' for name, case in golden.items()) + "\n}")
