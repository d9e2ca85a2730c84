"""A leaderboard's folders with every task of both benchmarks, in every language: ten examples each."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.leaderboard import place
from harness.score import Request, score
from harness.spec.benchmark import BenchmarkSpec, Format
from harness.spec.catalog import Catalog

N = 10
WORDS = "Ada Berlin Curie Dakar Euler Fez Gauss Hanoi Iqbal Jena".split()


def text_of(form: Format, values: list[Any], *, is_gold: bool) -> str:
    """Return a file's text, written here by hand: the program's own writer is not asked."""
    names = [f"q{i}" for i in range(len(values))]
    if form == "labels":
        return "".join(f"{value}\n" for value in values)
    if form == "choices":
        return "".join(f'{{"idx": {i}, "label": {value}}}\n' for i, value in enumerate(values))
    if form == "tags":
        return "\n\n".join("\n".join(tags) for tags in values) + "\n"
    if form == "pairs":
        return "".join(f"{a}\t{b}\n" for a, b in values)
    if form == "squad" and is_gold:
        qas = [{"id": n, "answers": [{"text": v, "answer_start": 0}]} for n, v in zip(names, values, strict=True)]
        return json.dumps({"data": [{"paragraphs": [{"context": "", "qas": qas}]}]})
    return json.dumps(dict(zip(names, values, strict=True)))


def gold_of(form: Format) -> list[Any]:
    if form in ("labels", "choices"):
        return [i % 3 for i in range(N)]
    if form == "tags":
        return [["NOUN", "VERB"] for _ in range(N)]
    if form == "pairs":
        return [(f"xx-{i}", f"en-{i}") for i in range(N)]
    if form == "squad":
        return list(WORDS)
    return [[f"Q{i}"] for i in range(N)]


class Board:
    """Two folders, `predictions` and `labels`, of one benchmark; perfect until something is changed."""

    def __init__(self, root: Path, benchmark: BenchmarkSpec) -> None:
        self.benchmark = benchmark
        self.predictions, self.labels = root / "predictions", root / "labels"
        self.notes: list[str] = []
        for task, scoring in benchmark.scoring.items():
            for language in scoring.languages:
                self.put(task, language, gold_of(scoring.format))
                self.put(task, language, gold_of(scoring.format), is_gold=True)

    def path(self, task: str, language: str, *, is_gold: bool = False) -> Path:
        """Return where a file stands."""
        return place(self.labels if is_gold else self.predictions, task, language, self.benchmark.scoring[task].format)

    def put(self, task: str, language: str, values: list[Any], *, is_gold: bool = False) -> Path:
        """Write one file."""
        path = self.path(task, language, is_gold=is_gold)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text_of(self.benchmark.scoring[task].format, values, is_gold=is_gold), encoding="utf-8")
        return path

    def values(self, task: str) -> list[Any]:
        """Return the gold of a task, the same in every language, to be spoilt."""
        return gold_of(self.benchmark.scoring[task].format)

    def score(self, **options: Any) -> dict[str, Any]:
        """Return the document of the scorer."""
        self.notes.clear()
        return score(self.benchmark, Request(self.predictions, self.labels, **options), self.notes.append)


@pytest.fixture(scope="session")
def make_board() -> type[Board]:
    """Return the class, for tests that share folders."""
    return Board


@pytest.fixture
def board(tmp_path: Path, repository: Path) -> Callable[[str], Board]:
    """Return a function that makes the folders of a benchmark."""
    return lambda name: Board(tmp_path, Catalog(repository / "specs").benchmark(name))
