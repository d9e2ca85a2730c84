"""How much richer the words of one corpus are: the absolute difference of type–token ratios at the same number of words.

A type–token ratio falls with length, so it is not that of the corpora but the one to be expected of `N_WORDS` words drawn
from them with replacement, Σ (1 - (1 - p)^N_WORDS) / N_WORDS over shares p of words (as in `type_overlap`): no sampling, and
no dependence on the order of texts. Source: rarefaction, Hurlbert (1971, "The nonconcept of species diversity"); for
words McCarthy and Jarvis (2010), HD-D. Rich vocabularies look poorer in small corpora; both do, if they are of like size.
"""

from __future__ import annotations

import numpy as np

from harness.similarity import Array, Corpus, Weighted
from harness.similarity._counts import counts, shares, words

VERSION = 1
SYMMETRIC = True
NEEDS = "text"
HIGHER = "different"
RANGE = (0.0, 1.0)
READS_CONTENT = False  # two domains without a common word may be equally rich
N_WORDS = 1000


def prepare(a: Corpus, b: Corpus, seed: int) -> Weighted:
    """Returns the difference as a function of the texts' weights."""
    counts_a, counts_b = counts([words(text) for text in a.texts], [words(text) for text in b.texts])

    def ratio(weights: Array, matrix: object) -> Array:
        found: Array = (1 - (1 - shares(weights, matrix)) ** N_WORDS).sum(1) / N_WORDS
        return found

    return lambda weights_a, weights_b: np.abs(ratio(weights_a, counts_a) - ratio(weights_b, counts_b))
