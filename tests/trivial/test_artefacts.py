"""What the benchmark can be solved by without reading: every line is bounded, from above and from below.

A line far *below* chance would be as much of an artefact as one above it (its opposite would then do well).
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import pytest

Read = Callable[[str], list[dict[str, Any]]]


def _accuracy(baseline: str, task: str, language: str, rows: Read) -> float:
    """Return the percentage of test rows that a baseline trained on the source gets right."""
    test = rows(f"{task}.test.{language}")
    predicted = importlib.import_module(f"harness.trivial.{baseline}").predict(rows(f"{task}.train.en"), test)
    gold = [row["answers"][0]["text"] if task == "qa" else row["label"] for row in test]
    return 100 * sum(p == g for p, g in zip(predicted, gold, strict=True)) / len(gold)


@pytest.mark.parametrize(("baseline", "task", "language", "low", "high"), [
    ("majority", "nli", "en", 33, 34),
    ("hypothesis_only", "nli", "en", 31, 42),
    ("hypothesis_only", "nli", "lb", 30, 40),
    ("pair_words", "nli", "en", 33, 50),
    ("set_difference", "nli", "en", 60, 82),
    ("set_difference", "nli", "le", 33, 60),
    ("majority", "paraphrase", "en", 50, 50),
    ("hypothesis_only", "paraphrase", "en", 45, 56),
    ("pair_words", "paraphrase", "en", 45, 62),
    ("set_difference", "paraphrase", "en", 50, 80),
    ("set_difference", "paraphrase", "le", 45, 65),
    ("answer_type", "qa", "en", 28, 38),
    ("answer_type_not_negated", "qa", "en", 44, 56),
    ("word_overlap", "qa", "en", 33, 60),
    ("word_overlap", "qa", "lc", 33, 60),
])  # fmt: skip
def test_bounds(baseline: str, task: str, language: str, low: float, high: float, rows: Read) -> None:
    assert low <= _accuracy(baseline, task, language, rows) <= high


def test_the_questions_own_verb_marks_neither_the_answer_nor_the_traps(rows: Read) -> None:
    answering, trap = [0, 0], [0, 0]
    for row in rows("qa.train.en"):
        asked = set(row["question"].split())
        sentences = row["context"].split(" . ")
        where = [start for start, _ in row["hints"]["candidates"]].index(row["answers"][0]["start"])
        for number, sentence in enumerate(sentences):
            if row["hints"]["negated"][number] or number == where:
                count = answering if number == where else trap
                # The two sentences differ in the answer, *never* and the verb only.
                words = set(sentence.split()) - {"never"}
                count[0] += len(asked & words)
                count[1] += 1
    assert answering[0] / answering[1] == pytest.approx(trap[0] / trap[1], rel=0.1)


def test_negation_alone_does_not_tell_the_label(rows: Read) -> None:
    rate: dict[str, list[bool]] = {}
    for row in rows("nli.train.en"):
        rate.setdefault(row["label"], []).append("never" in row["text_b"].split())
    shares = [sum(found) / len(found) for found in rate.values()]
    assert max(shares) - min(shares) < 0.05


def test_a_words_tag_is_not_always_the_same(rows: Read) -> None:
    train = rows("ner.intermediate.en")  # ten times the training rows: unseen words are not the point here
    predict = importlib.import_module("harness.trivial.word_tag").predict
    test = rows("ner.test.en")
    entities = [
        found == tag
        for tags, row in zip(predict(train, test), test, strict=True)
        for found, tag in zip(tags, row["tags"], strict=True)
        if tag != "O"
    ]
    assert 80 < 100 * sum(entities) / len(entities) < 96
