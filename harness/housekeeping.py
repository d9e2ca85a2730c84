"""The commands that keep the house: `data` (pinned sources) and `store` (finished stages)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from harness.console import JsonFlag, checked_plan, open_catalog, open_data, open_store, say, say_json, table
from harness.errors import EvidenceMissing, HarnessError, SpecError, StoreCorrupt

if TYPE_CHECKING:
    from harness.data import DataFolder
    from harness.spec.data import File

data_app = typer.Typer(no_args_is_help=True, help="Pinned source files: fetch them, or see what is there.")
store_app = typer.Typer(no_args_is_help=True, help="Finished stages: list, explain, check every byte, drop unused ones.")


@data_app.command("fetch")
def data_fetch(
    names: Annotated[list[str] | None, typer.Argument(help="Tasks or encoders; default: all.", metavar="[TASK]...")] = None,
    mirror: Annotated[Path | None, typer.Option(help="Take files from this folder; digests are checked alike.")] = None,
    study: Annotated[
        str | None, typer.Option(help="What this study reads, in the edition it takes.", metavar="STUDY")
    ] = None,
    edition: Annotated[str | None, typer.Option(help="Take tasks from the sources of this edition.")] = None,
) -> None:
    """Get pinned sources and check each digest.

    With a mirror and nothing named, everything that the mirror holds is taken, of every edition.
    """
    folder = open_data()
    if mirror and not mirror.is_dir():
        raise SpecError(f"--mirror {mirror}: no such folder")
    wanted = _pinned(names, study, edition, every_edition=mirror is not None)
    if mirror and not names and not study:
        wanted = {i: (owner, file) for i, (owner, file) in wanted.items() if _is_at_hand(folder, file, mirror)}
    new, failed = 0, []
    for owner, file in wanted.values():
        there = folder.has(file)
        try:
            folder.fetch(file, mirror=mirror)
        except HarnessError as error:
            failed.append(f"{owner}: {error}")
            continue
        if not there:
            new += 1
    say(f"{len(wanted) - len(failed)} of {len(wanted)} files in {folder.root}, {new} of them new, digests checked")
    if failed:
        raise HarnessError("\n".join(failed))


def _is_at_hand(folder: DataFolder, file: File, mirror: Path) -> bool:
    from harness.mirror import find_in_mirror

    local = file.place in ("packaged", "generated")
    return local or folder.has(file) or find_in_mirror(mirror, file) is not None


def _pinned(
    names: Sequence[str] | None, study: str | None, edition: str | None, *, every_edition: bool
) -> dict[str, tuple[str, File]]:
    """Returns the pinned files of tasks and packaged encoders by identity, with whose they are.

    Those of a study, or of the names in an edition; of every edition if nothing at all is asked for and that is wanted.
    """
    from harness import plugin
    from harness.data import files

    catalog = open_catalog()
    if study:
        spec = catalog.study(study)
        edition, names = spec.edition, [*catalog.read_by(spec), *spec.vary.encoder, *(names or ())]
    arms = [view.edition for view in catalog.views(spec)[1:]] if study else []
    known = (*catalog.names("tasks"), *catalog.names("models"))
    wanted: dict[str, tuple[str, File]] = {}
    for name in names or known:
        if name not in known:
            raise SpecError(f"no task or encoder {name!r}: {plugin.near(name, known)}")
        if name in catalog.names("tasks"):
            others = catalog.editions(name) if every_edition and not names and not edition else ()
            for one in (edition, *arms, *others):
                view = catalog.in_edition(one)
                for _, _, file in files(view.task(name), view.task):
                    wanted.setdefault(file.identity, (name, file))
        if name in catalog.names("models") and (packaged := catalog.model(name).packaged):
            for file in (packaged.weights, packaged.tokenizer):
                wanted.setdefault(file.identity, (name, file))
    return wanted


@data_app.command("status")
def data_status(
    names: Annotated[list[str] | None, typer.Argument(help="Tasks; default: all.", metavar="[TASK]...")] = None,
    mirror: Annotated[Path | None, typer.Option(help="Count what lies in this folder as fetchable.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Say for each task, edition and split what is there, and why something is not."""
    from harness.data import status

    catalog = open_catalog()
    found = []
    for name in names or catalog.names("tasks"):
        for edition in ("", *catalog.editions(name)):
            view = catalog.in_edition(edition)
            found += status(view.task(name), open_data(), lookup=view.task, mirror=mirror, edition=edition)
    if as_json:
        say_json([a.__dict__ for a in found])
        return
    say(
        table(
            [[a.task, a.edition or "own", a.split, a.language, a.state, a.why] for a in found],
            ["task", "edition", "split", "lang", "state", "why"],
        )
    )


@data_app.command("check")
def data_check(
    names: Annotated[list[str] | None, typer.Argument(help="Tasks; default: all.", metavar="[TASK]...")] = None,
    study: Annotated[
        str | None, typer.Option(help="What this study reads, in the edition it takes.", metavar="STUDY")
    ] = None,
    edition: Annotated[str | None, typer.Option(help="Take tasks from the sources of this edition.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Read every row that is there: counts, ids, placeholders, and the same ids in parallel languages."""
    from harness.census import census

    catalog = open_catalog()
    view = catalog.in_edition(edition)
    if study:
        spec = catalog.study(study)
        view, names = catalog.for_study(spec), [*catalog.read_by(spec), *(names or ())]
    found = list(census([view.task(name) for name in names or catalog.names("tasks")], view, open_data()))
    if as_json:
        say_json([counted.__dict__ for counted in found])
    else:
        rows = [[c.task, c.split, c.language, "" if c.n is None else f"{c.n:,}", c.problem or "good"] for c in found]
        say(table(rows, ["task", "split", "lang", "rows", "state"]))
    wrong = [f"{c.task} {c.split} {c.language}: {c.problem}" for c in found if c.problem]
    if wrong:
        raise SpecError("\n".join(wrong))


@store_app.command("ls")
def store_ls(as_json: JsonFlag = False) -> None:
    """List finished stages."""
    store = open_store()
    rows = []
    for folder in store.entries():
        m = store.manifest(folder)
        row: dict[str, Any] = {
            "key": m.key,
            "kind": m.stage.kind,
            "label": m.stage.label,
            "started": m.started,
            "seconds": m.seconds,
        }
        rows.append(row)
    if as_json:
        say_json(rows)
        return
    shown = [[r["key"][:12], r["label"], r["started"], f"{r['seconds']:.1f}"] for r in rows]
    say(table(shown, ["key", "stage", "started", "seconds"]))


@store_app.command("why")
def store_why(key: Annotated[str, typer.Argument(help="A key, or the beginning of one.")]) -> None:
    """Explain a stage: what it was computed from and with, and who its parents are; or why it failed."""
    store = open_store()
    try:
        folder = store.find(key)
    except EvidenceMissing:
        attempts = [p for p in sorted((store.root / "attempts").glob("*.json")) if p.name.startswith(key)]
        if not key or not attempts:
            raise
        record = json.loads(attempts[0].read_text(encoding="utf-8"))
        say(f"{record['stage']['label']}: not in the store; last attempt {record['started']}: {record['error']}")
        say("\n".join(record["traceback"]))
        return
    manifest = store.manifest(folder)
    say(f"{manifest.stage.label}\n{folder / 'manifest.json'}")
    for parent in manifest.stage.inputs:
        say(f"from {store.manifest(store.find(parent)).stage.label} ({parent[:12]})")
    say_json({"params": manifest.stage.params, "code": manifest.code, "environment": manifest.environment})


@store_app.command("verify")
def store_verify() -> None:
    """Read every byte and compare it with its address."""
    store = open_store()
    problems = store.verify()
    if problems:
        raise StoreCorrupt("\n".join([*problems, "delete what is named here and run the study again"]))
    say(f"{sum(1 for _ in store.entries())} stages in {store.root}, every byte as written")


@store_app.command("gc")
def store_gc(yes: Annotated[bool, typer.Option("--yes", help="Delete without asking.")] = False) -> None:
    """Drop every stage that no study under specs/ reaches."""
    catalog, store = open_catalog(), open_store()
    keep = {s.key for name in catalog.names("studies") for s in checked_plan(name, catalog).stages}
    unused = [folder for folder in store.entries() if folder.name not in keep]
    if unused and not yes and not _confirmed(f"Delete {len(unused)} stages that no study reaches?"):
        say("nothing deleted")
        return
    n, freed = store.collect(keep)
    say(f"{n} stages deleted, {freed / 1e6:.1f} MB freed")


def _confirmed(question: str) -> bool:
    """Asks; Ctrl-C or the end of input is an interruption, not a no."""
    try:
        return typer.confirm(question)
    except typer.Abort:
        raise typer.Exit(130) from None
