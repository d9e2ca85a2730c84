"""Files that are pinned by their place, files of one's own, and files that are gone."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from harness import data as pinned
from harness.data import DataFolder
from harness.errors import HarnessError, OwnFileMissing, StoreCorrupt
from harness.sources import url
from harness.spec.data import File, Reader
from harness.spec.task import TaskSpec

OWN = File.model_validate({"own": {"path": "corpus/train.txt", "what": "the licensed corpus, section 02"}})
COMMIT = "a" * 40


def make_task(*files: dict[str, Any]) -> TaskSpec:
    spec = {
        "name": "mine",
        "version": 1,
        "title": "T",
        "role": "intermediate",
        "family": "sequence_classification",
        "languages": ["en"],
        "labels": ["0", "1"],
        "reader": {"name": "jsonl"},
        "splits": {"train": {"en": [{"files": list(files)}]}},
        "source": {"paper": "p", "url": "u", "licence": "l", "citation": "c"},
    }
    return TaskSpec.model_validate_json(json.dumps(spec))


def states(task: TaskSpec, data: DataFolder, mirror: Path | None = None) -> list[tuple[str, str]]:
    return [(a.state, a.why) for a in pinned.status(task, data, mirror=mirror)]


@pytest.fixture
def data(tmp_path: Path) -> DataFolder:
    return DataFolder(tmp_path / "data")


def put(root: Path, content: str) -> Path:
    path = root / "own" / "corpus" / "train.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    return path


class TestOwnFiles:
    def test_one_that_is_not_there_says_which_and_where(self, data) -> None:
        with pytest.raises(
            OwnFileMissing, match=r"put the licensed corpus, section 02 at own/corpus/train.txt in the data folder"
        ):
            data.fetch(OWN)
        state, why = states(make_task(OWN.model_dump(exclude_none=True)), data)[0]
        assert state == "bring your own"
        assert why == f"put it at {data.root}/own/corpus/train.txt: the licensed corpus, section 02"

    def test_one_that_is_there_is_taken_in(self, data) -> None:
        put(data.root, "text\n")
        task = make_task(OWN.model_dump(exclude_none=True))
        assert states(task, data)[0][0] == "fetchable"
        assert data.fetch(OWN).read_text() == "text\n"
        assert states(task, data) == [("ready", "digest checked")]
        written = data.path(f"{OWN.identity}.sha256").read_text()
        assert written == hashlib.sha256(b"text\n").hexdigest() + "\n"

    def test_one_in_a_mirror(self, data, tmp_path) -> None:
        put(tmp_path / "mirror", "text\n")
        assert states(make_task(OWN.model_dump(exclude_none=True)), data, tmp_path / "mirror")[0][0] == "fetchable"
        assert data.fetch(OWN, mirror=tmp_path / "mirror").read_text() == "text\n"

    def test_one_that_changed_is_refused_until_the_old_one_is_deleted(self, data) -> None:
        put(data.root, "text\n")
        taken = data.fetch(OWN)
        mine = put(data.root, "another\n")
        with pytest.raises(HarnessError, match=rf"{mine}: not the bytes that were taken in before; .*delete {taken}"):
            data.fetch(OWN)
        taken.unlink()
        with pytest.raises(HarnessError, match="not the bytes that were fetched here before"):
            data.fetch(OWN)
        data.path(f"{OWN.identity}.sha256").unlink()
        assert data.fetch(OWN).read_text() == "another\n"

    def test_how_it_is_described_does_not_matter(self) -> None:
        other = File.model_validate({"own": {"path": "corpus/train.txt", "what": "in other words"}})
        assert other.identity == OWN.identity

    @pytest.mark.parametrize("path", ["../x", "/etc/passwd", "a//b", "a/../../b", ".."])
    def test_a_path_cannot_leave_its_folder(self, path) -> None:
        assert_refused({"own": {"path": path, "what": "w"}})


def assert_refused(place: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"validation error"):
        File.model_validate(place)


class TestPlacesAsPins:
    @pytest.fixture
    def served(self, tmp_path, monkeypatch) -> Path:
        """Return a folder whose files answer for every URL, by their names."""
        folder = tmp_path / "served"
        folder.mkdir()

        def download(address: str, stream: Any) -> None:
            path = folder / address.rsplit("/", 1)[1]
            if not path.exists():
                raise url.Gone(f"{address}: the server answers 404 Not Found")
            stream.write(path.read_bytes())

        monkeypatch.setattr(url, "_download", download)
        return folder

    FILE = File(url=f"https://example.org/raw/{COMMIT}/x.jsonl")

    def test_what_is_a_pin(self) -> None:
        for fixed in (COMMIT, "r2.5", "v1.0"):
            File(url=f"https://example.org/{fixed}/x")
        for loose in ("main", "v1", "a" * 39, "release"):
            assert_refused({"url": f"https://example.org/{loose}/x"})

    def test_the_digest_is_written_down_and_later_bytes_are_held_against_it(self, served, data) -> None:
        (served / "x.jsonl").write_text("one\n")
        path = data.fetch(self.FILE)
        assert data.checked(self.FILE.identity) == path
        assert data.fetch(self.FILE) == path
        path.write_text("spoilt\n")
        with pytest.raises(StoreCorrupt, match="delete it and run"):
            data.get(self.FILE)
        (served / "x.jsonl").write_text("two\n")
        with pytest.raises(HarnessError, match=r"x\.jsonl: not the bytes that were fetched here before: expected sha256"):
            data.fetch(self.FILE)
        (served / "x.jsonl").write_text("one\n")
        assert data.fetch(self.FILE).read_text() == "one\n"

    def test_gone_is_a_state_until_it_is_there_again(self, served, data) -> None:
        task = make_task({"url": self.FILE.url})
        assert states(task, data) == [("fetchable", f"not fetched yet: {self.FILE.url}")]
        with pytest.raises(HarnessError, match="404"):
            data.fetch(self.FILE)
        assert states(task, data) == [("gone", f"{self.FILE.url}: the server answers 404 Not Found")]
        (served / "x.jsonl").write_text("one\n")
        data.fetch(self.FILE)
        assert states(task, data) == [("ready", "digest checked")]
        data.path(self.FILE.identity).unlink()
        assert states(task, data)[0][0] == "fetchable"


def labelled(n: int, *labels: Any) -> str:
    rows = ({"text_a": f"t{i}", "label": labels[i % len(labels)]} for i in range(n))
    return "".join(f"{json.dumps(row)}\n" for row in rows)


class TestPlaceholders:
    def rows(self, data: DataFolder, content: str, reader: str = "jsonl") -> list[dict[str, Any]]:
        sha256 = hashlib.sha256(content.encode()).hexdigest()
        data.path(sha256).parent.mkdir(parents=True, exist_ok=True)
        data.path(sha256).write_text(content)
        task = make_task({"sha256": sha256, "url": "https://example.org/x"})
        task = task.model_copy(update={"reader": Reader(name=reader)})
        return pinned.load(pinned.describe(task, "train", "en", lambda name: task), "en", data)

    def test_one_label_throughout_is_refused(self, data) -> None:
        with pytest.raises(HarnessError, match=r"all 60 rows in en \([0-9a-f]{12}\) have the label '0': a placeholder"):
            self.rows(data, labelled(60, 0))
        assert len(self.rows(data, labelled(60, 0, 1))) == 60
        assert len(self.rows(data, labelled(9, 0))) == 9

    def test_one_tag_throughout_is_refused(self, data) -> None:
        with pytest.raises(HarnessError, match=r"all 60 rows in en .* have the label 'O'"):
            self.rows(data, "a\tO\nb\tO\n\n" * 60, "conll")

    def test_rows_without_labels_are_no_matter(self, data) -> None:
        rows = "".join(f"{json.dumps({'id': str(i), 'text': 'x'})}\n" for i in range(60))
        assert len(self.rows(data, rows, "jsonl_rows")) == 60
