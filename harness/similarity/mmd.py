"""Squared maximum mean discrepancy of feature vectors, unbiased: 0 on average for equal domains, so at times below it.

The kernel is exp(-d² / 2s²), s the median distance of all pairs of texts from both corpora. So s, and with it the unit, is
that of a pair of corpora. A resample leaves out the pairs of a text with itself. Source: Gretton et al. (2012, "A kernel
two-sample test"), equation 3 and the median heuristic.
"""

from __future__ import annotations

import numpy as np

from harness.similarity import Array, Corpus, Weighted

VERSION = 1
SYMMETRIC = True
NEEDS = "features"
HIGHER = "different"
RANGE = (-2.0, 2.0)
READS_CONTENT = True


def prepare(a: Corpus, b: Corpus, seed: int) -> Weighted:
    """Returns the discrepancy as a function of the texts' weights. Takes (N + M)² numbers of memory."""
    from scipy.spatial.distance import pdist, squareform

    n = len(a.features)
    squared = pdist(np.concatenate([a.features, b.features]).astype(np.float64), "sqeuclidean")
    kernel = squareform(np.exp(-squared / (2 * np.median(squared) or 1.0)))  # 0 on the diagonal: no text with itself
    within_a, within_b, between = kernel[:n, :n], kernel[n:, n:], kernel[:n, n:]

    def weighted(weights_a: Array, weights_b: Array) -> Array:
        across = (weights_a @ between * weights_b).sum(1) / (weights_a.sum(1) * weights_b.sum(1))
        found: Array = _within(weights_a, within_a) + _within(weights_b, within_b) - 2 * across
        return found

    return weighted


def _within(weights: Array, kernel: Array) -> Array:
    """Returns the mean kernel of two different texts of one corpus [R]."""
    found: Array = (weights @ kernel * weights).sum(1) / (weights.sum(1) ** 2 - (weights**2).sum(1))
    return found
