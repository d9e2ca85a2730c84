"""Every pinned file of the catalogue against the folder of real data, where there is one."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest

from harness import data as pinned
from harness.canon import dumps
from harness.data import DataFolder
from harness.spec.catalog import Catalog
from harness.spec.task import TaskSpec

ROOT = Path(__file__).resolve().parents[2]
CATALOG = Catalog(ROOT / "specs").in_edition("open")


# Its host is a server of worksheets, of which the folder has no copy.
ELSEWHERE = {"addsent"}


def at_hand(task: TaskSpec) -> bool:
    return task.name not in ELSEWHERE and all(file.url and file.sha256 for _, _, file in pinned.files(task, CATALOG.task))


NAMES = [task.name for task in CATALOG.tasks if at_hand(task)]
# Rows of a file that its reader leaves out: unanswerable questions; those that have an adversarial variant.
LEFT_OUT = {("squad_v1", "train"): 3168, ("squad_v1", "validation"): 3168, ("addonesent", "test"): 787}


@pytest.fixture(scope="session")
def manifest(mirror: Path) -> dict[str, dict[str, str]]:
    with (mirror / "sources" / "MANIFEST.tsv").open(encoding="utf-8", newline="") as stream:
        lines = list(csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE))
    return {line["sha256"]: line for line in lines}


@pytest.fixture(scope="session")
def folder(mirror: Path, tmp_path_factory: pytest.TempPathFactory) -> DataFolder:
    return DataFolder(tmp_path_factory.mktemp("data"))


def rows(name: str, split: str, language: str, folder: DataFolder) -> list[dict]:
    description = pinned.describe(CATALOG.task(name), split, language, CATALOG.task)
    return pinned.load(description, language, folder)


def fetch(task: TaskSpec, folder: DataFolder, mirror: Path) -> None:
    for _, _, file in pinned.files(task, CATALOG.task):
        folder.fetch(file, mirror=mirror)


@pytest.mark.parametrize("name", NAMES)
def test_pinned_files_are_those_of_the_manifest(name, manifest) -> None:
    n_rows = 0
    for _, _, file in pinned.files(CATALOG.task(name), CATALOG.task):
        assert manifest[file.sha256]["origin URL"] == file.url
        n_rows += int(manifest[file.sha256]["rows"])
    assert n_rows > 0


# tests/readers/test_multichecklist.py reads its 50 languages, each in a test of its own.
@pytest.mark.parametrize("name", [name for name in NAMES if name != "multichecklist"])
def test_every_set_of_rows_loads(name, mirror, folder, manifest) -> None:
    task = CATALOG.task(name)
    fetch(task, folder, mirror)
    assert {a.state for a in pinned.status(task, folder, lookup=CATALOG.task)} == {"ready"}
    for split, languages in task.splits.items():
        for language, parts in languages.items():
            found = rows(name, split, language, folder)
            assert found
            if task.labels and "label" in found[0]:
                assert {row["label"] for row in found} == set(task.labels)
            if task.labels and "tags" in found[0]:
                assert {tag for row in found for tag in row["tags"]} <= set(task.labels)
                assert all(len(row["tokens"]) == len(row["tags"]) > 0 for row in found)
            for part in parts if task.family != "bitext_mining" else ():  # rows are of several files at once
                published = {int(manifest[file.sha256]["rows"]) for file in part.files}
                assert {(part.n or 0) + LEFT_OUT.get((name, split), 0)} == published


def test_there_are_many() -> None:
    assert len(NAMES) > 15
    assert {"anli", "mlqa", "tydiqa", "xcopa", "copa", "addonesent"} <= {*NAMES}


class TestParallelLanguages:
    """Translations of one item share its id; whether they share its label is a fact of each data set."""

    @pytest.fixture
    def tests(self, mirror, folder) -> Callable[[str], dict[str, list[dict]]]:
        def load(name: str) -> dict[str, list[dict]]:
            task = CATALOG.task(name)
            fetch(task, folder, mirror)
            return {language: rows(name, "test", language, folder) for language in task.languages}

        return load

    @pytest.mark.parametrize("name", ["xnli", "pawsx", "xquad", "xcopa"])
    def test_ids_agree_in_every_language(self, name, tests) -> None:
        first, *others = ([row["id"] for row in found] for found in tests(name).values())
        assert others
        assert all(other == first for other in others)

    def test_of_mlqa_every_question_is_in_english_too(self, tests) -> None:
        ids = {language: {row["id"] for row in found} for language, found in tests("mlqa").items()}
        assert len(ids["en"]) == 1148
        assert all(found <= ids["en"] for found in ids.values())
        assert len(ids["de"] & ids["es"]) > 50

    @pytest.mark.parametrize("name", ["xnli", "xcopa"])
    def test_gold_agrees_where_it_must(self, name, tests) -> None:
        labels = [[row["label"] for row in found] for found in tests(name).values()]
        assert all(other == labels[0] for other in labels)

    def test_gold_does_not_agree_where_it_is_known_not_to(self, tests) -> None:
        # PAWS-X was labelled anew in every language.
        labels = {language: [row["label"] for row in found] for language, found in tests("pawsx").items()}
        differing = sum(len({found[i] for found in labels.values()}) > 1 for i in range(2000))
        assert 0 < differing < 200


@pytest.mark.parametrize("name", ["panx", "tatoeba", "udpos", "masakhaner", "tydiqa"])
def test_other_sets_share_none(name, mirror, folder) -> None:
    task = CATALOG.task(name)
    fetch(task, folder, mirror)
    ids = [row["id"] for language in task.languages for row in rows(name, "test", language, folder)]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("name", NAMES)
def test_training_and_validation_have_no_row_in_common(name, mirror, folder) -> None:
    task = CATALOG.task(name)
    if "train" not in task.splits:
        pytest.skip(f"{name} has no training data, as published")
    fetch(task, folder, mirror)
    train, validation = (
        [dumps({key: value for key, value in row.items() if key != "id"}) for row in rows(name, split, "en", folder)]
        for split in ("train", "validation")
    )
    common = len(set(train) & set(validation))
    # PAN-X and MasakhaNER's training set: published with 17 short sentences in both.
    assert common <= (17 if task.family == "token_classification" else 0)


class TestSpotValues:
    """Facts that are published about the files, or were read in them by eye."""

    @pytest.fixture(autouse=True)
    def _fetched(self, mirror, folder) -> None:
        for name in (
            "xnli",
            "pawsx",
            "udpos",
            "xquad",
            "squad_v2",
            "squad_v1",
            "tatoeba",
            "snli",
            "masakhaner",
        ):
            fetch(CATALOG.task(name), folder, mirror)

    def test_xnli_is_balanced(self, folder) -> None:
        labels = [row["label"] for row in rows("xnli", "test", "th", folder)]
        assert [labels.count(x) for x in ("entailment", "neutral", "contradiction")] == [830, 830, 830]

    def test_xnli_training_and_validation_share_no_premise(self, folder) -> None:
        train, validation = (rows("xnli", split, "en", folder) for split in ("train", "validation"))
        assert (len(train), len(validation)) == (9444, 500)
        assert not {row["text_a"] for row in train} & {row["text_a"] for row in validation}

    def test_pawsx_is_unquoted(self, folder) -> None:
        french = rows("pawsx", "test", "fr", folder)
        assert not any(row["text_a"].startswith('"') and row["text_a"].endswith('""') for row in french)
        assert sum('"' in row["text_a"] + row["text_b"] for row in french) == 207
        assert sum("NS" in (row["text_a"], row["text_b"]) for row in french) == 8
        assert sum(row["label"] == "1" for row in rows("pawsx", "test", "en", folder)) == 863

    def test_udpos_fuses_multiword_tokens(self, folder) -> None:
        marathi = rows("udpos", "test", "mr", folder)
        tokens = [token for row in marathi for token in row["tokens"]]
        # 412 words, of which 72 parts (all withheld as `_`) make 36 multiword tokens.
        assert len(tokens) == 412 - 36
        assert "_" not in tokens
        english = [token for row in rows("udpos", "test", "en", folder) for token in row["tokens"]]
        assert len(english) == 25096

    def test_squad_keeps_away_from_xquad(self, folder) -> None:
        contexts = {row["context"] for row in rows("xquad", "test", "en", folder)}
        assert len(contexts) == 240
        counts = {}
        for name in ("squad_v2", "squad_v1"):
            for split in ("train", "validation"):
                found = rows(name, split, "en", folder)
                assert not contexts & {row["context"] for row in found}
                counts[name, split] = len(found), sum(bool(row["answers"]) for row in found)
        assert counts == {
            ("squad_v2", "train"): (5013, 2394),
            ("squad_v2", "validation"): (336, 181),
            ("squad_v1", "train"): (2394, 2394),
            ("squad_v1", "validation"): (181, 181),
        }

    def test_xquad_in_hindi(self, folder) -> None:
        row = rows("xquad", "test", "hi", folder)[0]
        assert row["id"] == "56beb4343aeaaa14008c925b"
        assert row["answers"][0]["text"] == "308"

    def test_tatoeba_has_english_on_one_side(self, folder) -> None:
        row = rows("tatoeba", "test", "sw", folder)[0]
        assert row == {"id": "sw-0", "source": "He brought me coffee.", "target": "Alinileta kahawa."}

    def test_snli_lines_are_stripped(self, folder) -> None:
        train = rows("snli", "train", "en", folder)
        assert train[0]["text_a"] == "Two women are embracing while holding to go packages ."
        pairs = {(row["text_a"].replace(" ", ""), row["text_b"].replace(" ", "")) for row in train}
        validation = rows("snli", "validation", "en", folder)
        shared = ((row["text_a"].replace(" ", ""), row["text_b"].replace(" ", "")) in pairs for row in validation)
        assert not any(shared)

    def test_masakhaner_has_no_dates(self, folder) -> None:
        tags = [tag for row in rows("masakhaner", "test", "am", folder) for tag in row["tags"]]
        assert tags.count("O") == 6431 + 163 + 106

    def test_bucc_keeps_pairs_and_heaps(self, mirror, folder) -> None:
        fetch(CATALOG.task("bucc2018"), folder, mirror)
        found = [row for split in ("validation", "test") for row in rows("bucc2018", split, "zh", folder)]
        assert sum(row["target"] is not None for row in found) == 8624
        assert sum(row["source"] is not None for row in found) == 13589
        assert sum(None not in (row["source"], row["target"]) for row in found) == 257

    def test_lareqa_has_an_answer_for_every_question(self, mirror, folder) -> None:
        fetch(CATALOG.task("lareqa"), folder, mirror)
        german, english = ({row["id"]: row for row in rows("lareqa", "test", x, folder)} for x in ("de", "en"))
        assert german.keys() == english.keys()
        assert len(rows("lareqa", "train", "en", folder)) + len(rows("lareqa", "validation", "en", folder)) == 3666
