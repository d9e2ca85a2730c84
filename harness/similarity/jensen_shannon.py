"""Jensen–Shannon divergence of subword frequencies, in bits: 0 for the same frequencies, 1 for no subword in common.

Source: Lin (1991, "Divergence measures based on the Shannon entropy"); for domains Plank and van Noord (2011,
"Effective measures of domain similarity for parsing"). Biased upwards: by about (V - 1) / (8 ln 2) ×
(1 / A + 1 / B) bits for equal domains of V subwords and corpora of A and B, if these are drawn one by one.
"""

from __future__ import annotations

from math import log

from harness.similarity import Array, Corpus, Weighted
from harness.similarity._counts import counts, shares

VERSION = 1
SYMMETRIC = True
NEEDS = "tokens"
HIGHER = "different"
RANGE = (0.0, 1.0)
READS_CONTENT = True


def prepare(a: Corpus, b: Corpus, seed: int) -> Weighted:
    """Returns the divergence as a function of the texts' weights."""
    from scipy.special import rel_entr

    assert a.tokens is not None
    assert b.tokens is not None
    counts_a, counts_b = counts(a.tokens, b.tokens)

    def weighted(weights_a: Array, weights_b: Array) -> Array:
        p, q = shares(weights_a, counts_a), shares(weights_b, counts_b)
        middle = (p + q) / 2
        found: Array = (rel_entr(p, middle) + rel_entr(q, middle)).sum(1) / (2 * log(2))
        return found

    return weighted
