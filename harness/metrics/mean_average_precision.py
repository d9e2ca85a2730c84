"""Mean average precision of ranked ids, cut at 20 (mAP@20). K = 2: average precision (0 to 1), queries counted."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from harness.metrics._ratio import percent

VERSION = 1
CUT = 20


def statistics(gold: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]], *, language: str) -> NDArray[np.float64]:
    """Returns [N, 2]: the average precision of each query's ranking, and 1 for having been counted.

    `gold` are the accepted ids of a query, `predicted` the ids found, best first. The sum of precisions at the accepted
    ones is divided by how many could stand among the first 20. `language` changes nothing.

    Raises:
        ValueError: `gold` and `predicted` differ in length.
    """
    found = [_average_precision(set(g), p) for g, p in zip(gold, predicted, strict=True)]
    return np.stack([np.array(found, np.float64), np.ones(len(found))], axis=-1)


def _average_precision(accepted: set[str], ranked: Sequence[str]) -> float:
    n_right, total = 0, 0.0
    for rank, name in enumerate(ranked[:CUT], start=1):
        if name in accepted:
            n_right += 1
            total += n_right / rank
    return total / min(len(accepted), CUT) if accepted else 0.0


def aggregate(totals: NDArray[np.float64]) -> NDArray[np.float64]:
    """Returns the mean in percent from totals [..., 2]; nan where nothing was counted."""
    totals = np.asarray(totals, np.float64)
    return percent(totals[..., 0], totals[..., 1])
