"""One document of verdicts, and its five forms."""

from __future__ import annotations

import json
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from harness.records import JSON, OUTCOMES, Verdict
from harness.report import verdicts as module
from harness.report import wording
from harness.report.verdicts import FORMATS, claims_document, render


@pytest.fixture
def document(verdicts: list[Verdict]) -> JSON:
    return claims_document("small", "store", verdicts)


def test_the_document_has_the_fields_of_the_contract(document: JSON) -> None:
    assert list(document) == ["schema_version", "study", "store", "claims", "summary"]
    assert list(document["claims"][0]) == [
        "id", "statement", "source", "kind", "parts", "outcome", "fidelity",
    ]  # fmt: skip
    fields = "kind outcome fidelity expected estimate interval p p_adjusted n_seeds n_examples signature evidence next"
    assert set(fields.split()) <= set(document["claims"][0]["parts"][0])
    assert document["summary"] == dict.fromkeys(OUTCOMES, 1)


def test_json_is_the_document(document: JSON) -> None:
    assert json.loads(render(document, "json")) == json.loads(json.dumps(document))


def test_nan_does_not_reach_the_document(verdicts: list[Verdict]) -> None:
    part = replace(verdicts[0].parts[0], estimate=float("nan"), interval=(float("nan"), 1.0))
    document = claims_document(None, "store", [replace(verdicts[0], parts=(part,))])
    assert (document["claims"][0]["parts"][0]["estimate"], document["claims"][0]["parts"][0]["interval"]) == (None, None)
    for form in FORMATS:
        assert "nan" not in render(document, form).lower()


@pytest.mark.parametrize("form", FORMATS)
def test_every_form_names_every_claim_and_ends_in_a_newline(document: JSON, form: str) -> None:
    text = render(document, form)
    assert text.endswith("\n")
    assert all(claim["id"] in text for claim in document["claims"])


@pytest.mark.parametrize("form", FORMATS)
def test_no_claims_are_no_error(form: str) -> None:
    assert render(claims_document(None, "store", []), form)


def test_the_table_fits_a_terminal(document: JSON) -> None:
    text = render(document, "table")
    assert max(map(len, text.splitlines())) <= 100
    assert "harness run specs/studies/small.yaml" in text
    assert "1 reproduced · 1 contradicted · 1 inconclusive · 1 not comparable · 1 not run" in text


def test_markdown_cells_cannot_break_the_table(document: JSON) -> None:
    text = render(document, "markdown")
    assert "A &amp; B &lt;helps&gt; by 8.2 \\| 7.5 points" in text
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert {line.replace("\\|", "").count("|") for line in rows} == {8}


def test_junit_has_a_case_a_part(document: JSON) -> None:
    root = ElementTree.fromstring(render(document, "junit"))
    cases = root.findall("./testsuite/testcase")
    assert len(cases) == 5
    assert {k: root.get(k) for k in ("tests", "failures", "skipped")} == {"tests": "5", "failures": "1", "skipped": "3"}
    children = {case.get("classname", "")[-2:]: [child.tag for child in case] for case in cases}
    assert children == {"C1": [], "C2": ["failure"], "C3": ["skipped"], "C4": ["skipped"], "C5": ["skipped"]}


def test_junit_drops_characters_that_xml_has_not(verdicts: list[Verdict]) -> None:
    part = replace(verdicts[4].parts[0], next="a bell \a")
    text = render(claims_document("small", "store", [replace(verdicts[4], parts=(part,))]), "junit")
    assert ElementTree.fromstring(text).find(".//skipped") is not None


def test_sarif_points_at_the_claims_line(document: JSON) -> None:
    log = json.loads(render(document, "sarif", claims_file="claims.yaml", lines={"C2": 17}))
    results = log["runs"][0]["results"]
    levels = {result["ruleId"]: result["level"] for result in results}
    assert log["version"] == "2.1.0"
    assert levels == {"C2": "error", "C3": "warning", "C4": "note", "C5": "warning"}
    place = next(r for r in results if r["ruleId"] == "C2")["locations"][0]["physicalLocation"]
    assert place == {"artifactLocation": {"uri": "claims.yaml"}, "region": {"startLine": 17}}


def test_an_unknown_form_is_refused(document: JSON) -> None:
    with pytest.raises(KeyError):
        module.render(document, "pdf")


@pytest.mark.parametrize(
    ("kind", "expected", "phrase"),
    [
        ("greater", {"arm": "qa", "over": "without intermediate training", "difference": "> 0"}, "qa above the baseline"),
        ("value", {"arm": "qa", "value": 8.2, "margin": 1.0, "over": "nli"}, "qa: +8.2 ± 1 points over nli"),
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


def test_an_enumeration_is_told_from_a_sentence() -> None:
    assert wording.steps("here differ a: 1; b: 2; c: 3") == ("here differ", ("a: 1", "b: 2", "c: 3"))
    assert wording.steps("exact evidence differs in: a; b; c") == ("exact evidence differs", ("a", "b", "c"))
    assert wording.steps("run this; then that") == ("run this; then that", ())


def test_numbers_in_words() -> None:
    assert [wording.points(x) for x in (1.25, -0.04, -3.0, None)] == ["+1.2", "0.0", "−3.0", "–"]
    assert wording.between((61.04, 70.0)) == "[61.0, 70.0]"
    assert [wording.seconds(x) for x in (1.5, 600, 7200)] == ["1.5 s", "10.0 min", "2.0 h"]
    assert [wording.probability(x) for x in (0.0005, 0.0421, None)] == ["< 0.001", "0.042", "–"]
