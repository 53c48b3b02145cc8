"""Whole training steps in JAX, at its best settings, timed on request.

usage: jax_worker.py WORK MODE THREADS

MODE: float32; bf16 (operands of matrix products rounded to bfloat16, sums in float32). The whole step is one compiled
function, its state donated; the process is pinned to THREADS processors, which is what XLA's thread pool obeys.
"""
import functools
import os
import sys

THREADS = int(sys.argv[3])
os.sched_setaffinity(0, set(sorted(os.sched_getaffinity(0))[:THREADS]))

import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402

import gpt_data  # noqa: E402
import jax_dcgan  # noqa: E402
import jax_decode  # noqa: E402
import jax_gpt  # noqa: E402
import jax_sampling  # noqa: E402
import protocol  # noqa: E402
import vae_data  # noqa: E402


def adam(parameters, gradients, moments, count, rate, beta1=0.9, beta2=0.999, epsilon=1e-8):
    """One update. count: that of this update, from 1, as a float."""
    first = jax.tree.map(lambda m, g: beta1 * m + (1 - beta1) * g, moments[0], gradients)
    second = jax.tree.map(lambda v, g: beta2 * v + (1 - beta2) * g * g, moments[1], gradients)
    scale1, scale2 = 1 / (1 - beta1 ** count), 1 / (1 - beta2 ** count)
    new = jax.tree.map(lambda p, m, v: p - rate * (m * scale1) / (jnp.sqrt(v * scale2) + epsilon), parameters, first,
                       second)
    return new, (first, second)


def negative_elbo(weights, x, noise, operands):
    """Nats per image. x: [B, 784], noise: [B, 20]; operands: the type that matrix products read."""
    def layer(name, v):
        weight, bias = weights[name]
        return jnp.dot(v.astype(operands), weight.astype(operands), preferred_element_type=jnp.float32) + bias
    mean, logvar = jnp.split(layer("posterior", jax.nn.relu(layer("encoder", x))), 2, 1)
    z = mean + jnp.exp(0.5 * logvar) * noise
    logits = layer("output", jax.nn.relu(layer("decoder", z)))
    reconstruction = jnp.sum(jnp.maximum(logits, 0) - logits * x + jnp.log1p(jnp.exp(-jnp.abs(logits))))
    kl = -0.5 * jnp.sum(1 + logvar - mean * mean - jnp.exp(logvar))
    return (reconstruction + kl) / x.shape[0]


def update(state, x, noise, operands):
    weights, moments, count = state
    loss, gradients = jax.value_and_grad(negative_elbo)(weights, x, noise, operands)
    weights, moments = adam(weights, gradients, moments, count + 1, vae_data.LEARNING_RATE)
    return (weights, moments, count + 1), loss


class Vae:
    def __init__(self, work, operands):
        self.batch = vae_data.batch_of(work)
        weights = {name: (jnp.asarray(weight.T.copy()), jnp.asarray(bias))  # [in, out]
                   for name, (weight, bias) in vae_data.weights().items()}
        zeros = lambda: jax.tree.map(jnp.zeros_like, weights)  # noqa: E731
        self.state, self.key = (weights, (zeros(), zeros()), jnp.zeros(())), jax.random.key(2)
        self.images, self.batches = jnp.asarray(vae_data.images()), vae_data.Batches(self.batch)
        self.given = jax.jit(functools.partial(update, operands=operands), donate_argnums=0)
        self.drawn = jax.jit(functools.partial(self.draw_and_update, operands=operands), donate_argnums=(0, 1))

    def draw_and_update(self, state, key, images, numbers, operands):
        key, part = jax.random.split(key)
        noise = jax.random.normal(part, (self.batch, vae_data.LATENT))
        state, loss = update(state, jnp.take(images, numbers, axis=0), noise, operands)
        return state, key, loss

    def parity_step(self, k):
        self.state, loss = self.given(self.state, *vae_data.parity_batch(k, self.batch))
        return float(loss)

    def step(self):
        self.state, self.key, loss = self.drawn(self.state, self.key, self.images, self.batches())
        return float(loss)


def make_work(name, mode):
    operands = jnp.bfloat16 if mode == "bf16" else jnp.float32
    if name in jax_sampling.WORKS:
        return jax_sampling.WORKS[name](operands)
    if name.startswith(("dcgan", "wgangp")):
        return jax_dcgan.Dcgan(name, operands)
    if name.startswith("vae"):
        return Vae(name, operands)
    if name in gpt_data.NAMES:
        return jax_gpt.Gpt(name, operands)
    if name in gpt_data.DECODING:
        return jax_decode.Decode(name, operands)
    raise SystemExit(f"jax_worker.py: error: work: '{name}' is unknown")


def main():
    name, mode = sys.argv[1:3]
    work = make_work(name, mode)
    protocol.serve(work, {"impl": "jax", "version": jax.__version__, "work": name, "mode": mode, "threads": THREADS,
                          "items": work.batch})


if __name__ == "__main__":
    main()
