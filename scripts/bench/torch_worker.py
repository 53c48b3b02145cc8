"""Whole training steps in PyTorch, at its best settings, timed on request.

usage: torch_worker.py WORK MODE THREADS [--compile]

MODE: float32; autocast (bfloat16 by autocast); bf16-matmul (float32 with matrix products in bfloat16, PyTorch's own
precision "medium"). All: fused Adam, gradients set to none, denormals flushed. The suite sets the allocator's tunables.
"""
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F

import dcgan_data
import gpt_data
import protocol
import torch_gpt
import vae_data


class Vae:
    def __init__(self, work, autocast, compiled):
        self.batch = vae_data.batch_of(work)
        self.weights = {name: tuple(torch.nn.Parameter(torch.from_numpy(part)) for part in parts)
                        for name, parts in vae_data.weights().items()}
        parameters = [part for parts in self.weights.values() for part in parts]
        self.optimizer = torch.optim.Adam(parameters, lr=vae_data.LEARNING_RATE, fused=True)
        self.images, self.batches = torch.from_numpy(vae_data.images()), vae_data.Batches(self.batch)
        self.autocast = autocast
        self.loss = torch.compile(self.negative_elbo) if compiled else self.negative_elbo

    def layer(self, name, x):
        return F.linear(x, *self.weights[name])

    def negative_elbo(self, x, noise):
        """Nats per image. x: [B, 784], noise: [B, 20]."""
        hidden = F.relu(self.layer("encoder", x))
        mean, logvar = self.layer("posterior", hidden).float().chunk(2, 1)
        z = mean + torch.exp(0.5 * logvar) * noise
        logits = self.layer("output", F.relu(self.layer("decoder", z))).float()
        reconstruction = F.binary_cross_entropy_with_logits(logits, x, reduction="sum")
        kl = -0.5 * torch.sum(1 + logvar - mean * mean - logvar.exp())
        return (reconstruction + kl) / x.shape[0]

    def update(self, x, noise):
        self.optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cpu", torch.bfloat16, enabled=self.autocast):
            loss = self.loss(x, noise)
        loss.backward()
        self.optimizer.step()
        return loss.item()

    def parity_step(self, k):
        return self.update(*map(torch.from_numpy, vae_data.parity_batch(k, self.batch)))

    def step(self):
        x = torch.index_select(self.images, 0, torch.from_numpy(self.batches()))
        return self.update(x, torch.randn(self.batch, vae_data.LATENT))


class Dcgan:
    """One update of each player, images and weights channels last; as WGAN-GP when the work says so."""

    def __init__(self, work, autocast, compiled):
        self.batch, self.penalised, self.autocast = dcgan_data.batch_of(work), dcgan_data.penalised(work), autocast
        g, d = self.generator(), self.discriminator()
        for net, weights in ((g, dcgan_data.generator_weights()), (d, dcgan_data.discriminator_weights(work))):
            convolutions = [m for m in net if isinstance(m, (nn.Conv2d, nn.ConvTranspose2d))]
            for layer, weight in zip(convolutions, weights, strict=True):
                layer.weight.data = torch.from_numpy(weight)
                if layer.bias is not None:
                    layer.bias.data.zero_()
        g, d = (net.to(memory_format=torch.channels_last) for net in (g, d))
        rate, *betas = dcgan_data.adam_of(work)
        self.g_adam, self.d_adam = (torch.optim.Adam(n.parameters(), lr=rate, betas=betas, fused=True) for n in (g, d))
        self.d_parameters = list(d.parameters())
        self.g, self.d = (torch.compile(g), torch.compile(d)) if compiled else (g, d)
        self.d_plain = d  # torch.compile differentiates once only
        self.images = torch.from_numpy(dcgan_data.images()).to(memory_format=torch.channels_last)

    @staticmethod
    def generator():
        widths, layers, last = dcgan_data.WIDTHS[::-1], [], dcgan_data.LATENT
        for i, width in enumerate(widths):
            layers += [nn.ConvTranspose2d(last, width, 4, *((2, 1) if i else ()), bias=False), nn.BatchNorm2d(width),
                       nn.ReLU(True)]
            last = width
        return nn.Sequential(*layers, nn.ConvTranspose2d(last, dcgan_data.CHANNELS, 4, 2, 1, bias=False), nn.Tanh())

    def discriminator(self):
        layers, last = [], dcgan_data.CHANNELS
        for i, width in enumerate(dcgan_data.WIDTHS):
            layers.append(nn.Conv2d(last, width, 4, 2, 1, bias=self.penalised))
            if i and not self.penalised:
                layers.append(nn.BatchNorm2d(width))
            layers.append(nn.LeakyReLU(0.2, True))
            last = width
        return nn.Sequential(*layers, nn.Conv2d(last, 1, 4, bias=self.penalised), nn.Flatten(0))

    def penalty(self, real, fake, share):
        mix = (real + share[:, :, None, None] * (fake - real)).detach().requires_grad_()
        (slope,) = torch.autograd.grad(self.d_plain(mix).float().sum(), mix, create_graph=True)
        return dcgan_data.PENALTY_WEIGHT * ((slope.flatten(1).norm(2, dim=1) - 1) ** 2).mean()

    def judge(self, real, fake, share):
        on_real, on_fake = self.d(real).float(), self.d(fake).float()
        if self.penalised:
            return on_fake.mean() - on_real.mean() + self.penalty(real, fake, share)
        return F.softplus(-on_real).mean() + F.softplus(on_fake).mean()

    def update(self, real, noise, share):
        self.d_adam.zero_grad(set_to_none=True)
        with torch.autocast("cpu", torch.bfloat16, enabled=self.autocast):
            fake = self.g(noise[:, :, None, None])
            judged = self.judge(real, fake.detach(), share)
        judged.backward()
        self.d_adam.step()
        self.g_adam.zero_grad(set_to_none=True)
        for p in self.d_parameters:
            p.requires_grad_(False)
        with torch.autocast("cpu", torch.bfloat16, enabled=self.autocast):
            score = self.d(fake).float()
        deceived = -score.mean() if self.penalised else F.softplus(-score).mean()
        deceived.backward()
        self.g_adam.step()
        for p in self.d_parameters:
            p.requires_grad_(True)
        return judged.item() + deceived.item()

    def parity_step(self, k):
        real, noise, share = map(torch.from_numpy, dcgan_data.parity_batch(k, self.batch))
        return self.update(real.to(memory_format=torch.channels_last), noise, share)

    def step(self):
        real = torch.index_select(self.images, 0, torch.randint(dcgan_data.IMAGES, (self.batch,)))
        return self.update(real, torch.randn(self.batch, dcgan_data.LATENT), torch.rand(self.batch, 1))


class RecordedOps:
    """x <- x * a + b, 500 times: what recording an operation costs."""
    batch = 1000

    def __init__(self):
        self.a, self.b = (torch.full((4,), v, requires_grad=True) for v in (0.99, 0.01))

    def run(self, start):
        x = torch.full((4,), start)
        for _ in range(self.batch // 2):
            x = x * self.a + self.b
        loss = x.sum()
        da, db = torch.autograd.grad(loss, (self.a, self.b))
        return (loss + da.sum() + db.sum()).item()

    def parity_step(self, k):
        return self.run(1 + 0.25 * k)

    def step(self):
        return self.run(1.0)


def make_work(name, mode, compiled):
    if name == "ops":
        return RecordedOps()
    if name.startswith(("dcgan", "wgangp")):
        return Dcgan(name, mode == "autocast", compiled)
    if name.startswith("vae"):
        return Vae(name, mode == "autocast", compiled)
    if name in (*gpt_data.NAMES, *gpt_data.DECODING, "seq2seq"):
        return torch_gpt.make(name, mode == "autocast", compiled)
    raise SystemExit(f"torch_worker.py: error: work: '{name}' is unknown")


def main():
    name, mode, threads = sys.argv[1:4]
    compiled = "--compile" in sys.argv[4:]
    torch.set_num_threads(int(threads))
    torch.set_flush_denormal(True)
    torch.set_float32_matmul_precision("medium" if mode == "bf16-matmul" else "highest")
    torch.manual_seed(2)
    work = make_work(name, mode, compiled)
    protocol.serve(work, {"impl": "torch-compile" if compiled else "torch-eager", "version": torch.__version__,
                          "work": name, "mode": mode, "threads": int(threads), "items": work.batch})


if __name__ == "__main__":
    main()
