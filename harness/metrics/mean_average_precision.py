"""mAP@20 of rankings (LAReQA, Mewsli-X). K = 2: average precision (0 to 1), queries counted.

Average precision at 20 is the sum, over the ranks up to 20 that hold an accepted id, of the precision up to there,
divided by the number of accepted ids or by 20 if there are more. With one accepted id it is the reciprocal rank. An
id that is ranked twice counts where it stands first. Source: XTREME-R, `third_party/utils_lareqa.py` and
`third_party/utils_mewslix.py`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from harness.metrics._ratio import percent

VERSION = 1
DEPTH = 20


def statistics(gold: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]], *, language: str) -> NDArray[np.float64]:
    """Returns [N, 2]: the average precision of each query, and 1 for having been counted. `language` changes nothing.

    `gold` has the accepted ids of each query, `predicted` ids from the best to the worst, as many as one likes. A
    query without an accepted id gives 0.

    Raises:
        ValueError: `gold` and `predicted` differ in length.
    """
    counts = [(_average_precision(set(ids), ranked[:DEPTH]), 1.0) for ids, ranked in zip(gold, predicted, strict=True)]
    return np.array(counts, np.float64).reshape(-1, 2)


def aggregate(totals: NDArray[np.float64]) -> NDArray[np.float64]:
    """Returns the mean average precision in percent from totals [..., 2]; nan where nothing was counted."""
    totals = np.asarray(totals, np.float64)
    return percent(totals[..., 0], totals[..., 1])


def _average_precision(accepted: set[str], ranked: Sequence[str]) -> float:
    left, total = set(accepted), 0.0
    for rank, name in enumerate(ranked, start=1):
        if name in left:
            left.remove(name)
            total += (len(accepted) - len(left)) / rank
    return total / min(len(accepted), DEPTH) if accepted else 0.0
