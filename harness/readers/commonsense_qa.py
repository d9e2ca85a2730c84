"""CommonsenseQA's JSON lines: labelled choices, the answer named by its letter."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from harness.readers._lines import records, text, value, wrong
from harness.spec.base import Spec

VERSION = 1


class Options(Spec):
    """None."""


def read(paths: Sequence[Path], *, options: Options, language: str) -> Iterator[dict[str, Any]]:
    """Yields a multiple_choice row a line: the prompt is the question, as jiant builds it."""
    for path in paths:
        for line, record in records(path):
            choices = value(record, "question.choices", path, line)
            letters = [text(choice, "label", path, line) for choice in choices]
            if "answerKey" not in record:
                raise wrong(path, line, "no 'answerKey'", "the published test file has no labels")
            answer = text(record, "answerKey", path, line)
            if letters.count(answer) != 1:
                raise wrong(path, line, f"answerKey {answer!r} is not one of {', '.join(letters)}")
            yield {
                "id": text(record, "id", path, line),
                "prompt": text(record, "question.stem", path, line),
                "choices": [text(choice, "text", path, line) for choice in choices],
                "label": letters.index(answer),
            }
