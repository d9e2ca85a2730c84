"""The commands that judge what the store has: `verify` (claims → verdicts), `report` (a study → its pages), `similarity`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from harness.console import (
    OPTIONS,
    JsonFlag,
    Limit,
    Study,
    browse,
    checked_plan,
    has_colors,
    open_catalog,
    open_store,
    run_command,
    say,
    say_json,
    study_file,
    table,
    tell,
)
from harness.errors import EvidenceMissing, SpecError

if TYPE_CHECKING:
    from harness.evidence import Evidence
    from harness.plan import Plan
    from harness.records import JSON

Outcomes = Annotated[str, typer.Option(help="Outcomes that do not count against exit status 0.", metavar="OUTCOME,...")]


def verify(
    claims: Annotated[Path, typer.Argument(help="A file of claims.")],
    study: Annotated[str | None, typer.Option(help="Judge on this study alone; default: all, best evidence first.")] = None,
    form: Annotated[str, typer.Option("--format", help="table, json, markdown, junit or sarif.")] = "table",
    allow: Outcomes = "",
    out: Annotated[
        Path | None, typer.Option("--write", help="Also write verdicts.json, junit.xml, verdicts.sarif, summary.md there.")
    ] = None,
    limit: Limit = None,
) -> None:
    """Judge claims from what is in the store. Never starts a run."""
    from harness import plugin
    from harness.records import OUTCOMES
    from harness.report import forms

    allowed = tuple(word for word in allow.split(",") if word)
    for word in allowed:
        if word not in OUTCOMES:
            raise SpecError(f"--allow {word!r} is no outcome: {plugin.near(word, OUTCOMES)}")
    if form not in forms.FORMATS:
        raise SpecError(f"--format {form!r}: {plugin.near(form, forms.FORMATS)}")
    results = forms.gather(*_judged(claims, study, limit), claims, study=study, allowed=allowed)
    for path in forms.write(results, out) if out else ():
        tell(str(path))
    say(forms.render(results, form, color=has_colors()).rstrip())
    raise typer.Exit(results.exit_code)


def similarity(study: Study, limit: Limit = None, as_json: JsonFlag = False) -> None:
    """Show how alike the domains of each intermediate arm and each target are, by every measure of the study."""
    from harness.evidence import Evidence

    catalog = open_catalog()
    evidence = Evidence(checked_plan(study, catalog, limit), open_store(), catalog)
    if not evidence.plan.similarity:
        raise SpecError(f"{study}: the study names no measures; list some under `similarity` ({study_file(study, catalog)})")
    missing = [stage for stage in evidence.plan.similarity.values() if stage.key not in evidence.done]
    if missing:
        how = f"{run_command(study, catalog, limit)} --only 'similarity *'"
        raise EvidenceMissing(f"{study}: {len(missing)} of {len(evidence.plan.similarity)} are not in the store; {how}")
    rows = evidence.similarities()
    if as_json:
        say_json(rows)
        return
    columns = ["arm", "target", "language", "measure", "value", "low", "high", "matched", "floor"]
    shown = [[f"{r[c]:.3f}" if isinstance(r[c], float) else r[c] for c in columns] for r in rows]
    say(table(shown, columns))
    say("\n`matched` and `floor` may be compared: where they are alike, so are the domains (docs/robustness.md)")
    for gap in _gaps(evidence.plan, rows):
        say(gap)


def _gaps(plan: Plan, rows: list[JSON]) -> Iterator[str]:
    """Yields a sentence for measures that were not taken of some pairs of arm and target: which, and why."""
    from harness import plugin
    from harness.spec.study import BASELINE

    why = {
        "fisher": f"needs labels that are drawn from a row's predictions, and the target fine-tuned in arm {BASELINE!r}",
        "text": "reads texts of one language, and there are none in the source language, or too few",
    }
    taken = {(row["measure"], row["arm"], row["target"]) for row in rows}
    found: dict[tuple[str, str], list[str]] = {}
    for name in plan.study.similarity:
        pairs = [(arm, target) for _, arm, target in plan.similarity if (name, arm, target) not in taken]
        targets = dict.fromkeys(target for _, target in pairs)
        whole = {t for t in targets if all((arm, t) in pairs for _, arm, other in plan.similarity if other == t)}
        shown = [t for t in targets if t in whole] + [f"{arm} → {t}" for arm, t in pairs if t not in whole]
        if shown:
            need = "fisher" if plugin.load("harness.similarity", name).NEEDS == "fisher" else "text"
            found.setdefault((need, ", ".join(shown)), []).append(name)
    for (need, places), names in found.items():
        yield f"not taken of {places}: {', '.join(names)} ({why[need]})"


def _judged(path: Path, study: str | None, limit: int | None) -> tuple[Any, list[Evidence]]:
    from harness.check import check_all
    from harness.evidence import Evidence
    from harness.spec.catalog import claims as load_claims
    from harness.verify import judge

    catalog, store = open_catalog(), open_store()
    spec = load_claims(path)
    check_all([path], catalog)
    names = [study] if study else catalog.names("studies")
    evidences = [Evidence(checked_plan(name, catalog, limit), store, catalog) for name in names]
    return judge(spec, evidences), evidences


def report(
    study: Study,
    out: Annotated[Path | None, typer.Option(help="Where to write; default: reports/<study>.")] = None,
    claims: Annotated[Path, typer.Option(help="The claims to judge.")] = Path("claims.yaml"),
    show: Annotated[bool, typer.Option("--open", help="Open index.html in a browser.")] = False,
    limit: Limit = None,
) -> None:
    """Write index.html, report.md, tables.tex, metrics.json and claims.json of a study."""
    from harness.report.files import write

    verdicts, evidences = _judged(claims, study, limit)
    evidence = evidences[0]
    if not evidence.done:
        path = evidence.catalog.path("studies", evidence.plan.study.name)
        raise EvidenceMissing(f"{study}: nothing of it is in {OPTIONS.store}; harness run {path}")
    paths = write(evidence, verdicts, out or Path("reports") / evidence.plan.study.name)
    for path in paths:
        say(str(path))
    if show:
        browse(paths[0])
