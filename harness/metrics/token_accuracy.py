"""Accuracy of tags, every token alike. K = 2 a sentence: correct tokens, tokens."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from harness.metrics._ratio import percent

VERSION = 1


def statistics(gold: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]], *, language: str) -> NDArray[np.float64]:
    """Returns [N, 2]: tokens tagged right and tokens in each sentence. `language` changes nothing.

    Raises:
        ValueError: numbers of sentences or tokens differ.
    """
    counts = [
        (sum(g == p for g, p in zip(tags, guesses, strict=True)), len(tags))
        for tags, guesses in zip(gold, predicted, strict=True)
    ]
    return np.array(counts, np.float64).reshape(-1, 2)


def aggregate(totals: NDArray[np.float64]) -> NDArray[np.float64]:
    """Returns the percentage of tokens tagged right from totals [..., 2]; nan where there was no token."""
    totals = np.asarray(totals, np.float64)
    return percent(totals[..., 0], totals[..., 1])
