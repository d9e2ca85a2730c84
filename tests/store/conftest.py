"""Stages and folders of outputs made by hand: the store knows no machine learning."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from harness.records import Manifest, Stage
from harness.store import LARGE, Store

SMALL = {"scores.json": b"[1, 2]\n", "encoder/config.json": b"{}", "encoder/model.safetensors": b"\x00\x01" * 500}
BIG = bytes(range(256)) * (LARGE // 256 + 1)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def stage(name: str = "a", kind: str = "finetune", inputs: tuple[str, ...] = ()) -> Stage:
    return Stage(kind, {"name": name, "rate": 1e-5, "Wort": "über"}, inputs, f"{kind} {name}")  # type: ignore[arg-type]


def manifest(of: Stage) -> Manifest:
    return Manifest(
        key=of.key,
        stage=of,
        outputs={},
        code={"commit": None, "dirty": False},
        environment={"python": "3.11", "threads": 1},
        device="x86_64",
        started="2026-01-01T00:00:00+00:00",
        seconds=0.25,
        doubts=("a doubt, with “quotes”",),
    )


def fill(folder: Path, files: Mapping[str, bytes]) -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


@pytest.fixture(scope="session")
def make_stage() -> Callable[..., Stage]:
    return stage


@pytest.fixture(scope="session")
def make_manifest() -> Callable[[Stage], Manifest]:
    return manifest


@pytest.fixture(scope="session")
def put() -> Callable[..., Path]:
    """Return a function that publishes a stage with files; equal arguments, equal bytes."""

    def publish(store: Store, of: Stage, files: Mapping[str, bytes] = SMALL) -> Path:
        return store.publish(manifest(of), fill(store.work(of) / "out", files))

    return publish


@pytest.fixture(scope="session")
def big() -> bytes:
    """Return the content of a file that is large enough to be shared."""
    return BIG
