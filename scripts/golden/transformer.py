"""Golden values of Transformers: 20 steps of small models in PyTorch, in float64 and float32.

usage: transformer.py > tests/golden/transformer.json          (needs numpy and torch; written with torch 2.13.0)
"""
import json
import math

import numpy as np
import torch
import torch.nn.functional as F

from formula import fingerprint, splitmix, uniform

BATCH, LENGTH, SOURCE, VOCABULARY, SOURCE_VOCABULARY, WIDTH, HEADS, STEPS = 4, 12, 9, 97, 61, 32, 4, 20
SOURCE_LENGTHS = [9, 5, 1, 7]
MODELS = {
    "gpt2": {},
    "modern": {"positions": "rotary", "norm": "rms", "unit": "swiglu", "tied": False, "bias": False},
    "classic": {"positions": "sinusoidal", "pre_norm": False, "unit": "gelu"},
    "smoothed": {"smoothing": 0.1, "ignore": True},
    "seq2seq": {"cross": True, "tied": False, "ignore": True},
    "seq2seq_classic": {"cross": True, "positions": "sinusoidal", "pre_norm": False, "unit": "gelu"},
}
DEFAULTS = {"positions": "learned", "norm": "layer", "unit": "gelu_tanh", "tied": True, "bias": True, "pre_norm": True,
            "cross": False, "smoothing": 0.0, "ignore": False}


def norm_shapes(o, name, shapes):
    shapes[f"{name}.weight"] = (WIDTH,)
    if o["norm"] == "layer":
        shapes[f"{name}.bias"] = (WIDTH,)


def linear_shapes(o, name, out, fan_in, shapes):
    shapes[f"{name}.weight"] = (out, fan_in)
    if o["bias"]:
        shapes[f"{name}.bias"] = (out,)


def stack_shapes(o, prefix, vocabulary, cross, shapes):
    """Parameters in the order of the model's."""
    inner = (8 * WIDTH // 3 + 15) // 16 * 16 if o["unit"] == "swiglu" else 4 * WIDTH
    shapes[f"{prefix}.wte.weight"] = (vocabulary, WIDTH)
    if o["positions"] == "learned":
        shapes[f"{prefix}.wpe.weight"] = (LENGTH, WIDTH)
    for i in range(2):
        h = f"{prefix}.h.{i}"
        norm_shapes(o, f"{h}.ln_1", shapes)
        linear_shapes(o, f"{h}.attn.c_attn", 3 * WIDTH, WIDTH, shapes)
        linear_shapes(o, f"{h}.attn.c_proj", WIDTH, WIDTH, shapes)
        if cross:
            norm_shapes(o, f"{h}.ln_cross_attn", shapes)
            linear_shapes(o, f"{h}.crossattention.q_attn", WIDTH, WIDTH, shapes)
            linear_shapes(o, f"{h}.crossattention.c_attn", 2 * WIDTH, WIDTH, shapes)
            linear_shapes(o, f"{h}.crossattention.c_proj", WIDTH, WIDTH, shapes)
        norm_shapes(o, f"{h}.ln_2", shapes)
        if o["unit"] == "swiglu":
            linear_shapes(o, f"{h}.mlp.c_gate", inner, WIDTH, shapes)
        linear_shapes(o, f"{h}.mlp.c_fc", inner, WIDTH, shapes)
        linear_shapes(o, f"{h}.mlp.c_proj", WIDTH, inner, shapes)
    if o["pre_norm"]:
        norm_shapes(o, f"{prefix}.ln_f", shapes)


def parameter_shapes(o):
    shapes = {}
    if o["cross"]:
        stack_shapes(o, "encoder", SOURCE_VOCABULARY, False, shapes)
    stack_shapes(o, "decoder" if o["cross"] else "transformer", VOCABULARY, o["cross"], shapes)
    if not o["tied"]:
        shapes["lm_head.weight"] = (VOCABULARY, WIDTH)
    return shapes


def weights(o, dtype):
    """Matrices uniform in +- 1/sqrt(columns), biases in +- 0.1, norms in 1 +- 0.1, seeds 1, 2, ... in order."""
    made = {}
    for seed, (name, shape) in enumerate(parameter_shapes(o).items(), 1):
        if len(shape) == 2:
            low, high = -(shape[1] ** -0.5), shape[1] ** -0.5
        else:
            low, high = (-0.1, 0.1) if name.endswith("bias") else (0.9, 1.1)
        made[name] = torch.tensor(uniform(seed, shape, low, high), dtype=dtype, requires_grad=True)
    return made


class Model:
    def __init__(self, o, dtype):
        self.o, self.w = o, weights(o, dtype)

    def linear(self, name, x):
        return F.linear(x, self.w[f"{name}.weight"], self.w.get(f"{name}.bias"))

    def norm(self, name, x):
        if self.o["norm"] == "rms":
            return F.rms_norm(x, (WIDTH,), self.w[f"{name}.weight"], 1e-5)
        return F.layer_norm(x, (WIDTH,), self.w[f"{name}.weight"], self.w[f"{name}.bias"], 1e-5)

    def rotate(self, x):
        half = x.shape[-1] // 2
        angle = torch.arange(x.shape[-2], dtype=torch.float64)[:, None] * 10000.0 ** (
            -torch.arange(half, dtype=torch.float64) / half)
        cos, sin = angle.cos().to(x.dtype), angle.sin().to(x.dtype)
        a, b = x[..., :half], x[..., half:]
        return torch.cat([a * cos - b * sin, b * cos + a * sin], -1)

    def attend(self, q, k, v, mask):
        q, k, v = (t.unflatten(-1, (HEADS, -1)).transpose(1, 2) for t in (q, k, v))
        if mask is None and self.o["positions"] == "rotary":
            q, k = self.rotate(q), self.rotate(k)
        y = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, is_causal=mask is None)
        return y.transpose(1, 2).flatten(2)

    def mlp(self, h, x):
        if self.o["unit"] == "swiglu":
            return self.linear(f"{h}.c_proj", F.silu(self.linear(f"{h}.c_gate", x)) * self.linear(f"{h}.c_fc", x))
        approximate = "tanh" if self.o["unit"] == "gelu_tanh" else "none"
        return self.linear(f"{h}.c_proj", F.gelu(self.linear(f"{h}.c_fc", x), approximate=approximate))

    def stack(self, prefix, ids, mask=None, memory=None, memory_mask=None):
        def add(norm, x, branch):
            return x + branch(self.norm(norm, x)) if self.o["pre_norm"] else self.norm(norm, x + branch(x))
        x = self.w[f"{prefix}.wte.weight"][ids]
        if self.o["positions"] == "learned":
            x = x + self.w[f"{prefix}.wpe.weight"][:ids.shape[1]]
        if self.o["positions"] == "sinusoidal":
            angle = torch.arange(ids.shape[1], dtype=torch.float64)[:, None] * 10000.0 ** (
                -torch.arange(0, WIDTH, 2, dtype=torch.float64) / WIDTH)
            table = torch.stack([angle.sin(), angle.cos()], -1).flatten(1).to(x.dtype)
            x = x * math.sqrt(WIDTH) + table
        for i in range(2):
            h = f"{prefix}.h.{i}"
            x = add(f"{h}.ln_1", x, lambda y: self.linear(
                f"{h}.attn.c_proj", self.attend(*self.linear(f"{h}.attn.c_attn", y).chunk(3, -1), mask)))
            if memory is not None:
                x = add(f"{h}.ln_cross_attn", x, lambda y: self.linear(
                    f"{h}.crossattention.c_proj", self.attend(
                        self.linear(f"{h}.crossattention.q_attn", y),
                        *self.linear(f"{h}.crossattention.c_attn", memory).chunk(2, -1), memory_mask)))
            x = add(f"{h}.ln_2", x, lambda y: self.mlp(f"{h}.mlp", y))
        return self.norm(f"{prefix}.ln_f", x) if self.o["pre_norm"] else x

    def logits(self, step):
        ids = tokens(1000 + step, LENGTH, VOCABULARY)
        if not self.o["cross"]:
            x, table = self.stack("transformer", ids), "transformer"
        else:
            mask = (torch.arange(SOURCE) < torch.tensor(SOURCE_LENGTHS)[:, None])[:, None, None, :]
            memory = self.stack("encoder", tokens(3000 + step, SOURCE, SOURCE_VOCABULARY), mask)
            x, table = self.stack("decoder", ids, None, memory, mask), "decoder"
        return x @ self.w["lm_head.weight" if not self.o["tied"] else f"{table}.wte.weight"].T

    def loss(self, step):
        targets = tokens(2000 + step, LENGTH, VOCABULARY).flatten()
        if self.o["ignore"]:
            targets[3::7] = -100
        return F.cross_entropy(self.logits(step).flatten(0, 1), targets, label_smoothing=self.o["smoothing"])


def tokens(seed, length, vocabulary):
    ids = (splitmix(seed, BATCH * length) % np.uint64(vocabulary)).astype(np.int64)
    return torch.tensor(ids.reshape(BATCH, length))


def run(o, dtype):
    model = Model(o, dtype)
    matrices = [v for v in model.w.values() if v.dim() == 2]
    vectors = [v for v in model.w.values() if v.dim() == 1]
    optimizer = torch.optim.AdamW([{"params": matrices}, {"params": vectors, "weight_decay": 0}], lr=1e-3,
                                  betas=(0.9, 0.95), weight_decay=0.1)
    losses, gradients = [], {}
    for step in range(STEPS):
        loss = model.loss(step)
        optimizer.zero_grad()
        loss.backward()
        if step == 0:
            gradients = {k: fingerprint(v.grad.numpy(), i, 8) for i, (k, v) in enumerate(model.w.items())}
        torch.nn.utils.clip_grad_norm_(model.w.values(), 1.0)
        optimizer.step()
        losses.append(loss.item())
    return losses, gradients


torch.set_num_threads(1)
golden = {"torch": torch.__version__}
for name, options in MODELS.items():
    o = {**DEFAULTS, **options}
    exact, gradients = run(o, torch.float64)
    single, _ = run(o, torch.float32)
    golden[name] = {"losses": exact, "torch_float32_deviation": max(abs(a - b) / a for a, b in zip(exact, single)),
                    "gradients": gradients}
print(json.dumps(golden, separators=(",", ":")))
