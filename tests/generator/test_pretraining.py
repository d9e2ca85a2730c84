"""Pretraining text: every language alike, whole answers marked, code-switching as declared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from harness.generator.lexicon import LANGUAGES, forms
from harness.generator.pretraining import SWITCHED_DOCUMENTS

Read = Callable[[str], list[dict[str, Any]]]


def test_languages_have_the_same_number_of_documents(rows: Read) -> None:
    counts = Counter(row["language"] for row in rows("pretrain.n1"))
    assert set(counts) == set(LANGUAGES)
    assert len(set(counts.values())) == 1


def test_spans_are_whole_words(rows: Read) -> None:
    marked = [row for row in rows("pretrain.n1.validation") if row["spans"]]
    assert len(marked) > 200
    for row in marked:
        ((start, end),) = row["spans"]
        text = f" {row['text']} "
        assert text[start] == text[end + 1] == " "
        assert 1 <= len(row["text"][start:end].split()) <= 2


def test_code_switching_is_the_only_difference_between_the_two_ends(rows: Read) -> None:
    plain, switched = rows("pretrain.n0"), rows("pretrain.n1")
    assert [row["id"] for row in plain] == [row["id"] for row in switched]
    changed = [p["text"] != s["text"] for p, s in zip(plain, switched, strict=True)]
    # Shared names and digits make some replaced words look unreplaced.
    assert SWITCHED_DOCUMENTS - 0.03 < sum(changed) / len(changed) <= SWITCHED_DOCUMENTS + 0.01
    assert all(len(p["text"].split()) == len(s["text"].split()) for p, s in zip(plain, switched, strict=True))


def test_without_code_switching_every_word_is_of_the_documents_language(rows: Read) -> None:
    known = {language: set(table) for language, table in forms().items()}
    assert all(set(row["text"].split()) <= known[row["language"]] for row in rows("pretrain.n0.validation"))
