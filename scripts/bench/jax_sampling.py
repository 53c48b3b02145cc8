"""Pictures from the VAE and from the DCGAN's generator, in JAX: draw and pictures are one compiled function."""
import jax
import jax.numpy as jnp

import dcgan_data
import jax_dcgan
import vae_data


class Sampling:
    """A step draws a batch of pictures; the first ones, with noise by formula, are told by their mean square. A work
    has batch, latent, weights and pictures(weights, z)."""

    def __init__(self, operands):
        self.operands, self.key = operands, jax.random.key(2)
        self.weights = self.prepare()
        self.given, self.drawn = jax.jit(self.pictures), jax.jit(self.draw, donate_argnums=1)

    def draw(self, weights, key):
        key, part = jax.random.split(key)
        return self.pictures(weights, jax.random.normal(part, (self.batch, self.latent))), key

    def parity_step(self, k):
        x = self.given(self.weights, vae_data.uniform(2000 + k, (self.batch, self.latent), -1.7, 1.7))
        return float(jnp.square(x).mean())

    def step(self):
        x, self.key = self.drawn(self.weights, self.key)
        return float(x.ravel()[0])


class Vae(Sampling):
    batch, latent = 128, vae_data.LATENT

    def prepare(self):
        return {name: (jnp.asarray(weight.T.copy(), self.operands), jnp.asarray(bias))
                for name, (weight, bias) in vae_data.weights().items()}

    def pictures(self, weights, z):
        def layer(name, v):
            weight, bias = weights[name]
            return jnp.dot(v.astype(self.operands), weight, preferred_element_type=jnp.float32) + bias
        return jax.nn.sigmoid(layer("output", jax.nn.relu(layer("decoder", z))))


class Dcgan(Sampling):
    batch, latent = 64, dcgan_data.LATENT

    def prepare(self):
        return [w.astype(self.operands) for w in jax_dcgan.generator_weights()]

    def pictures(self, weights, z):
        """Running statistics are those of the beginning: mean 0, variance 1."""
        def normalise(_i, x):
            return x * (1 + 1e-5) ** -0.5
        return jax_dcgan.upsample(weights, z, self.operands, normalise)


WORKS = {"vae_sample": Vae, "dcgan_sample": Dcgan}
