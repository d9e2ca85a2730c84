"""MLQA's rules for comparing answers: punctuation of every script, articles and words by language.

Source: `mlqa_evaluation_v1.py` (Lewis et al. 2020), which XTREME uses unchanged.
"""

from __future__ import annotations

import re
import string
import unicodedata
from collections.abc import Callable
from functools import cache

_ARTICLES = {
    "en": r"\b(a|an|the)\b",
    "es": r"\b(un|una|unos|unas|el|la|los|las)\b",
    "vi": r"\b(của|là|cái|chiếc|những)\b",
    "de": r"\b(ein|eine|einen|einem|eines|einer|der|die|das|den|dem|des)\b",
    # The script's pattern has a second branch, `\sال^`, that can match nothing: so the article goes wherever its
    # two letters stand, inside of words too.
    "ar": "ال",
    "hi": "",
    "zh": "",
}
_IDEOGRAPH = re.compile("([\u4e00-\u9fa5])")


def normalizer(language: str) -> Callable[[str], str]:
    """Returns the function that normalises answers in a language.

    Raises:
        ValueError: the script has no rules for the language.
    """
    if language not in _ARTICLES:
        raise ValueError(f"MLQA has no rules for {language!r}; it has {', '.join(sorted(_ARTICLES))}")
    articles = re.compile(_ARTICLES[language]) if _ARTICLES[language] else None

    def normalize(text: str) -> str:
        text = "".join(c for c in text.lower() if not _is_punctuation(c))
        if articles:
            text = articles.sub(" ", text)
        if language == "zh":
            text = _IDEOGRAPH.sub(r" \1 ", text)  # every ideograph is a word
        return " ".join(text.split())

    return normalize


@cache
def _is_punctuation(character: str) -> bool:
    return character in string.punctuation or unicodedata.category(character).startswith("P")
