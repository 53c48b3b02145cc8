"""State dicts of whole models in PyTorch in one safetensors file, with inputs and the outputs that PyTorch computes.

usage: model_state_dicts.py FILE                (needs numpy, torch and safetensors; written with torch 2.13.0)
       model_state_dicts.py FILE MODEL OTHER    OTHER, written elsewhere, loads into the model and gives its outputs
Tensors: MODEL.NAME of each model's state_dict(), in:MODEL and out:MODEL; images are [B, C, H, W] as in PyTorch.
"""
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F
from safetensors.torch import load_file, save_file


class Vae(nn.Module):
    """What is compared: mean and log variance of q(z | x), beside the logits of p(x | mean)."""

    def __init__(self):
        super().__init__()
        self.encoder = nn.ModuleList([nn.Linear(12, 7), nn.Linear(7, 5)])
        self.posterior = nn.Linear(5, 6)
        self.decoder = nn.ModuleList([nn.Linear(3, 5), nn.Linear(5, 7)])
        self.output = nn.Linear(7, 12)

    def forward(self, x):
        for layer in self.encoder:
            x = F.relu(layer(x))
        code = self.posterior(x)
        h = code[:, :3]
        for layer in self.decoder:
            h = F.relu(layer(h))
        return torch.cat([code, self.output(h)], 1)


class Main(nn.Module):
    def __init__(self, *layers):
        super().__init__()
        self.main = nn.Sequential(*layers)

    def forward(self, x):
        return self.main(x)


def generator(w=2):
    return Main(nn.ConvTranspose2d(5, 2 * w, 4, bias=False), nn.BatchNorm2d(2 * w), nn.ReLU(),
                nn.ConvTranspose2d(2 * w, w, 4, 2, 1, bias=False), nn.BatchNorm2d(w), nn.ReLU(),
                nn.ConvTranspose2d(w, 3, 4, 2, 1, bias=False), nn.Tanh())


def discriminator(w=2):
    return Main(nn.Conv2d(3, w, 4, 2, 1, bias=False), nn.LeakyReLU(0.2), nn.Conv2d(w, 2 * w, 4, 2, 1, bias=False),
                nn.BatchNorm2d(2 * w), nn.LeakyReLU(0.2), nn.Conv2d(2 * w, 1, 4, bias=False), nn.Flatten(0))


class Attention(nn.Module):
    def __init__(self, c, heads):
        super().__init__()
        self.heads, self.c_attn, self.c_proj = heads, nn.Linear(c, 3 * c), nn.Linear(c, c)

    def forward(self, x):
        q, k, v = (t.unflatten(-1, (self.heads, -1)).transpose(1, 2) for t in self.c_attn(x).chunk(3, -1))
        return self.c_proj(F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).flatten(2))


class Block(nn.Module):
    def __init__(self, c, heads):
        super().__init__()
        self.ln_1, self.attn, self.ln_2 = nn.LayerNorm(c), Attention(c, heads), nn.LayerNorm(c)
        self.mlp = nn.ModuleDict({"c_fc": nn.Linear(c, 4 * c), "c_proj": nn.Linear(4 * c, c)})

    def forward(self, x):
        x = x + self.attn(self.ln_1(x))
        return x + self.mlp["c_proj"](F.gelu(self.mlp["c_fc"](self.ln_2(x)), approximate="tanh"))


class Gpt(nn.Module):
    """With linear layers, as most GPTs that are written in PyTorch; the output layer is the embedding's table."""

    def __init__(self, vocabulary=11, context=6, c=8, layers=2, heads=2):
        super().__init__()
        self.transformer = nn.ModuleDict({"wte": nn.Embedding(vocabulary, c), "wpe": nn.Embedding(context, c),
                                          "h": nn.ModuleList(Block(c, heads) for _ in range(layers)),
                                          "ln_f": nn.LayerNorm(c)})
        self.lm_head = nn.Linear(c, vocabulary, bias=False)
        self.lm_head.weight = self.transformer["wte"].weight

    def forward(self, ids):
        x = self.transformer["wte"](ids) + self.transformer["wpe"].weight[:ids.shape[1]]
        for block in self.transformer["h"]:
            x = block(x)
        return self.lm_head(self.transformer["ln_f"](x))


def trained(model, x):
    """Norms with statistics, weights and biases of their own."""
    for layer in model.modules():
        if isinstance(layer, (nn.BatchNorm2d, nn.LayerNorm)):
            nn.init.uniform_(layer.weight, 0.5, 1.5)
            nn.init.uniform_(layer.bias, -0.2, 0.2)
    with torch.no_grad():
        model(x)
    return model.eval()


def cases():
    torch.manual_seed(5)
    made = {"vae": (Vae(), torch.rand(3, 12)), "generator": (generator(), torch.randn(4, 5, 1, 1)),
            "discriminator": (discriminator(), torch.rand(4, 3, 16, 16) * 2 - 1),
            "gpt": (Gpt(), torch.tensor([[0, 10, 3, 3, 7, 1], [5, 9, 2, 4, 8, 6]]))}
    return {name: (trained(model, x), x) for name, (model, x) in made.items()}


def main():
    if len(sys.argv) == 4:
        model, x = cases()[sys.argv[2]]
        expected = load_file(sys.argv[1])["out:" + sys.argv[2]]
        for p in model.state_dict().values():
            p.zero_()
        state = load_file(sys.argv[3])
        if sys.argv[2] == "gpt":
            state["lm_head.weight"] = state["transformer.wte.weight"]
        model.load_state_dict(state)
        print(sys.argv[2], "largest difference", (model(x) - expected).abs().max().item())
        return
    tensors = {}
    for name, (model, x) in cases().items():
        tensors[f"in:{name}"] = x.to(torch.int32) if x.dtype == torch.int64 else x
        tensors[f"out:{name}"] = model(x).detach().contiguous()
        tensors.update({f"{name}.{key}": value.detach().clone() for key, value in model.state_dict().items()})
    save_file(tensors, sys.argv[1])


if __name__ == "__main__":
    main()
