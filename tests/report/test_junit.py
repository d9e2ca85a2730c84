"""JUnit XML: its structure, and that it never contradicts the exit code."""

from __future__ import annotations

import itertools
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from harness.records import OUTCOMES, Verdict
from harness.report.junit import junit
from harness.report.verdicts import Results

# What the common schemas of JUnit allow: attributes (the first group must be there), and children in this order.
SCHEMA = {
    "testsuites": ({"name", "tests"}, {"failures", "errors", "skipped"}, ["testsuite"]),
    "testsuite": ({"name", "tests"}, {"failures", "errors", "skipped"}, ["properties", "testcase"]),
    "properties": (set(), set(), ["property"]),
    "property": ({"name", "value"}, set(), []),
    "testcase": ({"name", "classname"}, set(), ["skipped", "failure", "system-out"]),
    "failure": ({"message", "type"}, set(), []),
    "skipped": ({"message"}, {"type"}, []),
    "system-out": (set(), set(), []),
}


def check(element: ElementTree.Element) -> None:
    required, optional, children = SCHEMA[element.tag]
    assert required <= set(element.attrib) <= required | optional, element.tag
    order = [children.index(child.tag) for child in element]
    assert order == sorted(order), element.tag
    if element.tag in ("testsuites", "testsuite"):
        cases = list(element.iter("testcase"))
        counts = {"tests": len(cases), "errors": 0}
        counts |= {n: len(list(element.iter(tag))) for n, tag in (("failures", "failure"), ("skipped", "skipped"))}
        assert {name: int(element.attrib[name]) for name in counts} == counts
    for child in element:
        check(child)


def test_there_is_a_case_a_claim(results: Results) -> None:
    root = ElementTree.fromstring(junit(results))
    check(root)
    children = {case.attrib["name"][:2]: [child.tag for child in case] for case in root.iter("testcase")}
    skipped = ["skipped", "system-out"]
    assert children == {"C1": ["system-out"], "C2": ["failure", "system-out"], "C3": skipped, "C4": skipped, "C5": skipped}


def test_a_claim_tells_all_its_parts(verdicts: list[Verdict]) -> None:
    parts = tuple(verdict.parts[0] for verdict in verdicts)
    whole = replace(verdicts[1], parts=parts)
    case = ElementTree.fromstring(junit(Results((whole,), study="small", paper="paper"))).find(".//testcase")
    assert case is not None
    failure, out = case
    assert failure.text == out.text
    assert failure.attrib == {"type": "contradicted", "message": "contradicted (proxy)"}
    text = out.text or ""
    for expected in (
        "direction: nli above none\n  ✓ reproduced (proxy); found +20.0 [+12.5, +28.0]",
        "✗ contradicted (proxy); found −3.0 [−5.0, −1.0]",
        "~ inconclusive (proxy); found 1 arms (between 0 and 1)",
        "next: edit vary.seed of specs/studies/small.yaml, then harness run specs/studies/small.yaml",
        "encoder: tiny for FacebookAI/xlm-roberta-large\n  next: harness run specs/studies/paper.yaml",
        "○ not run (proxy); found –\n  harness run specs/studies/small.yaml",
    ):
        assert expected in text


@pytest.mark.parametrize("allowed", [c for n in range(5) for c in itertools.combinations(OUTCOMES[1:], n)], ids=",".join)
def test_it_agrees_with_the_exit_code(verdicts: list[Verdict], allowed: tuple[str, ...]) -> None:
    for chosen in itertools.chain.from_iterable(itertools.combinations(verdicts, n) for n in range(6)):
        results = Results(chosen, allowed=allowed)
        root = ElementTree.fromstring(junit(results))
        check(root)
        properties = {p.attrib["name"]: p.attrib["value"] for p in root.iter("property")}
        assert properties["exit_code"] == str(results.exit_code)
        assert bool(root.findall(".//failure")) == (results.exit_code == 1)
        passed = [case.attrib["name"][:2] for case in root.iter("testcase") if len(case) == 1]
        assert passed == [verdict.id for verdict in chosen if verdict.outcome == "reproduced"]
        if len(passed) == len(chosen):
            assert results.exit_code == 0


def test_an_allowed_contradiction_says_so(verdicts: list[Verdict]) -> None:
    root = ElementTree.fromstring(junit(Results(tuple(verdicts), allowed=("contradicted",))))
    skipped = root.find(".//skipped")
    assert skipped is not None
    assert skipped.attrib == {"message": "contradicted (proxy), which is allowed", "type": "contradicted"}


def test_characters_that_xml_has_not_are_replaced(verdicts: list[Verdict]) -> None:
    part = replace(verdicts[4].parts[0], next="a bell \a & <half> a character \ud800")
    verdict = replace(verdicts[4], id="C\x00", statement="\ufffe", parts=(part,))
    root = ElementTree.fromstring(junit(Results((verdict,), study="s\x1b")))
    assert "a bell \ufffd & <half> a character \ufffd" in (root.findtext(".//skipped") or "")
