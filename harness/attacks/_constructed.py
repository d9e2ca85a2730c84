"""What is known of the words of the constructed languages: attacks keep the gold there by knowledge, not by chance."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from harness.generator.lexicon import CATEGORY, CONCEPTS, FUNCTION, LANGUAGES, forms, partner


@cache
def _vocabulary(language: str) -> frozenset[str]:
    return frozenset(forms()[language])


def is_constructed(texts: Iterable[str], language: str) -> bool:
    """Returns if all words are of the constructed language with this code: `en` and `la` are codes of others too."""
    return language in LANGUAGES and all(word in _vocabulary(language) for text in texts for word in text.split())


def function_word(english: str, language: str) -> str:
    """Returns a function word, such as *and*, of a constructed language."""
    return forms()[language][FUNCTION[english]]


@cache
def names(language: str) -> frozenset[str]:
    """Returns the words of a constructed language that name persons and nothing else."""
    table = forms()[language]
    others = {form for concept, form in enumerate(table) if concept not in CATEGORY["name"]}
    return frozenset(table[concept] for concept in CATEGORY["name"]) - others


@cache
def synonym(word: str, language: str) -> str | None:
    """Returns the verb of a constructed language that means the same as this one, if there is one."""
    table = forms().get(language, ())
    verbs = (c for c, form in enumerate(table) if form == word and CONCEPTS[c][0].endswith("_verb"))
    return next((table[partner(c)] for c in verbs if CONCEPTS[c][0] != "plain_verb"), None)
