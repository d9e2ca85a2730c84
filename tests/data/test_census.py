"""A census reads what is there, and says what is wrong with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.census import census
from harness.data import DataFolder, files
from harness.spec.catalog import Catalog
from harness.spec.task import TaskSpec

CATALOG = Catalog(Path(__file__).resolve().parents[2] / "specs")


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> DataFolder:
    made = DataFolder(tmp_path_factory.mktemp("data"))
    for _, _, file in files(CATALOG.task("mini_pos")):
        made.fetch(file)
    return made


def changed(split: str, language: str, **fields: int) -> TaskSpec:
    """Return the task with other numbers in the rows of one language."""
    task = CATALOG.task("mini_pos")
    (rows,) = task.splits[split][language]
    own = {**task.splits[split], language: (rows.model_copy(update=fields),)}
    return task.model_copy(update={"splits": {**task.splits, split: own}})


def test_what_is_there_is_counted(folder) -> None:
    task = CATALOG.task("mini_pos")
    assert task.parallel
    found = list(census([task, CATALOG.task("mini_ner")], CATALOG, folder))
    assert {counted.task for counted in found} == {"mini_pos"}  # nothing of the other one is there
    assert all(counted.problem == "" for counted in found)
    assert {(c.split, c.language): c.n for c in found if c.split == "test"} == {("test", x): 1000 for x in task.languages}


def test_another_number_of_rows_is_a_problem(folder) -> None:
    found = {(c.split, c.language): c for c in census([changed("test", "la", n=7)], CATALOG, folder)}
    assert found["test", "la"].n is None
    assert "finds 1000 rows, but n says 7" in found["test", "la"].problem
    assert found["test", "lb"].problem == ""


def test_parallel_languages_have_the_same_ids(folder) -> None:
    found = {c.language: c.problem for c in census([changed("test", "la", stop=10)], CATALOG, folder) if c.split == "test"}
    assert found.pop("la") == "not the ids of en"
    assert set(found.values()) == {""}
