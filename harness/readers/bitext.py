"""Two line-aligned files, English first: line n of one translates line n of the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from harness.readers._fields import Ids
from harness.readers._lines import lines, wrong

VERSION = 1


class Options(Ids):
    """Only how rows are called."""


def read(paths: Sequence[Path], *, options: Options, language: str) -> Iterator[dict[str, Any]]:
    """Yields a sentence_retrieval row a line pair: `source` English, `target` the other language."""
    if len(paths) != 2:
        raise wrong(paths[0], None, f"bitext reads two files, English first, not {len(paths)}")
    english, other = (lines(path) for path in paths)
    if len(english) != len(other):
        raise wrong(paths[1], None, f"{len(other)} lines, but {len(english)} in {paths[0]}")
    for number, (source, target) in enumerate(zip(english, other, strict=True)):
        for path, sentence in zip(paths, (source, target), strict=True):
            if not sentence.strip():
                raise wrong(path, number + 1, "the line is empty")
        yield {"id": options.name(number, language), "source": source, "target": target}
