"""Parquet with SQuAD's columns: id, context, question, answers (texts and their starts)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from harness.readers._lines import text, value, wrong
from harness.readers._parquet import records
from harness.spec.base import Spec

VERSION = 1
# As far as leading white space can have moved an answer.
LARGEST_SHIFT = 8


class Options(Spec):
    """`id_starts_with` takes the rows of one language out of a split that holds all of them (TyDiQA: `finnish`).

    `answerable_only` leaves out the questions that the context does not answer (SQuAD v2.0).
    """

    id_starts_with: str = ""
    answerable_only: bool = False


def read(paths: Sequence[Path], *, options: Options, language: str) -> Iterator[dict[str, Any]]:
    """Yields an extractive_qa row a question, with the data set's own id; no answers means unanswerable."""
    for path in paths:
        for line, record in records(path):
            name = text(record, "id", path, line)
            if not name.startswith(options.id_starts_with):
                continue
            context = text(record, "context", path, line)
            answers = [
                {"text": span, "start": _start(context, span, start, path, line, name)}
                for span, start in _answers(record, path, line)
            ]
            if answers or not options.answerable_only:
                yield {"id": name, "question": text(record, "question", path, line), "context": context, "answers": answers}


def _answers(record: dict[str, Any], path: Path, line: int) -> list[tuple[str, int]]:
    """Returns text and start of each answer, which come as a struct of lists or as a list of structs."""
    found = value(record, "answers", path, line)
    if found is None:
        return []
    if isinstance(found, dict):
        texts, starts = (value(found, key, path, line) for key in ("text", "answer_start"))
    else:
        texts, starts = ([value(answer, key, path, line) for answer in found] for key in ("text", "answer_start"))
    if len(texts) != len(starts):
        raise wrong(path, line, f"{len(texts)} answers, but {len(starts)} starts")
    return list(zip(texts, starts, strict=True))


def _start(context: str, span: str, start: int, path: Path, line: int, name: str) -> int:
    """Returns where an answer stands.

    google/xtreme strips contexts and answers and leaves the starts as they were. Such a start is moved if the answer
    stands at exactly one place within a few characters; anything else is an error, not a guess.
    """
    if span and context.startswith(span, start) and start >= 0:
        return start
    near = range(max(0, start - LARGEST_SHIFT), start + LARGEST_SHIFT + 1)
    places = [place for place in near if span and context.startswith(span, place)]
    if len(places) != 1:
        there = f"at {', '.join(map(str, places))}" if places else "nowhere near"
        hint = "answer_start counts characters of the context, not bytes"
        raise wrong(path, line, f"question {name}: {span!r} does not stand at {start}, but {there}", hint)
    return places[0]
