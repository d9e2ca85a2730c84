"""The one division of every metric."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def percent(part: ArrayLike, whole: ArrayLike) -> NDArray[np.float64]:
    """Returns 100 * `part` / `whole` elementwise; nan, without a warning, where `whole` is not positive."""
    parts, wholes = np.broadcast_arrays(np.asarray(part, np.float64), np.asarray(whole, np.float64))
    result = np.full(wholes.shape, np.nan)
    np.divide(100.0 * parts, wholes, out=result, where=wholes > 0)
    return result
