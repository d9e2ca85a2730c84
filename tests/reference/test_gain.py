"""What may be subtracted from what, and what a file of published numbers may say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from harness.check import check
from harness.errors import HarnessError
from harness.reference import gain, measures
from harness.spec.catalog import Catalog
from harness.spec.reference import ReferenceSpec

NUMBER = {
    "system": "ours", "task": "xnli", "metric": "accuracy", "language": "avg", "value": 80.0, "baseline": "theirs",
    "source": "Table 1", "confidence": "quote_seen",
}  # fmt: skip
SYSTEMS = {"ours": {"title": "Ours", "role": "intermediate", "over": "base"}, "base": {"title": "Base", "role": "baseline"}}


def reference(*numbers: dict[str, Any], **fields: Any) -> ReferenceSpec:
    """Return a file with these numbers, each with the fields that it does not give."""
    document = {"name": "r", "title": "R", "url": "u", "citation": "c", "systems": SYSTEMS, **fields}
    return ReferenceSpec.model_validate_json(json.dumps({**document, "numbers": [NUMBER | number for number in numbers]}))


@pytest.mark.parametrize(
    ("word", "metric", "fits"),
    [
        ("f1", "squad_f1", True),
        ("f1", "chunk_f1", True),
        ("exact_match", "squad_exact_match", True),
        ("accuracy", "accuracy", True),
        ("accuracy", "token_accuracy", True),
        ("f1", "accuracy", False),
        ("f1", "squad_exact_match", False),
    ],
)
def test_what_papers_call_a_metric(word: str, metric: str, fits: bool) -> None:
    assert measures(word, metric) is fits


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("source", "Table 2", "source Table 1 and Table 2"),
        ("edition", "v1", "edition not named and v1"),
        ("baseline", "mine", "baseline theirs and mine"),
        ("split", "validation", "split test and validation"),
    ],
)
def test_a_difference_in_one_respect_is_enough(field: str, value: str, words: str) -> None:
    base = {"system": "base", "value": 70.5}
    assert gain([reference({}, base)], "ours", "base", "xnli", "accuracy") == 9.5
    for apart in ([reference({}, base | {field: value})], [reference({}), reference(base | {field: value})]):
        with pytest.raises(HarnessError, match=words) as refused:
            gain(apart, "ours", "base", "xnli", "accuracy")
        assert "take both from one table" in str(refused.value)
    assert gain([reference({}), reference(base)], "ours", "base", "xnli", "accuracy") == 9.5


def test_the_pair_that_stands_together_is_found() -> None:
    both = [{**row, "edition": edition} for edition in ("v1", "v2") for row in ({}, {"system": "base", "value": 70.0})]
    with pytest.raises(HarnessError, match="published together 2 times"):
        gain([reference(*both)], "ours", "base", "xnli", "accuracy")
    assert gain([reference(*both[:3])], "ours", "base", "xnli", "accuracy") == 10.0


def test_a_number_that_is_not_on_file() -> None:
    missing = [{"what": "no PAWS-X", "tasks": ["pawsx"], "reason": "the page is torn"}]
    found = [reference({}, {"system": "base", "value": 70.0}, not_found=missing)]
    for system, task, words in (
        ("our", "xnli", "did you mean 'ours'"),
        ("ours", "pawsx", "the page is torn"),
        ("ours", "udpos", "ours has numbers on xnli"),
    ):
        with pytest.raises(HarnessError, match=words):
            gain(found, system, "base", task, "accuracy")


@pytest.mark.parametrize(
    ("number", "words"),
    [
        ({"value": 100.5}, "less than or equal to 100"),
        ({"value": -0.5}, "no score in percent"),
        ({"value": "80.0 %"}, "valid number"),
        ({"confidence": "remembered"}, "quote_seen"),
        ({"language": "english"}, "language"),
        ({"system": "our"}, "did you mean 'ours'"),
        ({"system": "base", "metric": "gain"}, "a gain over what"),
        ({"reviewer": "x"}, "Extra inputs"),
    ],
)
def test_a_number_that_is_none(number: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        reference(number)


def test_a_number_stands_once() -> None:
    with pytest.raises(ValidationError, match=r"the same as numbers\[0\]"):
        reference({}, {"value": 79.0, "source": "Table 2"})
    assert len(reference({}, {"edition": "v1"}, {"split": "validation"}).numbers) == 3
    assert reference({"metric": "gain", "value": -1.5}).numbers[0].value == -1.5


def test_a_file_says_something() -> None:
    with pytest.raises(ValidationError, match="give numbers, or say under not_found"):
        reference()
    assert reference(not_found=[{"what": "all of it", "reason": "out of print"}]).numbers == ()


def test_every_problem_is_told_with_its_line(repository: Path, tmp_path: Path) -> None:
    path = tmp_path / "reference" / "r.yaml"
    path.parent.mkdir()
    wrong = [
        {"task": "xnly"},
        {"metric": "f1"},
        {"language": "qq"},
        {"task": "xtreme", "metric": "task_mean", "groups": ["q"]},
    ]
    found = reference(*wrong, systems={**SYSTEMS, "ours": SYSTEMS["ours"] | {"over": "bass"}})
    path.write_text(json.dumps(found.data(), indent=1))
    problems = check(path, Catalog(repository / "specs"))
    told = {problem.field: f"{problem.message} ({problem.hint})" for problem in problems}
    lines = path.read_text().splitlines()
    assert told["systems.ours.over"].startswith("no system 'bass' in any reference (did you mean 'base'")
    assert told["numbers[0].task"].endswith("(did you mean 'xnli'?)")
    assert told["numbers[1].metric"] == "'f1' does not score xnli (it takes accuracy)"
    assert told["numbers[2].language"].startswith("no language 'qq'")
    assert told["numbers[3].groups[0]"].startswith("no group 'q' in xtreme")
    assert len(told) == 5
    for problem in problems:
        assert problem.field.rsplit(".", 1)[-1].partition("[")[0] in "".join(lines[problem.line - 2 : problem.line])
