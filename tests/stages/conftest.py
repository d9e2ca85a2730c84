"""A tiny study, run once without interruption, and processes that can be killed."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path
from runpy import run_path
from typing import Any

import pytest

from harness.canon import dumps
from harness.execute import execute, execute_text
from harness.records import Stage, Success
from harness.store import Store

TINY = run_path(str(Path(__file__).with_name("tiny.py")))
FORKS = run_path(str(Path(__file__).with_name("forks.py")))


@pytest.fixture(scope="session")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return TINY["Tree"](tmp_path_factory.mktemp("tree"))


@pytest.fixture(scope="session")
def reference(tree: Any) -> Store:
    """Return the store of the study, computed in this process without interruption."""
    import torch

    torch.set_num_threads(1)
    store = Store(tree.store)
    for stage in tree.plan().stages:
        outcome = execute(stage, store, tree.data)
        assert isinstance(outcome, Success), outcome
    return store


@pytest.fixture(scope="session")
def first(tree: Any) -> Callable[[str], Stage]:
    """Return a function from a label's beginning to the first such stage of the study."""
    stages = tree.plan().stages
    return lambda label: next(s for s in stages if s.label.startswith(label))


@pytest.fixture
def without(reference: Store, tmp_path: Path) -> Callable[..., Store]:
    """Return a function that gives a store with all that the reference has but some stages."""

    def make(*left_out: Stage) -> Store:
        store = Store(tmp_path / "store")
        shutil.copytree(reference.root, store.root, ignore=lambda *_: [s.key for s in left_out])
        return store

    return make


@pytest.fixture(scope="session")
def start(tree: Any) -> Callable[..., BaseProcess]:
    """Return a function that starts a stage in a process of its own, a checkpoint at every step."""
    context = FORKS["context"]()

    def begin(stage: Stage, store: Store, checkpoint_seconds: float = 0.0) -> BaseProcess:
        arguments = (dumps(stage.to_json()), store.root, tree.data.root, checkpoint_seconds)
        process = context.Process(target=execute_text, args=arguments)
        process.start()
        return process

    return begin
