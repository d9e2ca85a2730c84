"""Verdicts as one object and as one JSON document: what every form of them, and the exit code, are made of."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import isfinite
from pathlib import Path

from tabulate import tabulate

from harness.records import JSON, OUTCOMES, Verdict
from harness.report import wording
from harness.verify import exit_code

UNDECIDED = ("inconclusive", "not_comparable", "not_run")


@dataclass(frozen=True)
class Results:
    """Verdicts and what their forms tell beside them.

    `lines` maps a claim's id, and its id with a part's number from 0, to lines of `claims`. `allowed` are outcomes that
    do not count against the exit code. `paper` is the name of the study of the paper's own encoder, empty without one.
    """

    verdicts: tuple[Verdict, ...]
    study: str | None = None
    store: Path | str = "store"
    claims: Path = Path("claims.yaml")
    lines: Mapping[tuple[str, int | None], int] = field(default_factory=dict)
    allowed: tuple[str, ...] = ()
    studies: Path = Path("specs/studies")
    paper: str = ""

    @cached_property
    def document(self) -> JSON:
        """What `verify --format json` prints."""
        return claims_document(self.study, self.store, self.verdicts)

    @property
    def exit_code(self) -> int:
        """What `verify` exits with."""
        return exit_code(self.verdicts, self.allowed)

    @property
    def command(self) -> str:
        """What prints all of it."""
        study = ("--study", self.study) if self.study else ()
        return shlex.join(["harness", "--store", str(self.store), "verify", str(self.claims), *study, "--format", "json"])


def claims_document(study: str | None, store: Path | str, verdicts: Sequence[Verdict]) -> JSON:
    """Returns the verdicts as the document that `verify --format json` prints; no study means all of the store's."""
    return {
        "schema_version": 1,
        "study": study,
        "store": str(store),
        "claims": [{**v.to_json(), "parts": [_finite(part.to_json()) for part in v.parts]} for v in verdicts],
        "summary": {word: sum(verdict.outcome == word for verdict in verdicts) for word in OUTCOMES},
    }


def _finite(part: JSON) -> JSON:
    """Returns a part without nan or infinity, which JSON does not have; an interval with one is none at all."""
    numbers = {k: None if isinstance(v, float) and not isfinite(v) else v for k, v in part.items()}
    ends = part["interval"]
    return {**numbers, "interval": ends if ends and all(map(isfinite, ends)) else None}


def tally(document: JSON) -> str:
    """Returns how many claims have which outcome, in words."""
    counts = document["summary"]
    return " · ".join(f"{counts[word]} {wording.OUTCOME_WORDS[word]}" for word in OUTCOMES)


def parts(document: JSON) -> Iterator[tuple[JSON, JSON]]:
    """Yields each part with its claim."""
    for claim in document["claims"]:
        for part in claim["parts"]:
            yield claim, part


def claim_markdown(claim: JSON, *, level: int, details: bool = True) -> str:
    """Returns one claim in GitHub's Markdown, its heading at `level`, its readings folded or left out."""
    outcome = outcome_words(claim["outcome"])
    source = claim["source"]
    rows = [
        [
            wording.KIND_WORDS.get(part["kind"], part["kind"]),
            wording.asked(part),
            wording.ours(part),
            wording.probability(part["p_adjusted"]),
            outcome_words(part["outcome"]),
            part["fidelity"],
            f"{part['n_seeds']} / {wording.thousands(part['n_examples'])}",
        ]
        for part in claim["parts"]
    ]
    headers = [
        "part",
        "expected",
        "found (95 % interval)",
        "p (Holm)",
        "outcome",
        "fidelity",
        "seeds / examples",
    ]
    blocks = [
        f"{'#' * level} {cell(claim['id'])} · {outcome} · {claim['fidelity']}",
        cell(claim["statement"]),
        f"> “{cell(source['quote'])}” — {cell(source['document'])}",
        grid(rows, headers),
    ]
    remarks = dict.fromkeys(_remarks(claim["parts"])) if details else {}
    if remarks:
        inner = "\n".join(remarks)
        blocks.append(f"<details><summary>Readings, and what would change it</summary>\n\n{inner}\n\n</details>")
    return "\n\n".join(blocks)


def _remarks(judged: Sequence[JSON]) -> Iterator[str]:
    told: set[tuple[str, ...]] = set()
    for part in judged:
        name = wording.KIND_WORDS.get(part["kind"], part["kind"])
        if part["note"]:
            yield f"* {name}: {cell(part['note'])}"
        if wording.details(part):
            yield f"* {name}: {cell(wording.details(part))}"
        if not part["next"]:
            continue
        lead, items = wording.steps(part["next"])
        again = f"; the {len(items)} respects above" if items in told else ""
        yield f"* {name}, what would change it: {cell(lead)}".removesuffix(": ") + again
        if items and not again:
            told.add(items)
            yield from (f"  * {cell(item)}" for item in items)


def cell(text: object) -> str:
    """Returns text that can neither end a Markdown table's cell nor be taken for HTML."""
    plain = str(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    # A backslash before a pipe would undo its escape.
    return " ".join(plain.replace("\\", "&#92;").replace("|", "\\|").splitlines())


def grid(rows: Sequence[Sequence[object]], headers: Sequence[str], *, right_from: int | None = None) -> str:
    """Returns a table in GitHub's Markdown; columns from `right_from` on are aligned right."""
    n = len(headers)
    align = ["left" if right_from is None or i < right_from else "right" for i in range(n)]
    safe = [[cell(value) for value in row] for row in rows]
    head = [cell(value) for value in headers]
    return tabulate(safe, headers=head, tablefmt="pipe", colalign=align if rows else None, disable_numparse=True)


def outcome_words(outcome: str) -> str:
    """Returns an outcome with the mark that says it without colour."""
    return f"{wording.OUTCOME_MARKS[outcome]} {wording.OUTCOME_WORDS[outcome]}"


def said(part: JSON) -> str:
    """Returns outcome, estimate and what would change it in one line."""
    found = f"; found {wording.ours(part)}" if part["estimate"] is not None else ""
    more = f". {part['next']}" if part["next"] else ""
    return f"{wording.OUTCOME_WORDS[part['outcome']]} ({part['fidelity']}){found}{more}"
