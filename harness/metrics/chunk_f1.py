"""Micro-averaged F1 of chunks in B-, I- and O tags, as seqeval 1.2.2 counts by default. K = 3: tp, fp, fn.

The reading is seqeval's lenient one, that of conlleval.pl: an I- that follows O or another kind begins a
chunk.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from harness.metrics._chunks import count_chunks, micro_f1

VERSION = 1


def statistics(gold: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]], *, language: str) -> NDArray[np.float64]:
    """Returns [N, 3]: chunks found, invented and missed in each sentence. `language` changes nothing.

    Raises:
        ValueError: numbers of sentences or tokens differ, or a tag is the empty string.
    """
    return count_chunks(gold, predicted)


def aggregate(totals: NDArray[np.float64]) -> NDArray[np.float64]:
    """Returns micro F1 in percent from totals [..., 3]; nan where there was no chunk at all."""
    return micro_f1(totals)
