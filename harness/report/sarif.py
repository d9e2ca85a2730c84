"""Verdicts as SARIF 2.1.0: a result for each part that is not reproduced, at its line in the file of claims."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from harness import __version__
from harness.canon import address, pretty
from harness.records import JSON
from harness.report import wording
from harness.report.verdicts import Results, said
from harness.spec import document

_LEVELS = {"contradicted": "error", "inconclusive": "warning", "not_run": "warning", "not_comparable": "note"}


def sarif(results: Results) -> str:
    """Returns a SARIF log; each claim is a rule. A part in an allowed outcome is a note."""
    found = results.document
    rules = [
        {
            "id": claim["id"],
            "shortDescription": {"text": claim["statement"]},
            "fullDescription": {"text": claim["statement"]},
            "help": {"text": f"“{claim['source']['quote']}” ({claim['source']['document']})"},
        }
        for claim in found["claims"]
    ]
    told = [
        _result(results, claim, rule, part, i)
        for rule, claim in enumerate(found["claims"])
        for i, part in enumerate(claim["parts"])
        if part["outcome"] != "reproduced"
    ]
    run = {
        "tool": {"driver": {"name": "harness", "version": __version__, "rules": rules}},
        # Logs of different studies stand beside each other, and a new one replaces the old one of its own study.
        "automationDetails": {"id": f"harness/{results.study or 'all'}/"},
        "invocations": [{"executionSuccessful": True, "exitCode": results.exit_code}],
        "columnKind": "unicodeCodePoints",
        "results": told,
    }
    log = {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}
    return pretty(log)


def _result(results: Results, claim: JSON, rule: int, part: JSON, i: int) -> JSON:
    line = results.lines.get((claim["id"], i)) or results.lines.get((claim["id"], None), 1)
    level = "note" if part["outcome"] in results.allowed else _LEVELS[part["outcome"]]
    return {
        "ruleId": claim["id"],
        "ruleIndex": rule,
        "level": level,
        "message": {"text": f"{claim['statement']} {wording.asked(part)}: {said(part)}"},
        "locations": [{"physicalLocation": {"artifactLocation": _artifact(results.claims), "region": {"startLine": line}}}],
        "partialFingerprints": {"claimPart/v1": address([claim["id"], i + 1, part["kind"], part["outcome"]])},
        "properties": {k: part[k] for k in ("kind", "outcome", "fidelity", "estimate", "interval")},
    }


def _artifact(path: Path) -> JSON:
    """Returns where a file is: below this folder, which is taken for the root of the sources, or absolutely."""
    whole, root = path.absolute(), Path.cwd()
    if whole.is_relative_to(root) and ".." not in whole.parts:
        return {"uri": quote(whole.relative_to(root).as_posix()), "uriBaseId": "%SRCROOT%"}
    return {"uri": whole.resolve().as_uri()}


def places(path: Path) -> Mapping[tuple[str, int | None], int]:
    """Returns the line of each claim, by its id, and of each of its parts, by id and number from 0."""
    data, lines = document.read(path)
    found: dict[tuple[str, int | None], int] = {}
    for i, claim in enumerate(data["claims"]):
        found[claim["id"], None] = document.line_of(("claims", i), lines)
        for j in range(len(claim["parts"])):
            found[claim["id"], j] = document.line_of(("claims", i, "parts", j), lines)
    return found
