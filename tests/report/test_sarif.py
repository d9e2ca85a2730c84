"""SARIF 2.1.0: what its schema asks, and where results point."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.records import JSON
from harness.report.sarif import places, sarif
from harness.report.verdicts import Results

CLAIMS = """\
claims:
  - id: C1
    parts: [{kind: greater}]
  - id: C2
    statement: A claim.
    parts:
      - {kind: value}
      - kind: greater
  - {id: C3, parts: [{kind: value},
      {kind: greater}]}
"""


def check(log: JSON) -> None:
    """Check what the schema of SARIF 2.1.0 says of the properties that are used here."""
    assert set(log) == {"$schema", "version", "runs"}
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    assert set(run) == {"tool", "automationDetails", "invocations", "columnKind", "results"}
    assert run["columnKind"] in ("utf16CodeUnits", "unicodeCodePoints")
    driver = run["tool"]["driver"]
    assert set(driver) == {"name", "version", "rules"}
    assert all(isinstance(i["executionSuccessful"], bool) and isinstance(i["exitCode"], int) for i in run["invocations"])
    ids = [rule["id"] for rule in driver["rules"]]
    assert len(ids) == len(set(ids))
    for rule in driver["rules"]:
        assert set(rule) == {"id", "shortDescription", "fullDescription", "help"}
        assert all(isinstance(rule[name]["text"], str) for name in ("shortDescription", "fullDescription", "help"))
    for result in run["results"]:
        assert ids[result["ruleIndex"]] == result["ruleId"]
        assert result["level"] in ("none", "note", "warning", "error")
        assert result["message"]["text"]
        assert all(isinstance(value, str) for value in result["partialFingerprints"].values())
        (location,) = result["locations"]
        place = location["physicalLocation"]
        assert place["region"]["startLine"] >= 1
        assert re.fullmatch(r"[A-Za-z0-9%/._~:-]+", place["artifactLocation"]["uri"])
        assert "\\" not in place["artifactLocation"]["uri"]


def first(results: Results) -> Any:
    log = json.loads(sarif(results))
    check(log)
    return log["runs"][0]


def test_levels_tell_how_bad_it_is(results: Results) -> None:
    run = first(results)
    levels = {result["ruleId"]: result["level"] for result in run["results"]}
    assert levels == {"C2": "error", "C3": "warning", "C4": "note", "C5": "warning"}
    assert run["invocations"][0]["exitCode"] == results.exit_code == 1


def test_allowed_outcomes_are_notes(results: Results) -> None:
    run = first(replace(results, allowed=("contradicted", "not_run", "inconclusive")))
    assert {result["level"] for result in run["results"]} == {"note"}
    assert run["invocations"][0]["exitCode"] == 3


def test_results_point_at_their_part(results: Results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = Path("my claims") / "résumé#1.yaml"
    path.parent.mkdir()
    path.write_text(CLAIMS)
    lines = places(path)
    assert lines == {
        ("C1", None): 2, ("C1", 0): 3, ("C2", None): 4, ("C2", 0): 7, ("C2", 1): 8,
        ("C3", None): 9, ("C3", 0): 9, ("C3", 1): 10,
    }  # fmt: skip
    for claims in (path, path.absolute()):
        places_told = {
            result["ruleId"]: result["locations"][0]["physicalLocation"]
            for result in first(replace(results, claims=claims, lines=lines))["results"]
        }
        artifact = {"uri": "my%20claims/r%C3%A9sum%C3%A9%231.yaml", "uriBaseId": "%SRCROOT%"}
        assert places_told["C2"] == {"artifactLocation": artifact, "region": {"startLine": 7}}
        assert places_told["C5"]["region"] == {"startLine": 1}


def test_a_file_elsewhere_is_named_absolutely(results: Results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    for claims in (tmp_path / "claims.yaml", Path("../claims.yaml")):
        place = first(replace(results, claims=claims))["results"][0]["locations"][0]["physicalLocation"]
        assert place["artifactLocation"] == {"uri": (tmp_path / "claims.yaml").as_uri()}


def test_fingerprints_tell_parts_apart(results: Results) -> None:
    contradicted = results.verdicts[1]
    twice = replace(contradicted, parts=contradicted.parts * 2)
    prints = [r["partialFingerprints"]["claimPart/v1"] for r in first(replace(results, verdicts=(twice,)))["results"]]
    assert len(set(prints)) == 2
