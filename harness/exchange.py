"""The commands that set results beside others: `compare` (two of ours), `score` (their files), `export` (files for them)."""

from __future__ import annotations

import re
import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from harness.console import JsonFlag, Limit, Study, checked_plan, open_catalog, open_store, say, say_json, table, tell
from harness.errors import EvidenceMissing, SpecError

if TYPE_CHECKING:
    from harness.compare import Comparison, Row
    from harness.differences import Difference
    from harness.sides import Side

Result = Annotated[str, typer.Argument(help="A study, or a finished stage: its folder, its key or the beginning of one.")]
WIDTH = 100

export_app = typer.Typer(no_args_is_help=True, help="Write a study's results in the forms that other programs take.")


def score(
    predictions: Annotated[Path, typer.Option(help="A folder with `<task>/test-<language>` files of predictions.")],
    labels: Annotated[Path, typer.Option(help="A folder with the gold in the same layout.")],
    benchmark: Annotated[str, typer.Option(help="A benchmark of the catalogue: xtreme, xtreme-r.")],
    pos_scorer: Annotated[
        str, typer.Option(help="How bare UPOS tags are read: seqeval-1.2.2, seqeval-0.0.12 or accuracy.")
    ] = "seqeval-1.2.2",
    partial: Annotated[
        bool, typer.Option("--partial", help="Score the languages that are there; such a task counts for no group.")
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Score folders of predictions as the benchmark's own program does: same files, same names, same numbers."""
    from harness.score import Request, rows
    from harness.score import score as score_folders

    spec = open_catalog().benchmark(benchmark)
    request = Request(predictions, labels, pos_scorer, partial)
    document = score_folders(spec, request, notes=tell)
    if as_json:
        say_json(document)
        return
    say(table(rows(document), ["task", "languages", "means", "score"]))
    if "rule" in document:
        say(f"\n{document['rule']}")


@export_app.command("submission")
def export_submission(
    study: Study,
    out: Annotated[Path, typer.Option(help="A new folder for the predictions.")],
    labels: Annotated[Path | None, typer.Option(help="A new folder for the gold, in the same layout.")] = None,
    encoder: Annotated[str | None, typer.Option(help="Which encoder; default: the study's first.")] = None,
    arm: Annotated[str | None, typer.Option(help="Which intermediate arm; default: the study's first.")] = None,
    seed: Annotated[int | None, typer.Option(help="Which seed; default: the study's first.")] = None,
    limit: Limit = None,
) -> None:
    """Write the predictions of one encoder, arm and seed as the leaderboard's folder; `harness score` reads it."""
    from harness.evidence import Evidence
    from harness.export.submission import Choice, choose, write

    catalog = open_catalog()
    evidence = Evidence(checked_plan(study, catalog, limit), open_store(), catalog)
    choice = Choice(encoder, arm, seed)
    chosen, chosen_seed = choose(evidence, choice)
    vary = evidence.plan.study.vary
    found = (
        ("encoder", chosen.encoder, vary.encoder),
        ("arm", chosen.name, vary.intermediate),
        ("seed", chosen_seed, vary.seed),
    )
    for what, one, there in found:
        if len(there) > 1:
            tell(f"{what} {one}, of {', '.join(map(str, there))}")
    path = catalog.path("studies", evidence.plan.study.name)
    command = f"harness run {study if '/' in study else path}" + (f" --limit {limit}" if limit else "")
    written = write(evidence, out, choice, labels=labels, command=command)
    say(f"{len(written)} files in {out}" + (f" and {labels}" if labels else ""))


def compare(
    a: Result,
    b: Result,
    arm: Annotated[str | None, typer.Option(help="Which arm of A; default: every arm that B has too.")] = None,
    over: Annotated[str | None, typer.Option(help="Which arm of B; default: that of the same name.")] = None,
    permutations: Annotated[int, typer.Option(min=1, help="How many a row; exact where there are fewer in all.")] = 10_000,
    limit: Limit = None,
    as_json: JsonFlag = False,
) -> None:
    """Subtract B from A, example by example: differences with intervals and p-values, and what the two differ in."""
    from harness.compare import compare as compare_sides
    from harness.sides import match

    first = _side(a, limit)
    second = first if a == b else _side(b, limit)
    pairs, unmatched = match(first, second, arm, over)
    found = compare_sides(first, second, pairs, unmatched, n_permutations=permutations)
    if as_json:
        say_json(found.to_json())
    else:
        say("\n".join(_page(found)))
    if all(row.state == "not_comparable" for row in found.rows):
        raise EvidenceMissing("no row can be compared: the signatures differ in what a score is of")


def _side(name: str, limit: int | None) -> Side:
    """Returns what stands under a name: a study, or a result."""
    from harness import plugin
    from harness.evidence import Evidence
    from harness.sides import of_result, of_study
    from harness.store import MANIFEST, Store

    folder = Path(name)
    if (folder / MANIFEST).is_file():
        place = folder.absolute()
        return of_result(Store(place.parent.parent), place)
    catalog, store = open_catalog(), open_store()
    known = catalog.names("studies")
    if name in known or name.endswith((".yaml", ".yml")):
        plan = checked_plan(name, catalog, limit)
        path = name if name not in known else catalog.path("studies", name)
        return of_study(Evidence(plan, store, catalog), f"harness run {path}" + (f" --limit {limit}" if limit else ""))
    if re.fullmatch("[0-9a-f]+", name):
        return of_result(store, store.find(name))
    if folder.is_dir():
        raise SpecError(f"{name}: no {MANIFEST} in this folder, so it is no result")
    raise SpecError(f"{name!r} is neither a study nor the key of a result: {plugin.near(name, known)}")


def _page(found: Comparison) -> Iterator[str]:
    """Yields the lines of a comparison, none wider than a terminal."""
    groups: dict[tuple[str, str, str], list[Row]] = {}
    for row in found.rows:
        groups.setdefault((row.a, row.b, row.encoder), []).append(row)
    headers = ["target", "lang", "A", "B", "A − B", "95 %\ninterval", "p\nseeds", "p\nex.", "p\nadj.", "seeds\n× n"]
    for (a, b, encoder), rows in groups.items():
        yield from (f"A: {a}", f"B: {b}", *([f"encoder: {encoder}"] if encoder else []), "")
        yield from (table([_cells(row) for row in rows], headers), "")
        for text, own in _grouped(rows).items():
            yield from _wrapped(f"{', '.join(own)}: {text}")
    for note in (*found.notes, *_method(found)):
        yield from _wrapped(note)
    yield ""
    yield from _differs(found.differs, len({row.target for row in found.rows}))


def _cells(row: Row) -> list[str]:
    from harness.report import wording

    numbers = [wording.score(row.score_a), wording.score(row.score_b), wording.points(row.difference)]
    numbers.append(wording.between(row.interval, signed=True) or wording.MISSING)
    numbers += [wording.probability(p) for p in (row.p, row.p_examples, row.p_adjusted)]
    size = f"{row.n_seeds} × {wording.thousands(row.n_examples)}" if row.n_examples else wording.MISSING
    return [_short(row.target, 16), row.language, *numbers, size]


def _grouped(rows: Sequence[Row]) -> dict[str, list[str]]:
    """Returns what is to be said of rows, and the targets, or languages of a target, that it is said of."""
    said: dict[str, dict[str, list[str]]] = {}
    for row in rows:
        said.setdefault(_said(row), {}).setdefault(row.target, []).append(row.language)
    n_rows = Counter(row.target for row in rows)
    return {
        text: [t if len(own) == n_rows[t] else f"{t} {' '.join(own)}" for t, own in targets.items()]
        for text, targets in said.items()
        if text
    }


def _said(row: Row) -> str:
    """Returns what a row's numbers do not tell."""
    state = {"same": "the same result on both sides", "not_comparable": "not comparable"}.get(row.state, "")
    return ": ".join(filter(None, (state, row.note)))


def _method(found: Comparison) -> Iterator[str]:
    """Yields how the numbers are to be read."""
    asked = [row for row in found.rows if row.state == "compared"]
    decisive = {row.decides for row in asked}
    if "seeds" in decisive:
        yield (
            "p seeds counts the luck of examples and of seeds, as the interval does: it speaks of the recipes, decides, "
            "and is the one adjusted. p ex. is a paired permutation over examples: it speaks of the trained models."
        )
    if "examples" in decisive:
        yield (
            "Where there is one model a side, p ex., a paired permutation over examples, decides and is adjusted. It and "
            "the interval speak of these two models, not of the recipes: another seed may say otherwise."
        )
    if asked:
        yield f"p adj.: Holm over the {len(asked)} rows that compare two different results. Two-sided."
    else:
        yield "No row compares two different results; of one study, name two arms by --arm and --over."


def _differs(differs: Sequence[Difference], n_targets: int) -> Iterator[str]:
    """Yields a table of what is not the same, a line a field."""
    if not differs:
        yield "Nothing differs: signatures, settings, code and environment are the same."
        return
    fields: dict[tuple[str, str], list[Difference]] = {}
    for one in differs:
        fields.setdefault((one.where, one.field), []).append(one)
    rows = []
    for (where, field), own in fields.items():
        targets = list(dict.fromkeys(target for one in own for target in one.targets))
        on = "all targets" if len(targets) == n_targets else ", ".join(targets)
        rows.append([where, _short(field, 30), _values([d.a for d in own]), _values([d.b for d in own]), _short(on, 15)])
    yield from ("What differs:", "", table(rows, ["where", "field", "A", "B", "on"]))


def _values(values: Sequence[Any]) -> str:
    """Returns the values of one side, digests shortened: the first and how many more."""
    shown = list(dict.fromkeys("–" if value is None else _short(_plain(value), 14) for value in values))
    return shown[0] if len(shown) == 1 else f"{_short(shown[0], 9)}, {len(shown) - 1} more"


def _plain(value: Any) -> str:
    from harness.canon import dumps

    text = value if isinstance(value, str) else dumps(value)
    return re.sub(r"\b([0-9a-f]{8})[0-9a-f]{24,}\b", r"\1", text)


def _short(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 1]}…"


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)
