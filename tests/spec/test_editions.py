"""A task from other sources: what an edition changes, and what stays the task's."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from harness.spec.catalog import Catalog
from harness.spec.task import TaskSpec

SHA = "0" * 64
TASK = {
    "name": "reviews",
    "version": 1,
    "title": "T",
    "role": "target",
    "family": "sequence_classification",
    "languages": ["en", "de"],
    "labels": ["0", "1"],
    "metrics": ["accuracy"],
    "options": {"max_length": 128},
    "reader": {"name": "jsonl"},
    "source": {"paper": "p", "url": "u", "licence": "MIT", "citation": "c"},
}


def rows(**more: Any) -> list[dict[str, Any]]:
    return [{"files": [{"sha256": SHA, "url": "https://example.org/x"}], **more}]


def make(**edition: Any) -> TaskSpec:
    own = {"train": {"en": rows(n=90)}, "test": {"en": rows(n=50, start=10), "de": [*rows(n=50), *rows(n=7, stop=5)]}}
    other = {"languages": ["de"], "splits": {"train": {"en": rows(stop=8)}, "test": {"de": rows()}}, **edition}
    return TaskSpec.model_validate_json(json.dumps({**TASK, "splits": own, "editions": {"open": other}}))


def test_what_an_edition_gives_and_what_stays() -> None:
    task = make(options={"max_length": 64}, deviation="fewer", licence="CC0")
    found = task.in_edition("open")
    assert (found.languages, found.deviation, found.options) == (("de",), "fewer", {"max_length": 64})
    assert found.source.licence == "CC0"
    assert found.rows("train", "en")[0].reader == task.reader
    assert (found.name, found.version, found.labels, found.metrics) == (task.name, 1, task.labels, task.metrics)
    assert found.editions == {}
    assert (task.languages, task.deviation, task.options) == (("en", "de"), None, {"max_length": 128})


@pytest.mark.parametrize("name", [None, "", "closed"])
def test_no_such_edition_is_the_task_itself(name) -> None:
    task = make()
    assert task.in_edition(name) is task


def test_an_edition_without_a_deviation_has_none() -> None:
    assert make().in_edition("open").deviation is None


@pytest.mark.parametrize(
    ("edition", "said"),
    [
        ({"options": {"max_lenght": 3}}, r"editions\.open\.options\.max_lenght: .*did you mean 'max_length'"),
        ({"languages": ["de", "fr"]}, r"editions\.open\.languages: no test split for fr"),
        ({"languages": []}, "at least 1 item"),
        ({"metrics": ["accuracy"]}, "Extra inputs"),
    ],
)
def test_what_an_edition_may_not_say(edition, said) -> None:
    with pytest.raises(ValidationError, match=said):
        make(**edition)


def with_dose(of: str) -> TaskSpec:
    data = json.loads(make(options={"max_length": 64}, deviation="fewer", licence="CC0").model_dump_json())
    data["editions"]["dose"] = {"of": of, "languages": ["de"], "splits": {"intermediate": {"en": rows(n=5)}}}
    return TaskSpec.model_validate_json(json.dumps(data))


def test_an_edition_of_another_gives_what_it_changes() -> None:
    task = with_dose("open")
    found, below = task.in_edition("dose"), task.in_edition("open")
    assert found.n_rows("intermediate") == 5
    assert found.splits == {**below.splits, "intermediate": found.splits["intermediate"]}
    assert (found.options, found.deviation, found.source) == (below.options, below.deviation, below.source)


@pytest.mark.parametrize("of", ["none", "dose"])
def test_an_edition_is_of_one_that_stands_by_itself(of) -> None:
    with pytest.raises(ValidationError, match=rf"editions\.dose\.of: '{of}' is no edition"):
        with_dose(of)


def test_sizes_are_known_where_every_part_says_them() -> None:
    task = make()
    assert task.n_rows("train", ["en"]) == 90
    assert task.n_rows("test") == 40 + 50 + 5
    assert task.n_rows("test", ["de"]) == 55
    assert task.n_rows("validation") is None
    assert task.in_edition("open").n_rows("train") == 8
    assert task.in_edition("open").n_rows("test") is None
    assert task.entry(task)["rows"] == {"train": 90, "test": 95}


def test_a_view_of_the_catalogue_has_the_edition_where_there_is_one(repository) -> None:
    catalog = Catalog(repository / "specs")
    view = catalog.in_edition("open")
    assert len(view.task("xnli").languages) < len(catalog.task("xnli").languages)
    assert view.task("qqp") == catalog.task("qqp")
    assert view.task("squad_v1").resolved_options().context == "gold_sentence"
    assert catalog.task("squad_v1").resolved_options().context == "paragraph"
