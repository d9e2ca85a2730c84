"""Similarity of what two corpora ask of an encoder: cosine of the diagonals of their Fisher information.

A diagonal is the mean of squared gradients over a corpus; both must be of encoders of one architecture. Entries differ by
orders of magnitude between layers, so each is first divided by its sum over both corpora: cos(F / (F + G), G / (F + G)), the
symmetric distance of Achille et al. (2019, "Task2Vec: task embedding for meta-learning"). Vu et al. (2020, "Exploring and
predicting transferability across NLP tasks") do not divide. A factor common to all entries of one corpus, such as that of
a more confident model, makes no difference. Biased downwards.
"""

from __future__ import annotations

import numpy as np

from harness.similarity import Array, Corpus, Weighted

VERSION = 1
SYMMETRIC = True
NEEDS = "fisher"
HIGHER = "similar"
RANGE = (0.0, 1.0)
READS_CONTENT = True


def prepare(a: Corpus, b: Corpus, seed: int) -> Weighted:
    """Returns the cosine as a function of the texts' weights."""
    squares_a, squares_b = np.asarray(a.fisher, np.float64), np.asarray(b.fisher, np.float64)

    def weighted(weights_a: Array, weights_b: Array) -> Array:
        diagonals = [
            w @ squares / w.sum(1, keepdims=True) for w, squares in ((weights_a, squares_a), (weights_b, squares_b))
        ]
        both = diagonals[0] + diagonals[1]
        x, y = (np.divide(d, both, out=np.zeros_like(both), where=both > 0) for d in diagonals)
        with np.errstate(invalid="ignore"):
            found: Array = (x * y).sum(1) / np.sqrt((x**2).sum(1) * (y**2).sum(1))
        return found

    return weighted
