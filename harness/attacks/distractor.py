"""A sentence that resembles the question but does not answer it, put beside the context (Jia and Liang 2017).

Unlike theirs it needs no parser, no word vectors and no annotators, and so takes any language: the sentence is the one that
answers, with another row's answer of the same shape, and with words that it shares with the question replaced as well, names
and numbers first (all of them where none is a name, a number, or an answer elsewhere). What replaces a word is always an
answer from elsewhere, so that no verb is replaced by its synonym. Hints keep to the row's own sentences.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Literal

from harness.attacks import Row, Setup
from harness.attacks._material import CHARACTER, Range, folded, pick, pool, replace, shape, words
from harness.sentences import spans
from harness.spec.base import Spec

VERSION = 1
FAMILIES = ("extractive_qa",)
CONDITION = (
    "The row has an answer, the sentence around it shares a content word with the question, and other rows have answers to "
    "put in the place of both; the new sentence holds no accepted answer and is none of the context's. The question then "
    "asks about something that the new sentence does not name."
)
# Of a longer sentence (or of a text that does not mark its sentences) only so much on either side of the answer is taken.
_BESIDE = 150
# Scripts that put no spaces between words: Thai, Lao, Burmese and Khmer, of which fewer letters than five are no word.
_UNSPACED = re.compile(f"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]|{CHARACTER.pattern}")
_SHORTEST_RUN = 5
_ANY = "*"
Key = tuple[str | None, tuple[str, bool]]


class Options(Spec):
    """`place`: on which side of the context the sentence stands."""

    place: Literal["before", "after"] = "after"


class _Material:
    """The answers of other rows by kind (and of all kinds, as `_ANY`) and shape; how many contexts of a kind hold a word."""

    def __init__(self, rows: Sequence[Row]) -> None:
        answers: dict[Key, dict[str, None]] = defaultdict(dict)
        contexts: dict[str | None, dict[str, None]] = defaultdict(dict)
        for row in rows:
            contexts[_kind(row)][row["context"]] = None
            for answer in row["answers"][:1]:
                for kind in (_kind(row), _ANY):
                    answers[kind, shape(answer["text"])][answer["text"]] = None
        self.answers = {key: list(texts) for key, texts in answers.items()}
        # Under which kind and shape a single word is an answer itself.
        single = sorted((key for key in answers if key[0] != _ANY and not key[1][1]), key=str)
        self.keys = {text.casefold(): key for key in single for text in answers[key]}
        self._n = {kind: len(texts) for kind, texts in contexts.items()}
        self._counts = {kind: Counter(w for t in texts for w in set(folded(t))) for kind, texts in contexts.items()}

    def count(self, kind: str | None, word: str) -> int:
        """Returns how many contexts hold a word."""
        return self._counts.get(kind, Counter())[word]

    def is_content(self, kind: str | None, word: str) -> bool:
        """Returns if a word is not in most contexts, as function words are."""
        return self.count(kind, word) <= max(1, self._n.get(kind, 0) / 2)


def attack(rows: Sequence[Row], setup: Setup) -> list[Row | None]:
    """Returns rows with one sentence more; the strength is the fraction of shared content words that it keeps, never all."""
    if not setup.strength:
        return list(rows)
    material = _Material(pool(rows, setup))
    return [_attacked(row, material, setup) for row in rows]


def _kind(row: Row) -> str | None:
    kind: str | None = row.get("hints", {}).get("kind")
    return kind


def _attacked(row: Row, material: _Material, setup: Setup) -> Row | None:
    sentence = _distractor(row, material, setup) if row["answers"] else None
    context = row["context"]
    if sentence is None or sentence in context:
        return None
    space = " " if " " in context else ""
    if setup.options.place == "after":
        return {**row, "context": context + space * (not context[-1:].isspace()) + sentence}
    offset = len(sentence + space)
    moved = {
        **row,
        "context": sentence + space + context,
        "answers": [{**answer, "start": answer["start"] + offset} for answer in row["answers"]],
    }
    if "hints" in row:
        candidates = [[start + offset, end + offset] for start, end in row["hints"]["candidates"]]
        moved["hints"] = {**row["hints"], "candidates": candidates}
    return moved


def _distractor(row: Row, material: _Material, setup: Setup) -> str | None:
    """Returns the sentence that holds the answer, changed so that it answers nothing that is asked; none if it cannot be."""
    answer, kind = row["answers"][0], _kind(row)
    start, stop = answer["start"], answer["start"] + len(answer["text"])
    first, last = _around(row["context"], start, stop)
    sentence, place = row["context"][first:last], (start - first, stop - first)
    shared = {word: at for word, at in _shared(sentence, place, row["question"]).items() if material.is_content(kind, word)}
    if not shared:
        return None
    gold, question = [a["text"].casefold() for a in row["answers"]], row["question"].casefold()

    def other(word: str, key: Key) -> str | None:
        def suits(new: str) -> bool:
            is_long = word and len(new) > max(12, 2 * len(word))
            return not is_long and new.casefold() not in question and not any(text in new.casefold() for text in gold)

        return pick(setup.rng(row, word), material.answers.get(key, []), suits)

    def is_plain(word: str) -> bool:
        return word not in material.keys and shape(written[word])[0] == "word"

    def rank(word: str) -> tuple[bool, int, int, Range]:
        return is_plain(word), material.count(kind, word), -len(word), shared[word][0]

    written = {word: sentence[slice(*ranges[0])] for word, ranges in shared.items()}
    answers = other("", (kind, shape(answer["text"])))
    found = {word: other(word, material.keys.get(word, (_ANY, shape(written[word])))) for word in sorted(shared, key=rank)}
    new = {word: text for word, text in found.items() if text is not None}
    # What the question asks about is known to be gone with one name or number, else only with all that they share.
    is_named = not all(map(is_plain, new))
    if answers is None or not new or not (is_named or len(new) == len(found)):
        return None
    changes = [[(at, text) for at in shared[word]] for word, text in new.items()]
    # Looked at where most is kept: whether the condition is met must not depend on the strength.
    if any(text in replace(sentence, [(place, answers), *changes[0]]).casefold() for text in gold):
        return None
    n_kept = min(int(setup.strength * len(new)), len(new) - 1) if is_named else 0
    return replace(sentence, [(place, answers), *chain(*changes[: len(changes) - n_kept])])


def _around(context: str, start: int, stop: int) -> Range:
    """Returns the range of the sentence (or sentences) that hold the answer, or of a part that is not too long."""
    sentences = spans(context)
    first = max((s for s, _ in sentences if s <= start), default=0)
    last = min((e for _, e in sentences if e >= stop), default=len(context))
    if start - first > _BESIDE:
        first = max(start - _BESIDE, context.find(" ", start - _BESIDE, start) + 1)
    if last - stop > _BESIDE:
        space = context.rfind(" ", stop, stop + _BESIDE)
        last = space if space >= 0 else stop + _BESIDE
    return first, last


def _shared(sentence: str, place: Range, question: str) -> dict[str, list[Range]]:
    """Returns where the sentence has words of the question, outside of its answer."""
    asked, found = set(folded(question)), defaultdict(list)
    for offset, part in ((0, sentence[: place[0]]), (place[1], sentence[place[1] :])):
        for start, end in words(part):
            if _UNSPACED.search(part, start, end):
                runs = [(start + s, start + e) for s, e in _runs(part[start:end], question)]
            else:
                runs = [(start, end)] if part[start:end].casefold() in asked else []
            for s, e in runs:
                found[part[s:e].casefold()].append((offset + s, offset + e))
    return found


def _runs(text: str, question: str) -> Iterator[Range]:
    """Yields the longest runs of characters that the question has too: words, where no spaces show them."""
    start, shortest = 0, 2 if CHARACTER.search(text) else _SHORTEST_RUN
    while start < len(text):
        end = start
        while end < len(text) and text[start : end + 1] in question:
            end += 1
        if end - start >= shortest:
            yield start, end
        start = max(end, start + 1)
