"""Token F1 of answers as the official SQuAD scripts compute it. K = 2: F1 (0 to 1), questions counted.

An accepted answer that is nothing but articles or punctuation can't be met: version 1.1 of the script, and
so XTREME, gives 0 where no token is shared, even for the very same text. `squad_exact_match` gives 1 there.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from harness.metrics._answers import score_answers, token_f1
from harness.metrics._ratio import percent

VERSION = 1


def statistics(gold: Sequence[Sequence[str]], predicted: Sequence[str], *, language: str) -> NDArray[np.float64]:
    """Returns [N, 2]: the best F1 over a question's accepted answers, and 1 for having been counted.

    Articles are the English ones whatever the `language`, as in XTREME. A question without an accepted
    answer gives 1 for a prediction that is empty after normalisation, else 0.

    Raises:
        ValueError: `gold` and `predicted` differ in length.
    """
    return score_answers(gold, predicted, token_f1)


def aggregate(totals: NDArray[np.float64]) -> NDArray[np.float64]:
    """Returns the mean F1 in percent from totals [..., 2]; nan where nothing was counted."""
    totals = np.asarray(totals, np.float64)
    return percent(totals[..., 0], totals[..., 1])
