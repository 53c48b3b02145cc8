"""What PyTorch makes of the left side of every row of docs/coming_from_pytorch.md.

usage: coming_from_pytorch.py PAGE FILE          (needs numpy, torch and safetensors; written with torch 2.13.0)
A row that depends on torch's seed gets no values but its shape.
"""
import ast
import json
import os
import re
import sys
import tempfile

import numpy as np
import safetensors.torch
import torch
import torch.nn as nn
import torch.nn.functional as F


def tenths(*shape):
    count = int(np.prod(shape))
    return (torch.arange(count) % 7).float().div(10).reshape(shape)


def inputs():
    return dict(
        torch=torch, nn=nn, F=F, np=np, safetensors=safetensors,
        x=torch.tensor([[1.0, -2, 3], [4, 5, -6]]), y=torch.tensor([[0.5, 1, 2], [3, -1, 0.25]]),
        p=torch.tensor([[0.1, 0.9, 0.5], [0.3, 0.8, 0.2]]), v=torch.tensor([10.0, 20, 30]),
        ids=torch.tensor([2, 0, 1]), labels=torch.tensor([2, 0]),
        image=tenths(1, 4, 4, 4), kernel=tenths(4, 4, 3, 3), sequence=tenths(5, 1, 3), q=tenths(1, 2, 5, 4))


def value_of(cell, seed):
    """The last expression of a cell, or what it calls z."""
    torch.manual_seed(seed)
    names = inputs()
    np.save("x.npy", names["x"].numpy())
    safetensors.torch.save_file({"weight": torch.arange(12).float().div(10).reshape(4, 3), "bias": torch.zeros(4)},
                                "w.safetensors")
    lines = ast.parse(cell).body
    if not isinstance(lines[-1], ast.Expr):
        exec(cell, names)
        return names["z"]
    exec(compile(ast.Module(lines[:-1], []), cell, "exec"), names)
    return eval(compile(ast.Expression(lines[-1].value), cell, "eval"), names)


def record(cell):
    value, other = value_of(cell, 0), value_of(cell, 1)
    if not isinstance(value, torch.Tensor):
        return {"pytorch": cell, "value": value}
    row = {"pytorch": cell, "shape": list(value.shape)}
    if torch.equal(value, other):
        row["values"] = [float(f"{a:.9g}") for a in value.detach().double().flatten().tolist()]
    return row


def main():
    page, out = sys.argv[1], os.path.abspath(sys.argv[2])
    with open(page) as file:
        cells = re.findall(r"^\| `(.*)` \| `.*` \|$", file.read(), re.MULTILINE)
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        rows = [record(cell) for cell in cells]
        os.chdir("/")
    with open(out, "w") as file:
        file.write("[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]\n")


if __name__ == "__main__":
    main()
