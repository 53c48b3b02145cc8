"""Whole training steps in PyTorch, at its best settings, timed on request.

usage: torch_worker.py WORK MODE THREADS [--compile]

MODE: float32; autocast (bfloat16 by autocast); bf16-matmul (float32 with matrix products in bfloat16, PyTorch's own
precision "medium"). All: fused Adam, gradients set to none, denormals flushed. The suite sets the allocator's tunables.
"""
import sys

import torch
import torch.nn.functional as F

import gpt_data
import protocol
import torch_dcgan
import torch_gpt
import torch_sampling
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
    if name in torch_sampling.WORKS:
        return torch_sampling.WORKS[name](mode == "autocast", compiled)
    if name == "ops":
        return RecordedOps()
    if name.startswith(("dcgan", "wgangp")):
        return torch_dcgan.Dcgan(name, mode == "autocast", compiled)
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
