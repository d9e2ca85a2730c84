"""Published test files whose labels were held back are refused, never scored."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from harness import data as pinned
from harness.data import DataFolder
from harness.errors import SpecError
from harness.spec.catalog import Catalog

ROOT = Path(__file__).resolve().parents[2]
OPEN = Catalog(ROOT / "specs").in_edition("open")


@pytest.fixture
def load(mirror: Path, tmp_path: Path):
    """Return a function that reads a file of the mirror as if it were the test set of a task."""
    with (mirror / "sources" / "MANIFEST.tsv").open(encoding="utf-8", newline="") as stream:
        listed = {line["path"]: line for line in csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE)}
    folder = DataFolder(tmp_path / "data")

    def run(name: str, path: str, language: str, reader: dict[str, Any]) -> list[dict[str, Any]]:
        line = listed[f"sources/{path}"]
        part = {"reader": reader, "files": [{"sha256": line["sha256"], "url": line["origin URL"]}]}
        rows = pinned.Rows.model_validate_json(json.dumps(part))
        task = OPEN.task(name).model_copy(update={"splits": {"test": {language: (rows,)}}})
        folder.fetch(rows.files[0], mirror=mirror)
        return pinned.load(pinned.describe(task, "test", language, OPEN.task), language, folder)

    return run


def test_one_label_throughout(load) -> None:
    # COPA's test set in the layout of XTREME-R: 0 in all 500 rows. The development set beside it is sound.
    reader = {"name": "copa", "options": {"parallel": True}}
    with pytest.raises(SpecError, match=r"all 500 rows in en \(90bc19efc09f\) have the label 0: a placeholder"):
        load("copa", "copa/test-en.jsonl", "en", reader)
    assert len(load("copa", "copa/val-en.jsonl", "en", reader)) == 100


def test_no_label_column(load) -> None:
    reader = {"name": "tsv", "options": {"columns": ["text_a", "text_b", "label"], "parallel": True}}
    with pytest.raises(SpecError, match=r":1: 2 columns instead of 3"):
        load("xnli", "xnli/test-en.tsv", "en", reader)


@pytest.mark.parametrize("language", ["sw", "yo"])
def test_no_tags(language, load) -> None:
    with pytest.raises(SpecError, match=r"is not a token, one tab and a tag \(unlabelled file\?\)"):
        load("panx", f"panx/test-{language}.tsv", language, {"name": "conll", "options": {"separator": "tab"}})


def test_no_answer_letter(load) -> None:
    # GLUE's QQP: the test file has other columns than the training file.
    fields = {"text_a": "question1", "text_b": "question2", "label": "is_duplicate"}
    reader = {"name": "tsv", "options": {"header": True, "fields": fields}}
    with pytest.raises(SpecError, match=r":1: no column 'is_duplicate'"):
        load("qqp", "qqp/excerpt/glue/QQP/test.tsv", "en", reader)
