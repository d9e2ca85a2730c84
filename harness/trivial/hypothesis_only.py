"""A linear classifier over the words of the second sentence alone (Gururangan et al. 2018)."""

from __future__ import annotations

from typing import Any

from harness.trivial.pair_words import fit_and_predict

VERSION = 1


def predict(train: list[dict[str, Any]], test: list[dict[str, Any]]) -> list[str]:
    """Return a label for each row from `text_b` only."""
    return fit_and_predict(_features, train, test)


def _features(row: dict[str, Any]) -> dict[str, float]:
    return dict.fromkeys(("b:" + word for word in (row["text_b"] or "").split()), 1.0)
