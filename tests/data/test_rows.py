"""From a task to its rows: the description that goes into keys, and what is made of it."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import data as pinned
from harness.canon import address
from harness.data import DataFolder, describe, load, reader_options, sample
from harness.errors import EvidenceMissing, SpecError
from harness.spec.data import Reader
from harness.spec.task import TaskSpec

TRAIN = b"".join(b"p%d\th%d\t%s\n" % (i, i, b"yes" if i % 2 else b"no") for i in range(8))
TEST = b"p1\th\tyes\np9\th\tno\n"


def pin(content: bytes, name: str = "x.tsv") -> dict[str, Any]:
    return {"sha256": hashlib.sha256(content).hexdigest(), "url": f"https://example.org/{name}"}


def make_task(**changes: Any) -> TaskSpec:
    test = {"n": 2, "files": [pin(TEST)]}
    train = {"n": 8, "files": [pin(TRAIN)], "stop": 6}
    spec = {
        "name": "pairs",
        "version": 1,
        "title": "Pairs",
        "role": "target",
        "family": "sequence_classification",
        "languages": ["en", "de"],
        "metrics": ["accuracy"],
        "reader": {"name": "tsv", "options": {"columns": ["text_a", "text_b", "label"]}},
        "splits": {"train": {"en": [train]}, "test": {"en": [test], "de": [test]}},
        "source": {"paper": "p", "url": "u", "licence": "l", "citation": "c"},
    }
    return TaskSpec.model_validate_json(json.dumps(spec | changes))


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    found = DataFolder(tmp_path / "data")
    (tmp_path / "data" / "files").mkdir(parents=True)
    for content in (TRAIN, TEST):
        found.path(hashlib.sha256(content).hexdigest()).write_bytes(content)
    return found


def nothing(name: str) -> TaskSpec:
    raise AssertionError(name)


def with_train(**changes: Any) -> TaskSpec:
    part = {"n": 8, "files": [pin(TRAIN)]} | changes
    test = {"n": 2, "files": [pin(TEST)]}
    return make_task(splits={"train": {"en": [part]}, "test": {"en": [test], "de": [test]}})


def test_a_description_holds_digests_reader_and_slice_only() -> None:
    assert describe(make_task(), "train", "en", nothing) == [
        {
            "files": [hashlib.sha256(TRAIN).hexdigest()],
            "reader": {
                "name": "tsv",
                "version": 1,
                "options": {
                    "id_prefix": "",
                    "parallel": False,
                    "fields": {},
                    "labels": {},
                    "dropped_labels": [],
                    "header": False,
                    "columns": ["text_a", "text_b", "label"],
                    "delimiter": "tab",
                    "quoting": "none",
                    "crlf": False,
                },
            },
            "n": 8,
            "start": 0,
            "stop": 6,
            "disjoint": None,
        }
    ]


def test_where_a_file_comes_from_changes_no_description() -> None:
    moved = with_train(files=[pin(TRAIN, "elsewhere.tsv")], stop=6)
    assert address(describe(moved, "train", "en", nothing)) == address(describe(make_task(), "train", "en", nothing))
    cut = describe(with_train(stop=5), "train", "en", nothing)
    assert address(cut) != address(describe(make_task(), "train", "en", nothing))


def test_rows_are_sliced_in_file_order(folder) -> None:
    rows = load(describe(with_train(start=2, stop=5), "train", "en", nothing), "en", folder)
    assert [row["id"] for row in rows] == ["en-2", "en-3", "en-4"]
    assert rows[0] == {"id": "en-2", "text_a": "p2", "text_b": "h2", "label": "no"}


@given(st.integers(0, 60), st.integers(1, 60), st.integers(1, 60))
def test_a_sample_keeps_file_order_and_grows_with_its_limit(n, small, more) -> None:
    rows = [{"id": str(i)} for i in range(n)]
    few, many = sample(rows, small), sample(rows, small + more)
    assert len(few) == min(n, small)
    assert sample(rows, None) == rows
    places = [rows.index(row) for row in few]
    assert places == sorted(set(places))
    assert all(row in many for row in few)


@given(st.lists(st.integers(1, 6), max_size=20), st.integers(1, 40))
def test_a_sample_keeps_groups_whole(sizes, limit) -> None:
    rows = [{"id": f"{i}-{j}", "group": f"g{i}"} for i, size in enumerate(sizes) for j in range(size)]
    taken = sample(rows, limit)
    assert len(taken) <= limit or len(rows) <= limit
    assert len(taken) > limit - 6 or len(taken) == len(rows)
    for i, size in enumerate(sizes):
        assert sum(row["group"] == f"g{i}" for row in taken) in (0, size)


@pytest.mark.parametrize("order", ["blocks", "turns"])
def test_a_sample_has_every_label_wherever_they_stand(order) -> None:
    labels = [i * 3 // 900 for i in range(900)] if order == "blocks" else [i % 3 for i in range(900)]
    counts = Counter(row["label"] for row in sample([{"label": label} for label in labels], 300))
    assert min(counts.values()) > 70


def test_rows_of_another_split_are_kept_apart(folder) -> None:
    apart = {"task": "pairs", "split": "test", "language": "de", "field": "text_a"}
    task = with_train(disjoint_from=apart)
    description = describe(task, "train", "en", lambda name: task)
    assert description[0]["disjoint"]["field"] == "text_a"
    assert description[0]["disjoint"]["language"] == "de"
    assert description[0]["disjoint"]["rows"] == describe(task, "test", "de", nothing)
    assert json.loads(json.dumps(description)) == description
    assert [row["text_a"] for row in load(description, "en", folder)] == [
        "p0",
        "p2",
        "p3",
        "p4",
        "p5",
        "p6",
        "p7",
    ]
    wrong = with_train(disjoint_from=apart | {"field": "text_c"})
    with pytest.raises(SpecError, match=r"no field 'text_c' in the rows: did you mean 'text_[ab]'"):
        load(describe(wrong, "train", "en", lambda name: wrong), "en", folder)


def test_a_split_cannot_be_kept_apart_from_itself() -> None:
    apart = {"task": "pairs", "split": "train", "language": "en", "field": "text_a"}
    task = with_train(disjoint_from=apart)
    with pytest.raises(SpecError, match="pairs train en is kept apart from itself"):
        describe(task, "train", "en", lambda name: task)


def test_a_wrong_row_count_names_file_and_both_numbers(folder) -> None:
    with pytest.raises(SpecError, match=r"files/[0-9a-f]{64}: reader tsv finds 8 rows, but n says 9"):
        load(describe(with_train(n=9), "train", "en", nothing), "en", folder)


@pytest.mark.parametrize("cut", [{"stop": 9}, {"start": 8}, {"start": 5, "stop": 5}])
def test_slices_that_the_file_does_not_have(folder, cut) -> None:
    with pytest.raises(SpecError, match=r"no slice .* of 8 rows"):
        load(describe(with_train(**cut), "train", "en", nothing), "en", folder)


def test_ids_are_unique_over_all_parts(folder) -> None:
    part = {"n": 2, "files": [pin(TEST)]}
    splits = {"test": {"en": [part, part], "de": [part]}}
    with pytest.raises(SpecError, match=r"the id 'en-0' occurs twice in en .*give an id_prefix"):
        load(describe(make_task(splits=splits), "test", "en", nothing), "en", folder)
    splits["test"]["en"] = [part, {"n": 8, "start": 2, "files": [pin(TRAIN)]}]
    assert len(load(describe(make_task(splits=splits), "test", "en", nothing), "en", folder)) == 8


def test_a_split_that_is_not_there() -> None:
    message = r"task 'pairs' has no validation rows in 'en'; it has test in de, en; train in en"
    with pytest.raises(SpecError, match=message):
        describe(make_task(), "validation", "en", nothing)


def test_options_that_the_reader_does_not_know() -> None:
    with pytest.raises(SpecError, match=r"reader\.tsv\.options\.quotes: .*did you mean 'quoting'"):
        reader_options(Reader(name="tsv", options={"columns": ["a"], "quotes": "csv"}))
    with pytest.raises(SpecError, match=r"reader\.tsv\.options\.header: "):
        reader_options(Reader(name="tsv", options={"header": "yes"}))
    with pytest.raises(SpecError, match=r"no 'csv' among readers"):
        reader_options(Reader(name="csv"))


def test_status_says_why(tmp_path, folder) -> None:
    task = make_task()
    empty = DataFolder(tmp_path / "empty")
    assert {(a.split, a.language, a.state) for a in pinned.status(task, folder)} == {
        ("train", "en", "ready"),
        ("test", "en", "ready"),
        ("test", "de", "ready"),
    }
    first = pinned.status(task, empty)[0]
    assert (first.state, first.why) == ("fetchable", "not fetched yet: https://example.org/x.tsv")
    (tmp_path / "mirror").mkdir()
    assert {a.state for a in pinned.status(task, empty, mirror=tmp_path / "mirror")} == {"missing"}
    folder.path(hashlib.sha256(TEST).hexdigest()).write_bytes(b"")
    spoilt = [a for a in pinned.status(task, folder) if a.split == "test"]
    assert {a.state for a in spoilt} == {"missing"}
    assert "bytes are not those of its name" in spoilt[0].why


def test_what_a_run_needs_is_there_or_named(tmp_path, folder) -> None:
    train, test = (hashlib.sha256(content).hexdigest() for content in (TRAIN, TEST))
    pinned.prepare(make_task(), [train, test], folder, nothing)
    pinned.prepare(make_task(), [], DataFolder(tmp_path / "empty"), nothing)
    with pytest.raises(EvidenceMissing, match=r"pairs: 1 of its files are not in .*run `harness data fetch pairs`"):
        pinned.prepare(make_task(), [train], DataFolder(tmp_path / "empty"), nothing)


def test_files_kept_apart_from_are_files_of_the_task() -> None:
    apart = {"task": "other", "split": "test", "language": "de", "field": "text_a"}
    task = with_train(disjoint_from=apart)
    plain = [(s, x) for s, x, _ in pinned.files(task)]
    assert plain == [("train", "en"), ("test", "en"), ("test", "de")]
    with_others = [(s, f.sha256) for s, _, f in pinned.files(task, lambda name: make_task(name=name))]
    assert with_others.count(("train", hashlib.sha256(TEST).hexdigest())) == 1
