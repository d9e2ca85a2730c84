"""Proxy A-distance: 2(1 - 2ε), ε the error of a linear classifier that tells the corpora apart by feature vectors.

2 if it never errs, 0 if it guesses, less by chance. The classifier is a logistic regression (L2, C = 1) on standardised
features; ε is the mean of both corpora's errors, in `N_FOLDS`-fold cross-validation. Copies of a text are in one fold, so
that equal corpora give 0. A resample weighs the errors on held-out texts and trains nothing anew. It saturates: domains
that differ a little and a lot may both be near 2. Small corpora look alike, as the classifier learns less: biased downwards.
Near 0 the classifier itself is chance, and an interval of 95 % holds about 85 %.
Source: Ben-David et al. (2007, "Analysis of representations for domain adaptation").
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from harness.errors import HarnessError
from harness.similarity import Array, Corpus, Weighted

VERSION = 1
SYMMETRIC = True
NEEDS = "features"
HIGHER = "different"
RANGE = (-2.0, 2.0)
READS_CONTENT = True
N_FOLDS = 5


def prepare(a: Corpus, b: Corpus, seed: int) -> Weighted:
    """Returns the distance as a function of the texts' weights.

    Raises HarnessError if a corpus has fewer different texts than there are folds.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    features = np.concatenate([a.features, b.features]).astype(np.float64)
    n = len(a.texts)
    is_b, folds = np.arange(len(features)) >= n, _folds(a, b, seed)
    wrong = np.empty(len(features))
    for fold in range(N_FOLDS):
        held_out = folds == fold
        classifier = make_pipeline(StandardScaler(), LogisticRegression(class_weight="balanced", max_iter=1000))
        classifier.fit(features[~held_out], is_b[~held_out])
        wrong[held_out] = classifier.predict(features[held_out]) != is_b[held_out]

    def weighted(weights_a: Array, weights_b: Array) -> Array:
        errors = weights_a @ wrong[:n] / weights_a.sum(1) + weights_b @ wrong[n:] / weights_b.sum(1)
        found: Array = 2 * (1 - errors)
        return found

    return weighted


def _folds(a: Corpus, b: Corpus, seed: int) -> NDArray[np.intp]:
    """Returns the fold of each text of a and b [N + M]: by the text alone, and the same when a and b change places."""
    first, second = set(a.texts), set(b.texts)
    for corpus, texts in ((a, first), (b, second)):
        if len(texts) < N_FOLDS:
            raise HarnessError(
                f"proxy_a_distance: {corpus.name!r} has {len(texts)} different texts: give at least {N_FOLDS}"
            )
    fold_of: dict[str, int] = {}
    for texts in (first & second, first - second, second - first):
        order = np.random.default_rng([seed, 2]).permutation(len(texts))
        fold_of |= zip(sorted(texts), (order % N_FOLDS).tolist(), strict=True)
    return np.array([fold_of[text] for text in (*a.texts, *b.texts)])
