"""The lexicon of constructed languages, held against their generator's own."""

from __future__ import annotations

import pytest

from harness.generator import items
from harness.generator.lexicon import DERIVED, forms
from harness.lexicons import bilingual_lexicon


def oracle(first: str, second: str) -> dict[str, set[str]]:
    means: dict[str, set[str]] = {}
    for word, other in zip(forms()[first], forms()[second], strict=True):
        means.setdefault(word, set()).add(other)
    return means


@pytest.mark.parametrize("language", DERIVED)
@pytest.mark.parametrize("is_reversed", [False, True])
def test_every_entry_from_a_thousand_pairs_is_right(language, is_reversed):
    rows = items.rows("retrieval", "test", language)
    sides, names = ("source", "target"), ("en", language)
    if is_reversed:
        sides, names = sides[::-1], names[::-1]
    pairs = [(row[sides[0]], row[sides[1]]) for row in rows]
    lexicon, right = bilingual_lexicon(pairs), oracle(*names)
    n_right = sum(translation in right[word] for word, translation in lexicon.items())
    assert n_right == len(lexicon)
    # Of 170 words those that occur less than three times are missing.
    assert len(lexicon) >= 150


def test_a_hundred_pairs_give_fewer_and_nearly_all_right():
    rows = items.rows("retrieval", "test", "lc")[:100]
    lexicon = bilingual_lexicon([(row["source"], row["target"]) for row in rows])
    right = oracle("en", "lc")
    n_right = sum(translation in right[word] for word, translation in lexicon.items())
    assert n_right / len(lexicon) >= 0.9
    assert len(lexicon) >= 50


def test_counts_thresholds_and_nothing():
    pairs = [("A house.", "ein haus"), ("the house", "das haus"), ("a book", "ein buch"), ("the book", "das buch")]
    assert bilingual_lexicon(pairs, min_count=2, threshold=0.5) == {
        "a": "ein",
        "book": "buch",
        "house": "haus",
        "the": "das",
    }
    assert bilingual_lexicon(pairs, min_count=3) == {}
    assert bilingual_lexicon([("x", "y z")] * 5, threshold=0.6) == {}  # either is as likely
    assert bilingual_lexicon([]) == {}
    assert bilingual_lexicon([("x", "")]) == {}
    assert bilingual_lexicon(pairs[::-1], min_count=2) == bilingual_lexicon(pairs, min_count=2)
