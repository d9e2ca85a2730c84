"""XTREME's score for part-of-speech tags: seqeval's F1 on bare UPOS, as 1.2.2 reads it. K = 3: tp, fp, fn.

This is not accuracy. seqeval takes a tag's first letter for a prefix such as B-, with these effects:

* Runs of equal tags count as one chunk (`NOUN NOUN`), except where the letter is S, which is a chunk of one
  token.
* The first letter is dropped: CCONJ and SCONJ are both of kind CONJ. In `CCONJ SCONJ` the first of the two
  is lost; in `SCONJ CCONJ` the second's chunk reaches back to the first.
* X has an empty kind, which is that of O too. An X at the end of a sentence is lost, and one that opens a
  sentence gets the begin of the last chunk begun before, be it in an earlier sentence. So the statistics of
  a sentence with an X at its start may depend on the rows before; their sum is seqeval's for the rows in
  the order given.

Report `token_accuracy` beside it. XTREME does not pin seqeval; 0.0.12 keeps the first letter and gives
other numbers.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from harness.metrics._chunks import count_chunks, micro_f1

VERSION = 1


def statistics(gold: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]], *, language: str) -> NDArray[np.float64]:
    """Returns [N, 3]: chunks found, invented and missed, by the sentence they end in. `language` is unused.

    Raises:
        ValueError: numbers of sentences or tokens differ, or a tag is the empty string.
    """
    return count_chunks(gold, predicted)


def aggregate(totals: NDArray[np.float64]) -> NDArray[np.float64]:
    """Returns micro F1 in percent from totals [..., 3]; nan where there was no chunk at all."""
    return micro_f1(totals)
