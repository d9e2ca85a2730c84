"""A server on this machine, and repositories in the form that a hub has them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

REVISION = "0123456789abcdef" * 2 + "01234567"


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Path, str]]:
    """Yield a folder and the address under which a server on this machine gives its files."""
    monkeypatch.setenv("no_proxy", "*")
    folder = tmp_path / "served"
    folder.mkdir()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietHandler, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield folder, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def hub(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes a data set's repository into a mirror, and returns the mirror.

    `splits` maps (config, split) to a table with the features of the `datasets` package.
    """

    def make(name: str, splits: dict[tuple[str, str], Any], *, readme: bool = True) -> Path:
        mirror = tmp_path / "mirror"
        folder = mirror / "hub" / name / REVISION
        configs: dict[str, list[str]] = {}
        for (config, split), table in splits.items():
            path = folder / config / (f"{split}-00000-of-00001.parquet" if readme else f"{split}/0000.parquet")
            path.parent.mkdir(parents=True, exist_ok=True)
            table.to_parquet(path)
            pattern = f"{config}/{path.name}"
            configs.setdefault(config, []).append(f"  - split: {split}\n    path: {pattern}")
        if readme:
            listed = "\n".join(f"- config_name: {c}\n  data_files:\n" + "\n".join(files) for c, files in configs.items())
            (folder / "README.md").write_text(f"---\nconfigs:\n{listed}\n---\n# A data set\n")
        return mirror

    return make
