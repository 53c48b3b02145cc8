"""Golden values of BLEU, by sacreBLEU: tokenised lines, and corpora with their scores.

usage: bleu.py > tests/golden/bleu.json          (needs sacrebleu; written with sacrebleu 2.6.0)
"""
import json
import random

from sacrebleu.metrics import BLEU
from sacrebleu.tokenizers.tokenizer_13a import Tokenizer13a

LINES = [
    "", " ", "Hello, world!", "It's 3.14, not 3,141.5; -- 1990-1995.", "e.g. U.S.A. costs $1,000.00 (50%)...",
    "a.b,c .5 5. ,5 5, 1.,2 ..,, .", "5-6 -5 5- a-b 1--2 x-1-2 3-4-5", "&quot;Tom &amp; Jerry&quot; &lt;3 &gt; &amp;lt; &amp;quot;",
    "<skipped>gone<skipped>", "hyphen-\nated line\nbreak-", "tab\there\u00a0no-break\u2003em\u3000wide\u2028sep",
    "\u201cquotes\u201d \u2018and\u2019 it\u2019s \u00abguillemets\u00bb \u2014 dash\u2026", "caf\u00e9,na\u00efve. \u00fcber-5,\u00e9.\u00e9",
    "[a]{b}|c~d^e`f_g\\h/i*j+k=l<m>n?o@p#q\"r'", "1,000,000.00,", "\u0663.\u0664 \u0663-\u0664", "\u6f22\u5b57\u3002\u6f22\u5b57, 5.\u6f22",
    "trailing blank \u00a0\x1f\x85", "\x1cfile\x1dgroup\x1e\x0bvertical\x0cform", "emoji \U0001f600. \U0001f600, ok",
    "http://a.b/c?d=e&f=1,2", "Mr. O'Neill-Smith's 'quoted' words.", "\u200bzero width\u200b stays", "end.\n", "-\n",
]

CORPORA = {
    "one_reference": (["The cat sat on the mat.", "There is a dog in the garden, I think."],
                      [["The cat is sitting on the mat."], ["I think there is a dog in the garden."]]),
    "two_references": (["The quick brown fox jumped over 2.5 lazy dogs.", "It was the best of times"],
                       [["A quick brown fox jumps over 2.5 lazy dogs.", "The fast brown fox jumped over lazy dogs, quickly."],
                        ["It was the best of times, it was the worst of times", "It was a good time"]]),
    "nearest_length_is_the_shorter": (["a b c d e f"], [["a b c d e f g h", "a b c d", "x"]]),
    "clipped_counts": (["the the the the the the the", "a b a b a b"], [["the cat is on the mat", "there is a cat on the mat"],
                                                                      ["a b c a b", "b a b a"]]),
    "no_four_words_match": (["a b c x d e f y", "one two"], [["a b c z d e f w"], ["one two three"]]),
    "no_pairs_match": (["a x b y c"], [["a b c d e f g"]]),
    "no_match": (["completely different words here"], [["nothing in common at all"]]),
    "empty_hypothesis_among_others": (["", "the cat sat on the mat"], [["something was said"], ["the cat sat on the mat"]]),
    "only_empty": ([""], [["a reference"]]),
    "empty_reference": (["some words are here now"], [["", "some words are there now"]]),
    "everything_empty": ([""], [[""]]),
    "three_words": (["a b c"], [["a b c"]]),
    "perfect": (["Exactly the same sentence, twice."], [["Exactly the same sentence, twice."]]),
    "case_counts": (["The CAT sat on the mat."], [["the cat sat on the mat."]]),
    "entities_and_quotes": (["He said &quot;no&quot; to \u201cTom &amp; Co.\u201d for $1,000.50."],
                            [["He said \"no\" to \u201cTom & Co.\u201d for $1,000.50.", "He said 'no' to \"Tom & Co.\" for 1,000.50 $."]]),
    "accents_and_narrow_spaces": (["Qu'est-ce qu'il a d\u00e9j\u00e0 dit\u202f?", "", "L\u2019\u0153uf co\u00fbte 3,50\u00a0\u20ac\u2026 \u00ab\u00a0trop cher\u00a0\u00bb\u00a0!"],
                                  [["Qu'est-ce qu'il a d\u00e9j\u00e0 dit ?", "Qu\u2019a-t-il dit ?"], ["Rien."],
                                   ["L\u2019\u0153uf co\u00fbte 3,50 \u20ac\u2026 \u00ab trop cher \u00bb !", "L'oeuf co\u00fbte trop cher."]]),
    "different_numbers_of_references": (["a b c d e", "f g h i j k"], [["a b c d f"], ["f g h i j", "f g h j k l", "g h i j k"]]),
}


def scored(hypotheses, references):
    width = max(map(len, references))
    streams = [[r[k] if k < len(r) else None for r in references] for k in range(width)]
    bleu = BLEU().corpus_score(hypotheses, streams)
    return {"hypotheses": hypotheses, "references": references, "score": bleu.score, "precisions": bleu.precisions,
            "correct": bleu.counts, "total": bleu.totals, "brevity_penalty": bleu.bp,
            "hypothesis_words": bleu.sys_len, "reference_words": bleu.ref_len}


def random_line(rng, most=14):
    words = ["the", "a", "cat", "dog", "sat", "1.5", "2-3", "(x)", "it's", "end.", "caf\u00e9,", "U.S.", "&amp;", "\u201cso\u201d", "\u00a0"]
    return " ".join(rng.choice(words) for _ in range(rng.randrange(most)))


rng = random.Random(1)
alphabet = "ab1 2.,-'\"&;/\n\u00e9\u00a0\u2019"
lines = LINES + ["".join(rng.choice(alphabet) for _ in range(rng.randrange(25))) for _ in range(60)]
corpora = {name: scored(*case) for name, case in CORPORA.items()}
corpora["random"] = scored([random_line(rng) for _ in range(25)],
                           [[random_line(rng) for _ in range(1 + rng.randrange(3))] for _ in range(25)])
tokenize = Tokenizer13a()
print(json.dumps({"tokenized": [[line, tokenize(line)] for line in lines], "corpora": corpora}, indent=0))
