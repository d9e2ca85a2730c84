"""Items are apart between splits, parallel between languages, balanced, and their spans are exact."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from harness import generator
from harness.generator import DERIVED, LANGUAGES, TASKS
from harness.generator.items import N_INTERMEDIATE, N_TRAIN, splits
from harness.generator.qa import Passage
from harness.generator.world import Event, main

Read = Callable[[str], list[dict[str, Any]]]
SPLITS = ("train", "validation", "intermediate", "test")


def _words(row: dict[str, Any]) -> str:
    return json.dumps([row.get(k) for k in ("text_a", "text_b", "question", "context", "tokens")])


@pytest.mark.parametrize("task", TASKS)
def test_no_id_and_no_text_occurs_in_two_splits(task: str, rows: Read) -> None:
    ids = [row["id"] for split in SPLITS for row in rows(f"{task}.{split}.en")]
    texts = [_words(row) for split in SPLITS for row in rows(f"{task}.{split}.en")]
    assert len(set(ids)) == len(ids)
    assert len(set(texts)) == len(texts)


@pytest.mark.parametrize("task", TASKS)
def test_sizes(task: str, rows: Read) -> None:
    assert len(rows(f"{task}.validation.en")) == 500
    assert len(rows(f"{task}.train.en")) == N_TRAIN[task]
    assert len(rows(f"{task}.intermediate.en")) == N_INTERMEDIATE[task]
    assert {len(rows(f"{task}.test.{language}")) for language in LANGUAGES} == {1000}


@pytest.mark.parametrize("task", TASKS)
def test_languages_are_parallel(task: str, rows: Read) -> None:
    source = rows(f"{task}.test.en")
    for language in DERIVED:
        other = rows(f"{task}.test.{language}")
        assert [row["id"] for row in other] == [row["id"] for row in source]
        assert [row.get("label") for row in other] == [row.get("label") for row in source]
        if "tags" in source[0]:
            assert [Counter(row["tags"]) for row in other] == [Counter(row["tags"]) for row in source]


@pytest.mark.parametrize("language", generator.TRANSLATED)
def test_translated_intermediate_rows_are_those_of_the_source(language: str, rows: Read) -> None:
    source, translated = rows("nli.intermediate.en"), rows(f"nli.intermediate.{language}")
    assert [(row["id"], row["label"]) for row in source] == [(row["id"], row["label"]) for row in translated]
    assert [len(row["text_a"].split()) for row in source] == [len(row["text_a"].split()) for row in translated]


@pytest.mark.parametrize("task", ["nli", "paraphrase"])
@pytest.mark.parametrize("split", SPLITS)
def test_labels_are_balanced(task: str, split: str, rows: Read) -> None:
    counts = Counter(row["label"] for row in rows(f"{task}.{split}.en"))
    assert max(counts.values()) - min(counts.values()) <= 1


def test_every_answer_lies_where_its_row_says(rows: Read) -> None:
    for language in LANGUAGES:
        for row in rows(f"qa.test.{language}"):
            (answer,) = row["answers"]
            assert row["context"][answer["start"] :].startswith(answer["text"])
            spans = [tuple(span) for span in row["hints"]["candidates"]]
            assert (answer["start"], answer["start"] + len(answer["text"])) in spans
            assert len(spans) == 3
            assert len({row["context"][start:end] for start, end in spans}) == 3


def test_one_trap_is_always_negated_and_the_answer_never_is(rows: Read) -> None:
    for row in rows("qa.train.en"):
        (answer,) = row["answers"]
        where = [start for start, _ in row["hints"]["candidates"]].index(answer["start"])
        assert sum(row["hints"]["negated"]) == 1
        assert not row["hints"]["negated"][where]


def _asked(event: Event, kind: str) -> Event:
    """Return what a question of a kind tells of an event: the answer left out, synonyms made one."""
    event = event._replace(verb=main(event.verb))
    if kind == "who":
        return event._replace(subject=0)
    if kind in ("city", "place", "employer"):
        return event._replace(place=0)
    if kind == "number":
        assert event.object is not None
        return event._replace(object=event.object._replace(number=0))
    return event._replace(object=None)


def test_what_is_asked_is_true_of_one_sentence_only() -> None:
    for split in splits("qa").values():
        for passage in split:
            assert isinstance(passage, Passage)
            asked = _asked(passage.events[passage.answering], passage.kind)
            assert not asked.negated
            assert sum(_asked(event, passage.kind) == asked for event in passage.events) == 1


def test_each_tag_belongs_to_a_token(rows: Read) -> None:
    for task in ("pos", "ner"):
        for language in LANGUAGES:
            assert all(len(row["tokens"]) == len(row["tags"]) > 2 for row in rows(f"{task}.test.{language}"))


@pytest.mark.parametrize("language", DERIVED)
def test_retrieval_sentences_are_distinct_and_their_source_is_shared(language: str, rows: Read) -> None:
    found = rows(f"retrieval.test.{language}")
    assert len({row["target"] for row in found}) == len({row["source"] for row in found}) == len(found) == 1000
    assert [row["source"] for row in found] == [row["source"] for row in rows("retrieval.test.la")]
