"""Jaccard index of the different words: how many both corpora have, of all that one has. 1 for the same vocabulary.

Words are what stands between spaces, in lower case; in scripts without spaces each character is one. Rare words are missing
from small corpora, so that equal domains give less than 1, the less the smaller they are. Between languages it says how many
words they write alike, names first. Source: Jaccard (1912).
"""

from __future__ import annotations

from harness.similarity import Array, Corpus, Weighted
from harness.similarity._counts import counts, totals, words

VERSION = 1
SYMMETRIC = True
NEEDS = "text"
HIGHER = "similar"
RANGE = (0.0, 1.0)
READS_CONTENT = True


def prepare(a: Corpus, b: Corpus, seed: int) -> Weighted:
    """Returns the index as a function of the texts' weights."""
    import numpy as np

    counts_a, counts_b = counts([words(text) for text in a.texts], [words(text) for text in b.texts])

    def weighted(weights_a: Array, weights_b: Array) -> Array:
        in_a, in_b = totals(weights_a, counts_a) > 0, totals(weights_b, counts_b) > 0
        with np.errstate(invalid="ignore"):
            found: Array = (in_a & in_b).sum(1) / (in_a | in_b).sum(1)
        return found

    return weighted
