"""Verdicts as JUnit XML: one test case a claim."""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from harness.records import JSON
from harness.report import wording
from harness.report.advice import next_command
from harness.report.verdicts import UNDECIDED, Results, outcome_words

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(results: Results) -> str:
    """Returns JUnit XML: contradicted claims fail, undecided ones are skipped, each with all of its parts.

    A contradicted claim that is allowed is skipped as well, so there is a failure if and only if the exit code is 1; the
    suite's properties hold the code itself.
    """
    claims = results.document["claims"]
    tags = [_tag(claim["outcome"], results.allowed) for claim in claims]
    counts = {"failures": tags.count("failure"), "errors": 0, "skipped": tags.count("skipped")}
    totals = {"tests": str(len(claims)), **{name: str(n) for name, n in counts.items()}}
    study = results.study or "all"
    root = Element("testsuites", {"name": "claims", **totals})
    suite = SubElement(root, "testsuite", {"name": _legal(f"claims against {study}"), **totals})
    properties = SubElement(suite, "properties")
    for name, value in (("exit_code", str(results.exit_code)), ("allowed", ",".join(results.allowed)), ("study", study)):
        SubElement(properties, "property", {"name": name, "value": _legal(value)})
    for claim, tag in zip(claims, tags, strict=True):
        title = _legal(f"{claim['id']}: {claim['statement']}")
        case = SubElement(suite, "testcase", {"classname": _legal(f"claims.{study}"), "name": title})
        told = _legal("\n".join(_told(part, results) for part in claim["parts"]))
        if tag:
            allowed = ", which is allowed" if claim["outcome"] in results.allowed else ""
            message = f"{wording.OUTCOME_WORDS[claim['outcome']]} ({claim['fidelity']}){allowed}"
            SubElement(case, tag, {"message": message, "type": claim["outcome"]}).text = told
        SubElement(case, "system-out").text = told
    indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def _tag(outcome: str, allowed: tuple[str, ...]) -> str:
    if outcome == "contradicted" and outcome not in allowed:
        return "failure"
    return "skipped" if outcome == "contradicted" or outcome in UNDECIDED else ""


def _told(part: JSON, results: Results) -> str:
    """Returns a part in lines: what was expected, the outcome with estimate and interval, and what to do next."""
    lines = [
        f"{wording.KIND_WORDS.get(part['kind'], part['kind'])}: {wording.asked(part)}",
        f"  {outcome_words(part['outcome'])} ({part['fidelity']}); found {wording.ours(part)}",
    ]
    if part["next"]:
        lines.append(f"  {part['next']}")
    command = next_command(part, study=results.study, studies=results.studies, paper=results.paper)
    return "\n".join([*lines, f"  next: {command}"] if command else lines)


def _legal(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text)
