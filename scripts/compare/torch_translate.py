#!/usr/bin/env python3
"""Trains PyTorch's nn.Transformer as `translate` trains its own: same pairs, tokens, sizes, recipe and minutes.

    translate --data PAIRS.tsv --out RUN --minutes 20
    torch_translate.py RUN PAIRS.tsv --minutes 20

RUN gives tokenizers, configuration and the held-out sentences; what shares a sentence with these is left out of the
training pairs. Prints BLEU as sacreBLEU computes it, greedy and with the run's beams. Needs torch, tokenizers, sacrebleu.
"""
import argparse
import json
import math
import pathlib
import random
import time

import sacrebleu
import tokenizers
import torch
import torch.nn as nn
import torch.nn.functional as F

PAD, BEGIN, END = "<pad>", "<bos>", "<eos>"


class Side:
    """Tokens of one language, from the file that the trainer wrote."""

    def __init__(self, path):
        file = json.loads(path.read_text())
        ids = {text: i for i, text in enumerate(file["tokens"])}
        self.bpe = tokenizers.Tokenizer(tokenizers.models.BPE(ids, [tuple(m.split(" ")) for m in file["merges"]]))
        self.bpe.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
        self.bpe.decoder = tokenizers.decoders.ByteLevel()
        self.pad, self.begin, self.end = (ids[mark] for mark in (PAD, BEGIN, END))
        self.size = len(ids)

    def encode(self, text):
        return self.bpe.encode(text).ids

    def decode(self, ids):
        return self.bpe.decode([i for i in ids if i not in (self.pad, self.begin, self.end)])


class Translator(nn.Module):
    """Pre-norm nn.Transformer with learned positions and a tied output layer, as the run's configuration says."""

    def __init__(self, config, source, target):
        super().__init__()
        c = config["decoder"]
        width, self.pad = c["width"], source.pad
        self.source, self.target = nn.Embedding(source.size, width), nn.Embedding(target.size, width)
        self.source_places, self.target_places = (nn.Embedding(c["context"], width) for _ in range(2))
        self.drop = nn.Dropout(0.1)
        self.body = nn.Transformer(width, c["heads"], config["encoder_layers"], c["layers"],
                                   c.get("inner") or 4 * width, 0.1, "gelu", batch_first=True, norm_first=True)
        for table in (self.source, self.target, self.source_places, self.target_places):
            nn.init.normal_(table.weight, std=0.02)

    def encode(self, ids):
        places = torch.arange(ids.shape[1])
        return self.body.encoder(self.drop(self.source(ids) + self.source_places(places)),
                                 src_key_padding_mask=ids == self.pad)

    def decode(self, memory, source, ids):
        length = ids.shape[1]
        x = self.drop(self.target(ids) + self.target_places(torch.arange(length)))
        later = torch.ones(length, length, dtype=torch.bool).triu(1)
        x = self.body.decoder(x, memory, tgt_mask=later, tgt_is_causal=True, memory_key_padding_mask=source == self.pad)
        return F.linear(x, self.target.weight)

    def forward(self, source, ids):
        return self.decode(self.encode(source), source, ids)


def padded(rows, pad):
    longest = max(map(len, rows))
    return torch.tensor([row + [pad] * (longest - len(row)) for row in rows])


def batches(pairs, source, target, size, rng):
    """Endless batches of pairs of like lengths, in random order."""
    while True:
        order = sorted(range(len(pairs)), key=lambda i: (max(map(len, pairs[i])), rng.random()))
        groups = [order[i:i + size] for i in range(0, len(order), size)]
        rng.shuffle(groups)
        for group in groups:
            yield (padded([pairs[i][0] + [source.end] for i in group], source.pad),
                   padded([[target.begin] + pairs[i][1] for i in group], target.pad),
                   padded([pairs[i][1] + [target.end] for i in group], target.pad))


def train(model, pairs, source, target, run, minutes):
    """Cosine over as many steps as the minutes hold, measured over the first; the number of steps."""
    matrices = [p for p in model.parameters() if p.dim() > 1]
    others = [p for p in model.parameters() if p.dim() <= 1]
    adam = torch.optim.AdamW([{"params": matrices, "weight_decay": run["weight_decay"]},
                              {"params": others, "weight_decay": 0}], lr=run["lr"], betas=(0.9, run["beta2"]), fused=True)
    feed = batches(pairs, source, target, run["batch"], random.Random(1))
    begin, step, steps = time.monotonic(), 0, math.inf
    while step < steps:
        if step == 100:
            steps = int(100 * minutes * 60 / (time.monotonic() - begin))
        share = 0.02 + 0.98 * (1 + math.cos(math.pi * step / steps)) / 2 if steps < math.inf else 1
        for group in adam.param_groups:
            group["lr"] = run["lr"] * share * min(1, (step + 1) / max(1, run["warmup"]))
        inputs, decoder_input, decoder_target = next(feed)
        with torch.autocast("cpu", torch.bfloat16):
            logits = model(inputs, decoder_input)
        loss = F.cross_entropy(logits.float().flatten(0, 1), decoder_target.flatten(), ignore_index=target.pad,
                               label_smoothing=run["label_smoothing"])
        adam.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), run["clip"])
        adam.step()
        step += 1
        if time.monotonic() - begin > 60 * minutes:
            break
    return step, time.monotonic() - begin


@torch.no_grad()
def translate(model, text, source, target, beams, penalty, longest):
    """Beam search; a finished translation's log-probability is divided by length^penalty."""
    ids = torch.tensor([source.encode(text) + [source.end]])
    memory = model.encode(ids)
    alive, done = [(0.0, [target.begin])], []
    for _ in range(min(longest, 2 * ids.shape[1] + 20)):
        rows = torch.tensor([tokens for _, tokens in alive])
        logits = model.decode(memory.expand(len(alive), -1, -1), ids.expand(len(alive), -1), rows)[:, -1]
        scores = torch.tensor([score for score, _ in alive])[:, None] + logits.float().log_softmax(-1)
        best = scores.flatten().topk(2 * beams)
        grown = [(score, alive[i // target.size][1] + [i % target.size])
                 for score, i in zip(best.values.tolist(), best.indices.tolist())]
        done += [(score / len(tokens) ** penalty, tokens) for score, tokens in grown[:beams] if tokens[-1] == target.end]
        alive = [(score, tokens) for score, tokens in grown if tokens[-1] != target.end][:beams]
        if len(done) >= beams:
            break
    return target.decode(max(done or alive)[1])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=pathlib.Path, help="folder of a run of translate")
    parser.add_argument("pairs", type=pathlib.Path, help="the pairs that it was trained on")
    parser.add_argument("--minutes", type=float, default=20, help="of training")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.set_flush_denormal(True)
    torch.manual_seed(1)
    run = json.loads((args.run / "config.json").read_text())
    source, target = Side(args.run / "source.json"), Side(args.run / "target.json")
    held_out = [line.split("\t") for line in (args.run / "held_out.tsv").read_text().splitlines()]
    known = {text for line in held_out for text in line}
    lines = [line.split("\t")[:2] for line in args.pairs.read_text().splitlines()]
    pairs = [(source.encode(a), target.encode(b)) for a, b in lines if a not in known and b not in known]
    model = Translator(run["model"], source, target)
    steps, seconds = train(model, pairs, source, target, run, args.minutes)
    model.eval()
    references = [[line[1 + i] if i + 1 < len(line) else None for line in held_out]
                  for i in range(max(map(len, held_out)) - 1)]
    result = {"pairs": len(pairs), "held_out": len(held_out), "steps": steps, "seconds": round(seconds),
              "parameters": sum(p.numel() for p in model.parameters())}
    longest = run["model"]["decoder"]["context"] - 1
    for name, beams in {"bleu_greedy": 1, "bleu": run["beams"]}.items():
        found = [translate(model, line[0], source, target, beams, run["length_penalty"], longest) for line in held_out]
        result[name] = round(sacrebleu.corpus_bleu(found, references, tokenize="13a").score, 2)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
