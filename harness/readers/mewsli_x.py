"""Mewsli-X: mentions of entities in their texts, and the descriptions of the entities (JSON lines).

Three kinds of file, as `get-mewsli-x.sh` of google-research makes them: WikiNews articles with their mentions, English
Wikipedia mentions paired with their entity, and the set of candidate entities. Behaviour: XTREME-R's own way to make text of
them, google-research/xtreme, `third_party/utils_mewslix.py` (`preprocess_mention`, `preprocess_entity_description`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

from harness.readers._lines import records, text, value, wrong
from harness.spec.base import Spec

VERSION = 1
# What marks the mention must not mark anything else.
_MARKED = re.compile(r"\{(.*?)\}")


class Options(Spec):
    """`of` says which kind of file it is."""

    of: Literal["mentions", "pairs", "entities"] = "mentions"


def read(paths: Sequence[Path], *, options: Options, language: str) -> Iterator[dict[str, Any]]:
    """Yields passage_retrieval rows; a candidate's name is its entity's id.

    Of `mentions` those in articles of the language, which offer no candidate; of `pairs` each offers its own; `entities`
    only offer, whatever the language of their descriptions.
    """
    for path in paths:
        for line, record in records(path):
            if options.of == "entities":
                name, passage = _entity(record, path, line)
                yield _row(name, None, [name], [passage], [])
            elif options.of == "pairs":
                name, passage = _entity(value(record, "entity", path, line), path, line)
                mention = value(record, "contextual_mention.mention", path, line)
                context = value(record, "contextual_mention.context", path, line)
                yield _row(*_mention(mention, context, path, line), [name], [passage], [_gold(mention, path, line)])
            elif text(record, "context.language", path, line) == language:
                for mention in value(record, "mentions", path, line):
                    asked = _mention(mention, record["context"], path, line)
                    yield _row(*asked, [], [], [_gold(mention, path, line)])


def _row(name: str, question: str | None, names: list[str], passages: list[str], accepted: list[str]) -> dict[str, Any]:
    candidates = {"names": names, "passages": passages, "context": None}
    return {"id": name, "question": question, **candidates, "accepted": accepted}


def _gold(mention: dict[str, Any], path: Path, line: int) -> str:
    return text(mention, "entity_id", path, line)


def _entity(record: dict[str, Any], path: Path, line: int) -> tuple[str, str]:
    """Returns an entity's id and its description."""
    description = text(record, "description", path, line)
    sentences = [description[start:end] for start, end in _spans(record, description, path, line)]
    return text(record, "entity_id", path, line), _one_line(" ".join(sentences))


def _mention(mention: dict[str, Any], context: dict[str, Any], path: Path, line: int) -> tuple[str, str]:
    """Returns a mention's id, and its sentence with the mention in braces, after the mention itself: it must not be cut."""
    whole = text(context, "text", path, line)
    if not whole:
        raise wrong(path, line, "the article has no text", "take the file that get-mewsli-x.sh has put the texts into")
    start, end = (value(mention, f"mention_span.{side}", path, line) for side in ("start", "end"))
    said = text(mention, "mention_span.text", path, line)
    if whole[start:end] != said:
        raise wrong(path, line, f"characters {start} to {end} are {whole[start:end]!r}, not the mention {said!r}")
    # One sentence, nearly always; a mention that stands in two keeps both.
    around = [span for span in _spans(context, whole, path, line) if span[0] < end and start < span[1]] or [(start, end)]
    left, right = whole[min(start, around[0][0]) : start], whole[end : max(end, around[-1][1])]
    left, right = (_MARKED.sub(r"(\1)", side) for side in (left, right))
    return text(mention, "example_id", path, line), _one_line(f"{said}: {left} {{ {said} }} {right}")


def _spans(record: dict[str, Any], whole: str, path: Path, line: int) -> list[tuple[int, int]]:
    found = []
    for span in value(record, "sentence_spans", path, line):
        start, end = value(span, "start", path, line), value(span, "end", path, line)
        if not 0 <= start < end <= len(whole):
            raise wrong(path, line, f"no sentence {start}:{end} in a text of {len(whole)} characters")
        found.append((start, end))
    return found


def _one_line(said: str) -> str:
    return " ".join(said.splitlines()).replace("  ", " ").strip()
