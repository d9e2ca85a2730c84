"""The benchmarks' own sources of the target tasks, most of which are not at hand: their form, and what is known of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.spec.catalog import Catalog
from harness.spec.data import File
from harness.spec.task import TaskSpec

CATALOG = Catalog(Path(__file__).resolve().parents[2] / "specs")
OPEN = CATALOG.in_edition("open")
PANX = """ar he vi id jv ms tl eu ml ta te af nl en de el bn hi mr ur fa fr it pt es bg ru ja ka ko th sw yo my zh kk tr et
    fi hu qu pl uk az lt pa gu ro"""
UDPOS = """af ar bg de el en es et eu fa fi fr he hi hu id it ja kk ko mr nl pt ru ta te th tl tr ur vi yo zh lt pl uk wo
    ro"""
TATOEBA = """ar he vi id jv tl eu ml ta te af nl de el bn hi mr ur fa fr it pt es bg ru ja ka ko th sw zh kk tr et fi hu
    az lt pl uk ro"""
LANGUAGES = {"panx": PANX, "udpos": UDPOS, "tatoeba": TATOEBA, "xquad": "ar de el en es hi ro ru th tr vi zh"}


def official(task: TaskSpec) -> Iterator[tuple[str, str, tuple[File, ...], int | None]]:
    """Yield split, language, files and their number of rows."""
    for split, languages in task.splits.items():
        for language, parts in languages.items():
            yield from ((split, language, part.files, part.n) for part in parts)


@pytest.mark.parametrize("name", LANGUAGES)
def test_languages_are_those_of_xtreme_and_xtreme_r(name) -> None:
    task = CATALOG.task(name)
    assert sorted(task.languages) == sorted(LANGUAGES[name].split()) == sorted(task.splits["test"])
    assert set(OPEN.task(name).languages) < set(task.languages)
    assert task.deviation is None
    assert OPEN.task(name).deviation


@pytest.mark.parametrize("name", LANGUAGES)
def test_every_place_is_a_pin_and_stands_once(name) -> None:
    for split, language, files, _ in official(CATALOG.task(name)):
        identities = [file.identity for file in files]
        assert len(identities) == len(set(identities)), (split, language)
        assert {file.place for file in files} <= {"url", "dataset", "own"}


@pytest.mark.parametrize("name", ["tatoeba", "xquad", "udpos"])
def test_files_at_hand_are_the_same_in_both(name) -> None:
    def named(task: TaskSpec) -> dict[str, str | None]:
        return {file.url.rsplit("/", 1)[1]: file.sha256 for *_, files, _ in official(task) for file in files if file.url}

    both, at_hand = named(CATALOG.task(name)), named(OPEN.task(name))
    assert all(both.get(file, sha256) == sha256 for file, sha256 in at_hand.items())
    assert {sha256 for sha256 in both.values() if sha256} == {at_hand[file] for file in both if file in at_hand}


class TestTreebanks:
    TASK = CATALOG.task("udpos")

    def test_files_are_named_by_language_and_split_and_sorted(self) -> None:
        for split, language, files, _ in official(self.TASK):
            release = "r2.7" if language in ("lt", "pl", "ro", "uk", "wo") else "r2.5"
            names = []
            for file in files:
                repository, _, tag, name = file.url.removeprefix("https://github.com/UniversalDependencies/UD_").split("/")
                treebank = repository.split("-")[1].lower()
                assert tag == release
                assert name == f"{language}_{treebank}-ud-{'dev' if split == 'validation' else split}.conllu"
                names.append(name)
            assert names == sorted(names)

    def test_sizes_are_those_of_xtreme(self) -> None:
        sizes = {(split, language): n for split, language, _, n in official(self.TASK)}
        assert (sizes["train", "en"], sizes["validation", "en"], sizes["test", "en"]) == (21253, 3974, 5440)
        known = [n for (split, _), n in sizes.items() if split == "test" and n]
        assert (min(known), max(known)) == (47, 20436)
        unknown = {language for (_, language), n in sizes.items() if n is None}
        assert unknown == set("el fr ru zh lt pl ro uk wo".split())

    def test_treebanks_without_text_are_left_out(self) -> None:
        names = " ".join(file.url for *_, files, _ in official(self.TASK) for file in files)
        assert "fr_ftb" in names
        assert not [name for name in ("ar_nyuad", "en_esl", "ja_bccwj", "de_lit") if name in names]

    def test_romance_languages_rank_tags_their_own_way(self) -> None:
        own = {x for x in self.TASK.languages if self.TASK.rows("test", x)[0].reader.options}
        assert own == {"es", "fr", "it"}


def test_named_entities_of_xtreme_r_are_to_be_brought() -> None:
    places = {language: files[0] for split, language, files, _ in official(CATALOG.task("panx")) if split == "test"}
    own = {language for language, file in places.items() if file.place == "own"}
    assert own == set("az gu lt pa pl qu ro uk".split())
    for language in own:
        assert places[language].own.path == f"panx/{language}/test"
        assert f"`{language}:token<TAB>tag`" in places[language].own.what
    assert {file.dataset.config for language, file in places.items() if language not in own} == {
        f"PAN-X.{language}" for language in places if language not in own
    }


def test_sizes_of_tatoeba() -> None:
    sizes = {language: n for _, language, _, n in official(CATALOG.task("tatoeba"))}
    small = {"jv": 205, "te": 234, "ta": 307, "sw": 390, "th": 548, "kk": 575, "ml": 687, "ka": 746}
    assert {language: n for language, n in sizes.items() if n != 1000} == small
    for _, language, (english, other), _ in official(CATALOG.task("tatoeba")):
        assert english.url.endswith("-eng.eng"), language
        code = other.url.rsplit(".", 1)[1]
        assert f"tatoeba.{code}-eng.{code}" in other.url
        assert f"tatoeba.{code}-eng.eng" in english.url


def test_questions_are_trained_on_squad() -> None:
    assert {CATALOG.trainer(CATALOG.task(name)).name for name in ("mlqa", "multichecklist", "addsent")} == {"xquad"}
    task = CATALOG.task("xquad")
    found = {split: (files[0].dataset, n) for split, _, files, n in official(task) if split != "test"}
    assert {dataset.id for dataset, _ in found.values()} == {"rajpurkar/squad"}
    assert {split: n for split, (_, n) in found.items()} == {"train": 87599, "validation": 10570}
    assert task.resolved_options().context == "paragraph"
    assert OPEN.task("xquad").resolved_options().context == "gold_sentence"
