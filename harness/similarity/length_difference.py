"""How much longer the texts of one corpus are: |ln of the ratio of mean lengths in subwords|; 0 for equal, 0.69 for twice.

Biased upwards, as any absolute difference is. Mean lengths are those of the tokens given, cut or whole.
"""

from __future__ import annotations

import numpy as np

from harness.similarity import Array, Corpus, Weighted

VERSION = 1
SYMMETRIC = True
NEEDS = "tokens"
HIGHER = "different"
RANGE = (0.0, np.inf)
READS_CONTENT = False  # two domains without a common word may write equally long texts


def prepare(a: Corpus, b: Corpus, seed: int) -> Weighted:
    """Returns the difference as a function of the texts' weights."""
    assert a.tokens is not None
    assert b.tokens is not None
    lengths_a, lengths_b = (np.array([len(text) for text in tokens], np.float64) for tokens in (a.tokens, b.tokens))

    def weighted(weights_a: Array, weights_b: Array) -> Array:
        means = [w @ lengths / w.sum(1) for w, lengths in ((weights_a, lengths_a), (weights_b, lengths_b))]
        with np.errstate(divide="ignore", invalid="ignore"):
            found: Array = np.abs(np.log(means[0]) - np.log(means[1]))
        return found

    return weighted
