"""Claims that no study can fill are found before anything is run, and the nearest study is named."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.check import check
from harness.export.claims import document
from harness.spec.catalog import Catalog, claims

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted(ROOT.glob("claims*.yaml"))
Complaints = Callable[..., list[str]]


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return Catalog(ROOT / "specs")


@pytest.fixture
def complaints(catalog: Catalog, tmp_path: Path) -> Complaints:
    """Returns what is wrong with a file of one part."""

    def check_part(part: str, more: str = "") -> list[str]:
        path = tmp_path / "claims.yaml"
        top = "schema_version: 1\npaper: none\nbenchmark: xtreme\nencoder: FacebookAI/xlm-roberta-large\nclaims:\n"
        head = "  - id: A\n    statement: none\n    source: {document: none, quote: none}\n"
        path.write_text(f"{top}{head}{more}    parts:\n      - {part}\n", encoding="utf-8")
        return [str(problem) for problem in check(path, catalog)]

    return check_part


@pytest.mark.parametrize(
    ("part", "said"),
    [
        ("{kind: greater, arm: {intermediate: [masakhaner]}}", "no study can fill this: none has the arm masakhaner"),
        ("{kind: greater, arm: {intermediate: [ccg], translated: true}}", "none has the arm ccg on translated data"),
        ("{kind: greater, arm: {intermediate: [ccg]}, targets: [mewslix]}", "none that has the arms evaluates mewslix"),
        ("{kind: greater, arm: {intermediate: [ccg]}, targets: [xnli], languages: [yo]}", "does not evaluate xnli in yo"),
        ("{kind: greater, arm: {intermediate: [ccg]}, targets: [xnli], metric: mlqa_f1}", "mlqa_f1 does not score xnli"),
        ("{kind: selected_greater, targets: [xnli], languages: [xx]}", "no language 'xx'"),
        ("{kind: selected_greater, metric: accuracies}", "no metric 'accuracies'"),
        ("{kind: value, arm: {intermediate: []}, value: 1.0, margin: 1.0, groups: [tags]}", "no group 'tags'"),
        ("{kind: ordering, group: taging}", "no group 'taging'"),
    ],
)
def test_what_no_study_can_fill_is_said(complaints: Complaints, part: str, said: str) -> None:
    (problem,) = complaints(part)
    assert said in problem


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("    signature: {splitt: test}\n", "no field of a signature 'splitt'"),
        ("    training: {learning_rat: 0.1}\n", "no field of a training 'learning_rat'"),
        ("    signature: {split: validation}\n", "evaluates on test, not on validation"),
    ],
)
def test_signature_and_training_are_checked(complaints: Complaints, more: str, said: str) -> None:
    (problem,) = complaints("{kind: greater, arm: {intermediate: [ccg]}}", more)
    assert said in problem


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_the_projects_own_claims_can_all_be_filled(catalog: Catalog, path: Path) -> None:
    assert check(path, catalog) == []


def test_published_numbers_are_claims_as_they_stand_on_file(catalog: Catalog) -> None:
    path = ROOT / "claims.reference.yaml"
    assert path.read_text(encoding="utf-8") == document(catalog, "xtreme"), "run `harness export claims`"
    scores = [p for c in claims(path).claims for p in c.parts if p.kind == "value" and p.over == "nothing"]
    published = [
        n.value
        for r in catalog.references
        for n in r.numbers
        if r.systems[n.system].encoder and n.confidence != "derived" and n.split == "test" and n.metric != "gain"
    ]
    assert sorted(p.value for p in scores) == sorted(published)


def test_each_number_that_is_left_out_is_counted_with_its_reason(catalog: Catalog) -> None:
    text = document(catalog, "xtreme")
    head = text.partition("schema_version")[0]
    left_out = sum(int(line.split()[1]) for line in head.splitlines() if line[:2] == "# " and line.split()[1].isdigit())
    total = sum(len(r.numbers) for r in catalog.references)
    assert left_out + text.count("  - id: ") == total
