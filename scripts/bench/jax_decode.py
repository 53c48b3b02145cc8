"""One token of the Gpt in JAX with kept keys and values: a compiled step whose cache is donated, the draw inside."""
import functools

import jax
import jax.numpy as jnp

import gpt_data
from jax_gpt import linear, norm, product


def attend(w, name, x, cache, first, sizes, operands):
    """x [B, T, C] at times first, first + 1, ...; cache: keys and values [B, H, capacity, D] of this layer."""
    batch, times, width = x.shape
    qkv = linear(w, f"{name}.c_attn", x, operands).reshape(batch, times, 3, sizes.heads, width // sizes.heads)
    q, k, v = (jnp.swapaxes(qkv[:, :, i], 1, 2).astype(operands) for i in range(3))
    keys, values = (jax.lax.dynamic_update_slice(old, new, (0, 0, first, 0)) for old, new in zip(cache, (k, v)))
    scores = jnp.einsum("bhqd,bhkd->bhqk", q, keys, preferred_element_type=jnp.float32) * q.shape[-1] ** -0.5
    seen = jnp.arange(keys.shape[2])[None, :] <= first + jnp.arange(times)[:, None]
    weights = jax.nn.softmax(jnp.where(seen, scores, -jnp.inf)).astype(operands)
    y = jnp.einsum("bhqk,bhkd->bhqd", weights, values, preferred_element_type=jnp.float32)
    return linear(w, f"{name}.c_proj", jnp.swapaxes(y, 1, 2).reshape(batch, times, width), operands), (keys, values)


def logits(w, ids, cache, first, sizes, operands):
    """Of what comes after ids [B, T], which stand at times first, first + 1, ...: [B, V], and the new cache."""
    places = jax.lax.dynamic_slice_in_dim(w["transformer.wpe.weight"], first, ids.shape[1])
    x, new = w["transformer.wte.weight"][ids].astype(jnp.float32) + places, []
    for i in range(sizes.layers):
        h = f"transformer.h.{i}"
        y, kept = attend(w, f"{h}.attn", norm(w, f"{h}.ln_1", x), cache[i], first, sizes, operands)
        x, new = x + y, [*new, kept]
        y = jax.nn.gelu(linear(w, f"{h}.mlp.c_fc", norm(w, f"{h}.ln_2", x), operands), approximate=True)
        x = x + linear(w, f"{h}.mlp.c_proj", y, operands)
    last = norm(w, "transformer.ln_f", x[:, -1])
    return product(last, w["transformer.wte.weight"], operands), new


def step(w, cache, ids, first, key, sizes, operands):
    """One draw: (tokens [B, 1], the cache and the key of the next step)."""
    key, part = jax.random.split(key)
    z, cache = logits(w, ids, cache, first, sizes, operands)
    return jax.random.categorical(part, z)[:, None], cache, key


class Decode:
    """A step is one token for each text; after 256 all begin anew with the prompt."""

    def __init__(self, work, operands):
        self.sizes = gpt_data.Sizes(work)
        self.batch, self.key, self.length = self.sizes.batch, jax.random.key(2), 0
        self.weights = {k: jnp.asarray(v, operands if v.ndim == 2 else jnp.float32)
                        for k, v in gpt_data.weights(work).items()}
        s = self.sizes
        zeros = lambda: jnp.zeros((s.batch, s.heads, s.context, s.width // s.heads), operands)  # noqa: E731
        self.cache = [(zeros(), zeros()) for _ in range(s.layers)]
        fixed = {"sizes": s, "operands": operands}
        self.logits = jax.jit(functools.partial(logits, **fixed), donate_argnums=2)
        self.draw = jax.jit(functools.partial(step, **fixed), donate_argnums=(1, 4))
        self.prompt, self.next = jnp.asarray(gpt_data.prompt(s)), None

    def parity_step(self, k):
        ids = jnp.asarray(gpt_data.next_tokens(self.sizes, k)) if k else self.prompt
        z, self.cache = self.logits(self.weights, ids, self.cache, self.length if k else 0)
        self.length, self.next = (self.length if k else 0) + ids.shape[1], ids[:, -1:]
        return float(jax.nn.logsumexp(z, -1).mean())

    def step(self):
        if self.length == self.sizes.context:
            self.length, self.next = 0, self.prompt
        read = self.next.shape[1]
        self.next, self.cache, self.key = self.draw(self.weights, self.cache, self.next, self.length, self.key)
        self.length += read
        return float(self.next[0, 0])
