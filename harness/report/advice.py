"""What to type next, for each part of a claim that is not decided."""

from __future__ import annotations

import re
from pathlib import Path

from harness.records import JSON

_COMMAND = re.compile(r"\bharness [a-z]+ [^;]+")
_STUDY = re.compile(r"(?:^|\|)study:([^|]+)")
_MORE = re.compile(r": (\d+) more\b")
# What no more seeds can help, by words of the part's `next`, and the field of the study that could.
_OTHER_FIELDS = {
    "more seeds alone": "max_test_examples",
    "larger test sets": "max_test_examples",
    "more arms": "vary.intermediate",
    "more targets": "vary.target",
    "more languages": "languages",
    "two other arms": "vary.intermediate",
    " arms with a number": "vary.intermediate",
    " targets with a number": "vary.target",
    " languages with a number": "languages",
    "the study's languages": "languages",
}


def next_command(part: JSON, *, study: str | None = None, studies: Path = Path("specs/studies"), paper: str = "") -> str:
    """Returns the command that would bring a part nearer to a decision, with the edit that it needs first.

    Empty for a decided part, and for one whose set-up no other study has. `study` is judged where the part's signature
    names none; `paper` is the study of the paper's own encoder.
    """
    outcome, found = part["outcome"], _COMMAND.search(part["next"])
    if outcome in ("reproduced", "contradicted"):
        return ""
    if found:
        return found[0].strip()
    named = _STUDY.search(part["signature"])
    own = named[1] if named else study
    if outcome == "not_comparable":
        return f"harness run {studies / paper}.yaml" if paper and paper != own else ""
    field = next((field for words, field in _OTHER_FIELDS.items() if words in part["next"]), "")
    if not own or (outcome == "not_run" and not field):
        return f"write {studies}/NAME.yaml, then harness run {studies}/NAME.yaml"
    path, field = f"{studies / own}.yaml", field or "vary.seed"
    more = _MORE.search(part["next"])
    return f"edit {field} of {path}{f' ({more[1]} more)' if more else ''}, then harness run {path}"
