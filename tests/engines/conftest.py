"""A container engine and images to try things on, or a skip that says which is missing."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from runpy import run_path
from typing import Any

import pytest

from harness.errors import HarnessError

TINY = run_path(str(Path(__file__).parents[1] / "stages" / "tiny.py"))


@pytest.fixture(scope="session")
def client() -> Iterator[Any]:
    """Return a connection to the container engine that the tests may use: never one that was not set for them."""
    if not os.environ.get("HARNESS_TEST_IMAGE"):
        pytest.skip("no container engine for tests: HARNESS_TEST_IMAGE is not set (make container-test)")
    from harness.engines import _docker

    try:
        with _docker.connected() as found:
            yield found
    except HarnessError as error:
        pytest.skip(f"no container engine for tests: {error}")


@pytest.fixture(scope="session")
def image(client: Any) -> str:
    """Return the name of an image of this program."""
    return os.environ["HARNESS_TEST_IMAGE"]


@pytest.fixture(scope="session")
def small(client: Any, image: str) -> str:
    """Return the ID of the image that it is built on: Python, and nothing of ours."""
    base = client.images.get(image).labels["org.opencontainers.image.base.name"]
    found: str = client.images.get(base).id
    return found


@pytest.fixture
def python(client: Any, small: str, tmp_path: Path) -> Callable[..., Any]:
    """Return a function that runs a Python program in a small container."""
    from harness.engines import _docker

    def run(program: str, **options: Any) -> Any:
        limits = _docker.Limits(options.pop("memory_bytes", 256 << 20), **options.pop("limits", {}))
        given = {"labels": {"harness.test": str(tmp_path)}, "read": {}, "write": {}, "line": lambda _: None, **options}
        return _docker.run(client, small, ["python3", "-u", "-c", program], limits, **given)

    return run


@pytest.fixture(scope="session")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return TINY["Tree"](tmp_path_factory.mktemp("tree"))
