"""MultiCheckList's templates → test cases for question answering, a fixed sample of each test.

The published suites are Python pickles in a bucket and are not read. They are drawn anew from the same templates: a case
is every context of a test with every question, filled in with the same words. Which words are drawn depends on the test
and the case's number alone, so cases of one number are translations of each other.
Behaviour: google-research/xtreme, `multichecklist/generate_test_utils.py`; the code is the project's own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

from pydantic import PositiveInt

from harness.canon import digest
from harness.readers._checklist import Block, Line, Words, fill, forms, plain, read_blocks, slots
from harness.readers._checklist_names import names
from harness.readers._lines import wrong
from harness.spec.base import Spec

VERSION = 2
Test = Literal["comparison", "intensifier", "property", "profession", "animal", "animal2"]
ANIMALS = "Animal vs Vehicle"
# The test's name in the table, the fields that are drawn, the second person's slot.
TESTS: dict[Test, tuple[str, tuple[str, ...], str]] = {
    "comparison": ("A is COMP than B. Who is more / less COMP?", ("adj",), "first_name1"),
    "intensifier": (
        "Intensifiers (very, super, extremely) and reducers (somewhat, kinda, etc)?",
        ("state", "very", "somewhat"),
        "first_name1",
    ),
    "property": ("size, shape, age, color", ("obj",), ""),
    "profession": ("Profession vs nationality", ("profession", "nationality"), ""),
    "animal": (ANIMALS, ("animal", "vehicle"), ""),
    "animal2": ("Animal vs Vehicle v2", ("animal", "vehicle"), "first_name2"),
}
SLOTS = {"state": "s", "p1": "p.p1", "p2": "p.p2", "v1": "p.v1", "v2": "p.v2"}
# Where a language has no wording for a drawn case the next one is taken; so many are tried for each that is wanted.
TRIES = 10


class Options(Spec):
    """`cases` of each of `tests`."""

    tests: tuple[Test, ...] = tuple(TESTS)
    cases: PositiveInt = 200


@dataclass(frozen=True)
class Case:
    """A test case: its rows, and how many more it would have if its answers stood in their contexts."""

    test: Test
    name: str
    rows: tuple[dict[str, Any], ...]
    n_dropped: int


@dataclass(frozen=True)
class _Template:
    """A test in one language: its contexts, its questions with their answers, and what is filled in, by field."""

    test: Test
    contexts: Sequence[Line]
    pairs: Sequence[tuple[Line, Line]]
    filling: Mapping[str, Sequence[Line]]


@dataclass(frozen=True)
class _Draw:
    """What is filled into a case: lines by what they are for, and two persons' names."""

    lines: Mapping[str, Line]
    persons: Mapping[str, str]

    def words(self, context: str, asked: str | None = None) -> Words:
        """Returns the English words of the case by kind; of its two properties only the one that is asked for, if any."""
        found: dict[str, frozenset[str]] = {"Context": frozenset({plain(context)})}
        for role, line in self.lines.items():
            if line.field != "property" or asked in (None, "", role):
                found[line.field] = found.get(line.field, frozenset()) | _english(line)
        return found


def read(paths: Sequence[Path], *, options: Options, language: str) -> Iterator[dict[str, Any]]:
    """Yields an extractive_qa row a context and question.

    The id is `<language>-<test>-<case>-q<number>`, `group` what stands before the last hyphen: the case, which passes or
    fails as a whole. A row whose answer does not stand in its context, as the translation has it, is left out.
    """
    for path in paths:
        for case in cases(path, options=options, language=language):
            yield from case.rows


def cases(path: Path, *, options: Options, language: str) -> Iterator[Case]:
    """Yields the cases of each test. Raises SpecError for a table that lacks the language or a test."""
    blocks = read_blocks(path, language)
    for test in options.tests:
        for needed in (TESTS[test][0], ANIMALS if test == "animal2" else TESTS[test][0]):
            if needed not in blocks:
                raise wrong(path, None, f"no test {needed!r}", f"there is {', '.join(blocks) or 'none'}")
        template = _template(test, blocks)
        n_found = 0
        seen: set[tuple[int, ...]] = set()
        for number in range(options.cases * TRIES):
            draw, key = _draw(template, number, names(language))
            if key in seen:
                continue
            seen.add(key)
            case = _case(template, f"{language}-{test}-{number:03}", draw)
            if case and case.rows:
                yield case
                n_found += 1
            if n_found == options.cases:
                break


def _template(test: Test, blocks: Mapping[str, Block]) -> _Template:
    """Returns a test's lines, the words in their columns of placeholders told apart by kind."""
    title, *_ = TESTS[test]
    # The second test of animals has nothing to fill in: it takes that of the first, which names contexts of both.
    source = (ANIMALS, title) if test == "animal2" else (title, "Animal vs Vehicle v2") if test == "animal" else (title,)
    parts = ("Context", "Question", "Answer")
    known: dict[str, frozenset[str]] = {}
    for line in (line for name in source for line in blocks.get(name, ())):
        if line.field not in parts[1:]:
            words = frozenset({plain(line.english)}) if line.field == "Context" else _english(line)
            known[line.field] = known.get(line.field, frozenset()) | words
    filling: dict[str, list[Line]] = {}
    for line in blocks[source[0]]:
        if line.field not in parts:
            filling.setdefault(line.field, []).append(line.told_apart(known))
    own = [line.told_apart(known) for line in blocks[title] if line.field in parts]
    pairs = [(q, a) for q, a in pairwise(own) if (q.field, a.field) == ("Question", "Answer")]
    return _Template(test, [line for line in own if line.field == "Context"], pairs, filling)


def _draw(template: _Template, number: int, people: Sequence[str]) -> tuple[_Draw, tuple[int, ...]]:
    """Returns what is drawn for a case, and all that tells it from other cases."""
    test, filling = template.test, template.filling
    _, fields, second = TESTS[test]
    key: list[int] = []

    def pick(what: str, n: int) -> int:
        key.append(int(digest(f"multichecklist {test} {number} {what}".encode())[:12], 16) % n)
        return key[-1]

    lines = {field: filling[field][pick(field, len(filling[field]))] for field in fields}
    if test == "property":
        properties = list(filling["property"])
        for i in (1, 2):
            one = properties.pop(pick(f"p{i}", len(properties)))
            values = filling[one.english]
            lines |= {f"p{i}": one, f"v{i}": values[pick(f"v{i}", len(values))]}
    persons = {}
    if test != "property":
        left = list(people)
        for slot in filter(None, ("first_name", second)):
            persons[slot] = left.pop(pick(slot, len(left)))
    return _Draw(lines, persons), tuple(key)


def _case(template: _Template, name: str, draw: _Draw) -> Case | None:
    """Returns a case with all of its rows but those whose answer is not there. None if the language cannot say it."""
    rows: list[dict[str, Any]] = []
    number = n_dropped = 0
    for context in template.contexts:
        words = draw.words(context.english)
        values = _values(draw, words)
        wording = context.wording(words)
        filled = values and wording and fill(wording, values, sentence_case=True)
        if not values or not filled:
            return None
        for question, answer in template.pairs:
            text = _question(question, answer, draw, context.english, values)
            if text is None:
                return None
            number += 1
            found = _answer(answer, values, *filled)
            n_dropped += found is None
            if found is not None:
                row = {"id": f"{name}-q{number}", "group": name, "question": text, "context": filled[0], "answers": [found]}
                rows.append(row)
    return Case(template.test, name, tuple(rows), n_dropped)


def _values(draw: _Draw, words: Words) -> dict[str, str] | None:
    """Returns what each slot is filled with in the case's language; None if it has no word that fits."""
    values = dict(draw.persons)
    for role, line in draw.lines.items():
        text = line.wording(words)
        if text is None:
            return None
        if role in ("adj", "obj"):
            values |= {f"{role}[{i}]": form for i, form in enumerate(forms(text))}
        else:
            values[SLOTS.get(role, role)] = text
    return values


def _question(question: Line, answer: Line, draw: _Draw, context: str, values: Mapping[str, str]) -> str | None:
    role = {"p.v1": "p1", "p.v2": "p2"}.get(next(iter(slots(answer.english)), ""))
    template = question.wording(draw.words(context, role))
    if template is None:
        return None
    if role and f"p.{role}" not in slots(template):
        # German and others name the first property where the second is asked for.
        values = {**values, "p.p1": values[f"p.{role}"], "p.p2": values[f"p.{role}"]}
    filled = fill(template, values)
    return filled and filled[0]


def _answer(
    answer: Line, values: Mapping[str, str], context: str, places: Sequence[tuple[str, int]]
) -> dict[str, Any] | None:
    """Returns the answer where it stands in the context: at one of the places of what fills it.

    Quechua has two forms of an answer, the second in the column of placeholders; the one that stands there is taken.
    """
    for template in (text for cell in answer.cells for text in (cell.text, *cell.only) if "{" in text):
        filled = fill(template, values)
        if filled is None or not filled[1]:
            continue
        text, ((slot, offset), *_) = filled
        for there, start in places:
            if there == slot and start >= offset and context.startswith(text, start - offset):
                return {"text": text, "start": start - offset}
    return None


@cache
def _english(line: Line) -> frozenset[str]:
    return frozenset(plain(form) for form in line.english.split(","))
