"""The DCGAN workloads in PyTorch."""
import torch
import torch.nn as nn
import torch.nn.functional as F

import dcgan_data


def generator():
    widths, layers, last = dcgan_data.WIDTHS[::-1], [], dcgan_data.LATENT
    for i, width in enumerate(widths):
        layers += [nn.ConvTranspose2d(last, width, 4, *((2, 1) if i else ()), bias=False), nn.BatchNorm2d(width),
                   nn.ReLU(True)]
        last = width
    return nn.Sequential(*layers, nn.ConvTranspose2d(last, dcgan_data.CHANNELS, 4, 2, 1, bias=False), nn.Tanh())


def fill(net, weights):
    """Weights of the convolutions in order; biases become zero."""
    convolutions = [m for m in net if isinstance(m, (nn.Conv2d, nn.ConvTranspose2d))]
    for layer, weight in zip(convolutions, weights, strict=True):
        layer.weight.data = torch.from_numpy(weight)
        if layer.bias is not None:
            layer.bias.data.zero_()


class Dcgan:
    """One update of each player, images and weights channels last; as WGAN-GP when the work says so."""

    def __init__(self, work, autocast, compiled):
        self.batch, self.penalised, self.autocast = dcgan_data.batch_of(work), dcgan_data.penalised(work), autocast
        g, d = generator(), self.discriminator()
        fill(g, dcgan_data.generator_weights())
        fill(d, dcgan_data.discriminator_weights(work))
        g, d = (net.to(memory_format=torch.channels_last) for net in (g, d))
        rate, *betas = dcgan_data.adam_of(work)
        self.g_adam, self.d_adam = (torch.optim.Adam(n.parameters(), lr=rate, betas=betas, fused=True) for n in (g, d))
        self.d_parameters = list(d.parameters())
        self.g, self.d = (torch.compile(g), torch.compile(d)) if compiled else (g, d)
        self.d_plain = d  # torch.compile differentiates once only
        self.images = torch.from_numpy(dcgan_data.images()).to(memory_format=torch.channels_last)

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
