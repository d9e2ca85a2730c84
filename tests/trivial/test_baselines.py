"""Each trivial baseline on rows small enough to work out by hand."""

from __future__ import annotations

import importlib
from typing import Any

import pytest

from harness.trivial import (
    answer_type,
    answer_type_not_negated,
    hypothesis_only,
    majority,
    majority_tag,
    pair_words,
    set_difference,
    word_overlap,
    word_tag,
)

CONTEXT = "anna bought 3 cakes . anna never bought 5 cakes . maria sold 7 cakes ."


def _qa(number: int, hints: bool = True) -> dict[str, Any]:
    row: dict[str, Any] = {"id": f"q{number}", "question": "how many cakes maria sold ?", "context": CONTEXT,
                           "answers": [{"text": "7", "start": CONTEXT.index("7")}]}  # fmt: skip
    if hints:
        starts = [CONTEXT.index(digit) for digit in "357"]
        row["hints"] = {"candidates": [[s, s + 1] for s in starts], "negated": [False, True, False]}
    return row


def _pairs(texts: list[tuple[str, str, str]]) -> list[dict[str, Any]]:
    return [{"id": str(i), "text_a": a, "text_b": b, "label": c} for i, (a, b, c) in enumerate(texts)]


def test_majority_breaks_ties_by_name() -> None:
    assert majority.predict([{"label": "b"}, {"label": "a"}], [{}, {}]) == ["a", "a"]
    assert majority.predict([{"label": "b"}, {"label": "a"}, {"label": "b"}], [{}]) == ["b"]


def test_hypothesis_only_reads_the_second_sentence() -> None:
    train = _pairs([("x", "never", "no"), ("y", "always", "yes")] * 5)
    assert hypothesis_only.predict(train, _pairs([("never", "always", "?")])) == ["yes"]


def test_pair_words_knows_the_sides() -> None:
    train = _pairs([("red", "blue", "one"), ("blue", "red", "two")] * 5)
    assert pair_words.predict(train, _pairs([("red", "blue", "?"), ("blue", "red", "?")])) == ["one", "two"]


def test_set_difference_ignores_what_both_sentences_have() -> None:
    texts = [("a b", "a b", "same"), ("a b", "a c", "other"), ("c b", "c b", "same"), ("c a", "c", "other")]
    train = _pairs(texts * 5)
    assert set_difference.predict(train, _pairs([("z z", "z", "?"), ("q", "r", "?")])) == ["same", "other"]


def test_a_single_sentence_is_a_pair_with_an_empty_side() -> None:
    rows = [
        {"id": "1", "text_a": "good", "text_b": None, "label": "+"},
        {"id": "2", "text_a": "bad", "text_b": None, "label": "-"},
    ]
    for baseline in (pair_words, set_difference, hypothesis_only):
        assert len(baseline.predict(rows, rows)) == 2


def test_answer_type_takes_every_candidate_now_and_then() -> None:
    assert set(answer_type.predict([], [_qa(i) for i in range(60)])) == {"3", "5", "7"}
    assert set(answer_type_not_negated.predict([], [_qa(i) for i in range(60)])) == {"3", "7"}


def test_word_overlap_takes_the_nearest_sentence() -> None:
    assert word_overlap.predict([], [_qa(i) for i in range(9)]) == ["7"] * 9


def test_without_hints() -> None:
    rows = [_qa(1, hints=False)]
    assert answer_type.predict([], rows) == answer_type_not_negated.predict([], rows) == [CONTEXT]
    assert [text.strip() for text in word_overlap.predict([], rows)] == ["maria sold 7 cakes ."]


def test_tags() -> None:
    train = [
        {"tokens": ["the", "saw", "saw", "saw"], "tags": ["D", "N", "V", "V"]},
        {"tokens": ["the"], "tags": ["D"]},
    ]
    test = [{"tokens": ["saw", "the", "unseen"], "tags": ["N", "D", "N"]}]
    assert majority_tag.predict(train, test) == [["D", "D", "D"]]
    assert word_tag.predict(train, test) == [["V", "D", "D"]]


@pytest.mark.parametrize("name", ["majority", "word_tag", "answer_type", "word_overlap", "set_difference"])
def test_baselines_carry_a_version(name: str) -> None:
    assert isinstance(importlib.import_module(f"harness.trivial.{name}").VERSION, int)
