"""What the commands share: the global options, and the only functions that write to the terminal."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from harness.errors import SpecError

if TYPE_CHECKING:
    from harness.data import DataFolder
    from harness.plan import Plan
    from harness.spec.catalog import Catalog
    from harness.store import Store

JsonFlag = Annotated[bool, typer.Option("--json", help="One JSON document on stdout and nothing else.")]
Limit = Annotated[
    int | None,
    typer.Option(min=1, help="A quick look: at most N rows, steps and test rows everywhere.", metavar="N"),
]
Study = Annotated[str, typer.Argument(help="A study's name or file, e.g. mini or specs/studies/mini.yaml.")]


@dataclass
class Options:
    """The global options."""

    store: Path = Path("store")
    data: Path = Path("data")
    specs: Path = Path("specs")
    quiet: bool = False
    verbose: bool = False
    color: bool = True


OPTIONS = Options()


def say(text: str = "") -> None:
    """Writes a result to stdout. A reader who has closed the pipe (`| head`) ends the program quietly, as SIGPIPE would."""
    try:
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()
    except BrokenPipeError:
        sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115 - for the interpreter's own flush at exit
        raise typer.Exit(141) from None


def tell(text: str) -> None:
    """Writes a message to stderr, unless --quiet."""
    if not OPTIONS.quiet:
        sys.stderr.write(f"{text}\n")


def say_json(value: Any) -> None:
    """Writes one JSON document to stdout."""
    say(json.dumps(value, indent=1, ensure_ascii=False))


def has_colors() -> bool:
    """Returns whether stdout is a terminal and colour is not off."""
    return OPTIONS.color and sys.stdout.isatty()


def browse(path: Path) -> None:
    """Opens a page in the default browser; says so where there is none, which is no failure."""
    import webbrowser

    try:
        opened = webbrowser.open(path.resolve().as_uri())
    except (webbrowser.Error, OSError):
        opened = False
    if not opened:
        tell(f"no browser could be opened: open {path} in one")


def table(rows: Sequence[Sequence[Any]], headers: Sequence[str]) -> str:
    """Returns rows as an aligned table."""
    from tabulate import tabulate

    return tabulate(rows, headers=headers, tablefmt="simple", floatfmt=".1f", disable_numparse=True)


def open_catalog() -> Catalog:
    """Returns the catalogue under --specs."""
    from harness.spec.catalog import Catalog

    if not OPTIONS.specs.is_dir():
        raise SpecError(f"{OPTIONS.specs}: no such folder; run this where specs/ lies, or give --specs DIR")
    return Catalog(OPTIONS.specs)


def open_store() -> Store:
    """Returns the store under --store."""
    from harness.store import Store

    return Store(OPTIONS.store)


def open_data() -> DataFolder:
    """Returns the folder of pinned files under --data."""
    from harness.data import DataFolder

    return DataFolder(OPTIONS.data)


def study_file(study: str, catalog: Catalog) -> Path:
    """Returns the file of a study that is given by name or as a file."""
    return Path(study) if study.endswith((".yaml", ".yml")) else catalog.path("studies", study)


def run_command(study: str, catalog: Catalog, limit: int | None) -> str:
    """Returns what runs a study."""
    return f"harness run {study_file(study, catalog)}" + (f" --limit {limit}" if limit else "")


def checked_plan(study: str, catalog: Catalog, limit: int | None = None) -> Plan:
    """Returns the plan of a study after a deep check of it, its tasks and its encoders."""
    from harness.check import check_all
    from harness.plan import make_plan

    spec = catalog.study(study)
    path = study_file(study, catalog)
    files = [catalog.path("tasks", name) for name in catalog.read_by(spec) if catalog.path("tasks", name).exists()]
    files += [catalog.path("models", n) for n in spec.vary.encoder if catalog.path("models", n).exists()]
    check_all([path, *files], catalog)
    return make_plan(spec, catalog, limit=limit)
