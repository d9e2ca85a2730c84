"""What an installed package holds."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path


def test_a_wheel_holds_every_file_of_the_package(repository: Path, tmp_path: Path) -> None:
    here = tmp_path / "source"
    shutil.copytree(repository / "harness", here / "harness", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "LICENSE"):
        shutil.copy(repository / name, here)
    # The build backend itself, without an environment of its own: it is in the lock.
    program = "from setuptools import build_meta; print(build_meta.build_wheel('made'))"
    done = subprocess.run([sys.executable, "-c", program], cwd=here, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    (wheel,) = (here / "made").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert packed == {path.relative_to(here).as_posix() for path in (here / "harness").rglob("*") if path.is_file()}
    assert "harness/report/templates/index.html.j2" in packed
