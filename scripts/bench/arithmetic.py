"""What a step has to compute and read: multiply-adds count two, matrix products only."""


def vae_flops(batch, pixels=784, hidden=400, latent=20):
    """Forward, gradients of weights, gradients of inputs (not of the images)."""
    layers = [(pixels, hidden), (hidden, 2 * latent), (latent, hidden), (hidden, pixels)]
    products = sum(3 * a * b for a, b in layers) - pixels * hidden
    return 2.0 * batch * products


def gan_flops(batch, penalised, size=64, channels=3, latent=100, widths=(64, 128, 256, 512)):
    """One update of each player of the DCGAN. Of one image, products d of the discriminator, g of the generator:
    forward, gradients of weights, gradients of inputs (not of the images, nor of z)."""
    side, inner = size // 2, 0
    ends = side * side * channels * widths[0] * 16
    for a, b in zip(widths, widths[1:]):
        side //= 2
        inner += side * side * a * b * 16
    first = latent * widths[-1] * 16
    d, g = ends + inner + widths[-1] * 16, ends + inner + first
    generator, judged, deceived = 3 * g - first, 2 * (3 * d - ends), 2 * d
    penalty = 6 * d if penalised else 0  # forward and inputs; of these two, the gradients of both factors
    return 2.0 * batch * (generator + judged + deceived + penalty)


def gpt_flops(width=384, layers=6, context=256, batch=8, vocabulary=8192):
    """Three times the forward pass's products; of the attention's, the half that a causal mask leaves."""
    block = 12 * width * width + context * width  # a token
    return 3 * 2.0 * batch * context * (layers * block + vocabulary * width)


def seq2seq_flops(width=256, layers=4, length=32, batch=64, vocabulary=8192):
    """The same with layers of each kind; padding is counted like tokens."""
    encoder, decoder = 12 * width * width + 2 * length * width, 16 * width * width + 3 * length * width
    return 3 * 2.0 * batch * length * (layers * (encoder + decoder) + vocabulary * width)


def decode_flops(batch, width=384, layers=6, vocabulary=8192, context=144):
    """One token: weights, and on the average so many keys and values."""
    return 2.0 * batch * (layers * (12 * width * width + 2 * context * width) + vocabulary * width)


def decode_bytes(batch, width=384, layers=6, vocabulary=8192, context=144):
    """Weights once, keys and values of each text once, all as floats."""
    return 4.0 * (layers * (12 * width * width + 2 * batch * context * width) + vocabulary * width)


def vae_sample_flops(images, pixels=784, hidden=400, latent=20):
    return 2.0 * images * (latent * hidden + hidden * pixels)


def vae_sample_bytes(images, pixels=784, hidden=400, latent=20):
    return 4.0 * (latent * hidden + hidden * pixels + images * (latent + pixels))


def gan_sample_flops(images, size=64, channels=3, latent=100, widths=(64, 128, 256, 512)):
    """The generator's layers."""
    side, total = 4, latent * widths[-1] * 16
    layers = [*zip(widths[::-1], widths[-2::-1]), (widths[0], channels)]
    for a, b in layers:
        total += side * side * a * b * 16
        side *= 2
    assert side == size
    return 2.0 * images * total
