"""BUCC 2018: foreign sentences, English sentences, and the pairs of them that are translations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from harness.readers._lines import lines, wrong
from harness.spec.base import Spec

VERSION = 1


class Options(Spec):
    """None."""


def read(paths: Sequence[Path], *, options: Options, language: str) -> Iterator[dict[str, Any]]:
    """Yields bitext_mining rows: one a foreign sentence, with its translation if it has one; then the other English ones.

    The files are foreign (`id TAB sentence`), English (likewise) and gold (`foreign id TAB English id`); ids are theirs.
    """
    if len(paths) != 3:
        raise wrong(paths[0], None, f"bucc reads three files, foreign, English and gold, not {len(paths)}")
    foreign, english = (_sentences(path) for path in paths[:2])
    shared = sorted(foreign.keys() & english.keys())
    if shared:
        raise wrong(paths[1], None, f"the id {shared[0]!r} is also in {paths[0]}")
    partner = _gold(paths[2], foreign, english)
    for name, text in foreign.items():
        other = partner.get(name)
        yield {"id": name, "target": text, "source": other and english[other], "source_id": other}
    paired = set(partner.values())
    for name, text in english.items():
        if name not in paired:
            yield {"id": name, "target": None, "source": text, "source_id": name}


def _pairs(path: Path) -> Iterator[tuple[int, str, str]]:
    for number, line in enumerate(lines(path), start=1):
        first, tab, second = line.partition("\t")
        if not tab or not first or not second.strip():
            raise wrong(path, number, f"not two fields with a tab between them: {line[:60]!r}")
        yield number, first, second


def _sentences(path: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    for number, name, text in _pairs(path):
        if name in found:
            raise wrong(path, number, f"the id {name!r} stands here twice")
        found[name] = text
    return found


def _gold(path: Path, foreign: dict[str, str], english: dict[str, str]) -> dict[str, str]:
    partner: dict[str, str] = {}
    taken: set[str] = set()
    for number, first, second in _pairs(path):
        for name, known in ((first, foreign), (second, english)):
            if name not in known:
                raise wrong(path, number, f"no sentence has the id {name!r}")
        if first in partner or second in taken:
            raise wrong(path, number, f"{first!r} or {second!r} already has a translation")
        partner[first] = second
        taken.add(second)
    return partner
