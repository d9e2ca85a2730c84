"""Corrections for testing several hypotheses at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def holm(p_values: ArrayLike) -> NDArray[np.float64]:
    """Returns p values [M] adjusted for M tests; those at or below alpha keep the family-wise error there.

    The smallest is multiplied by M, the next by M - 1 and so on; none falls below the one before, or exceeds
    1. Source: Holm (1979), "A simple sequentially rejective multiple test procedure", Scandinavian Journal
    of Statistics 6:65.

    Raises:
        ValueError: not one-dimensional, or a value is nan or outside 0 to 1.
    """
    raw = np.asarray(p_values, np.float64)
    if raw.ndim != 1 or not np.all((raw >= 0.0) & (raw <= 1.0)):
        raise ValueError(f"p values must be a list of numbers from 0 to 1, not {p_values!r}")
    order = np.argsort(raw, kind="stable")
    stepped = raw[order] * np.arange(len(raw), 0, -1)
    adjusted = np.empty_like(raw)
    adjusted[order] = np.minimum(np.maximum.accumulate(stepped), 1.0)
    return adjusted
