"""What of an attack counts, and statistics of attacked examples beside those of the same examples as they were.

A arms, S seeds, N examples, K statistics.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from harness.errors import SpecError
from harness.metrics._ratio import percent
from harness.spec.attack import NONE, WORST
from harness.stats.bootstrap import Cell

Quantity = Literal["score", "drop", "flips"]


@dataclass(frozen=True)
class Under:
    """What of an attack counts.

    The score on attacked rows; the drop, how far it lies below that on the same rows as they were; or flips, how many of
    the predictions are others, in percent.
    """

    attack: str = NONE
    quantity: Quantity = "score"


CLEAN = Under()


def placed(cell: Cell, counts: NDArray[np.float64], ids: NDArray[np.str_]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Returns statistics [A, S, N, K] of some of a cell's examples at their places in it, and which they are [N]."""
    place = {name: row for row, name in enumerate(cell.ids.tolist())}
    rows = [place[name] for name in ids.tolist()]
    placed, met = np.zeros((*cell.statistics.shape[:3], counts.shape[-1])), np.zeros(len(cell.ids), bool)
    placed[:, :, rows], met[rows] = counts, True
    return placed, met


def worst(
    one: NDArray[np.float64], met: NDArray[np.bool_], other: NDArray[np.float64], also: NDArray[np.bool_], *, is_bad: bool
) -> NDArray[np.float64]:
    """Returns of each example the worse of two [A, S, N, 2], a value and 1; `is_bad`: of two flips the one that is.

    Raises SpecError for statistics that are no value of an example: the worse of two chunk counts is nobody's.
    """
    if one.shape[-1] != 2 or not (np.all(one[:, :, met, 1] == 1) and np.all(other[:, :, also, 1] == 1)):
        raise SpecError(f"{WORST}: this metric has no value for a single example; name one attack")
    both, worse = met & also, (np.maximum if is_bad else np.minimum)
    found = np.where(also[:, None], other, one)
    found[:, :, both] = worse(one[:, :, both], other[:, :, both])
    return found


def share(totals: NDArray[np.float64]) -> NDArray[np.float64]:
    """Returns the first of two totals [..., 2] in percent of the second."""
    return percent(totals[..., 0], totals[..., 1])
