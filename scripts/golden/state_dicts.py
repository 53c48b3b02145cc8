"""State dicts of PyTorch's layers in one safetensors file, with inputs and the outputs that PyTorch computes.

usage: state_dicts.py FILE          (needs numpy, torch and safetensors; written with torch 2.13.0)
Tensors: LAYER.NAME of each layer's state_dict(), in:LAYER and out:LAYER; images are [B, C, H, W] as in PyTorch.
"""
import sys

import torch
import torch.nn as nn
from safetensors.torch import save_file


def trained_batch_norm():
    norm = nn.BatchNorm2d(3)
    norm(torch.randn(5, 3, 4, 4) * 2 + 1)
    nn.init.uniform_(norm.weight, 0.5, 1.5)
    nn.init.uniform_(norm.bias)
    return norm.eval()


def trained_layer_norm():
    norm = nn.LayerNorm(6)
    nn.init.uniform_(norm.weight, 0.5, 1.5)
    nn.init.uniform_(norm.bias)
    return norm


def main():
    torch.manual_seed(3)
    cases = {
        "linear": (nn.Linear(5, 4), torch.randn(3, 5)),
        "conv": (nn.Conv2d(2, 3, 3, stride=2, padding=1), torch.randn(2, 2, 7, 5)),
        "transposed": (nn.ConvTranspose2d(3, 2, 4, stride=2, padding=1), torch.randn(2, 3, 4, 3)),
        "batch_norm": (trained_batch_norm(), torch.randn(2, 3, 4, 4)),
        "layer_norm": (trained_layer_norm(), torch.randn(4, 6)),
        "embedding": (nn.Embedding(7, 3), torch.tensor([[0, 6, 2], [5, 5, 1]])),
        "lstm": (nn.LSTM(3, 4, num_layers=2, batch_first=True), torch.randn(2, 5, 3)),
    }
    tensors = {}
    for name, (layer, x) in cases.items():
        y = layer(x)
        tensors[f"in:{name}"] = x.to(torch.int32) if x.dtype == torch.int64 else x
        tensors[f"out:{name}"] = (y[0] if isinstance(y, tuple) else y).detach().contiguous()
        tensors.update({f"{name}.{key}": value.contiguous() for key, value in layer.state_dict().items()})
    attention, x, other = nn.MultiheadAttention(6, 2, batch_first=True), torch.randn(2, 4, 6), torch.randn(2, 5, 6)
    nn.init.uniform_(attention.in_proj_bias)
    nn.init.uniform_(attention.out_proj.bias)
    later, padding = torch.ones(4, 4).triu(1).bool(), torch.tensor([[False] * 5, [False] * 3 + [True] * 2])
    tensors.update({f"attention.{key}": value for key, value in attention.state_dict().items()})
    tensors.update({"in:attention": x, "in:other": other, "out:attention": attention(x, x, x)[0].detach(),
                    "out:causal": attention(x, x, x, attn_mask=later)[0].detach(),
                    "out:cross": attention(x, other, other, key_padding_mask=padding)[0].detach()})
    tensors["half.weight"] = tensors["linear.weight"].to(torch.bfloat16)
    tensors["half.bias"] = tensors["linear.bias"].to(torch.float16)
    save_file({name: x.contiguous() for name, x in tensors.items()}, sys.argv[1])


if __name__ == "__main__":
    main()
