"""The DCGAN workloads in JAX: one update of each player as one compiled function, images channels last."""
import functools

import jax
import jax.numpy as jnp
import numpy as np

import dcgan_data

LAYOUT = ("NHWC", "HWIO", "NHWC")


def adam(parameters, gradients, state, rate, beta1, beta2, epsilon=1e-8):
    first, second, count = state
    count = count + 1
    first = jax.tree.map(lambda m, g: beta1 * m + (1 - beta1) * g, first, gradients)
    second = jax.tree.map(lambda v, g: beta2 * v + (1 - beta2) * g * g, second, gradients)
    scale1, scale2 = 1 / (1 - beta1 ** count), 1 / (1 - beta2 ** count)
    new = jax.tree.map(lambda p, m, v: p - rate * (m * scale1) / (jnp.sqrt(v * scale2) + epsilon), parameters, first,
                       second)
    return new, (first, second, count)


def start(parameters):
    zeros = lambda: jax.tree.map(jnp.zeros_like, parameters)  # noqa: E731
    return zeros(), zeros(), jnp.zeros(())


def normalise(scale, x):
    mean, variance = x.mean((0, 1, 2)), x.var((0, 1, 2))
    return (x - mean) * jax.lax.rsqrt(variance + 1e-5) * scale[0] + scale[1]


def convolve(x, w, operands, stride, padding):
    return jax.lax.conv_general_dilated(x.astype(operands), w.astype(operands), (stride, stride), padding,
                                        dimension_numbers=LAYOUT).astype(jnp.float32)


def generator_weights():
    """Flipped: a transposed convolution correlates with them reversed."""
    return [jnp.asarray(np.ascontiguousarray(w[:, :, ::-1, ::-1].transpose(2, 3, 0, 1)))
            for w in dcgan_data.generator_weights()]


def upsample(weights, z, operands, normalised):
    """z [B, 100] -> [B, 64, 64, 3]; normalised(i, x) stands behind layer i."""
    y = z[:, None, None, :]
    for i, w in enumerate(weights):
        y = jax.lax.conv_transpose(y.astype(operands), w.astype(operands), (2, 2) if i else (1, 1),
                                   "SAME" if i else "VALID", dimension_numbers=LAYOUT).astype(jnp.float32)
        y = jax.nn.relu(normalised(i, y)) if i < len(dcgan_data.WIDTHS) else jnp.tanh(y)
    return y


def generate(parameters, z, operands):
    return upsample(parameters["w"], z, operands, lambda i, x: normalise(parameters["n"][i], x))


def discriminate(parameters, x, operands):
    """[B, 64, 64, 3] -> logits [B]."""
    last = len(dcgan_data.WIDTHS)
    for i, w in enumerate(parameters["w"]):
        x = convolve(x, w, operands, 2, [(1, 1)] * 2) if i < last else convolve(x, w, operands, 1, "VALID")
        if "b" in parameters:
            x = x + parameters["b"][i]
        elif 0 < i < last:
            x = normalise(parameters["n"][i - 1], x)
        if i < last:
            x = jnp.where(x > 0, x, 0.2 * x)
    return x.reshape(-1)


def penalty(parameters, real, fake, share, operands):
    mix = real + share[:, :, None, None] * (fake - real)
    slope = jax.grad(lambda x: discriminate(parameters, x, operands).sum())(mix)
    length = jnp.sqrt(jnp.square(slope).sum((1, 2, 3)))
    return dcgan_data.PENALTY_WEIGHT * jnp.square(length - 1).mean()


def update(state, real, noise, share, operands, penalised, rates):
    g, d, g_adam, d_adam = state
    soft = jax.nn.softplus

    def judged(p):
        on_real, on_fake = discriminate(p, real, operands), discriminate(p, fake, operands)
        if penalised:
            return on_fake.mean() - on_real.mean() + penalty(p, real, fake, share, operands)
        return soft(-on_real).mean() + soft(on_fake).mean()

    def deceived(x):
        score = discriminate(d, x, operands)
        return -score.mean() if penalised else soft(-score).mean()

    fake, back = jax.vjp(lambda p: generate(p, noise, operands), g)
    d_loss, d_gradients = jax.value_and_grad(judged)(d)
    d, d_adam = adam(d, d_gradients, d_adam, *rates)
    g_loss, slope = jax.value_and_grad(deceived)(fake)
    g, g_adam = adam(g, back(slope)[0], g_adam, *rates)
    return (g, d, g_adam, d_adam), d_loss + g_loss


class Dcgan:
    def __init__(self, work, operands):
        self.batch, widths = dcgan_data.batch_of(work), dcgan_data.WIDTHS
        penalised = dcgan_data.penalised(work)
        norms = lambda channels: [(jnp.ones(c), jnp.zeros(c)) for c in channels]  # noqa: E731
        plain = lambda w: jnp.asarray(np.ascontiguousarray(w.transpose(2, 3, 1, 0)))  # noqa: E731
        g = {"w": generator_weights(), "n": norms(reversed(widths))}
        d = {"w": [plain(w) for w in dcgan_data.discriminator_weights(work)]}
        if penalised:
            d["b"] = [jnp.zeros(c) for c in (*widths, 1)]
        else:
            d["n"] = norms(widths[1:])
        self.state, self.key = (g, d, start(g), start(d)), jax.random.key(2)
        self.images = jnp.asarray(dcgan_data.images().transpose(0, 2, 3, 1))
        one = functools.partial(update, operands=operands, penalised=penalised, rates=dcgan_data.adam_of(work))
        self.given = jax.jit(one, donate_argnums=0)
        self.drawn = jax.jit(functools.partial(self.draw_and_update, one), donate_argnums=(0, 1))

    def draw_and_update(self, one, state, key, images):
        key, a, b, c = jax.random.split(key, 4)
        real = jnp.take(images, jax.random.randint(a, (self.batch,), 0, dcgan_data.IMAGES), axis=0)
        noise = jax.random.normal(b, (self.batch, dcgan_data.LATENT))
        state, loss = one(state, real, noise, jax.random.uniform(c, (self.batch, 1)))
        return state, key, loss

    def parity_step(self, k):
        real, noise, share = dcgan_data.parity_batch(k, self.batch)
        self.state, loss = self.given(self.state, real.transpose(0, 2, 3, 1), noise, share)
        return float(loss)

    def step(self):
        self.state, self.key, loss = self.drawn(self.state, self.key, self.images)
        return float(loss)
