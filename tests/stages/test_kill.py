"""kill -9 in every kind of stage, then the same again: the same bytes as without."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.execute import execute
from harness.records import Stage, Success
from harness.store import Store
from harness.training.checkpoint import FILE

TRAINED = ("pretrain tiny", "intermediate nli", "finetune tiny_nli", "finetune tiny_qa")


def outputs(store: Store, stage: Stage) -> dict[str, str]:
    return store.manifest(store.path(stage)).outputs


def kill_at(step: int, stage: Stage, store: Store, start: Callable[..., Any]) -> None:
    """Run a stage up to a step and kill it there.

    `progress`, which is written after each checkpoint, is a pipe: the stage goes no further than it is read.
    """
    progress = store.work(stage) / "progress"
    progress.unlink(missing_ok=True)
    os.mkfifo(progress)
    process = start(stage, store)
    while True:
        done, of = map(int, progress.read_text().split())
        assert done < of, "the stage is too short for this kill"
        if done >= step:
            break
    process.kill()
    process.join()
    progress.unlink()
    assert process.exitcode == -9
    assert not store.has(stage)


def resume(stage: Stage, store: Store, start: Callable[..., Any]) -> None:
    process = start(stage, store)
    process.join()
    assert process.exitcode == 0
    assert store.has(stage)
    assert not (store.root / "work" / stage.key).exists()
    assert not list((store.root / "attempts").glob("*"))


@pytest.mark.parametrize("label", TRAINED)
def test_a_training_killed_twice_gives_the_same_bytes(label, reference, first, without, start) -> None:
    stage = first(label)
    store = without(stage)
    kill_at(1, stage, store, start)
    kill_at(4, stage, store, start)
    resume(stage, store, start)
    assert outputs(store, stage) == outputs(reference, stage)
    assert store.verify() == []


@pytest.mark.parametrize("damage", ["cut short", "empty", "noise", "only the next one"])
def test_a_damaged_checkpoint_is_none(damage, reference, first, without, start) -> None:
    stage = first("finetune tiny_nli")
    store = without(stage)
    kill_at(3, stage, store, start)
    checkpoint = store.work(stage) / FILE
    whole = checkpoint.read_bytes()
    (checkpoint.with_name(f"{FILE}.new")).write_bytes(whole[: len(whole) // 3])
    if damage == "only the next one":
        checkpoint.unlink()
    else:
        checkpoint.write_bytes({"cut short": whole[:-100], "empty": b"", "noise": b"\x07" * 999}[damage])
    resume(stage, store, start)
    assert outputs(store, stage) == outputs(reference, stage)


@pytest.mark.parametrize("made", ["out", "out/predictions.parquet"])
def test_a_killed_evaluation_gives_the_same_bytes(made, reference, first, without, start) -> None:
    stage = first("evaluate tiny_nli la")
    store = without(stage)
    for _ in range(20):
        seen = store.work(stage) / made
        shutil.rmtree(seen.parent, ignore_errors=True)
        process = start(stage, store)
        while process.is_alive() and not seen.exists():
            time.sleep(0.0005)
        process.kill()
        process.join()
        if not store.has(stage):
            break
        shutil.rmtree(store.path(stage))  # too late: the stage was faster
    else:
        pytest.fail("no kill came before the end")
    resume(stage, store, start)
    assert outputs(store, stage) == outputs(reference, stage)


@pytest.mark.parametrize(("label", "n"), [("pretrain tiny", 2), ("finetune tiny_nli", 1), ("evaluate tiny_nli la", 1)])
def test_the_thread_count_is_fixed_by_the_kind_of_stage(label, n, reference, first) -> None:
    manifest = reference.manifest(reference.path(first(label)))
    assert manifest.environment["threads"] == n
    assert manifest.environment["cpu_capability"]
    assert manifest.environment["packages"]["torch"]


def test_another_folder_and_another_second_give_the_same_bytes(tree, reference, first, tmp_path: Path) -> None:
    store = Store(tmp_path / "elsewhere")
    chain = ("pretrain tiny", "intermediate nli", "finetune tiny_nli · nli", "evaluate tiny_nli la · nli")
    for label in chain:
        stage = first(label)
        assert isinstance(execute(stage, store, tree.data), Success)
        assert outputs(store, stage) == outputs(reference, stage)
