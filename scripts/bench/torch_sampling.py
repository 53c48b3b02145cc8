"""Pictures from the VAE and from the DCGAN's generator, in PyTorch. With autocast, weights are bfloat16 beforehand."""
import torch
import torch.nn.functional as F

import dcgan_data
import torch_dcgan
import vae_data


class Sampling:
    """A step draws a batch of pictures; the first ones, with noise by formula, are told by their mean square. A work
    has batch, latent and pictures(z)."""

    def __init__(self, autocast, compiled):
        self.kept = torch.bfloat16 if autocast else torch.float32
        self.prepare()
        self.run = torch.compile(self.pictures) if compiled else self.pictures

    def parity_step(self, k):
        with torch.inference_mode():
            x = self.run(torch.from_numpy(vae_data.uniform(2000 + k, (self.batch, self.latent), -1.7, 1.7)))
            return x.square().mean().item()

    def step(self):
        with torch.inference_mode():
            return self.run(torch.randn(self.batch, self.latent)).flatten()[0].item()


class Vae(Sampling):
    batch, latent = 128, vae_data.LATENT

    def prepare(self):
        self.weights = {name: [torch.from_numpy(part).to(self.kept) for part in parts]
                        for name, parts in vae_data.weights().items()}

    def pictures(self, z):
        hidden = F.relu(F.linear(z.to(self.kept), *self.weights["decoder"]))
        return torch.sigmoid(F.linear(hidden, *self.weights["output"]).float())


class Dcgan(Sampling):
    batch, latent = 64, dcgan_data.LATENT

    def prepare(self):
        net = torch_dcgan.generator()
        torch_dcgan.fill(net, dcgan_data.generator_weights())
        self.net = net.eval().to(memory_format=torch.channels_last).to(self.kept)

    def pictures(self, z):
        return self.net(z[:, :, None, None].to(self.kept)).float()


WORKS = {"vae_sample": Vae, "dcgan_sample": Dcgan}
