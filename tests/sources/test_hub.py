"""Data sets of a hub, from a copy of their repository: places → one Parquet file → rows."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from harness import data as pinned
from harness.data import DataFolder
from harness.errors import Gone, HarnessError
from harness.spec.data import File
from harness.spec.task import TaskSpec

pytest.importorskip("datasets")

REVISION = "0123456789abcdef" * 2 + "01234567"
NAMES = ["entailment", "neutral", "contradiction"]


def place(name: str, split: str, config: str | None = None) -> File:
    rows = {"id": name, "revision": REVISION, "config": config, "split": split}
    return File.model_validate({"dataset": {k: v for k, v in rows.items() if v}})


def table(columns: dict[str, list[Any]], **features: Any) -> Any:
    from datasets import Dataset, Features, Value

    return Dataset.from_dict(columns, Features({name: features.get(name) or Value("string") for name in columns}))


def pairs(*labels: int) -> Any:
    from datasets import ClassLabel

    texts = [f"p{i}" for i in range(len(labels))]
    return table({"premise": texts, "hypothesis": texts, "label": list(labels)}, label=ClassLabel(names=NAMES))


def rows_of(file: File, folder: DataFolder, reader: str, **options: Any) -> list[dict[str, Any]]:
    rows = {"files": (file,), "reader": {"name": reader, "options": options}}
    task = {
        "name": "t",
        "version": 1,
        "title": "T",
        "role": "intermediate",
        "family": "sequence_classification",
        "languages": ("en",),
        "splits": {"train": {"en": (rows,)}},
        "source": {"paper": "p", "url": "u", "licence": "l", "citation": "c"},
    }
    description = pinned.describe(TaskSpec.model_validate(task), "train", "en", pytest.fail)
    return pinned.load(description, "en", folder)


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    return DataFolder(tmp_path / "data")


FIELDS = {"text_a": "premise", "text_b": "hypothesis", "label": "label"}


class TestDataSets:
    def test_labels_come_by_their_names(self, hub, folder) -> None:
        mirror = hub("org/nli", {("en", "train"): pairs(1, 0, 2), ("de", "train"): pairs(2, 2, 2)})
        file = place("org/nli", "train", "en")
        folder.fetch(file, mirror=mirror)
        rows = rows_of(file, folder, "parquet", fields=FIELDS)
        assert [row["label"] for row in rows] == ["neutral", "entailment", "contradiction"]
        assert rows[0]["text_a"] == "p0"

    def test_a_split_without_labels_is_refused(self, hub, folder) -> None:
        # GLUE's test sets have -1 throughout.
        mirror = hub("org/nli", {("en", "test"): pairs(-1, 0)})
        file = place("org/nli", "test", "en")
        folder.fetch(file, mirror=mirror)
        with pytest.raises(HarnessError, match=rf"{file.identity}:1: no label: 'label' is '-1'"):
            rows_of(file, folder, "parquet", fields=FIELDS)
        assert len(rows_of(file, folder, "parquet", fields=FIELDS, dropped_labels=["-1"])) == 1

    def test_tags_and_the_default_config(self, hub, folder) -> None:
        from datasets import ClassLabel, List, Value

        columns = {"tokens": [["Ada", "ran"], ["x"]], "ner_tags": [[1, 0], [0]], "langs": [["en", "en"], ["en"]]}
        tags = List(ClassLabel(names=["O", "B-PER"]))
        words = List(Value("string"))
        mirror = hub("org/ner", {("default", "train"): table(columns, tokens=words, ner_tags=tags, langs=words)})
        file = place("org/ner", "train")
        folder.fetch(file, mirror=mirror)
        assert [row["tags"] for row in rows_of(file, folder, "parquet_tags")] == [["B-PER", "O"], ["O"]]

    def test_questions(self, hub, folder) -> None:
        from datasets import List, Value

        answers = {"text": List(Value("string")), "answer_start": List(Value("int32"))}
        columns = {
            "id": ["english-1", "finnish-2"],
            "title": ["", ""],
            "context": ["Ada ran", "ab"],
            "question": ["Who?", "?"],
        }
        columns["answers"] = [{"text": ["Ada"], "answer_start": [0]}, {"text": [], "answer_start": []}]
        mirror = hub("org/qa", {("tydiqa", "validation"): table(columns, answers=answers)})
        file = place("org/qa", "validation", "tydiqa")
        folder.fetch(file, mirror=mirror)
        rows = rows_of(file, folder, "parquet_qa", id_starts_with="english-")
        assert rows == [
            {"id": "english-1", "question": "Who?", "context": "Ada ran", "answers": [{"text": "Ada", "start": 0}]}
        ]
        assert len(rows_of(file, folder, "parquet_qa")) == 2

    @pytest.mark.parametrize("config", [None, "default"])
    def test_a_branch_of_converted_files_needs_no_readme(self, config, hub, folder) -> None:
        # refs/convert/parquet: default/train/0000.parquet and nothing else.
        columns = {"question": ["Why?", "How?"], "label": [1, 0]}
        from datasets import Value

        made = table(columns, label=Value("int32"))
        mirror = hub("org/choice", {("default", "train"): made, ("default", "test"): made}, readme=False)
        file = place("org/choice", "train", config)
        folder.fetch(file, mirror=mirror)
        rows = rows_of(file, folder, "parquet", fields={"text_a": "question", "label": "label"})
        assert [row["label"] for row in rows] == ["1", "0"]

    def test_a_part_of_a_split(self, hub, folder) -> None:
        mirror = hub("org/nli", {("en", "train"): pairs(0, 1, 2, 0)})
        file = place("org/nli", "train[1:3]", "en")
        folder.fetch(file, mirror=mirror)
        assert [r["label"] for r in rows_of(file, folder, "parquet", fields=FIELDS)] == ["neutral", "contradiction"]

    def test_the_same_rows_give_the_same_bytes(self, hub, tmp_path) -> None:
        mirror = hub("org/nli", {("en", "train"): pairs(0, 1, 2)})
        file = place("org/nli", "train", "en")
        first, second = (DataFolder(tmp_path / name).fetch(file, mirror=mirror).read_bytes() for name in "ab")
        assert first == second

    @pytest.mark.parametrize(
        ("config", "split", "said"),
        [("fr", "train", "fr.*not found|BuilderConfig 'fr'"), ("en", "dev", 'Unknown split "dev"')],
    )
    def test_what_the_data_set_has_not(self, config, split, said, hub, folder) -> None:
        mirror = hub("org/nli", {("en", "train"): pairs(0), ("de", "train"): pairs(0)})
        with pytest.raises(HarnessError, match=rf"org/nli@0123456789ab {config} {split}: the hub does not give it .*{said}"):
            folder.fetch(place("org/nli", split, config), mirror=mirror)
        assert list((folder.root / "files").iterdir()) == []

    def test_a_revision_that_is_a_script(self, folder, tmp_path) -> None:
        repository = tmp_path / "mirror" / "hub" / "org" / "old" / REVISION
        repository.mkdir(parents=True)
        (repository / "old.py").write_text("raise SystemExit('run')\n")
        (repository / "README.md").write_text("# Old\n")
        with pytest.raises(HarnessError, match=r"org/old@.*: this revision is a script, and no code is run; .*refs/convert"):
            folder.fetch(place("org/old", "train"), mirror=tmp_path / "mirror")

    def test_a_file_that_is_damaged(self, hub, folder) -> None:
        mirror = hub("org/nli", {("en", "train"): pairs(0, 1)})
        (path,) = mirror.rglob("*.parquet")
        path.write_bytes(path.read_bytes()[:-20])
        with pytest.raises(HarnessError, match="org/nli@0123456789ab en train: the hub does not give it"):
            folder.fetch(place("org/nli", "train", "en"), mirror=mirror)

    def test_a_mirror_without_it(self, hub, folder) -> None:
        mirror = hub("org/nli", {("en", "train"): pairs(0)})
        with pytest.raises(HarnessError, match=r"org/other@0123456789ab train: not in the mirror"):
            folder.fetch(place("org/other", "train"), mirror=mirror)

    def test_a_single_file_at_a_commit(self, hub, folder) -> None:
        mirror = hub("org/nli", {("en", "train"): pairs(2, 0)})
        where = {"id": "org/nli", "revision": REVISION, "path": "en/train-00000-of-00001.parquet"}
        file = File.model_validate({"hub": where})
        folder.fetch(file, mirror=mirror)
        # As it stands there: labels by their numbers.
        assert [row["label"] for row in rows_of(file, folder, "parquet", fields=FIELDS)] == ["2", "0"]
        with pytest.raises(HarnessError, match=r"org/nli@0123456789ab/en/dev\.parquet: not in the mirror"):
            folder.fetch(File.model_validate({"hub": {**where, "path": "en/dev.parquet"}}), mirror=mirror)


@pytest.mark.network
@pytest.mark.skipif("HARNESS_NETWORK_TESTS" not in os.environ, reason="asks a hub; set HARNESS_NETWORK_TESTS=1 to run it")
def test_a_data_set_that_no_hub_has(folder) -> None:
    with pytest.raises(Gone, match="the hub has no such data set"):
        folder.fetch(place("no-such-owner-at-all/no-such-data-set", "train"))
