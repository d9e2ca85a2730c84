"""CoNLL-U (Universal Dependencies) → words and universal parts of speech, as XTREME builds its tagging data.

A multiword token stands as one word with its surface form. Its tag is that of the part nearest to the root of
the sentence; of several such parts, the one whose tag comes first in `precedence`, then the leftmost.
(XTREME's ud-conversion-tools, `--replace_subtokens_with_fused_forms`.) How near a part is is the number of words above
it, where the heads of the enhanced graph (column DEPS) count as well. Empty nodes are no words. XTREME pools the
treebanks of a language: give their files in the order of their names.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.readers._fields import Ids
from harness.readers._lines import lines, wrong

VERSION = 1
N_COLUMNS = 10
# fmt: off
PRECEDENCE = (
    "VERB", "NOUN", "PROPN", "PRON", "ADJ", "NUM", "ADV", "INTJ",
    "AUX", "ADP", "DET", "PART", "CCONJ", "SCONJ", "X", "PUNCT",
)
# fmt: on


class Options(Ids):
    """`precedence` ranks tags for multiword tokens, those that it lacks come last; XTREME has own lists for es, fr, it."""

    precedence: tuple[str, ...] = PRECEDENCE


@dataclass
class _Sentence:
    """Words by their number: form, tag, heads; and multiword tokens: first, last, form."""

    line: int
    words: list[tuple[str, str, frozenset[int]]] = field(default_factory=list)
    fused: list[tuple[int, int, str]] = field(default_factory=list)


def read(paths: Sequence[Path], *, options: Options, language: str) -> Iterator[dict[str, Any]]:
    """Yields a token_classification row a sentence.

    Sentences of words that are all, or all but one, `_` (text withheld by the licence) are left out, and so are words
    of nothing but white space.
    """
    number = -1
    for path in paths:
        for sentence in _sentences(path):
            number += 1
            pairs = _fuse(sentence, options.precedence, path)
            n_withheld = sum(form == "_" for form, _ in pairs)
            if n_withheld and n_withheld >= len(pairs) - 1:
                continue
            pairs = [pair for pair in pairs if pair[0]]
            if not pairs:
                continue
            yield {
                "id": options.name(number, language),
                "tokens": [form for form, _ in pairs],
                "tags": [tag for _, tag in pairs],
            }


def _sentences(path: Path) -> Iterator[_Sentence]:
    sentence: _Sentence | None = None
    for number, line in enumerate([*lines(path), ""], start=1):
        if not line:
            if sentence is not None:
                yield sentence
            sentence = None
        elif not line.startswith("#"):
            sentence = sentence or _Sentence(number)
            _add(sentence, line.split("\t"), path, number)


def _add(sentence: _Sentence, cells: list[str], path: Path, number: int) -> None:
    if len(cells) != N_COLUMNS:
        raise wrong(path, number, f"{len(cells)} columns instead of {N_COLUMNS}")
    name, form, tag, head = cells[0], _clean(cells[1]), cells[3], cells[6]
    if "." in name:
        return
    if not cells[1]:
        raise wrong(path, number, "the word is empty")
    try:
        if "-" in name:
            first, last = map(int, name.split("-"))
            sentence.fused.append((first, last, form))
        elif int(name) != len(sentence.words) + 1:
            raise wrong(path, number, f"word {name} follows word {len(sentence.words)}")
        elif tag == "_":
            raise wrong(path, number, f"word {name} has no part of speech")
        else:
            sentence.words.append((form, tag, frozenset({int(head), *_enhanced(cells[8])})))
    except ValueError:
        raise wrong(path, number, f"ID {name!r} and HEAD {head!r} are not numbers") from None


def _enhanced(deps: str) -> Iterator[int]:
    """Yields the heads in a word's DEPS, e.g. of `2:nsubj|8.1:conj`; those that are empty nodes are none."""
    for pair in deps.split("|"):
        head = pair.partition(":")[0]
        if head.isdecimal():
            yield int(head)


def _clean(form: str) -> str:
    # XTREME deletes spaces and zero-width non-joiners inside words, since its files separate by space.
    return form.strip().replace("\u200c", "").replace(" ", "")


def _fuse(sentence: _Sentence, precedence: Sequence[str], path: Path) -> list[tuple[str, str]]:
    """Returns (form, tag) of each surface word."""
    starts = {first: (last, form) for first, last, form in sentence.fused}
    pairs, number = [], 1
    while number <= len(sentence.words):
        if number not in starts:
            form, tag, _ = sentence.words[number - 1]
            pairs.append((form, tag))
            number += 1
            continue
        last, form = starts[number]
        if not number <= last <= len(sentence.words):
            raise wrong(path, sentence.line, f"multiword token {number}-{last} does not fit its sentence")
        pairs.append((form, _tag_of_span(sentence, range(number, last + 1), precedence)))
        number = last + 1
    return pairs


def _tag_of_span(sentence: _Sentence, span: range, precedence: Sequence[str]) -> str:
    rank = {tag: place for place, tag in enumerate(precedence)}
    tags = {number: sentence.words[number - 1][1] for number in span}
    head = min(span, key=lambda n: (_depth(sentence, n), rank.get(tags[n], len(rank)), n))
    return tags[head]


def _depth(sentence: _Sentence, number: int) -> int:
    """Returns the number of words above a word, the root among them; a cycle is walked once."""
    above: set[int] = set()
    heads = list(sentence.words[number - 1][2])
    while heads:
        head = heads.pop()
        if head not in above:
            above.add(head)
            if 0 < head <= len(sentence.words):
                heads += sentence.words[head - 1][2]
    return len(above - {number})
