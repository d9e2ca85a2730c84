"""SQuAD's JSON with adversarial variants of its questions (AddSent, AddOneSent; Jia and Liang 2017).

A file holds each question unchanged and, under `<id>-high-conf-turk<n>`, with a distracting sentence in its context. A
question without a variant is one that nobody could spoil; it counts as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

from harness.readers import squad_json
from harness.readers._lines import wrong
from harness.spec.base import Spec

VERSION = 1
VARIANT = re.compile(r"(.+)-high-conf-turk\d+")


class Options(Spec):
    """`variants: one` takes each question's single variant under the question's own id; a second one is an error.

    `all` takes every variant under its own id.
    """

    variants: Literal["one", "all"] = "one"


def read(paths: Sequence[Path], *, options: Options, language: str) -> Iterator[dict[str, Any]]:
    """Yields an extractive_qa row a question, or a variant; the unchanged question only where it has no variant."""
    for path in paths:
        rows = list(squad_json.read([path], options=squad_json.Options(), language=language))
        variants: dict[str, list[dict[str, Any]]] = {}
        for row in rows:
            found = VARIANT.fullmatch(row["id"])
            if found:
                variants.setdefault(found[1], []).append(row)
        originals = {row["id"] for row in rows} - {row["id"] for those in variants.values() for row in those}
        for name, those in variants.items():
            if name not in originals:
                raise wrong(path, None, f"question {those[0]['id']}: the question that it varies is not there")
            if options.variants == "one" and len(those) > 1:
                raise wrong(path, None, f"question {name}: {len(those)} variants", "set variants: all")
        for row in rows:
            if row["id"] in originals:
                for one in variants.get(row["id"], [row]):
                    yield {**one, "id": row["id"]} if options.variants == "one" else one
