"""Golden values of byte-level BPE: words by the `regex` module, merges learned and applied by `tokenizers`.

usage: bpe.py FOLDER > tests/golden/bpe.json       (FOLDER has GPT-2's vocab.json and merges.txt)

Needs regex and tokenizers; written with regex 2026.11.19 (Unicode 18.0) and tokenizers 0.23.3. Bytes that are no UTF-8
become lone surrogates ("surrogateescape"), which the pattern takes for symbols, and bytes again.
"""
import json
import pathlib
import random
import sys

import regex
from tokenizers import ByteLevelBPETokenizer, Tokenizer, models, pre_tokenizers, trainers

PATTERN = regex.compile(r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+")
folder = pathlib.Path(sys.argv[1])
rng = random.Random(7)


def byte_alphabet():
    """Byte -> character, as GPT-2 spells bytes."""
    visible = [*range(33, 127), *range(161, 173), *range(174, 256)]
    hidden = [b for b in range(256) if b not in visible]
    return {b: chr(b) for b in visible} | {b: chr(256 + i) for i, b in enumerate(hidden)}


ALPHABET = byte_alphabet()


def words(data):
    """The words of bytes, as bytes."""
    text = data.decode("utf-8", "surrogateescape")
    found = [word.encode("utf-8", "surrogateescape") for word in PATTERN.findall(text)]
    assert b"".join(found) == data
    return found


def encode(model, data):
    spelled = ("".join(ALPHABET[b] for b in word) for word in words(data))
    return [token.id for word in spelled for token in model.tokenize(word)]


FIXED = ["", " ", "  ", "\n", "a", " a", "  a", "a ", "a  ", "a \n b", "\t\tx", "\r\n", "it's", "IT'S", "we've they'll I'd",
         "'re", " 're", "''s", "x'sy", "don't!'t", "3.14 1e5", "x2y", "\u00a0a", " \u00a0 b", "\u3000\u5b57", "caf\u00e9",
         "cafe\u0301", "\u0301", "\u0e44\u0e17\u0e22", "\u0939\u093f\u0928\u094d\u0926\u0940", "\u6226\u5834\u30903\u3011",
         "\u2167 \u00bd \u00b2 \u0663", "\U0001f600\U0001f468\u200d\U0001f469\u200d\U0001f467 \U0001f1eb\U0001f1f7", "\ufeffa",
         "a\u200bb", "\u2028\u2029\u0085\x1c\x1d\x0b\x0c", "\U0001d518\U0001d52b", "\U00020000", "\ufffd", "<|endoftext|>"]
BROKEN = [b"\xff", b"\x80", b"a\xc3", b"\xc3 b", b"\xe2\x82", b"\xe2\x82x", b"\xf0\x9f\x98", b"\xc0\xaf", b"\xed\xa0\x80",
          b"\xf4\x90\x80\x80", b"\xf8\x88\x80\x80\x80", b" \xfe\xfe 1", b"\xe2\x28\xa1", b"ab\xe9t\xe9", b"\xc2\x85\xc2"]
POOLS = [" \n\t", "ab cd", "'stremvlld ", "019 .,", "\u00e9\u00df\u0416\u03a9", "\u4e2d\u6587\u5b57 \u30ab", "\u0301\u0e31\u093f",
         "\U0001f600\u2764\ufe0f\u200d", "\u00a0\u2003\u3000 \u0085", "\u00bd\u2167\u0664"]


def random_texts(count):
    """Texts that change between kinds of characters every few ones; some with damaged bytes."""
    for i in range(count):
        text = "".join(rng.choice(rng.choice(POOLS)) for _ in range(rng.randrange(1, 25)))
        data = bytearray(text.encode())
        if i % 3 == 0:
            for _ in range(rng.randrange(1, 4)):
                data[rng.randrange(len(data))] = rng.randrange(256)
        yield bytes(data)


texts = [text.encode() for text in FIXED] + BROKEN + list(random_texts(150))

gpt2 = ByteLevelBPETokenizer(str(folder / "vocab.json"), str(folder / "merges.txt"))
gpt2_model = models.BPE.from_file(str(folder / "vocab.json"), str(folder / "merges.txt"))
for text in FIXED:
    assert gpt2.encode(text).ids == encode(gpt2_model, text.encode()), text

# Made-up sentences with repeated, rare and overlapping parts.
SYLLABLES = ["ka", "to", "mi", "ra", "sen", "lu", "aaa", "bab", "\u00e9t", "\u5b57", "\u0436\u0438"]
names = ["".join(rng.choice(SYLLABLES) for _ in range(rng.randrange(1, 4))) for _ in range(60)]
corpus = "".join(rng.choice(names) + rng.choice([" ", " ", " ", ", ", ".\n", " 10 ", "'s "]) for _ in range(900))


def train(vocabulary, min_frequency):
    trained = Tokenizer(models.BPE())
    trained.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trained.train_from_iterator([corpus], trainers.BpeTrainer(
        vocab_size=vocabulary, min_frequency=min_frequency, special_tokens=[], show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
    model = json.loads(trained.to_str())["model"]
    samples = [corpus[i:i + 60].encode() for i in range(0, 600, 60)] + texts[:12]
    return {"vocabulary": vocabulary, "min_frequency": min_frequency, "size": len(model["vocab"]),
            "merges": [" ".join(pair) for pair in model["merges"]],
            "encodings": [[text.hex(), encode(trained.model, text)] for text in samples]}


print(json.dumps({
    "words": [[text.hex(), [len(word) for word in words(text)]] for text in texts],
    "gpt2": [[text.hex(), encode(gpt2_model, text)] for text in texts],
    "corpus": corpus,
    "training": [train(320, 2), train(2000, 3)],
}, separators=(",", ":")))
