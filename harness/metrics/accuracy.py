"""Accuracy of labels, choices or retrieved ids. K = 2: correct, counted."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from harness.metrics._ratio import percent

VERSION = 1


def statistics(gold: Sequence[str], predicted: Sequence[str], *, language: str) -> NDArray[np.float64]:
    """Returns [N, 2]: 1 or 0 for right or wrong, and 1 for having been counted. `language` changes nothing.

    Raises:
        ValueError: `gold` and `predicted` differ in length.
    """
    correct = [g == p for g, p in zip(gold, predicted, strict=True)]
    return np.stack([np.array(correct, np.float64), np.ones(len(correct))], axis=-1)


def aggregate(totals: NDArray[np.float64]) -> NDArray[np.float64]:
    """Returns the percentage correct from totals [..., 2]; nan where nothing was counted."""
    totals = np.asarray(totals, np.float64)
    return percent(totals[..., 0], totals[..., 1])
