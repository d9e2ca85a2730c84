"""One wrong prediction in one language changes a task's number by exactly what it must, and nothing else."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest

from harness.spec.catalog import Catalog

CATALOG = Catalog(Path(__file__).resolve().parents[2] / "specs")
TASKS = [(name, task) for name in ("xtreme", "xtreme-r") for task in CATALOG.benchmark(name).scoring]
N = 10
# What one wrong example of ten makes of a language's values, by format; worked out by hand.
WRONG = {
    "labels": {"accuracy": 90.0},
    "choices": {"accuracy": 90.0},
    # 10 × NOUN VERB are 20 chunks; VERB → NOUN merges two of them into one: 18 found, 1 invented, 2 missed.
    "tags": {"f1": 100 * 36 / 39, "precision": 100 * 18 / 19, "recall": 90.0},
    # One pair of ten is another one.
    "pairs": {"f1": 90.0, "precision": 90.0, "recall": 90.0},
    "squad": {"exact_match": 90.0, "f1": 90.0},
    "rankings": {"map@20": 95.0},  # second instead of first: one reciprocal rank is 1/2
}


def spoil(form: str, values: list) -> list:
    wrong = copy.deepcopy(values)
    if form in ("labels", "choices"):
        wrong[3] = (wrong[3] + 1) % 3
    elif form == "tags":
        wrong[3][1] = "NOUN"
    elif form == "pairs":
        wrong[3] = (wrong[3][0], "en-4")
    elif form == "squad":
        wrong[3] = "Lagos"
    else:
        wrong[3] = ["Q99", *wrong[3]]
    return wrong


def all_100(benchmark) -> dict[str, float]:
    return {group: pytest.approx(100.0, abs=1e-9) for group in benchmark.groups}


@pytest.mark.parametrize("name", ["xtreme", "xtreme-r"])
def test_perfect_folders_score_100_everywhere(name: str, board) -> None:
    found = board(name).score()
    assert found["groups"] == all_100(CATALOG.benchmark(name))
    assert found["all_task"] == pytest.approx(100.0, abs=1e-9)
    assert set(found["tasks"]) == set(CATALOG.benchmark(name).scoring)
    assert ("rule" in found) == (name == "xtreme-r")


@pytest.fixture(scope="module")
def boards(tmp_path_factory, repository, request):
    """Return both benchmarks' folders, shared: each test puts back what it changes."""
    make = request.getfixturevalue("make_board")
    return {name: make(tmp_path_factory.mktemp(name), CATALOG.benchmark(name)) for name in ("xtreme", "xtreme-r")}


@pytest.mark.parametrize(("name", "task"), TASKS, ids=str)
def test_one_example_off_is_caught(name: str, task: str, boards) -> None:
    folders = boards[name]
    scoring = folders.benchmark.scoring[task]
    language, values = scoring.languages[-1], folders.values(task)
    folders.put(task, language, spoil(scoring.format, values))
    found = folders.score()
    folders.put(task, language, values)
    n, wrong = len(scoring.languages), WRONG[scoring.format]
    expected = {}
    for metric, value in wrong.items():
        by_language = {x: value if x == language else 100.0 for x in scoring.languages}
        expected[metric] = pytest.approx(by_language, abs=1e-9)
        expected[f"avg_{metric}"] = pytest.approx((value + 100 * (n - 1)) / n, abs=1e-9)
    means = [(wrong[m] + 100 * (n - 1)) / n for m in wrong if m not in ("precision", "recall")]
    metric = expected["avg_metric"] = pytest.approx(sum(means) / len(means), abs=1e-9)
    assert found["tasks"][task] == expected
    others = [scores["avg_metric"] for other, scores in found["tasks"].items() if other != task]
    assert others == pytest.approx([100.0] * len(others), abs=1e-9)
    loss = 100 - metric.expected
    groups = {g: 100 - loss / len(own) * (task in own) for g, own in folders.benchmark.groups.items()}
    assert found["groups"] == pytest.approx(groups, abs=1e-9)
    assert found["all_task"] == pytest.approx(100 - loss / len(folders.benchmark.scoring), abs=1e-9)
    assert not folders.notes
