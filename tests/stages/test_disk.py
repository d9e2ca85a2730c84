"""A disk that is full, a file that may not grow: the stage fails, the store is as it was, the same again goes on."""

from __future__ import annotations

import json
import multiprocessing
import resource
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from harness.canon import dumps
from harness.execute import execute, execute_text
from harness.records import Failure, Success
from harness.store import Store

PROGRAM = """
import json, subprocess, sys
from pathlib import Path
from harness.execute import execute_text
from harness.records import Stage
from harness.store import Store
text, root, data = sys.argv[1:]
stage, store = Stage.from_json(json.loads(text)), Store(Path(root) / "store")
mount = lambda options: subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", root], check=True)
found = []
for options in ("size=8k", "remount,size=64k", "remount,size=32m"):
    mount(options)
    outcome = json.loads(execute_text(text, store.root, Path(data), 0.0))
    manifest = store.manifest(store.path(stage)).outputs if store.has(stage) else None
    found.append([outcome, manifest, store.verify()])
print(json.dumps(found))
"""


def may_mount(folder: Path) -> bool:
    command = ["unshare", "-rm", "mount", "-t", "tmpfs", "tmpfs", str(folder)]
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def test_a_full_disk_fails_the_stage_and_leaves_the_store_alone(reference, tree, first, tmp_path) -> None:
    if not may_mount(tmp_path):
        pytest.skip("this user may not mount a small file system")
    stage = first("pretrain tiny")
    command = ["unshare", "-rm", sys.executable, "-c", PROGRAM, dumps(stage.to_json()), tmp_path, tree.data.root]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    *full, last = json.loads(done.stdout.splitlines()[-1])
    for outcome, manifest, problems in full:
        assert "No space left" in outcome["failure"]["message"]
        assert manifest is None
        assert problems == []
    assert last[0]["success"]["computed"]
    assert last[1] == reference.manifest(reference.path(stage)).outputs
    assert last[2] == []


def test_a_limit_on_file_sizes_ends_the_run_with_status_4(tree, reference, first, repository, tmp_path) -> None:
    store = Store(tmp_path / "store")
    command = [sys.executable, "-m", "harness", "--specs", tree.specs, "--data", tree.data.root, "--store", store.root]
    command += ["run", "small", "--only", "pretrain tiny", "--jobs", "1"]

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (8000, 8000))

    done = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False, preexec_fn=limit)
    assert done.returncode == 4, done.stderr
    assert "error: pretrain tiny: " in done.stderr
    assert "File too large" in done.stderr
    assert "Traceback" not in done.stderr
    assert list(store.entries()) == []
    assert store.verify() == []
    (attempt,) = (store.root / "attempts").iterdir()
    assert "File too large" in json.loads(attempt.read_text())["error"]
    assert execute(first("pretrain tiny"), store, tree.data) == Success(
        first("pretrain tiny").key, computed=True, seconds=pytest.approx(0, abs=60)
    )
    assert not attempt.exists()


def test_a_store_that_cannot_be_made_is_a_failure_in_words(tree, first, tmp_path) -> None:
    (tmp_path / "store").write_text("a file")
    outcome = execute(first("pretrain tiny"), Store(tmp_path / "store"), tree.data)
    assert isinstance(outcome, Failure)
    assert outcome.message.startswith("NotADirectoryError: ")
    assert outcome.log.startswith("not written: ")


def test_a_missing_parent_is_a_failure_in_words(tree, first, tmp_path) -> None:
    outcome = execute(first("finetune tiny_nli"), Store(tmp_path), tree.data)
    assert isinstance(outcome, Failure)
    assert "`harness store ls` lists what is there" in outcome.message
    assert json.loads(Path(outcome.log).read_text())["error"] == outcome.message


def test_processes_that_meet_compute_a_stage_once(tree, first, without, reference, start) -> None:
    stage = first("finetune tiny_nli")
    store = without(stage)
    context = multiprocessing.get_context("forkserver")
    arguments = (dumps(stage.to_json()), store.root, tree.data.root, 0.0)
    with ProcessPoolExecutor(3, mp_context=context) as pool:
        outcomes = [json.loads(f.result()) for f in [pool.submit(execute_text, *arguments) for _ in range(3)]]
    assert sorted(outcome["success"]["computed"] for outcome in outcomes) == [False, False, True]
    assert store.verify() == []
    assert store.manifest(store.path(stage)).outputs == reference.manifest(reference.path(stage)).outputs
