"""Comparing answers as the official scripts do: SQuAD's rules, and the frame that MLQA's share with them.

Source: `evaluate-v1.1.py` (Rajpurkar et al. 2016) for questions with accepted answers, which XTREME applies
to XQuAD and TyDiQA in every language; `evaluate-v2.0.py` (Rajpurkar et al. 2018) for questions without one.
"""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_NO_PUNCTUATION = str.maketrans("", "", string.punctuation)


def normalize(text: str) -> str:
    """Returns `text` in lower case without ASCII punctuation, English articles and surplus white space."""
    return " ".join(_ARTICLES.sub(" ", text.lower().translate(_NO_PUNCTUATION)).split())


def score_answers(
    gold: Sequence[Sequence[str]],
    predicted: Sequence[str],
    compare: Callable[[str, str], float],
    normalize: Callable[[str], str] = normalize,
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


def token_f1(answer: str, prediction: str) -> float:
    """Returns the F1 (0 to 1) of the words of two normalised answers, 0 where they share none."""
    expected, guessed = Counter(answer.split()), Counter(prediction.split())
    n_shared = (expected & guessed).total()
    return 2.0 * n_shared / (expected.total() + guessed.total()) if n_shared else 0.0
