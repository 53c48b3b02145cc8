"""Training steps of the Gpt workloads in JAX: the whole step is one compiled function."""
import functools

import jax
import jax.numpy as jnp

import gpt_data


def product(x, w, operands):
    """x w^T, w [out, in]."""
    return jnp.einsum("...i,oi->...o", x.astype(operands), w.astype(operands), preferred_element_type=jnp.float32)


def linear(w, name, x, operands):
    return product(x, w[f"{name}.weight"], operands) + w[f"{name}.bias"]


def norm(w, name, x):
    mean, variance = x.mean(-1, keepdims=True), x.var(-1, keepdims=True)
    return (x - mean) * jax.lax.rsqrt(variance + 1e-5) * w[f"{name}.weight"] + w[f"{name}.bias"]


def drop(x, key, p):
    return x if key is None or p == 0 else jnp.where(jax.random.bernoulli(key, 1 - p, x.shape), x / (1 - p), 0)


def attend(w, name, x, sizes, key, operands):
    batch, times, width = x.shape
    qkv = linear(w, f"{name}.c_attn", x, operands).reshape(batch, times, 3, sizes.heads, width // sizes.heads)
    q, k, v = (qkv[:, :, i].astype(operands) for i in range(3))
    scores = jnp.einsum("bqhd,bkhd->bhqk", q, k, preferred_element_type=jnp.float32) * q.shape[-1] ** -0.5
    scores = jnp.where(jnp.tril(jnp.ones((times, times), bool)), scores, -jnp.inf)
    weights = drop(jax.nn.softmax(scores), key, sizes.dropout).astype(operands)
    y = jnp.einsum("bhqk,bkhd->bqhd", weights, v, preferred_element_type=jnp.float32)
    return linear(w, f"{name}.c_proj", y.reshape(batch, times, width), operands)


def loss_of(w, inputs, targets, key, sizes, operands):
    keys = [None] * (3 * sizes.layers + 1) if key is None else jax.random.split(key, 3 * sizes.layers + 1)
    x = w["transformer.wte.weight"][inputs] + w["transformer.wpe.weight"][:inputs.shape[1]]
    x = drop(x, keys[-1], sizes.dropout)
    for i in range(sizes.layers):
        h = f"transformer.h.{i}"
        y = attend(w, f"{h}.attn", norm(w, f"{h}.ln_1", x), sizes, keys[3 * i], operands)
        x = x + drop(y, keys[3 * i + 1], sizes.dropout)
        y = jax.nn.gelu(linear(w, f"{h}.mlp.c_fc", norm(w, f"{h}.ln_2", x), operands), approximate=True)
        x = x + drop(linear(w, f"{h}.mlp.c_proj", y, operands), keys[3 * i + 2], sizes.dropout)
    logits = product(norm(w, "transformer.ln_f", x), w["transformer.wte.weight"], operands)
    picked = jnp.take_along_axis(logits, targets[..., None], -1)[..., 0]
    return (jax.nn.logsumexp(logits, -1) - picked).mean()


def adam(w, gradients, moments, count):
    rate, (b1, b2) = gpt_data.LEARNING_RATE, gpt_data.BETAS
    first = jax.tree.map(lambda m, g: b1 * m + (1 - b1) * g, moments[0], gradients)
    second = jax.tree.map(lambda v, g: b2 * v + (1 - b2) * g * g, moments[1], gradients)
    scale1, scale2 = 1 / (1 - b1 ** count), 1 / (1 - b2 ** count)
    new = jax.tree.map(lambda p, m, v: p * (1 - rate * gpt_data.WEIGHT_DECAY) - rate * (m * scale1) /
                       (jnp.sqrt(v * scale2) + 1e-8), w, first, second)
    return new, (first, second)


def update(state, inputs, targets, key, sizes, operands):
    w, moments, count = state
    loss, gradients = jax.value_and_grad(loss_of)(w, inputs, targets, key, sizes, operands)
    w, moments = adam(w, gradients, moments, count + 1)
    return (w, moments, count + 1), loss


class Gpt:
    def __init__(self, work, operands):
        self.sizes = gpt_data.Sizes(work)
        w = {k: jnp.asarray(v) for k, v in gpt_data.weights(work).items()}
        zeros = lambda: jax.tree.map(jnp.zeros_like, w)  # noqa: E731
        self.state, self.key, self.count = (w, (zeros(), zeros()), jnp.zeros(())), jax.random.key(2), 0
        self.batch = self.sizes.batch * self.sizes.context
        self.batches = [tuple(map(jnp.asarray, b)) for b in gpt_data.step_batches(self.sizes)]
        self.run = jax.jit(functools.partial(update, sizes=self.sizes, operands=operands), donate_argnums=0)

    def parity_step(self, k):
        self.state, loss = self.run(self.state, *gpt_data.batch(self.sizes, 1000 + k, 2000 + k), None)
        return float(loss)

    def step(self):
        self.count += 1
        key = jax.random.fold_in(self.key, self.count) if self.sizes.dropout else None
        self.state, loss = self.run(self.state, *self.batches[self.count % len(self.batches)], key)
        return float(loss)
