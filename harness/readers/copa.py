"""COPA and its translations (XCOPA) as JSON lines: a premise, and which of two sentences is its cause or effect."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from harness.readers._fields import Ids
from harness.readers._lines import records, text, value, wrong

VERSION = 1


class Options(Ids):
    """Only how rows are called: `idx` counts from 0 in each file, so several files need prefixes."""


def read(paths: Sequence[Path], *, options: Options, language: str) -> Iterator[dict[str, Any]]:
    """Yields a multiple_choice row a line. The question is in English whatever the language, as XTREME-R has it."""
    for path in paths:
        for line, record in records(path):
            question, label = text(record, "question", path, line), str(value(record, "label", path, line))
            if question not in ("cause", "effect"):
                raise wrong(path, line, f"question {question!r} is neither cause nor effect")
            if label not in ("0", "1"):
                raise wrong(path, line, f"label {label!r} is neither 0 nor 1", "a test file?")
            yield {
                "id": options.name(str(value(record, "idx", path, line)), language),
                "prompt": f"{text(record, 'premise', path, line)} What was the {question}?",
                "choices": [text(record, choice, path, line) for choice in ("choice1", "choice2")],
                "label": int(label),
            }
