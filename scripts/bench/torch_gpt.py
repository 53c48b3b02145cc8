"""The Transformer workloads in PyTorch: training steps, and one token with kept keys and values."""
import torch
import torch.nn as nn
import torch.nn.functional as F

import gpt_data


class Attention(nn.Module):
    def __init__(self, s):
        super().__init__()
        self.heads, self.p = s.heads, s.dropout
        self.c_attn, self.c_proj = nn.Linear(s.width, 3 * s.width), nn.Linear(s.width, s.width)

    def split(self, x, parts):
        return (t.unflatten(-1, (self.heads, -1)).transpose(1, 2) for t in x.chunk(parts, -1))

    def forward(self, x, mask=None, cache=None):
        q, k, v = self.split(self.c_attn(x), 3)
        causal = mask is None and x.shape[1] > 1
        if cache is not None:
            k, v = cache.add(k, v)
        y = F.scaled_dot_product_attention(q, k, v, mask, self.p if self.training else 0.0, is_causal=causal)
        return self.c_proj(y.transpose(1, 2).flatten(2))


class CrossAttention(Attention):
    def __init__(self, s):
        super().__init__(s)
        self.q_attn, self.c_attn = nn.Linear(s.width, s.width), nn.Linear(s.width, 2 * s.width)

    def forward(self, x, memory, mask):
        (q,), (k, v) = self.split(self.q_attn(x), 1), self.split(self.c_attn(memory), 2)
        y = F.scaled_dot_product_attention(q, k, v, mask)
        return self.c_proj(y.transpose(1, 2).flatten(2))


class Mlp(nn.Module):
    def __init__(self, s):
        super().__init__()
        self.c_fc, self.c_proj = nn.Linear(s.width, 4 * s.width), nn.Linear(4 * s.width, s.width)

    def forward(self, x):
        return self.c_proj(F.gelu(self.c_fc(x), approximate="tanh"))


class Block(nn.Module):
    def __init__(self, s, cross):
        super().__init__()
        self.ln_1, self.ln_2 = nn.LayerNorm(s.width), nn.LayerNorm(s.width)
        self.attn, self.mlp, self.drop = Attention(s), Mlp(s), nn.Dropout(s.dropout)
        if cross:
            self.ln_cross_attn, self.crossattention = nn.LayerNorm(s.width), CrossAttention(s)

    def forward(self, x, mask=None, cache=None, memory=None, memory_mask=None):
        x = x + self.drop(self.attn(self.ln_1(x), mask, cache))
        if memory is not None:
            x = x + self.drop(self.crossattention(self.ln_cross_attn(x), memory, memory_mask))
        return x + self.drop(self.mlp(self.ln_2(x)))


class Stack(nn.Module):
    def __init__(self, s, cross=False):
        super().__init__()
        self.wte, self.wpe = nn.Embedding(s.vocabulary, s.width), nn.Embedding(s.context, s.width)
        self.h = nn.ModuleList(Block(s, cross) for _ in range(s.layers))
        self.ln_f, self.drop = nn.LayerNorm(s.width), nn.Dropout(s.dropout)

    def forward(self, ids, first=0, caches=None, **more):
        x = self.drop(self.wte(ids) + self.wpe(torch.arange(first, first + ids.shape[1])))
        for i, block in enumerate(self.h):
            x = block(x, cache=None if caches is None else caches[i], **more)
        return self.ln_f(x)


class Model(nn.Module):
    """Stacks with the workload's weights; the output layer is tied to the last one's embedding."""

    def __init__(self, work, **stacks):
        super().__init__()
        for name, stack in stacks.items():
            self.add_module(name, stack)
        self.load_state_dict({k: torch.from_numpy(v) for k, v in gpt_data.weights(work).items()})


def adam(model):
    return torch.optim.AdamW(model.parameters(), lr=gpt_data.LEARNING_RATE, betas=gpt_data.BETAS,
                             weight_decay=gpt_data.WEIGHT_DECAY, fused=True)


class Training:
    """A work has sizes, model and loss(batch)."""

    def __init__(self, autocast, compiled):
        self.autocast, self.optimizer, self.count = autocast, adam(self.model), 0
        self.compiled_loss = torch.compile(self.loss) if compiled else self.loss
        self.batch = self.sizes.batch * self.sizes.context

    def update(self, batch):
        self.optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cpu", torch.bfloat16, enabled=self.autocast):
            loss = self.compiled_loss(*batch)
        loss.backward()
        self.optimizer.step()
        return loss.item()


def as_tensors(arrays):
    return [torch.from_numpy(a) for a in arrays]


class Gpt(Training):
    def __init__(self, work, autocast, compiled):
        self.sizes = gpt_data.Sizes(work)
        self.model = Model(work, transformer=Stack(self.sizes))
        self.batches = [as_tensors(b) for b in gpt_data.step_batches(self.sizes)]
        super().__init__(autocast, compiled)

    def loss(self, inputs, targets):
        h = self.model.transformer(inputs)
        logits = F.linear(h, self.model.transformer.wte.weight)
        return F.cross_entropy(logits.float().flatten(0, 1), targets.flatten())

    def parity_step(self, k):
        self.model.eval()
        loss = self.update(as_tensors(gpt_data.batch(self.sizes, 1000 + k, 2000 + k)))
        self.model.train()
        return loss

    def step(self):
        self.count += 1
        return self.update(self.batches[self.count % len(self.batches)])


class Seq2Seq(Training):
    def __init__(self, work, autocast, compiled):
        self.sizes = gpt_data.Sizes(work)
        self.model = Model(work, encoder=Stack(self.sizes), decoder=Stack(self.sizes, cross=True))
        lengths = torch.from_numpy(gpt_data.lengths(self.sizes))
        self.mask = (torch.arange(self.sizes.context) < lengths[:, None])[:, None, None, :]
        super().__init__(autocast, compiled)

    def loss(self, source, inputs, targets):
        memory = self.model.encoder(source, mask=self.mask)
        h = self.model.decoder(inputs, memory=memory, memory_mask=self.mask)
        logits = F.linear(h, self.model.decoder.wte.weight)
        return F.cross_entropy(logits.float().flatten(0, 1), targets.flatten())

    def parity_step(self, k):
        return self.update(as_tensors(gpt_data.pairs(self.sizes, 1000 + k)))

    def step(self):
        self.count += 1
        return self.update(as_tensors(gpt_data.pairs(self.sizes, 5000 + self.count % 64)))


class Cache:
    """Keys and values of a layer, in memory that is taken once."""

    def __init__(self, s, dtype):
        shape = s.batch, s.heads, s.context, s.width // s.heads
        self.k, self.v = (torch.zeros(shape, dtype=dtype) for _ in range(2))
        self.length = 0

    def add(self, k, v):
        end = self.length + k.shape[2]
        self.k[:, :, self.length:end], self.v[:, :, self.length:end] = k, v
        self.length = end
        return self.k[:, :, :end], self.v[:, :, :end]


class Decode:
    """A step is one token for each text; after 256 all begin anew with the prompt. With autocast, matrices and cache
    are bfloat16 beforehand, so that nothing is converted at every token."""

    def __init__(self, work, autocast, compiled):
        self.sizes, self.autocast = gpt_data.Sizes(work), autocast
        self.model, self.batch = Model(work, transformer=Stack(self.sizes)).eval(), self.sizes.batch
        self.run = torch.compile(self.logits) if compiled else self.logits
        kept = torch.bfloat16 if autocast else torch.float32
        for module in self.model.modules():
            if isinstance(module, (nn.Linear, nn.Embedding)):
                module.to(kept)
        self.caches = [Cache(self.sizes, kept) for _ in range(self.sizes.layers)]
        self.prompt, self.next = torch.from_numpy(gpt_data.prompt(self.sizes)), None

    def logits(self, ids):
        h = self.model.transformer(ids, self.caches[0].length, self.caches)[:, -1]
        return F.linear(h, self.model.transformer.wte.weight).float()

    def read(self, ids, begin):
        for cache in self.caches if begin else ():
            cache.length = 0
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=self.autocast):
            return self.run(ids)

    def parity_step(self, k):
        ids = torch.from_numpy(gpt_data.next_tokens(self.sizes, k)) if k else self.prompt
        z = self.read(ids, k == 0)
        self.next = ids[:, -1:]
        return z.logsumexp(-1).mean().item()

    def step(self):
        full = self.caches[0].length == self.sizes.context
        z = self.read(self.prompt if full else self.next, full)
        self.next = torch.multinomial(F.softmax(z, -1), 1)
        return float(self.next[0, 0])


def make(work, autocast, compiled):
    if work in gpt_data.DECODING:
        return Decode(work, autocast, compiled)
    return Seq2Seq(work, autocast, compiled) if work == "seq2seq" else Gpt(work, autocast, compiled)
