"""F1 of mined translation pairs. K = 3: pairs found, invented and missed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from harness.metrics._ratio import percent

VERSION = 1


def statistics(gold: Sequence[str], predicted: Sequence[str], *, language: str) -> NDArray[np.float64]:
    """Returns [N, 3] of foreign sentences, given the ids of their translations, "" where there is none.

    A wrong id is both an invented and a missed pair. `language` changes nothing.

    Raises:
        ValueError: `gold` and `predicted` differ in length.
    """
    counts = [(g == p != "", p not in ("", g), g not in ("", p)) for g, p in zip(gold, predicted, strict=True)]
    return np.array(counts, np.float64).reshape(-1, 3)


def aggregate(totals: NDArray[np.float64]) -> NDArray[np.float64]:
    """Returns F1 in percent from totals [..., 3]; nan where there was no pair at all."""
    totals = np.asarray(totals, np.float64)
    return percent(2 * totals[..., 0], 2 * totals[..., 0] + totals[..., 1] + totals[..., 2])
