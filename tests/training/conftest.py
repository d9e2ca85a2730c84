"""A tiny encoder, and the rows, the set-up and the features of every family."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from runpy import run_path
from typing import Any

import pytest

from harness import plugin
from harness.encoders import Encoder
from harness.families import Setup
from harness.spec.training import TrainingSpec
from harness.training.loop import Member

TINY = run_path(str(Path(__file__).parents[1] / "stages" / "tiny.py"))


@pytest.fixture
def make_encoder() -> Callable[..., Encoder]:
    return TINY["make_encoder"]


@pytest.fixture
def member() -> Callable[..., Member]:
    """Return a function from task and encoder to a member with a head drawn from a seed."""
    import torch

    def make(task: str, encoder: Encoder, n: int = 24, fraction: float | None = None, **options: Any) -> Member:
        rows, family, _, labels, fixed, _ = TINY["TASKS"][task]
        module = plugin.load("harness.families", family)
        chosen = plugin.load("harness.spec.options", family).Options(**{**fixed, **options})
        setup = Setup(chosen, tuple(labels), "mean")
        torch.manual_seed(7)
        head = module.Head(encoder, setup)
        return Member(module, head, module.features(rows("train", "en", n), encoder, setup), setup, fraction)

    return make


@pytest.fixture
def spec() -> Callable[..., TrainingSpec]:
    def make(**fields: Any) -> TrainingSpec:
        given: dict[str, Any] = {"learning_rate": 0.003, "dropout": 0.0, **fields}
        if not given.keys() & {"epochs", "max_steps"}:
            given["epochs"] = 1
        if not given.keys() & {"batch_examples", "batch_tokens"}:
            given["batch_examples"] = 4
        return TrainingSpec(**given)

    return make
