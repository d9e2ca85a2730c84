"""seqeval's F1 on bare UPOS tags as version 0.0.12 reads them, the one that jiant pinned. K = 3: tp, fp, fn.

As `upos_f1`, this is not accuracy: runs of equal tags count as one chunk, except where the tag begins with S (SCONJ,
SYM), which is a chunk of one token. Unlike there, the whole tag is a chunk's kind: CCONJ and SCONJ differ, and X is a
kind like any other, so that no sentence depends on the one before it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from harness.metrics._chunks import count_chunks, kind_of_v0, micro_f1

VERSION = 1


def statistics(gold: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]], *, language: str) -> NDArray[np.float64]:
    """Returns [N, 3]: chunks found, invented and missed, by the sentence they end in. `language` is unused.

    Raises:
        ValueError: numbers of sentences or tokens differ, or a tag is the empty string.
    """
    return count_chunks(gold, predicted, kind_of_v0)


def aggregate(totals: NDArray[np.float64]) -> NDArray[np.float64]:
    """Returns micro F1 in percent from totals [..., 3]; nan where there was no chunk at all."""
    return micro_f1(totals)
