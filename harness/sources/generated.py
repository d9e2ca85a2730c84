"""Files that this program makes itself."""

from __future__ import annotations

import importlib
from pathlib import Path

from harness import plugin
from harness.errors import SpecError
from harness.spec.data import File


def fetch(file: File, target: Path) -> None:
    """Writes the generated file's bytes to `target`."""
    assert file.generated is not None
    # By name, as readers and sources are: where bytes come from is no matter of imports.
    generator = importlib.import_module("harness.generator")
    if file.generated not in generator.FILES:
        hint = plugin.near(file.generated, generator.FILES)
        raise SpecError(f"the generator makes no file {file.generated!r}: {hint}")
    target.write_bytes(generator.generate(file.generated))
