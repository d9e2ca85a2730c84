"""The commands. The only place that prints, and the only one that attaches a log handler.

Heavy imports happen inside the commands: `harness --help` answers at once and loads no torch.
"""

from __future__ import annotations

import fnmatch
import os
import re
import sys
import traceback
from collections.abc import Sequence
from contextlib import ExitStack, closing
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from harness import __version__
from harness.console import (
    OPTIONS,
    JsonFlag,
    Limit,
    Study,
    checked_plan,
    open_catalog,
    open_data,
    open_store,
    say,
    say_json,
    table,
    tell,
)
from harness.errors import HarnessError, SpecError, StageFailed
from harness.exchange import compare, export_app, score, verify_bundle
from harness.housekeeping import data_app, store_app
from harness.judging import report, similarity, verify
from harness.scaffold import new_app

if TYPE_CHECKING:
    from harness.data import DataFolder
    from harness.plan import Plan
    from harness.records import Stage
    from harness.spec.catalog import Catalog
    from harness.store import Store

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Trains and tests what a paper claims, and says which of its claims hold.",
    epilog="Exit codes: 0 all well, 1 a claim is contradicted, 2 a spec or the command line is wrong, 3 claims are left "
    "open, 4 a stage or the environment failed, 5 the store is corrupt, 130 interrupted.",
)
app.add_typer(data_app, name="data")
app.add_typer(store_app, name="store")
app.add_typer(export_app, name="export")
app.add_typer(new_app, name="new")
app.command()(score)
app.command()(compare)
app.command()(verify_bundle)


@app.callback(invoke_without_command=True)
def _global(
    store: Annotated[Path, typer.Option(help="Where finished stages are kept.")] = Path("store"),
    data: Annotated[Path, typer.Option(help="Where pinned source files are kept.")] = Path("data"),
    specs: Annotated[Path, typer.Option(help="Where the specs lie.")] = Path("specs"),
    verbose: Annotated[bool, typer.Option("--verbose", help="Show the traceback of a stage that failed.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Results and errors only.")] = False,
    no_color: Annotated[bool, typer.Option("--no-color", help="No colour; the variable NO_COLOR does the same.")] = False,
    version: Annotated[bool, typer.Option("--version", is_eager=True, help="Print the version and exit.")] = False,
) -> None:
    if version:
        say(f"harness {__version__}")
        raise typer.Exit
    OPTIONS.store, OPTIONS.data, OPTIONS.specs = store, data, specs
    OPTIONS.verbose, OPTIONS.quiet = verbose, quiet
    OPTIONS.color = not no_color and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


@app.command()
def validate(
    paths: Annotated[list[Path] | None, typer.Argument(help="Files; default: all under specs/ and claims*.yaml.")] = None,
) -> None:
    """Check specs and claims deeply: names resolve, options fit, claims select arms that some study can fill."""
    from harness.check import check_all

    catalog = open_catalog()
    chosen = paths or [*sorted(OPTIONS.specs.rglob("*.yaml")), *sorted(Path().glob("claims*.yaml"))]
    files = [f for path in chosen for f in (sorted(path.rglob("*.yaml")) if path.is_dir() else [path])]
    n = check_all(files, catalog)
    say(f"{n} file{'s' if n != 1 else ''} valid")


@app.command()
def schema(kind: Annotated[str, typer.Argument(help="study, task, model, attack, benchmark, reference or claims.")]) -> None:
    """Print the JSON Schema of a kind of spec."""
    from harness import plugin
    from harness.check import KINDS

    if kind not in KINDS:
        raise SpecError(f"no schema {kind!r}: {plugin.near(kind, KINDS)}")
    say_json(KINDS[kind].model_json_schema())


@app.command()
def tasks(as_json: JsonFlag = False) -> None:
    """List the tasks of the catalogue."""
    from harness.data import standing

    catalog, folder = open_catalog(), open_data()
    found = catalog.tasks
    entries = [{**t.entry(catalog.trainer(t)), "state": standing(t.name, catalog, folder)} for t in found]
    if as_json:
        say_json(entries)
        return
    rows = [
        [t.name, t.role, t.family, len(t.languages)]
        + [f"{n:,}" if n else "" for n in entry["rows"].values()]
        + [", ".join(t.metrics), ", ".join(f"{e}: {state}" for e, state in entry["state"].items()), t.source.licence]
        for t, entry in zip(found, entries, strict=True)
    ]
    say(table(rows, ["task", "role", "family", "languages", "train", "test", "metrics", "sources", "licence"]))


@app.command()
def show(name: Annotated[str, typer.Argument(help="A task, model, attack, study, benchmark or reference.")]) -> None:
    """Print one entry of the catalogue, every default written out."""
    from harness import plugin

    catalog = open_catalog()
    kinds = {
        "tasks": catalog.task,
        "models": catalog.model,
        "attacks": catalog.attack,
        "studies": catalog.study,
        "benchmarks": catalog.benchmark,
        "reference": catalog.reference,
    }
    known = {n: folder for folder in reversed(kinds) for n in catalog.names(folder)}
    if name not in known:
        raise SpecError(f"no {name!r} in the catalogue: {plugin.near(name, known)}")
    found = [(folder, get(name)) for folder, get in kinds.items() if name in catalog.names(folder)]
    for folder, spec in found:
        resolved = spec.data()
        if folder in ("tasks", "attacks"):
            own = catalog.task(name) if folder == "tasks" else catalog.attack(name)
            resolved["options"] = own.resolved_options().data()
        tell(f"{catalog.path(folder, name)}")
        say_json(resolved)


@app.command()
def plan(
    study: Study,
    for_claim: Annotated[str | None, typer.Option("--for", help="Only what this claim needs.", metavar="CLAIM")] = None,
    claims: Annotated[Path, typer.Option(help="Where the claim stands.")] = Path("claims.yaml"),
    limit: Limit = None,
    as_json: JsonFlag = False,
) -> None:
    """Show the stages of a study: which are done, why the rest must run, and a rough cost."""
    from harness.evidence import Evidence
    from harness.selection import needed
    from harness.spec.catalog import claims as load_claims

    catalog = open_catalog()
    evidence = Evidence(checked_plan(study, catalog, limit), open_store(), catalog)
    stages = needed(load_claims(claims), for_claim, evidence) if for_claim else evidence.plan.stages
    found = evidence.overview(stages)
    if as_json:
        say_json(found)
        return
    rows = [[row["key"][:12], row["state"], row["label"], row["why"]] for row in found["stages"]]
    say(table(rows, ["key", "state", "stage", "why"]))
    totals = found["totals"]
    say(
        f"\n{totals['done']} of {totals['stages']} stages done; left: about {totals['gpu_hours']:.2f} GPU-hours, "
        f"{totals['memory_bytes'] / 1e9:.1f} GB of memory, {totals['disk_bytes'] / 1e9:.1f} GB of disk"
        f"\nBasis: {found['basis']}"
    )


@app.command()
def run(
    study: Study,
    engine: Annotated[str, typer.Option(help="Where stages run: local or container.")] = "local",
    only: Annotated[
        str | None, typer.Option(help="Only stages whose label matches, and their parents.", metavar="GLOB")
    ] = None,
    limit: Limit = None,
    jobs: Annotated[int, typer.Option(min=0, help="Stages at once; 0: one a processor core.")] = 0,
    checkpoint_seconds: Annotated[float, typer.Option(min=0, help="How often a training saves its state.")] = 30.0,
    image: Annotated[str, typer.Option(help="Container: name, ID or NAME@sha256:…; default: image.digest's.")] = "",
    memory: Annotated[str, typer.Option(help="Container: memory a stage, e.g. 8g; default: a share of all.")] = "",
    gpus: Annotated[str, typer.Option(help="Container: GPUs a stage: none, all or a number.")] = "none",
    timeout: Annotated[float, typer.Option(min=0, help="Container: seconds a stage may take; 0: any.")] = 0.0,
) -> None:
    """Run what is missing. Ctrl-C or a kill loses nothing that is finished; the same command goes on."""
    from functools import partial

    from harness import plugin, provenance
    from harness.engines import Options
    from harness.execute import execute_text

    provenance.quiet_libraries()
    catalog, store, folder = open_catalog(), open_store(), open_data()
    plugin.check("harness.engines", engine)
    options = Options(store.root, image, _bytes(memory), gpus, timeout, OPTIONS.verbose)
    if engine == "local" and options != Options(store.root, verbose=OPTIONS.verbose):
        raise SpecError("--image, --memory, --gpus and --timeout are for --engine container")
    found = checked_plan(study, catalog, limit)
    store.sweep()
    stages = [s for s in _selected(found, only) if not store.has(s)]
    n_done = len(_selected(found, only)) - len(stages)
    if not stages:
        say(f"{found.study.name}: all {n_done} stages are in {store.root}")
        return
    where = plugin.load("harness.engines", engine).make(jobs or provenance.cores(), options)
    _prepare(stages, found, catalog, folder)
    tell(f"{found.study.name}: {len(stages)} stages to run, {n_done} in {store.root}")
    fixed = {"checkpoint_seconds": checkpoint_seconds, "how": where.compute}
    function = partial(execute_text, store=store.root, data=folder.root, **fixed)
    try:
        failures = _watch(where, function, stages, store)
    except KeyboardInterrupt:
        tell("interrupted: what is finished is in the store, and the same command goes on from there")
        raise
    if failures:
        raise StageFailed("\n".join(failures))
    say(f"{found.study.name}: {len(stages)} stages run, all {n_done + len(stages)} are in {store.root}")


def _bytes(text: str) -> int:
    """Returns a size such as `512m` or `8g` in bytes; 0 for none."""
    size = re.fullmatch(r"(\d+)([kmgt]?)i?b?", text.strip().lower())
    if text and (not size or not int(size[1])):
        raise SpecError(f"--memory {text}: it is a number of bytes, or one with k, m, g or t, such as 8g")
    return int(size[1]) << 10 * " kmgt".index(size[2] or " ") if size else 0


def _selected(found: Plan, only: str | None) -> list[Stage]:
    """Returns the stages whose label matches a glob, and all that they need; every stage without a glob."""
    if only is None:
        return list(found.stages)
    from harness import plugin

    keep = {s.key for s in found.stages if fnmatch.fnmatch(s.label, only) or s.key.startswith(only)}
    if not keep:
        raise SpecError(f"--only {only!r} matches no stage: {plugin.near(only, {s.label for s in found.stages})}")
    for stage in reversed(found.stages):
        if stage.key in keep:
            keep.update(stage.inputs)
    return [s for s in found.stages if s.key in keep]


def _prepare(stages: Sequence[Stage], found: Plan, catalog: Catalog, folder: DataFolder) -> None:
    """Makes the generated files that stages read and checks that all others are there, before anything is trained."""
    from harness.canon import dumps
    from harness.data import prepare

    needed = set(re.findall(r'"([0-9a-f]{64})"', dumps([stage.params for stage in stages])))
    for name, view in product(catalog.names("tasks"), catalog.views(found.study)):
        # File by file, not split by split: a task may share some of its files with others that the study does not read.
        prepare(view.task(name), needed, folder, view.task, f"harness data fetch --study {found.study.name}")
    for encoder in found.study.vary.encoder:
        packaged = catalog.model(encoder).packaged
        for file in (packaged.weights, packaged.tokenizer) if packaged else ():
            folder.get(file, encoder)


def _watch(engine: Any, function: Any, stages: Sequence[Stage], store: Store) -> list[str]:
    """Runs stages with a bar on a terminal, a line a stage elsewhere. Returns what failed, and what that holds up."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from harness.records import Failure

    console = Console(stderr=True, quiet=OPTIONS.quiet, no_color=not OPTIONS.color, highlight=False, soft_wrap=True)
    labels = {stage.key: stage.label for stage in stages}
    failures: list[str] = []
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    n_done = 0
    with ExitStack() as resources:
        bar = resources.enter_context(Progress(*columns, console=console, disable=not console.is_terminal, transient=True))
        whole = bar.add_task("stages", total=len(stages))

        def watch(running: Sequence[Stage]) -> None:
            now = []
            for stage in running:
                path = store.root / "work" / stage.key / "progress"
                step = path.read_text().split() if path.exists() else []
                now.append(stage.label + (f" {int(step[0]) / int(step[1]):.0%}" if len(step) == 2 else ""))
            bar.update(whole, description=" | ".join(now))

        # Closed here and now: an interrupt may come while an outcome is printed, and workers have to end all the same.
        outcomes = resources.enter_context(closing(engine.map(function, stages, watch)))
        for outcome in outcomes:
            if isinstance(outcome, Failure):
                where = f" (traceback: {outcome.log})" if outcome.log else ""
                failures.append(f"{outcome.stage.label}: {outcome.message}{where}")
                console.print(f"failed: {failures[-1]}", markup=False)
                if OPTIONS.verbose:
                    console.print(outcome.traceback, markup=False)
                continue
            n_done += 1
            bar.advance(whole)
            console.print(f"[{n_done}/{len(stages)}] {labels[outcome.key]} {outcome.seconds:.1f} s", markup=False)
            for doubt in outcome.doubts:
                console.print(f"warning: {doubt}", markup=False)
    held_up = len(stages) - n_done - len(failures)
    if failures and held_up:
        failures.append(f"{held_up} stages wait for these; what is finished is kept, and the same command goes on")
    return failures


app.command()(verify)
app.command()(report)
app.command()(similarity)


@app.command()
def doctor(as_json: JsonFlag = False) -> None:
    """Check Python, packages, accelerator, disk, store and data."""
    from harness.doctor import examine

    found = examine(open_store(), open_data())
    if as_json:
        say_json([check.__dict__ for check in found])
    else:
        say(
            table(
                [[c.name, "ok" if c.ok else "look", c.found, c.advice] for c in found],
                ["", "", "found", "what to do"],
            )
        )
    if any(check.fatal and not check.ok for check in found):
        raise HarnessError("something that every run needs is missing; see above")


def main() -> None:
    """Runs the program and exits with its code; a user's mistake never shows a traceback."""
    try:
        app()
    except HarnessError as error:
        sys.stderr.write(f"error: {error}\n")
        sys.exit(error.exit_code)
    except OSError as error:
        sys.stderr.write(f"error: {error.filename or 'the system'}: {error.strerror or error}\n")
        sys.exit(HarnessError.exit_code)
    except Exception:  # noqa: BLE001 - a bug of ours must not exit 1, which says that a claim is contradicted
        traceback.print_exc()
        sys.exit(HarnessError.exit_code)
