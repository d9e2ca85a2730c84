"""Comparing answers as the official SQuAD scripts do.

Source: `evaluate-v1.1.py` (Rajpurkar et al. 2016) for questions with accepted answers, which XTREME applies
to XQuAD and TyDiQA in every language; `evaluate-v2.0.py` (Rajpurkar et al. 2018) for questions without one.
"""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_NO_PUNCTUATION = str.maketrans("", "", string.punctuation)


def normalize(text: str) -> str:
    """Returns `text` in lower case without ASCII punctuation, English articles and surplus white space."""
    return " ".join(_ARTICLES.sub(" ", text.lower().translate(_NO_PUNCTUATION)).split())


def score_answers(
    gold: Sequence[Sequence[str]], predicted: Sequence[str], compare: Callable[[str, str], float]
) -> NDArray[np.float64]:
    """Returns [N, 2]: each question's best score over its accepted answers (0 to 1), and 1 as its count.

    `compare` gets the normalised accepted answer and the normalised prediction. A question without an
    accepted answer gives 1 if the normalised prediction is empty, else 0.

    Raises:
        ValueError: `gold` and `predicted` differ in length.
    """
    statistics = np.ones((len(gold), 2))
    for i, (answers, prediction) in enumerate(zip(gold, predicted, strict=True)):
        text = normalize(prediction)
        statistics[i, 0] = max((compare(normalize(answer), text) for answer in answers), default=not text)
    return statistics
