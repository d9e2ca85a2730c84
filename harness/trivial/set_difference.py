"""A linear classifier over the words that only one of the two sentences has, by side, and their number.

The strongest of the trivial lines for sentence pairs: much of inference over near-copies is comparing two
word sets.
"""

from __future__ import annotations

from typing import Any

from harness.trivial.pair_words import fit_and_predict

VERSION = 1
_MOST = 6


def predict(train: list[dict[str, Any]], test: list[dict[str, Any]]) -> list[str]:
    """Return a label for each row from what its sentences do not share."""
    return fit_and_predict(_features, train, test)


def _features(row: dict[str, Any]) -> dict[str, float]:
    first, second = set(row["text_a"].split()), set((row["text_b"] or "").split())
    left, right = first - second, second - first
    features = {"a:" + word: 1.0 for word in sorted(left)} | {"b:" + word: 1.0 for word in sorted(right)}
    counts = (min(len(left), _MOST), min(len(right), _MOST))
    # Counts as categories, and their pair: a linear model can then say "one word more on the left only".
    return features | {f"n_a={counts[0]}": 1.0, f"n_b={counts[1]}": 1.0, f"n={counts[0]},{counts[1]}": 1.0}
