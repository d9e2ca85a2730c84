"""The table of MultiCheckList's templates: which translation of a line holds for which English words.

Tab-separated, one column a language. A language whose wording depends on what is filled in has several columns of the same
name, each followed by `<language>-placeholders`: the English words for which that wording holds. Tests stand below each
other, parted by an empty line (or one of spaces).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from harness.readers._lines import lines, wrong

# Commas of Latin, Arabic, Chinese, Japanese and Burmese script.
_COMMAS = re.compile(r"\s*[,،，、၊]\s*")
_SLOT = re.compile(r"\{(?:[a-z]:)?([a-z_]+\d*(?:\[\d\]|\.[a-z]\d)?)\}")
Words = Mapping[str, frozenset[str]]


@dataclass(frozen=True)
class Cell:
    """One wording of a line, and the English words for which it holds: as they stand there, and by kind once told apart."""

    text: str
    only: tuple[str, ...]
    named: tuple[tuple[str, frozenset[str]], ...] = ()


@dataclass(frozen=True)
class Line:
    """A line of a test in one language: a context, a question, an answer, or something to fill in."""

    field: str
    english: str
    cells: tuple[Cell, ...]

    def told_apart(self, known: Words) -> Line:
        """Returns the line with the words of its cells by kind. `known` are all words that they can name."""
        cells = []
        for cell in self.cells:
            named = ((kind, words.intersection(cell.only)) for kind, words in known.items())
            cells.append(replace(cell, named=tuple((kind, words) for kind, words in named if words)))
        return replace(self, cells=tuple(cells))

    def wording(self, case: Words) -> str | None:
        """Returns the wording that holds for a case; one for special words before one for all. None if there is none.

        `case` are its English words by kind. Where a wording names words of several kinds, the case must have one of each.
        """
        fitting = [cell for cell in self.cells if not cell.only or _names(cell, case)]
        return min(fitting, key=lambda cell: not cell.only).text if fitting else None


Block = tuple[Line, ...]


def read_blocks(path: Path, language: str) -> dict[str, Block]:
    """Returns the lines of each test, by its English name, in one language. Raises SpecError if it has no column."""
    table = [line.split("\t") for line in lines(path)]
    header = table[0] if table else []
    columns = [i for i, name in enumerate(header) if name == language]
    if not columns or "en" not in header:
        there = ", ".join(sorted({name for name in header[1:] if not name.endswith("-placeholders")}))
        raise wrong(path, 1, f"no column {language!r}", f"there is {there or 'none'}")
    english = header.index("en")
    blocks: dict[str, Block] = {}
    name = ""
    for number, cells in enumerate(table[1:], start=2):
        if len(cells) != len(header):
            raise wrong(path, number, f"{len(cells)} columns instead of {len(header)}")
        if cells[0] == "Name":
            name = cells[english]
            blocks[name] = ()
        elif cells[0].strip() and cells[0] != "Capability":
            if not name:
                raise wrong(path, number, f"{cells[0]!r} belongs to no test", "a test begins with its Name")
            blocks[name] += (_line(cells, header, english, columns),)
    return blocks


def _line(cells: Sequence[str], header: Sequence[str], english: int, columns: Sequence[int]) -> Line:
    found = []
    for column in columns:
        own = column + 1 < len(header) and header[column + 1] == f"{header[column]}-placeholders"
        only = tuple(plain(item) for item in cells[column + 1].split(",") if item.strip()) if own else ()
        if cells[column].strip():
            found.append(Cell(cells[column].strip(), only))
    return Line(cells[0], cells[english].strip(), tuple(found))


def plain(words: str) -> str:
    """Returns English words as they are compared: without article, in lower case."""
    return re.sub(r"^(an?|the) ", "", words.strip().lower())


def forms(words: str) -> list[str]:
    """Returns the forms of something to fill in: `older, old`. Scripts without commas put spaces between them."""
    found = [form for form in _COMMAS.split(words.strip()) if form]
    return found if len(found) > 1 else words.split()


def fill(
    template: str, values: Mapping[str, str], *, sentence_case: bool = False
) -> tuple[str, list[tuple[str, int]]] | None:
    """Returns a template filled in, and which slot begins where. None if there is nothing to fill a slot with.

    With `sentence_case` a thing that begins a sentence gets a capital letter, as MultiCheckList's own generator does.
    """
    text, places, end = "", [], 0
    for match in _SLOT.finditer(template):
        slot = match.group(1)
        if slot not in values:
            return None
        text += template[end : match.start()]
        value = values[slot]
        if sentence_case and slot.startswith("obj") and (not text or text.endswith(". ")):
            value = value[:1].upper() + value[1:]
        places.append((slot, len(text)))
        text += value
        end = match.end()
    return text + template[end:], places


def slots(template: str) -> list[str]:
    """Returns the names of a template's slots, in their order."""
    return _SLOT.findall(template)


def _names(cell: Cell, case: Words) -> bool:
    return bool(cell.named) and all(case.get(kind, frozenset()) & words for kind, words in cell.named)
