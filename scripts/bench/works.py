"""What is measured: one table of works, one of the programs to measure beside ours.

A new work needs a line in WORKS, a make_workload() in bench/steps and its model in the peers' workers.
"""
import dataclasses
import pathlib

from arithmetic import (decode_bytes, decode_flops, gan_flops, gan_sample_flops, gpt_flops, seq2seq_flops, vae_flops,
                        vae_sample_bytes, vae_sample_flops)

HERE = pathlib.Path(__file__).resolve().parent
PRECISIONS = ("highest", "high", "medium")

# Largest relative difference of the losses of the first steps between a peer and us.
PARITY_TOLERANCE = {"highest": 1e-5, "high": 1e-5, "medium": 2e-3}


@dataclasses.dataclass(frozen=True)
class Work:
    """flops: arithmetic of a step (2 for a multiply-add), matrix products only. quick: part of --quick. parity: instead
    of PARITY_TOLERANCE from the second step on, for works that make large differences out of small ones. bytes: floats
    that have to be read, where that may be the limit."""
    name: str
    flops: float
    quick: bool
    about: str
    kind: str = "step"
    peers: tuple = ("torch-eager", "torch-compile", "jax")
    parity: float = 0
    bytes: float = 0

    @property
    def section(self):
        return "generation" if self.kind in ("decode", "sample") else "steps"

    def tolerances(self, precision, steps):
        """Largest relative difference of the loss of each of the first steps."""
        first = FIRST_GAME_PARITY[precision] if self.parity else PARITY_TOLERANCE[precision]
        return [first] + [self.parity or first] * (steps - 1)


@dataclasses.dataclass(frozen=True)
class Peer:
    """modes: the peer's ways to compute that are as accurate as each of our precisions, or more; the fastest counts."""
    package: str
    script: str
    modes: dict
    settings: str
    flags: tuple = ()
    quick: bool = True


# Adam's first updates are the signs of gradients, and each player answers the other's: rounding alone moves the losses
# of the fourth step by a hundredth. So the first step, in which the generator answers one such update, is what counts.
GAME_PARITY = 2e-2
FIRST_GAME_PARITY = {"highest": 2e-4, "high": 2e-4, "medium": 2e-2}

WORKS = [
    Work("vae32", vae_flops(32), False, "784-400-20 VAE, Adam, batch 32"),
    Work("vae128", vae_flops(128), True, "784-400-20 VAE, Adam, batch 128"),
    Work("vae512", vae_flops(512), False, "784-400-20 VAE, Adam, batch 512"),
    Work("dcgan16", gan_flops(16, False), False, "DCGAN for 64 x 64, both players, Adam, batch 16", parity=GAME_PARITY),
    Work("dcgan32", gan_flops(32, False), True, "DCGAN for 64 x 64, both players, Adam, batch 32", parity=GAME_PARITY),
    Work("wgangp32", gan_flops(32, True), False, "the same as WGAN-GP, no normalisation in the critic, one update of "
         "it to one of the generator, batch 32", parity=GAME_PARITY),
    Work("gpt", gpt_flops(), True, "GPT, 6 layers of 384, 6 heads, 8 texts of 256 tokens, vocabulary 8,192, AdamW"),
    Work("gpt_dropout", gpt_flops(), False, "the same with dropout 0.1 of embedding, attention and residuals"),
    Work("gpt33k", gpt_flops(vocabulary=33278), False, "the same GPT without dropout, vocabulary 33,278"),
    Work("gptbyte", gpt_flops(vocabulary=256), False, "the same, vocabulary 256"),
    Work("gpt124m", gpt_flops(768, 12, 64, 4, 50257), False, "GPT-2's 124 million weights, 4 texts of 64 tokens"),
    Work("seq2seq", seq2seq_flops(), False, "encoder-decoder, 4 and 4 layers of 256, 64 pairs of at most 32 tokens, "
         "vocabularies 8,192, AdamW", peers=("torch-eager", "torch-compile")),
    Work("decode", decode_flops(1), True, "one token of the GPT with kept keys and values: after a prompt of 16, 256 "
         "tokens, drawn", kind="decode", bytes=decode_bytes(1)),
    Work("decode8", decode_flops(8), False, "the same for 8 texts at once", kind="decode", bytes=decode_bytes(8)),
    Work("vae_sample", vae_sample_flops(128), False, "128 images from the 784-400-20 VAE: drawn, decoded, sigmoid",
         kind="sample", bytes=vae_sample_bytes(128)),
    Work("dcgan_sample", gan_sample_flops(64), False, "64 images of 64 x 64 from the DCGAN's generator in evaluation",
         kind="sample"),
    Work("ops", 2 * 3 * 4 * 500, False, "1,000 recorded operations on four numbers, and their gradients: what an "
         "operation costs beside its arithmetic", kind="kernel", peers=("torch-eager",)),
]

BY_NAME = {w.name: w for w in WORKS}

TORCH_MODES = {"highest": ("float32",), "high": ("float32",), "medium": ("autocast", "bf16-matmul", "float32")}
TORCH_SETTINGS = "fused Adam, gradients set to none, denormals flushed, {threads} threads, glibc's tunables " \
                 "(huge pages, no trimming); medium: the fastest of float32 and, where the " \
                 "processor multiplies those, bf16 autocast, bf16 products (not with --quick)"

PEERS = {
    "torch-eager": Peer("torch", "torch_worker.py", TORCH_MODES, TORCH_SETTINGS),
    "torch-compile": Peer("torch", "torch_worker.py", TORCH_MODES,
                          TORCH_SETTINGS + "; torch.compile of forward pass and loss", ("--compile",), quick=False),
    "jax": Peer("jax", "jax_worker.py",
                {"highest": ("float32",), "high": ("float32",), "medium": ("bf16", "float32")},
                "whole step jitted, state donated, pinned to {threads} processors, glibc's tunables; "
                "medium: the faster of float32 and, where the processor multiplies those, bf16 products"),
}

PEER_ENVIRONMENT = {
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1:glibc.malloc.mmap_max=0:glibc.malloc.trim_threshold=17179869184:"
                      "glibc.malloc.top_pad=1073741824",
    "TORCHINDUCTOR_FORCE_DISABLE_CACHES": "1",  # so that the first step's time holds the compilation
}


SLOW_MODES = ("bf16-matmul",)  # left out by --quick: seldom the fastest


def modes_for(impl, precisions, quick=False, bf16=True):
    """All modes of a peer that the comparisons at `precisions` need, each once; those of bfloat16 only with `bf16`."""
    modes = dict.fromkeys(m for p in precisions for m in PEERS[impl].modes[p])
    return [m for m in modes if not (quick and m in SLOW_MODES) and (bf16 or m == "float32")]


def peer_command(python, impl, mode, work, threads):
    peer = PEERS[impl]
    return [python, str(HERE / peer.script), work, mode, str(threads), *peer.flags]
