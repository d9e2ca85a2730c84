"""Exact match of answers after MLQA's normalisation, see `mlqa_f1`. K = 2: matches, questions counted."""

from __future__ import annotations

from collections.abc import Sequence
from operator import eq

import numpy as np
from numpy.typing import NDArray

from harness.metrics._answers import score_answers
from harness.metrics._mlqa import normalizer
from harness.metrics._ratio import percent

VERSION = 1


def statistics(gold: Sequence[Sequence[str]], predicted: Sequence[str], *, language: str) -> NDArray[np.float64]:
    """Returns [N, 2]: 1 or 0 for whether any accepted answer is met, and 1 for having been counted.

    A question without an accepted answer gives 1 for a prediction that is empty after normalisation, else 0.

    Raises:
        ValueError: `gold` and `predicted` differ in length, or `language` is none of MLQA's seven.
    """
    return score_answers(gold, predicted, eq, normalizer(language))


def aggregate(totals: NDArray[np.float64]) -> NDArray[np.float64]:
    """Returns the percentage of exact matches from totals [..., 2]; nan where nothing was counted."""
    totals = np.asarray(totals, np.float64)
    return percent(totals[..., 0], totals[..., 1])
