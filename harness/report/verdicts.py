"""Verdicts as one JSON document, and that document for a terminal, for Markdown and for CI."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from math import isfinite
from pathlib import Path
from xml.etree import ElementTree

from tabulate import tabulate

from harness.canon import address
from harness.records import JSON, OUTCOMES, Verdict
from harness.report import wording

WIDTH = 100
UNDECIDED = ("inconclusive", "not_comparable", "not_run")
_LEVELS = {"contradicted": "error", "inconclusive": "warning", "not_run": "warning", "not_comparable": "note"}
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


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


def render(document: JSON, form: str, *, claims_file: str = "claims.yaml", lines: Mapping[str, int] | None = None) -> str:
    """Returns a claims document in one of `FORMATS`, ending in a newline.

    `lines` maps a claim's id to its line in `claims_file`; only SARIF points there. Raises KeyError for another format.
    """
    if form == "sarif":
        return sarif(document, claims_file, lines or {})
    return FORMATS[form](document)


def tally(document: JSON) -> str:
    """Returns how many claims have which outcome, in words."""
    counts = document["summary"]
    return " · ".join(f"{counts[word]} {wording.OUTCOME_WORDS[word]}" for word in OUTCOMES)


def parts(document: JSON) -> Iterator[tuple[JSON, JSON]]:
    """Yields each part with its claim."""
    for claim in document["claims"]:
        for part in claim["parts"]:
            yield claim, part


def table(document: JSON) -> str:
    """Returns a plain table of all parts within 100 columns, and what would decide those that are undecided."""
    rows = []
    for claim in document["claims"]:
        for i, part in enumerate(claim["parts"]):
            rows.append(
                [
                    claim["id"] if i == 0 else "",
                    wording.KIND_WORDS.get(part["kind"], part["kind"]),
                    wording.asked(part),
                    wording.ours(part).replace(" [", "\n["),
                    _outcome(part["outcome"]),
                    part["fidelity"],
                ]
            )
    headers = ["claim", "part", "expected", "found (95 %)", "outcome", "fidelity"]
    widths = [8, 13, 30, 16, 16, 8]
    body = tabulate(rows, headers=headers, tablefmt="simple", maxcolwidths=widths, disable_numparse=True)
    return f"{body}\n\n{tally(document)}\n{_what_next(document)}"


def _what_next(document: JSON) -> str:
    """Returns, once for each different text, which parts it would decide."""
    who: dict[str, list[str]] = {}
    for claim, part in parts(document):
        if part["outcome"] in UNDECIDED and part["next"]:
            name = f"{claim['id']} {wording.KIND_WORDS.get(part['kind'], part['kind'])}"
            owners = who.setdefault(part["next"], [])
            if name not in owners:
                owners.append(name)
    if not who:
        return ""
    found = ["", "What would decide the rest"]
    for text, owners in who.items():
        lead, items = wording.steps(text)
        first = f"{lead}: {'; '.join(items[:2])}".removeprefix(": ")
        shown = f"{first}; and {len(items) - 2} more (--format markdown)" if items else text
        indented = textwrap.wrap(
            shown,
            WIDTH,
            initial_indent="    ",
            subsequent_indent="    ",
            break_long_words=False,
            break_on_hyphens=False,
        )
        found += [
            *textwrap.wrap(", ".join(owners), WIDTH, initial_indent="  ", subsequent_indent="  "),
            *indented,
        ]
    return "\n".join(found) + "\n"


def as_json(document: JSON) -> str:
    """Returns the document itself."""
    return json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def markdown(document: JSON) -> str:
    """Returns a job summary: the tally, and of each claim the sentence, its parts, and folded what would change them."""
    study = document["study"] or "all studies"
    blocks = [f"# Claims against {cell(study)}", f"**{tally(document)}**"]
    blocks += [claim_markdown(claim, level=2) for claim in document["claims"]]
    return "\n\n".join(blocks) + "\n"


def claim_markdown(claim: JSON, *, level: int) -> str:
    """Returns one claim in GitHub's Markdown, its heading at `level`."""
    outcome = _outcome(claim["outcome"])
    source = claim["source"]
    rows = [
        [
            wording.KIND_WORDS.get(part["kind"], part["kind"]),
            wording.asked(part),
            wording.ours(part),
            wording.probability(part["p_adjusted"]),
            _outcome(part["outcome"]),
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
    details = list(_remarks(claim["parts"]))
    if details:
        inner = "\n".join(dict.fromkeys(details))
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
        again = f"; the {len(items)} points above" if items in told else ""
        yield f"* {name}, what would change it: {cell(lead)}".removesuffix(": ") + again
        if items and not again:
            told.add(items)
            yield from (f"  * {cell(item)}" for item in items)


def cell(text: object) -> str:
    """Returns text that can neither end a Markdown table's cell nor be taken for HTML."""
    plain = str(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return plain.replace("|", "\\|").replace("\n", " ")


def grid(rows: Sequence[Sequence[object]], headers: Sequence[str], *, right_from: int | None = None) -> str:
    """Returns a table in GitHub's Markdown; columns from `right_from` on are aligned right."""
    n = len(headers)
    align = ["left" if right_from is None or i < right_from else "right" for i in range(n)]
    safe = [[cell(value) for value in row] for row in rows]
    head = [cell(value) for value in headers]
    return tabulate(safe, headers=head, tablefmt="pipe", colalign=align if rows else None, disable_numparse=True)


def junit(document: JSON) -> str:
    """Returns JUnit XML: one test case a part; contradicted ones fail, undecided ones are skipped with the reason."""
    known = list(parts(document))
    failures = sum(part["outcome"] == "contradicted" for _, part in known)
    skipped = sum(part["outcome"] in UNDECIDED for _, part in known)
    totals = {"tests": str(len(known)), "failures": str(failures), "errors": "0", "skipped": str(skipped)}
    root = ElementTree.Element("testsuites", {"name": "claims", **totals})
    study = document["study"] or "all"
    suite = ElementTree.SubElement(root, "testsuite", {"name": f"claims against {study}", **totals})
    for claim in document["claims"]:
        for i, part in enumerate(claim["parts"], 1):
            name = f"{claim['id']}.{i} {part['kind']}: {wording.asked(part)}"
            case = ElementTree.SubElement(
                suite,
                "testcase",
                {"classname": _legal(f"claims.{study}.{claim['id']}"), "name": _legal(name)},
            )
            if part["outcome"] == "contradicted":
                failure = ElementTree.SubElement(case, "failure", {"type": "contradicted", "message": _legal(_said(part))})
                failure.text = _legal(f"{claim['statement']}\n{part['next']}".strip())
            elif part["outcome"] in UNDECIDED:
                ElementTree.SubElement(case, "skipped", {"type": part["outcome"], "message": _legal(_said(part))})
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def sarif(document: JSON, claims_file: str = "claims.yaml", lines: Mapping[str, int] | None = None) -> str:
    """Returns SARIF 2.1.0: one result a part that is not reproduced, at its claim's line in `claims_file`."""
    lines = lines or {}
    results = []
    for claim in document["claims"]:
        for i, part in enumerate(claim["parts"], 1):
            if part["outcome"] == "reproduced":
                continue
            region = {"startLine": lines.get(claim["id"], 1)}
            place = {"artifactLocation": {"uri": claims_file}, "region": region}
            results.append(
                {
                    "ruleId": claim["id"],
                    "level": _LEVELS[part["outcome"]],
                    "message": {"text": f"{claim['statement']} {wording.asked(part)}: {_said(part)}"},
                    "locations": [{"physicalLocation": place}],
                    "partialFingerprints": {"claimPart/v1": address([claim["id"], i, part["kind"], part["outcome"]])},
                    "properties": {k: part[k] for k in ("kind", "outcome", "fidelity", "estimate", "interval")},
                }
            )
    rules = [
        {
            "id": claim["id"],
            "shortDescription": {"text": claim["statement"]},
            "help": {"text": claim["source"]["quote"]},
        }
        for claim in document["claims"]
    ]
    driver = {"name": "harness", "rules": rules}
    log = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}],
    }
    return json.dumps(log, indent=1, ensure_ascii=False) + "\n"


def _outcome(outcome: str) -> str:
    return f"{wording.OUTCOME_MARKS[outcome]} {wording.OUTCOME_WORDS[outcome]}"


def _said(part: JSON) -> str:
    """Returns outcome, estimate and what would change it in one line."""
    found = f"; found {wording.ours(part)}" if part["estimate"] is not None else ""
    more = f". {part['next']}" if part["next"] else ""
    return f"{wording.OUTCOME_WORDS[part['outcome']]} ({part['fidelity']}){found}{more}"


def _legal(text: str) -> str:
    return _NOT_XML.sub("�", text)


FORMATS: dict[str, Callable[[JSON], str]] = {
    "table": table,
    "json": as_json,
    "markdown": markdown,
    "junit": junit,
    "sarif": sarif,
}
