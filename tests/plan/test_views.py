"""What a study makes of the catalogue: another edition of a task, other options, a benchmark's languages."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.check import check
from harness.errors import Problem, SpecError
from harness.plan import Plan, make_plan
from harness.spec.catalog import Catalog
from harness.spec.study import StudySpec

ROOT = Path(__file__).resolve().parents[2]
SHA = "0123456789abcdef" * 4
SOURCE = {"paper": "p", "url": "u", "licence": "closed", "citation": "c"}
TRAINING = {"learning_rate": 0.1, "epochs": 1, "batch_examples": 8}


def rows(path: str) -> list[dict[str, Any]]:
    return [{"n": 8, "files": [{"url": f"https://example.org/raw/r2.5/{path}"}]}]


TASK = {
    "name": "pairs",
    "version": 1,
    "title": "Pairs",
    "role": "both",
    "family": "sequence_classification",
    "languages": ["en", "de", "fr"],
    "labels": ["yes", "no"],
    "metrics": ["accuracy"],
    "options": {"max_length": 128},
    "reader": {"name": "tsv", "options": {"columns": ["text_a", "text_b", "label"]}},
    "source": SOURCE,
    "splits": {
        "train": {"en": rows("train-en")},
        "validation": {"en": rows("dev-en")},
        "test": {x: rows(f"test-{x}") for x in ("en", "de", "fr")},
    },
    "editions": {
        "open": {
            "languages": ["en", "de"],
            "deviation": "half of it",
            "licence": "free",
            "splits": {
                "train": {"en": rows("few-en")},
                "validation": {"en": rows("dev-en")},
                "test": {x: rows(f"dev-{x}") for x in ("en", "de")},
            },
        }
    },
}
STUDY = {
    "name": "tried",
    "title": "T",
    "description": "d",
    "vary": {"encoder": ["xlmr-base"], "intermediate": ["none"], "target": ["pairs"], "seed": [1]},
    "training": {"pairs": TRAINING},
}
BENCHMARK = {
    "name": "two",
    "title": "Two",
    "groups": {"all": ["pairs"]},
    "scoring": {"pairs": {"languages": ["en", "fr"], "format": "labels", "metrics": ["accuracy"]}},
    "citation": "c",
}


@pytest.fixture
def catalog(tmp_path) -> Catalog:
    files = {"tasks/pairs": TASK, "benchmarks/two": BENCHMARK}
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "xlmr-base.yaml").write_bytes((ROOT / "specs" / "models" / "xlmr-base.yaml").read_bytes())
    for name, content in files.items():
        path = tmp_path / f"{name}.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(content))
    return Catalog(tmp_path)


def plan(catalog: Catalog, **changes: Any) -> Plan:
    return make_plan(StudySpec.model_validate_json(json.dumps(STUDY | changes)), catalog)


def problems(catalog: Catalog, **changes: Any) -> list[Problem]:
    path = catalog.root / "studies" / "tried.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(STUDY | changes))
    return check(path, catalog)


def test_an_edition_has_its_own_sources_and_is_the_same_task_otherwise(catalog) -> None:
    own, other = catalog.task("pairs"), catalog.in_edition("open").task("pairs")
    assert (own.languages, other.languages) == (("en", "de", "fr"), ("en", "de"))
    assert (own.deviation, other.deviation) == (None, "half of it")
    assert (own.source.licence, other.source.licence) == ("closed", "free")
    assert (own.labels, own.options, own.version) == (other.labels, other.options, other.version)
    assert other.rows("test", "de")[0].reader == own.reader
    assert not other.editions
    assert catalog.in_edition("other").task("pairs") == own
    assert catalog.task("pairs") == own


def test_a_study_takes_its_edition(catalog) -> None:
    full, few = plan(catalog), plan(catalog, edition="open")
    assert [tuple(run.evaluate) for run in (*full.runs, *few.runs)] == [("en", "de", "fr"), ("en", "de")]
    assert not {s.key for s in full.stages} & {s.key for s in few.stages}


def test_a_study_takes_a_benchmarks_languages(catalog) -> None:
    full, two = plan(catalog), plan(catalog, benchmark="two")
    assert tuple(two.runs[0].evaluate) == ("en", "fr")
    assert {s.key for s in two.stages} < {s.key for s in full.stages}


def test_a_study_changes_options(catalog) -> None:
    full, long = plan(catalog), plan(catalog, options={"pairs": {"max_length": 256}})
    assert {s.params["task"]["options"]["max_length"] for s in long.stages} == {256}
    assert not {s.key for s in full.stages} & {s.key for s in long.stages}
    assert catalog.task("pairs").options["max_length"] == 128


@pytest.mark.parametrize(
    ("changes", "field", "said"),
    [
        ({}, "", ""),
        ({"edition": "opne"}, "edition", "did you mean 'open'"),
        ({"benchmark": "too"}, "benchmark", "did you mean 'two'"),
        ({"options": {"pears": {"max_length": 9}}}, "options.pears", "did you mean 'pairs'"),
        ({"options": {"pairs": {"max_lenght": 9}}}, "options.pairs", "did you mean 'max_length'"),
        ({"options": {"pairs": {"max_length": 0}}}, "options.pairs", "greater than 0"),
    ],
)
def test_what_a_study_asks_for_is_checked(changes, field, said, catalog) -> None:
    found = problems(catalog, **changes)
    assert [p.field for p in found] == ([field] if field else [])
    assert all(said in str(p) and p.line for p in found)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"languages": ["en", "de", "fr"]}, "editions.open.languages: no test split for fr"),
        ({"languages": []}, "at least 1 item"),
        ({"version": 2}, "editions.open.version: unknown field"),
    ],
)
def test_an_edition_is_checked_like_a_task(change, said, catalog) -> None:
    task = json.loads(json.dumps(TASK))
    task["editions"]["open"] |= change
    path = catalog.root / "tasks" / "pairs.yaml"
    path.write_text(json.dumps(task))
    with pytest.raises(SpecError, match=said):
        check(path, Catalog(catalog.root))
