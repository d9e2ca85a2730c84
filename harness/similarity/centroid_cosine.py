"""Cosine of the mean feature vectors of two corpora.

Raw vectors of a transformer lie in a narrow cone (Ethayarajh 2019), so that values near 1 say little: compare them with the
floor. Biased downwards, the more the more the texts of a corpus vary. Source: Vu et al. (2020, "Exploring and predicting
transferability across NLP tasks"), TextEmb.
"""

from __future__ import annotations

import numpy as np

from harness.similarity import Array, Corpus, Weighted

VERSION = 1
SYMMETRIC = True
NEEDS = "features"
HIGHER = "similar"
RANGE = (-1.0, 1.0)
READS_CONTENT = True


def prepare(a: Corpus, b: Corpus, seed: int) -> Weighted:
    """Returns the cosine as a function of the texts' weights."""
    features_a, features_b = np.asarray(a.features, np.float64), np.asarray(b.features, np.float64)

    def weighted(weights_a: Array, weights_b: Array) -> Array:
        x, y = weights_a @ features_a, weights_b @ features_b
        with np.errstate(invalid="ignore"):
            found: Array = (x * y).sum(1) / np.sqrt((x**2).sum(1) * (y**2).sum(1))
        return found

    return weighted
