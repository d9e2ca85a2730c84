"""Verdicts as a table on a terminal: at most 100 columns, whatever the texts hold, and what to type next."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rich.cells import cell_len

from harness.records import OUTCOMES
from harness.report import wording
from harness.report.advice import next_command
from harness.report.verdicts import UNDECIDED, Results, outcome_words, parts

WIDTH = 100
GAP = "  "
HEADERS = ("claim", "part", "expected", "found (95 %)", "outcome", "fidelity")
# The widest that a column may be; what is expected takes what the others leave.
WIDEST = (12, 13, WIDTH, 16, 16, 8)
EXPECTED, OUTCOME = 2, 4
# Blue, orange and grey are told apart with any kind of colour vision, on dark and on light; the marks say it alone.
COLORS = dict.fromkeys(OUTCOMES, "38;5;245") | {"reproduced": "38;5;33", "contradicted": "1;38;5;208"}
# Control characters, and those that turn the direction of writing, could rewrite what stands before them.
_UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
_PIECES = re.compile(r"\s+|[^\s-]*-+(?=\w)|\S+")
_WORDS = re.compile(r"\s+|\S+")


def table(results: Results, *, color: bool = False) -> str:
    """Returns a table of all parts, the tally, and for each part that is not decided what would decide it."""
    document = results.document
    rows, outcomes = [], []
    for claim in document["claims"]:
        for i, part in enumerate(claim["parts"]):
            outcomes.append(part["outcome"])
            rows.append(
                [
                    claim["id"] if i == 0 else "",
                    wording.KIND_WORDS.get(part["kind"], part["kind"]),
                    wording.asked(part),
                    wording.ours(part).replace(" [", "\n["),
                    outcome_words(part["outcome"]),
                    part["fidelity"],
                ]
            )
    widths = _widths(rows)
    lines = [_line(HEADERS, widths), _line(["-" * width for width in widths], widths)]
    for row, outcome in zip(rows, outcomes, strict=True):
        cells = [wrap(text, width) for text, width in zip(row, widths, strict=True)]
        for i in range(max(map(len, cells))):
            texts = [cell[i] if i < len(cell) else "" for cell in cells]
            lines.append(_line(texts, widths, COLORS[outcome] if color else ""))
    counts = document["summary"]
    tally = [_painted(f"{counts[w]} {wording.OUTCOME_WORDS[w]}", COLORS[w] if color and counts[w] else "") for w in OUTCOMES]
    return "\n".join([*lines, "", " · ".join(tally), *_what_next(results)]) + "\n"


def wrap(text: str, width: int, *, hyphens: bool = True) -> list[str]:
    """Returns text in lines of at most `width` columns, broken at spaces and hyphens, within a word only if it must be.

    A Chinese, Japanese or Korean character is two columns wide, a combining one none.
    """
    lines: list[str] = []
    for paragraph in _UNSAFE.sub("\ufffd", text.expandtabs(1)).split("\n"):
        line, used = "", 0
        for piece in (_PIECES if hyphens else _WORDS).findall(paragraph):
            size = cell_len(piece)
            if used + size > width:
                if line.strip():
                    lines.append(line.rstrip())
                *whole, piece = _chopped(piece.lstrip(), width)
                lines += whole
                line, used, size = "", 0, cell_len(piece)
            line, used = line + piece, used + size
        lines.append(line.rstrip())
    return lines


def _chopped(word: str, width: int) -> list[str]:
    chunks, used = [""], 0
    for letter in word:
        size = cell_len(letter)
        if used + size > width:
            chunks.append("")
            used = 0
        chunks[-1] += letter
        used += size
    return chunks


def _widths(rows: Sequence[Sequence[str]]) -> list[int]:
    longest = [
        max(cell_len(line) for text in column for line in text.split("\n")) for column in zip(HEADERS, *rows, strict=True)
    ]
    widths = [min(pair) for pair in zip(longest, WIDEST, strict=True)]
    others = sum(widths) - widths[EXPECTED] + len(GAP) * (len(widths) - 1)
    widths[EXPECTED] = min(widths[EXPECTED], WIDTH - others)
    return widths


def _line(texts: Sequence[str], widths: Sequence[int], color: str = "") -> str:
    padded = [text + " " * (width - cell_len(text)) for text, width in zip(texts, widths, strict=True)]
    if color and texts[OUTCOME]:
        padded[OUTCOME] = _painted(texts[OUTCOME], color) + padded[OUTCOME][len(texts[OUTCOME]) :]
    return GAP.join(padded).rstrip()


def _painted(text: str, color: str) -> str:
    return f"\x1b[{color}m{text}\x1b[0m" if color else text


def _what_next(results: Results) -> list[str]:
    """Returns, once for each different advice, the parts it is for, what would decide them, and what to type."""
    who: dict[tuple[str, str], list[str]] = {}
    for claim, part in parts(results.document):
        if part["outcome"] in UNDECIDED:
            command = next_command(part, study=results.study, studies=results.studies, paper=results.paper)
            owners = who.setdefault((part["next"], command), [])
            name = f"{claim['id']} {wording.KIND_WORDS.get(part['kind'], part['kind'])}"
            if name not in owners:
                owners.append(name)
    lines = ["", "What would decide the rest"] if who else []
    for (text, command), owners in who.items():
        lines += [f"  {line}" for line in wrap(", ".join(owners), WIDTH - 2)]
        if told := _shortened(text, command):
            lines += [f"    {line}" for line in wrap(told, WIDTH - 4, hyphens=False)]
        if command:
            lines += [f"    {line}" for line in wrap(f"next: {command}", WIDTH - 4, hyphens=False)]
    return lines


def _shortened(text: str, command: str) -> str:
    """Returns what would decide a part: the first items of a long list, and no command that is printed below."""
    lead, items = wording.steps(text)
    if items:
        return f"{lead}: {'; '.join(items[:2])}; and {len(items) - 2} more (--format markdown)".removeprefix(": ")
    return text.removesuffix(command).rstrip(" :;") if command else text
