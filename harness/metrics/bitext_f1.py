"""F1 over exact id pairs of mined translations (BUCC). K = 3: pairs found, invented and missed.

Which pairs are predicted depends on a threshold, which is chosen before: this metric sees pairs only.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from harness.metrics._chunks import micro_f1

VERSION = 1


def statistics(gold: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]], *, language: str) -> NDArray[np.float64]:
    """Returns [N, 3]: pairs found, invented and missed for each sentence. `language` changes nothing.

    An example is one sentence of one side; `gold` has the ids of its translations (none for a distractor), `predicted`
    the ids that it was paired with. An id that stands there twice counts once.

    Raises:
        ValueError: `gold` and `predicted` differ in length.
    """
    counts = []
    for ids, guesses in zip(gold, predicted, strict=True):
        true, mined = set(ids), set(guesses)
        counts.append((len(true & mined), len(mined - true), len(true - mined)))
    return np.array(counts, np.float64).reshape(-1, 3)


def aggregate(totals: NDArray[np.float64]) -> NDArray[np.float64]:
    """Returns F1 in percent from totals [..., 3]; nan where there was no pair on either side."""
    return micro_f1(totals)
