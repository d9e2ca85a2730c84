"""The averages that XTREME's own evaluate_test.py expects of its mock data, where all of a task's files could be had.

`xtreme_mock.json` says where each comes from. Not here: XQuAD, POS, NER and the other tasks, some of whose files were not
within reach.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.leaderboard import place
from harness.score import Request, score
from harness.spec.catalog import Catalog

ROOT = Path(__file__).resolve().parents[2]
MOCK: dict[str, Any] = json.loads((Path(__file__).parent / "xtreme_mock.json").read_text())
XTREME = Catalog(ROOT / "specs").benchmark("xtreme")


def pairs(language: str, short: list[str]) -> str:
    """Return lines of BUCC's ids, which stand in the fixture without language and leading zeros."""
    found = [line.split() for line in short]
    return "".join(f"{language}-{int(a):09}\ten-{int(b):09}\n" for a, b in found)


def questions(entries: dict[str, Any]) -> str:
    qas = [{"id": name, "answers": [{"text": text} for text in answers]} for name, (answers, _) in entries.items()]
    return json.dumps({"data": [{"paragraphs": [{"qas": qas}]}], "version": "1.1"})


@pytest.mark.parametrize("task", ["mlqa", "tydiqa", "bucc2018"])
def test_the_averages_are_those_of_the_benchmarks_own_test(task: str, tmp_path: Path) -> None:
    gold, predicted = tmp_path / "labels", tmp_path / "predictions"
    for language in XTREME.scoring[task].languages:
        entries = MOCK[task][language]
        if task == "bucc2018":
            texts = pairs(language, entries["labels"]), pairs(language, entries["predictions"])
        else:
            texts = questions(entries), json.dumps({name: guess for name, (_, guess) in entries.items()})
        for folder, text in zip((gold, predicted), texts, strict=True):
            path = place(folder, task, language, XTREME.scoring[task].format)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    notes: list[str] = []
    found = score(XTREME, Request(predicted, gold), notes.append)["tasks"][task]
    assert not notes
    assert {name: found[name] for name in MOCK["averages"][task]} == pytest.approx(MOCK["averages"][task], abs=1e-9)
