"""What the attacks on texts share: which fields are texts, words and characters of any script, and edits that keep gold.

An attack says which edits of a text it could make; here is drawn which of them are made. An edit is (start, end, new):
the characters from start to end become `new`; start equal to end inserts.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from random import Random
from typing import Final, Literal

from harness import plugin
from harness.attacks import Row, Setup
from harness.errors import SpecError
from harness.spec.base import Spec

Span = tuple[int, int]
Edit = tuple[int, int, str]
FieldName = Literal["text_a", "text_b", "question", "context", "prompt", "choices", "tokens", "source", "target"]

FIELDS: Final[dict[str, tuple[FieldName, ...]]] = {
    "sequence_classification": ("text_a", "text_b"),
    "extractive_qa": ("question", "context"),
    "multiple_choice": ("prompt", "choices"),
    "token_classification": ("tokens",),
    "sentence_retrieval": ("target", "source"),
    "bitext_mining": ("target", "source"),
    "passage_retrieval": ("question",),
}
# Every row of these is a part of the pool that is searched, also those that ask for nothing.
_POOLS: Final = ("bitext_mining", "passage_retrieval")
_UNSPACED: Final = frozenset(
    "CJK IDEOGRAPHIC HIRAGANA KATAKANA BOPOMOFO THAI LAO KHMER MYANMAR TIBETAN".split()  # first word of Unicode's names
)
# Marks of class 9 that end a syllable, where others join two consonants: Thai phinthu, Tamil pulli, Myanmar asat.
_ENDS_SYLLABLE: Final = "\u0e3a\u0bcd\u103a"
# Thai and Lao AM are letters to Unicode, and marks to whoever moves a cursor (UAX #29).
_LIKE_MARKS: Final = "\u200c\u0e33\u0eb3"
_INSIDE_WORDS: Final = "'’-‐‑׳״־·"
_READ_AS_WORDS: Final = "%‰٪&@#*/\\§"


class TextOptions(Spec):
    """`fields` are attacked; none means all texts of the family, in retrieval the foreign sentence alone."""

    fields: tuple[FieldName, ...] = ()


@cache
def script(character: str) -> str:
    """Returns the script of a letter as the first word of its Unicode name, such as `LATIN`, `CJK` or `THAI`."""
    name = unicodedata.name(character, "").removeprefix("HALFWIDTH ").removeprefix("FULLWIDTH ")
    return name.replace("-", " ").split(" ")[0]


@cache
def _kind(character: str) -> str:
    """Returns one letter for what a character is to an attack.

    L letter, U letter of a script without spaces, D digit, M mark on the character before, Z mark that joins the next
    letter too, S space, J may stand inside a word, C may stand inside a number, P other punctuation, O anything else.
    """
    category = unicodedata.category(character)
    if character in _LIKE_MARKS or character in _ENDS_SYLLABLE or "\u1160" <= character <= "\u11ff":  # Hangul's own vowels
        return "M"
    if character == "\u200d" or unicodedata.combining(character) == 9:
        return "Z"
    if character.isspace():
        return "S"
    if character in _INSIDE_WORDS:
        return "J"
    if character in ".,":
        return "C"
    if category[0] == "L":
        return "U" if script(character) in _UNSPACED else "L"
    if category[0] == "P":
        return "O" if character in _READ_AS_WORDS else "P"
    return {"N": "D", "M": "M"}.get(category[0], "O")


_WORD: Final = re.compile(r"[LD][LDMZ]*(?:(?:J|(?<=D)C(?=D))[LD][LDMZ]*)*|U[UMZ]*")
_CLUSTER: Final = re.compile(r"(?:[^MZ][MZ]*|[MZ]+)(?:(?<=Z)[LU][MZ]*)*")
_MENTION: Final = re.compile(r"\{.*?\}")


@dataclass(frozen=True)
class Text:
    """A text, and the spans of it that no edit may touch or stand beside."""

    text: str
    kept: Sequence[Span] = ()

    @cached_property
    def kinds(self) -> str:
        """What each character is; see `_kind`."""
        return "".join(map(_kind, self.text))

    def words(self, *, with_digits: bool = True) -> list[Span]:
        """Returns the words; in a script without spaces, whatever stands between punctuation."""
        found = [match.span() for match in _WORD.finditer(self.kinds)]
        return [(s, e) for s, e in found if with_digits or "D" not in self.kinds[s:e]]

    def spaced_words(self) -> list[Span]:
        """Returns the words that spaces tell apart: what may change places or be left out."""
        return [(s, e) for s, e in self.words() if self.kinds[s] != "U"]

    def clusters(self, span: Span) -> list[Span]:
        """Returns the characters of a span as readers count them: a letter with its marks is one (UAX #29, simplified)."""
        return [match.span() for match in _CLUSTER.finditer(self.kinds, *span)]

    def letters(self) -> Iterator[Span]:
        """Yields the characters, as `clusters` counts them, of all words without digits."""
        for word in self.words(with_digits=False):
            yield from self.clusters(word)

    def is_free(self, start: int, end: int) -> bool:
        """Says whether an edit from start to end leaves the kept spans whole and apart from it."""
        return all(end < first or last < start for first, last in self.kept)


Propose = Callable[[Text, Random], Sequence[Edit]]


def text_of(row: Row, family: str) -> str:
    """Returns all that a row says, field by field."""
    fields = [row[name] for name in FIELDS[family] if row.get(name) is not None]
    return " ".join(part for field in fields for part in ([field] if isinstance(field, str) else field))


def apply(text: str, edits: Sequence[Edit]) -> str:
    """Returns the text with edits made that are in order and do not overlap."""
    parts, done = [], 0
    for start, end, new in edits:
        parts += [text[done:start], new]
        done = end
    return "".join([*parts, text[done:]])


def moved(place: int, edits: Sequence[Edit]) -> int:
    """Returns where a character that no edit touches stands after the edits."""
    return place + sum(len(new) - (end - start) for start, end, new in edits if end <= place)


def edit_rows(rows: Sequence[Row], setup: Setup, propose: Propose) -> list[Row | None]:
    """Returns each row with the share `strength` of the proposed edits made, or none where there is none to make.

    `propose` gets a text and a generator and knows no strength. Its edits must be in order and must not overlap.
    """
    fields = _attacked(setup)
    return [_edit_row(row, fields, setup, propose) for row in rows]


def _attacked(setup: Setup) -> Sequence[str]:
    known = FIELDS[setup.family]
    for field in setup.options.fields:
        if field not in known:
            raise SpecError(f"{setup.attack}: rows of {setup.family} have no text {field!r}: {plugin.near(field, known)}")
    return setup.options.fields or [field for field in known if field != "source"]


def _edit_row(row: Row, fields: Sequence[str], setup: Setup, propose: Propose) -> Row | None:
    attacked, n_proposed = dict(row), 0
    present = [field for field in fields if row.get(field) is not None]
    for field in present:
        draw, when = setup.rng(row, field), setup.rng(row, field, "when")
        changed = []
        for text in [row[field]] if isinstance(row[field], str) else row[field]:
            piece = Text(text, _kept(row, field, setup.family))
            proposed = [edit for edit in propose(piece, draw) if piece.is_free(*edit[:2])]
            made = [edit for edit in proposed if when.random() < setup.strength]
            n_proposed += len(proposed)
            changed.append(apply(text, made))
            if field == "context":
                attacked |= _anchored(row, made)
        attacked[field] = changed[0] if isinstance(row[field], str) else changed
    is_only_searched = not present and setup.family in _POOLS
    return attacked if n_proposed or is_only_searched else None


def _kept(row: Row, field: str, family: str) -> list[Span]:
    """Returns what no edit may touch: answers and all that could be taken for one; a marked mention."""
    if field == "context":
        answers = [(answer["start"], answer["start"] + len(answer["text"])) for answer in row["answers"]]
        # The others too, for otherwise the answer would be the one span that is clean.
        return answers + [(start, end) for start, end in row.get("hints", {}).get("candidates", [])]
    if family == "passage_retrieval":
        return [match.span() for match in _MENTION.finditer(row[field])]
    return []


def _anchored(row: Row, edits: Sequence[Edit]) -> Row:
    """Returns the fields of a row that count characters of its context, as they are after the edits."""
    anchored: Row = {"answers": [{**answer, "start": moved(answer["start"], edits)} for answer in row["answers"]]}
    if "candidates" in row.get("hints", {}):
        spans = [[moved(start, edits), moved(end, edits)] for start, end in row["hints"]["candidates"]]
        anchored["hints"] = {**row["hints"], "candidates": spans}
    return anchored


def entities(tags: Sequence[str]) -> list[range] | None:
    """Returns the tokens of each entity, and every other token by itself; none if an entity begins without `B-`.

    For such a one would join another that comes to stand before it. Tags of other schemes are no entities.
    """
    found: list[range] = []
    for i, tag in enumerate(tags):
        if not tag.startswith("I-"):
            found.append(range(i, i + 1))
        elif i and tags[i - 1][:2] in ("B-", "I-") and tags[i - 1][2:] == tag[2:]:
            found[-1] = range(found[-1].start, i + 1)
        else:
            return None
    return found


def is_word(token: str) -> bool:
    """Says whether a token has a letter or a digit in it."""
    return any(kind in "LUD" for kind in Text(token).kinds)
