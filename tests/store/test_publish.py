"""What is published is there whole, once, and stays."""

from __future__ import annotations

import random
import shutil
import stat
import subprocess
import sys
import time
from multiprocessing.context import ForkServerContext
from pathlib import Path
from runpy import run_path

import pytest

from harness import canon
from harness.errors import EvidenceMissing, StoreCorrupt
from harness.store import MANIFEST, Store


@pytest.fixture(scope="module")
def context() -> ForkServerContext:
    return run_path(str(Path(__file__).parents[1] / "stages" / "forks.py"))["context"]()


def test_an_entry_has_its_files_and_their_digests(store, make_stage, put) -> None:
    one = make_stage()
    assert not store.has(one)
    place = put(store, one, {"scores.json": b"[]", "encoder/config.json": b"{}"})
    assert place == store.path(one) == store.root / "finetune" / one.key
    assert store.has(one)
    manifest = store.manifest(place)
    assert manifest.outputs == {
        "encoder/config.json": canon.digest(b"{}"),
        "scores.json": canon.digest(b"[]"),
    }
    assert manifest.stage == one
    assert manifest.stage.key == manifest.key == one.key
    assert store.find(one.key[:9]) == place
    assert list(store.entries()) == [place]
    assert store.verify() == []


def test_what_is_published_cannot_be_written_by_accident(store, make_stage, put, big) -> None:
    place = put(store, make_stage(), {"scores.json": b"[]", "weights": big})
    assert not [p for p in place.rglob("*") if p.name != MANIFEST and p.is_file() and stat.S_IMODE(p.stat().st_mode) & 0o222]


def test_the_second_of_two_keeps_the_first(store, make_stage, make_manifest, put, tmp_path) -> None:
    one = make_stage()
    put(store, one, {"a": b"first"})
    before = (store.path(one) / MANIFEST).read_bytes()
    put(store, one, {"a": b"second", "b": b"more"})
    assert (store.path(one) / MANIFEST).read_bytes() == before
    assert (store.path(one) / "a").read_bytes() == b"first"
    assert not (store.root / "work" / one.key / "out").exists()
    assert store.verify() == []


def test_equal_large_files_are_kept_once(store, make_stage, put, big) -> None:
    stages = [make_stage(name) for name in "abc"]
    for i, one in enumerate(stages):
        put(store, one, {"encoder/embedding": big, "rest": big + bytes([i]), "small": b"same"})
    pool = store.root / "files" / canon.digest(big)
    files = [store.path(one) / "encoder" / "embedding" for one in stages]
    assert {file.stat().st_ino for file in files} == {pool.stat().st_ino}
    assert pool.stat().st_nlink == 4
    assert len({(store.path(one) / "small").stat().st_ino for one in stages}) == 3
    assert len(list((store.root / "files").iterdir())) == 4
    assert store.verify() == []


def test_a_shared_file_that_has_changed_is_shared_no_further(store, make_stage, put, big) -> None:
    put(store, make_stage("a"), {"weights": big})
    pool = store.root / "files" / canon.digest(big)
    pool.chmod(0o644)
    with pool.open("r+b") as stream:
        stream.write(b"x")
    with pytest.raises(StoreCorrupt, match=r"changed since it was written; run `harness store verify`"):
        put(store, make_stage("b"), {"weights": big})
    assert not store.has(make_stage("b"))
    assert len(store.verify()) == 2  # the pool's file, and the entry that it is in


def test_a_key_is_found_by_its_beginning_if_that_is_clear(store, make_stage, put) -> None:
    with pytest.raises(EvidenceMissing, match=r"no stage 'abc' in .*; `harness store ls` lists what is there"):
        store.find("abc")
    stages = [make_stage(str(i)) for i in range(20)]
    for one in stages:
        put(store, one, {"a": b""})
    first = next(s.key[0] for s in stages if sum(t.key[0] == s.key[0] for t in stages) > 1)
    with pytest.raises(EvidenceMissing, match=rf"'{first}' is the beginning of \d+ keys: .*; give more of it"):
        store.find(first)


def test_a_failed_attempt_never_stands_in_the_stages_place(store, make_stage, put) -> None:
    one = make_stage()
    record = store.fail(one, {"error": "no luck", "traceback": ["line"]})
    assert record == store.root / "attempts" / f"{one.key}.json"
    assert not store.has(one)
    assert store.verify() == []
    put(store, one)
    assert not record.exists()


def test_two_processes_that_publish_the_same_make_one_entry(store, make_stage, make_manifest, put, big, context) -> None:
    for round_ in range(5):
        one = make_stage(str(round_))
        folders = []
        for i in range(2):
            folder = store.root / "work" / f"{one.key}.{i}"
            folder.mkdir(parents=True)
            for n in range(5):
                (folder / f"large{n}").write_bytes(big + bytes([n]))
            folders.append(folder)
        processes = [context.Process(target=store.publish, args=(make_manifest(one), f)) for f in folders]
        for process in processes:
            process.start()
        for process in processes:
            process.join()
        assert [p.exitcode for p in processes] == [0, 0]
        assert store.has(one)
        assert not any(folder.exists() for folder in folders)
    assert store.verify() == []
    assert len(list(store.entries())) == 5


def test_a_kill_at_any_moment_leaves_no_entry_or_a_whole_one(tmp_path, make_stage, make_manifest, big, context) -> None:
    one = make_stage()

    def fill(folder: Path) -> Path:
        shutil.rmtree(folder, ignore_errors=True)
        (folder / "encoder").mkdir(parents=True)
        for n in range(12):
            (folder / "encoder" / f"large{n}").write_bytes(big + bytes([n]))
            (folder / f"small{n}").write_bytes(bytes([n]))
        return folder

    clock = time.monotonic()
    Store(tmp_path / "timed").publish(make_manifest(one), fill(tmp_path / "timed" / "work"))
    whole = time.monotonic() - clock
    store, found = Store(tmp_path / "store"), []
    for attempt in range(16):
        folder = fill(store.work(one) / "out")
        process = context.Process(target=store.publish, args=(make_manifest(one), folder))
        process.start()
        time.sleep(random.Random(attempt).uniform(0, 2 * whole))
        process.kill()
        process.join()
        assert store.verify() == []
        found.append(store.has(one))
        if store.has(one):
            assert sorted(store.manifest(store.path(one)).outputs) == sorted(
                p.relative_to(store.path(one)).as_posix()
                for p in store.path(one).rglob("*")
                if p.is_file() and p.name != MANIFEST
            )
            shutil.rmtree(store.path(one))
    assert not all(found), "no kill came in time"
    place = store.publish(make_manifest(one), fill(store.work(one) / "out"))
    assert len(store.manifest(place).outputs) == 24
    assert store.verify() == []


def test_a_folder_that_cannot_be_moved_publishes_nothing(store, make_stage, put) -> None:
    one = make_stage()
    place = store.path(one)
    place.parent.mkdir(parents=True)
    place.write_text("a file stands in the way")
    with pytest.raises(NotADirectoryError):
        put(store, one)
    assert not store.has(one)


def test_a_half_deleted_entry_is_no_hindrance(store, make_stage, put) -> None:
    one = make_stage()
    place = put(store, one)
    (place / MANIFEST).unlink()  # what an interrupted `collect` leaves
    assert not store.has(one)
    assert store.verify() == [f"{place}: an entry without a manifest"]
    put(store, one)
    assert store.has(one)
    assert store.verify() == []


def test_a_lock_is_free_once_its_holder_is_killed(store, make_stage) -> None:
    one = make_stage()
    held = store.root.parent / "held"
    program = (
        "import sys, time; from pathlib import Path; from harness.store import Store; from harness.records import Stage\n"
        "one = Stage('finetune', {'name': 'a', 'rate': 1e-5, 'Wort': 'über'})\n"
        "with Store(Path(sys.argv[1])).lock(one):\n"
        "    Path(sys.argv[2]).write_text('held')\n"
        "    time.sleep(60)\n"
    )
    holder = subprocess.Popen([sys.executable, "-c", program, str(store.root), str(held)])
    while not held.exists():
        assert holder.poll() is None
        time.sleep(0.01)
    holder.kill()
    holder.wait()
    with store.lock(one), store.lock(make_stage("another")):
        pass


def test_a_lock_is_had_without_waiting_only_if_nobody_has_it(store, make_stage) -> None:
    stage = make_stage()
    with store.lock(stage), store.lock_if_free(stage.key) as free:
        assert not free
    with store.lock_if_free(stage.key) as free:
        assert free
