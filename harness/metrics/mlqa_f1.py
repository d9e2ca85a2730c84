"""Token F1 of answers as MLQA's official script computes it. K = 2: F1 (0 to 1), questions counted.

Against `squad_f1`: punctuation of every script goes, articles are the language's own (en es vi de ar; hi and zh have
none), and in Chinese every ideograph is a word.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from harness.metrics._answers import score_answers, token_f1
from harness.metrics._mlqa import normalizer
from harness.metrics._ratio import percent

VERSION = 1


def statistics(gold: Sequence[Sequence[str]], predicted: Sequence[str], *, language: str) -> NDArray[np.float64]:
    """Returns [N, 2]: the best F1 over a question's accepted answers, and 1 for having been counted.

    A question without an accepted answer gives 1 for a prediction that is empty after normalisation, else 0.

    Raises:
        ValueError: `gold` and `predicted` differ in length, or `language` is none of MLQA's seven.
    """
    return score_answers(gold, predicted, token_f1, normalizer(language))


def aggregate(totals: NDArray[np.float64]) -> NDArray[np.float64]:
    """Returns the mean F1 in percent from totals [..., 2]; nan where nothing was counted."""
    totals = np.asarray(totals, np.float64)
    return percent(totals[..., 0], totals[..., 1])
