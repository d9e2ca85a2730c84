"""SQuAD's JSON, v1.1 and v2.0: also XQuAD, MLQA, TyDiQA's gold passages."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from harness.readers._lines import read_text, text, value, wrong
from harness.spec.base import Spec

VERSION = 1


class Options(Spec):
    """`answerable_only` leaves out the questions that the context does not answer (v2.0)."""

    answerable_only: bool = False


def read(paths: Sequence[Path], *, options: Options, language: str) -> Iterator[dict[str, Any]]:
    """Yields an extractive_qa row a question, with the file's own id; no answers means unanswerable.

    `answer_start` counts code points; an answer that does not stand where it says is an error, not a guess.
    """
    for path in paths:
        for paragraph in paragraphs(path):
            for row in questions(paragraph, path):
                if row["answers"] or not options.answerable_only:
                    yield row


def paragraphs(path: Path) -> Iterator[dict[str, Any]]:
    """Yields the paragraphs of all articles of a file."""
    try:
        document = json.loads(read_text(path))
    except ValueError as error:
        raise wrong(path, getattr(error, "lineno", None), f"not JSON: {error}") from None
    for article in value(document, "data", path, None):
        yield from value(article, "paragraphs", path, None)


def questions(paragraph: dict[str, Any], path: Path) -> Iterator[dict[str, Any]]:
    """Yields an extractive_qa row for each question of a paragraph."""
    context = text(paragraph, "context", path, None)
    for question in value(paragraph, "qas", path, None):
        yield _row(question, context, path)


def _row(question: dict[str, Any], context: str, path: Path) -> dict[str, Any]:
    name = text(question, "id", path, None)
    answers = []
    for answer in value(question, "answers", path, None):
        span, start = text(answer, "text", path, None), value(answer, "answer_start", path, None)
        if not isinstance(start, int) or start < 0 or not span or context[start : start + len(span)] != span:
            hint = "answer_start counts characters of the context, not bytes"
            raise wrong(path, None, f"question {name}: {span!r} does not stand at {start!r}", hint)
        answers.append({"text": span, "start": start})
    if question.get("is_impossible", not answers) != (not answers):
        raise wrong(path, None, f"question {name}: is_impossible and {len(answers)} answers contradict each other")
    return {
        "id": name,
        "question": text(question, "question", path, None),
        "context": context,
        "answers": answers,
    }
