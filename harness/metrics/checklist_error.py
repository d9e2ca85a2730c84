"""Error rate of MultiCheckList's test cases: lower is better. K = 2: cases failed, cases counted.

A test case is a group of questions made from one template, and it passes only if every answer in it is right. One
example of `statistics` is one such group: `gold[i]` lists the accepted answers of each of its questions, `predicted[i]`
the predicted ones in the same order. So a resampling of examples resamples whole groups.

Two answers are equal if they are so after `clean`: the language's articles become a space, then commas, full stops and
spaces go from both ends. Nothing is put into lower case, and no white space inside is touched. Source: XTREME-R,
`multichecklist/generate_test_utils.py` (`clean`, `expect_squad`) and `test_models.py` (the rate).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from harness.metrics._ratio import percent

VERSION = 1
GROUPED = True
_STRIPPED = ",. "
_ALSO_STRIPPED = {"bn": "\u09f7", "hi": "\u09f7", "pa": "\u0964", "pl": "„”", "ur": "\u200f"}
_ARTICLES = {
    "af": r"(’n)\b",
    "ar": "ال",
    # In these scripts the article may be written in one with the word that follows.
    "bn": r"\b(একটি|একজন)",
    "hi": r"\b(एक)",
    "ml": r"\b(ഒരു)",
    "mr": r"\b(एक)",
    "my": r"\b(တစ်ဦး)",
    "pa": r"\b(ਇੱਕ|ਇਕ)",
    "ta": r"\b(ஒரு)",
    "de": r"\b(ein|eine|einen)\b",
    "el": r"\b(Ο|ένα|μια)\b",
    "en": r"\b(a|an|the|in|at)\b",
    "es": r"\b(un|una|unos|unas|el|la|los|las)\b",
    "eu": r"\b(bat)\b",
    "fa": r"\b(یک)\b",
    "fr": r"\b(un|une|le|la|en)\b",
    "hu": r"\b(egy)\b",
    "it": r"\b(un|una)\b",
    "nl": r"\b(een)\b",
    "pt": r"\b(um|uma)\b",
    "tl": r"\b(Si)\b",
    "tr": r"\b(bir)\b",
    "vi": r"\b(một)\b",
    "wo": r"\b(dafa)\b",
    "yo": r"\b(kan)\b",
}


def statistics(
    gold: Sequence[Sequence[Sequence[str]]], predicted: Sequence[Sequence[str]], *, language: str
) -> NDArray[np.float64]:
    """Returns [N, 2]: 1 for each group with a wrong answer, else 0, and 1 for having been counted.

    Raises:
        ValueError: the numbers of groups, or of answers in a group, differ.
    """
    counts = []
    for questions, guesses in zip(gold, predicted, strict=True):
        right = [
            clean(guess, language) in {clean(answer, language) for answer in accepted}
            for accepted, guess in zip(questions, guesses, strict=True)
        ]
        counts.append((float(not all(right)), 1.0))
    return np.array(counts, np.float64).reshape(-1, 2)


def aggregate(totals: NDArray[np.float64]) -> NDArray[np.float64]:
    """Returns the percentage of groups failed from totals [..., 2]; nan where there was no group."""
    totals = np.asarray(totals, np.float64)
    return percent(totals[..., 0], totals[..., 1])


def clean(text: str, language: str) -> str:
    """Returns an answer as MultiCheckList compares it."""
    articles = _ARTICLES.get(language)
    return (re.sub(articles, " ", text) if articles else text).strip(_STRIPPED + _ALSO_STRIPPED.get(language, ""))
