"""Every attack on real rows of every task and script of the folder of real data: gold stays valid, strength 0 is nothing."""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from harness import data as pinned
from harness import plugin
from harness.attacks import Setup
from harness.attacks._texts import script, text_of
from harness.data import DataFolder
from harness.spec.catalog import Catalog

CATALOG = Catalog(Path(__file__).resolve().parents[2] / "specs").in_edition("open")
ATTACKS = plugin.names("harness.attacks")
# Two sets a family: rows of the same kind in other words. MultiCheckList is in fifty languages.
TASKS = ("xnli", "pawsx", "xquad", "tydiqa", "multichecklist", "xcopa", "udpos", "panx", "masakhaner", "tatoeba", "lareqa")
N_ROWS, N_OTHERS = 20, 120
Row = dict[str, Any]


@pytest.fixture(scope="module")
def rows_of(mirror: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], dict[str, list[Row]]]:
    """Return a function from a task to some of its test rows by language."""
    folder = DataFolder(tmp_path_factory.mktemp("data"))

    @cache
    def read(name: str) -> dict[str, list[Row]]:
        task, found = CATALOG.task(name), {}
        for language in task.languages:
            if task.rows("test", language):
                for split, own, file in pinned.files(task, CATALOG.task):
                    if split == "test" and own == language:
                        folder.fetch(file, mirror=mirror)
                rows = pinned.load(pinned.describe(task, "test", language, CATALOG.task), language, folder)
                found[language] = pinned.sample(rows, N_OTHERS)
        return found

    return read


def valid(old: Row, new: Row, family: str) -> None:
    """Fail unless an attacked row has the id and the gold of the row it was made of."""
    assert new["id"] == old["id"]
    for name in ("label", "accepted", "names", "source_id"):
        assert new.get(name) == old.get(name)
    for answer in new.get("answers", ()):
        assert new["context"][answer["start"] :][: len(answer["text"])] == answer["text"]
    assert [answer["text"] for answer in new.get("answers", ())] == [answer["text"] for answer in old.get("answers", ())]
    if "tokens" in new:
        assert len(new["tokens"]) == len(new["tags"]) > 0
        assert sorted(t[2:] for t in new["tags"] if t[:2] == "B-") == sorted(t[2:] for t in old["tags"] if t[:2] == "B-")
    assert text_of(new, family).strip()


@pytest.mark.slow  # a hundred and more sets of real rows, each under a dozen attacks
@pytest.mark.parametrize("name", TASKS)
def test_gold_stays_valid_on_real_rows_of_every_script(name, rows_of) -> None:
    task = CATALOG.task(name)
    own = [attack for attack in ATTACKS if task.family in plugin.load("harness.attacks", attack).FAMILIES]
    met: dict[str, set[str]] = defaultdict(set)
    for language, rows in rows_of(name).items():
        few = rows[:N_ROWS]
        words = {word.casefold(): word[::-1] for row in few for word in text_of(row, task.family).split()[:2]}
        for attack in own:
            module = plugin.load("harness.attacks", attack)
            options, more = module.Options(), {"lexicon": words, "others": rows}
            at = {s: Setup(attack, task.family, language, s, 1, options, task.labels, **more) for s in (0.0, 0.5, 1.0)}
            found = {strength: module.attack(few, setup) for strength, setup in at.items()}
            assert module.attack(few[::-1], at[1.0]) == found[1.0][::-1]
            assert all(new in (None, old) for new, old in zip(found[0.0], few, strict=True))
            for old, new in [pair for s in (0.5, 1.0) for pair in zip(few, found[s], strict=True)]:
                if new is not None:
                    valid(old, new, task.family)
                    if new != old:
                        met[attack].add(language)
    for attack in {"typo", "spacing", "code_switch"}.intersection(own):
        assert met[attack], f"{attack} changed no row of {name} in any language"


def test_the_real_rows_are_in_many_scripts(rows_of) -> None:
    """The scripts that the tests above are about, as far as the folder has them."""
    scripts = set()
    for rows in rows_of("multichecklist").values():
        letters = [c for row in rows[:5] for c in text_of(row, "extractive_qa") if unicodedata.category(c)[0] == "L"]
        scripts.add(Counter(map(script, letters)).most_common(1)[0][0])
    assert {"LATIN", "CYRILLIC", "GREEK", "ARABIC", "HEBREW", "DEVANAGARI", "THAI", "CJK", "HANGUL", "GEORGIAN"} <= scripts
