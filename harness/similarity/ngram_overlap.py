"""Weighted Jaccard index of the shares of subword 1-, 2- and 3-grams: Σ min(p, q) / Σ max(p, q), 1 for equal shares.

The n-grams of all three orders are counted together; none reaches over the end of a text. Of equal domains small corpora
share few rare n-grams, so the index is biased downwards, and strongly; and where most n-grams occur once, an interval of
95 % holds only 85 to 92 %. Source: Ruzicka (1958); Ioffe (2010, "Improved
consistent sampling, weighted minhash and L1 sketching").
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence

import numpy as np

from harness.similarity import Array, Corpus, Weighted
from harness.similarity._counts import counts, shares

VERSION = 1
SYMMETRIC = True
NEEDS = "tokens"
HIGHER = "similar"
RANGE = (0.0, 1.0)
READS_CONTENT = True
ORDERS = (1, 2, 3)


def prepare(a: Corpus, b: Corpus, seed: int) -> Weighted:
    """Returns the index as a function of the texts' weights."""
    assert a.tokens is not None
    assert b.tokens is not None
    counts_a, counts_b = counts([list(_ngrams(t)) for t in a.tokens], [list(_ngrams(t)) for t in b.tokens])

    def weighted(weights_a: Array, weights_b: Array) -> Array:
        p, q = shares(weights_a, counts_a), shares(weights_b, counts_b)
        found: Array = np.minimum(p, q).sum(1) / np.maximum(p, q).sum(1)
        return found

    return weighted


def _ngrams(tokens: Sequence[int]) -> Iterator[Hashable]:
    for order in ORDERS:
        yield from zip(*(tokens[start:] for start in range(order)), strict=False)
