"""The program as a user meets it: arguments in, exit code and both streams out."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from harness.cli import main


@dataclass(frozen=True)
class Done:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The one JSON document on stdout."""
        return json.loads(self.out)


Harness = Callable[..., Done]


@pytest.fixture(scope="session")
def pristine(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a copy of the specs and the claims, shared: whoever changes it puts it back."""
    folder = tmp_path_factory.mktemp("workspace")
    shutil.copytree(repository / "specs", folder / "specs")
    shutil.copy(repository / "claims.yaml", folder)
    return folder


@pytest.fixture
def workspace(pristine: Path, tmp_path: Path) -> Path:
    """Return a fresh copy of the specs and the claims."""
    return shutil.copytree(pristine, tmp_path / "workspace")


@pytest.fixture
def harness(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Harness:
    """Return a function that runs a command in this process, in a folder."""

    def run(*arguments: str | Path, cwd: Path) -> Done:
        monkeypatch.chdir(cwd)
        monkeypatch.setattr(sys, "argv", ["harness", *map(str, arguments)])
        capsys.readouterr()
        code: Any = 0
        try:
            main()
        except SystemExit as stop:
            code = stop.code or 0
        return Done(code, *capsys.readouterr())

    return run


@pytest.fixture
def process(repository: Path) -> Harness:
    """Return a function that runs a command in a process of its own, in a folder."""

    def run(*arguments: str | Path, cwd: Path, **variables: str) -> Done:
        command = [sys.executable, "-m", "harness", *map(str, arguments)]
        environment = {**os.environ, "PYTHONPATH": str(repository), **variables}
        done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, env=environment, timeout=120)
        return Done(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture
def start(repository: Path) -> Callable[..., subprocess.Popen[str]]:
    """Return a function that starts a command in a process of its own and leaves it running, stdin open."""

    def begin(*arguments: str | Path, cwd: Path) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "harness", *map(str, arguments)]
        environment = {**os.environ, "PYTHONPATH": str(repository)}
        pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        # A test runner that was itself started in the background is deaf to SIGINT, and so would be its children.
        hearing = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
        return subprocess.Popen(command, cwd=cwd, env=environment, text=True, preexec_fn=hearing, **pipes)  # noqa: PLW1509

    return begin
