"""One document of verdicts, and its five forms."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from harness.records import JSON, OUTCOMES, Verdict
from harness.report import forms, wording
from harness.report import verdicts as verdicts_module
from harness.report.forms import FORMATS, render
from harness.report.verdicts import Results


@pytest.fixture
def document(results: Results) -> JSON:
    return results.document


def test_the_document_has_the_fields_of_the_contract(document: JSON) -> None:
    assert list(document) == ["schema_version", "study", "store", "claims", "summary"]
    assert list(document["claims"][0]) == [
        "id", "statement", "source", "kind", "parts", "outcome", "fidelity",
    ]  # fmt: skip
    fields = "kind outcome fidelity expected estimate interval p p_adjusted n_seeds n_examples signature evidence next"
    assert set(fields.split()) <= set(document["claims"][0]["parts"][0])
    assert document["summary"] == dict.fromkeys(OUTCOMES, 1)


def test_json_is_the_document(results: Results) -> None:
    assert json.loads(render(results, "json")) == json.loads(json.dumps(results.document))


def test_nan_does_not_reach_the_document(verdicts: list[Verdict]) -> None:
    part = replace(verdicts[0].parts[0], estimate=float("nan"), interval=(float("nan"), 1.0))
    results = Results((replace(verdicts[0], parts=(part,)),))
    shown = results.document["claims"][0]["parts"][0]
    assert (shown["estimate"], shown["interval"]) == (None, None)
    for form in FORMATS:
        assert "nan" not in render(results, form).lower()


@pytest.mark.parametrize("form", FORMATS)
def test_every_form_names_every_claim_and_ends_in_a_newline(results: Results, form: str) -> None:
    text = render(results, form)
    assert text.endswith("\n")
    assert all(verdict.id in text for verdict in results.verdicts)


@pytest.mark.parametrize("form", FORMATS)
def test_no_claims_are_no_error(form: str) -> None:
    assert render(Results(()), form)


def test_markdown_cells_cannot_break_the_table(results: Results) -> None:
    text = render(results, "markdown")
    assert "A &amp; B &lt;helps&gt; by 8.2 \\| 7.5 points" in text
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert {line.replace("\\|", "").count("|") for line in rows} == {8}


def test_a_cell_is_one_line_whatever_it_holds() -> None:
    assert verdicts_module.cell("a\\|b\r\nc\u2028d") == "a&#92;\\|b c d"


def test_an_unknown_form_is_refused(results: Results) -> None:
    with pytest.raises(KeyError):
        render(results, "pdf")


def test_files_of_one_judgement_say_the_same(results: Results, tmp_path: Path) -> None:
    files = {path.name: path.read_text(encoding="utf-8") for path in forms.write(results, tmp_path / "new" / "folder")}
    assert list(files) == ["verdicts.json", "junit.xml", "verdicts.sarif", "summary.md"]
    assert sorted(files) == sorted(path.name for path in (tmp_path / "new" / "folder").iterdir())
    assert json.loads(files["verdicts.json"]) == json.loads(json.dumps(results.document))
    for name, form in forms.FILES.items():
        assert files[name] == render(results, form)


@pytest.mark.parametrize(
    ("kind", "expected", "phrase"),
    [
        ("greater", {"arm": "qa", "over": "without intermediate training", "difference": "> 0"}, "qa above the baseline"),
        ("value", {"arm": "qa", "value": 8.2, "margin": 1.0, "over": "nli"}, "qa: +8.2 ± 1 points over nli"),
        ("value", {"arm": "qa", "score": 73.5, "margin": 1.0}, "qa: a score of 73.5 ± 1"),
        ("value", {"arm": "qa", "over": "nothing", "value": 73.5, "margin": 1.0}, "qa: a score of 73.5 ± 1"),
        ("best", {"arm": {"intermediate": "all"}}, "all tasks at once ranks 1 of all arms"),
        ("ordering", {"largest gain": "qa", "of": ["qa", "tagging"]}, "largest gain on qa, of qa, tagging"),
        ("provenance", {"phases": ["a", "b"], "source_selection_only": True}, "phases: a → b; source selection only"),
        ("count", {"arms that improve": "at least 2 of 3"}, "arms that improve: at least 2 of 3"),
        ("greater", {"arm": "qa", "targets": ["tydiqa"]}, "qa above the baseline; targets: tydiqa"),
        ("something_new", {"much": 0.5, "many": [1, 2]}, "much: 0.5; many: 1, 2"),
        ("provenance", {}, wording.MISSING),
    ],
)
def test_what_a_part_asks_is_a_phrase(kind: str, expected: JSON, phrase: str) -> None:
    assert wording.asked({"kind": kind, "expected": expected}) == phrase


def test_a_score_has_no_sign() -> None:
    part = {
        "kind": "value",
        "expected": {"arm": "qa", "score": 73.5, "margin": 1.0},
        "estimate": 72.06,
        "interval": [70.0, 74.0],
    }
    assert (wording.ours(part), wording.papers(part), wording.in_points(part)) == ("72.1 [70.0, 74.0]", "73.5", False)
    part = {**part, "expected": {"arm": "qa", "over": "none", "value": -1.5, "margin": 1.0}}
    assert (wording.ours(part), wording.papers(part), wording.in_points(part)) == ("+72.1 [+70.0, +74.0]", "−1.5", True)


def test_an_enumeration_is_told_from_a_sentence() -> None:
    assert wording.steps("here differ a: 1; b: 2; c: 3") == ("here differ", ("a: 1", "b: 2", "c: 3"))
    assert wording.steps("exact evidence differs in: a; b; c") == ("exact evidence differs", ("a", "b", "c"))
    assert wording.steps("run this; then that") == ("run this; then that", ())


def test_numbers_in_words() -> None:
    assert [wording.points(x) for x in (1.25, -0.04, -3.0, None)] == ["+1.2", "0.0", "−3.0", "–"]
    assert wording.between((61.04, 70.0)) == "[61.0, 70.0]"
    assert [wording.seconds(x) for x in (1.5, 600, 7200)] == ["1.5 s", "10.0 min", "2.0 h"]
    assert [wording.probability(x) for x in (0.0005, 0.0421, None)] == ["< 0.001", "0.042", "–"]
