"""kill -9 of the command itself: its workers go with it, and the same command ends as if nothing had been."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from harness.store import Store


def children(pid: int) -> list[int]:
    """Return the processes that a process has started, and theirs."""
    found = [int(p) for task in Path(f"/proc/{pid}/task").glob("*") for p in (task / "children").read_text().split()]
    return found + [grandchild for child in found for grandchild in children(child)]


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def digests(store: Store) -> dict[str, dict[str, str]]:
    return {folder.name: store.manifest(folder).outputs for folder in store.entries()}


@pytest.mark.slow  # every start of the command and its two workers imports torch
@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs /proc to see the processes")
def test_the_whole_command_killed_and_run_again(tree, reference, repository, tmp_path) -> None:
    store = Store(tmp_path / "store")
    command = [sys.executable, "-m", "harness", "--specs", tree.specs, "--data", tree.data.root, "--store", store.root]
    command += ["run", "small", "--jobs", "2", "--checkpoint-seconds", "0"]
    process = subprocess.Popen(command, cwd=repository, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    while not (len(list(store.entries())) >= 2 and list((store.root / "work").glob("*/progress"))):
        assert process.poll() is None, process.communicate()
        time.sleep(0.001)
    workers = children(process.pid)
    assert len(workers) >= 2
    process.kill()
    process.communicate()
    n_done = len(list(store.entries()))
    assert n_done < len(tree.plan().stages)
    deadline = time.monotonic() + 30
    while any(map(is_running, workers)):
        assert time.monotonic() < deadline, "a worker outlives the command"
        time.sleep(0.05)
    assert store.verify() == []
    done = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert digests(store) == digests(reference)
    assert store.verify() == []
    assert list((store.root / "work").iterdir()) == []
