"""The forms of one judgement: for a terminal, for programs and for CI, printed or written as files."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from harness.canon import pretty
from harness.errors import SpecError
from harness.evidence import Evidence
from harness.records import Verdict
from harness.report.job import markdown
from harness.report.junit import junit
from harness.report.sarif import places, sarif
from harness.report.terminal import table
from harness.report.verdicts import Results
from harness.spec.catalog import Catalog
from harness.spec.catalog import claims as load_claims

FORMATS: dict[str, Callable[[Results], str]] = {
    "table": table,
    "json": lambda results: pretty(results.document),
    "markdown": markdown,
    "junit": junit,
    "sarif": sarif,
}
FILES = {"verdicts.json": "json", "junit.xml": "junit", "verdicts.sarif": "sarif", "summary.md": "markdown"}


def gather(
    verdicts: Sequence[Verdict], evidences: Sequence[Evidence], claims: Path, *, study: str | None, allowed: Sequence[str]
) -> Results:
    """Returns verdicts with what their forms tell beside them. Without a study, evidence of every study was judged."""
    known = Results(tuple(verdicts), claims=claims, lines=places(claims), allowed=tuple(allowed))
    if not evidences:
        return known
    catalog = evidences[0].catalog
    return replace(
        known,
        study=evidences[0].plan.study.name if study else None,
        store=evidences[0].store.root,
        studies=catalog.root / "studies",
        paper=_paper(catalog, load_claims(claims).encoder),
    )


def _paper(catalog: Catalog, encoder: str) -> str:
    """Returns the first study of the encoder that the claims are about, by its id on a hub; empty if there is none."""
    try:
        hubs = {name: catalog.model(name).hub for name in catalog.names("models")}
        own = {name for name, hub in hubs.items() if hub and hub.id == encoder}
        return next((name for name in catalog.names("studies") if own & set(catalog.study(name).vary.encoder)), "")
    except SpecError:
        return ""  # a spec that was not asked for may be wrong: `harness validate` says so


def render(results: Results, form: str, *, color: bool = False) -> str:
    """Returns results in one of `FORMATS`, ending in a newline; only the table has colours. Raises KeyError for another."""
    return table(results, color=color) if form == "table" else FORMATS[form](results)


def write(results: Results, out: Path) -> list[Path]:
    """Writes `FILES` into a folder, made if it is missing. Returns them."""
    out.mkdir(parents=True, exist_ok=True)
    return [write_whole(out / name, FORMATS[form](results)) for name, form in FILES.items()]


def write_whole(path: Path, text: str) -> Path:
    """Writes a file so that it is there whole or as it was before. Returns it."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        temporary.write_text(text, encoding="utf-8", newline="\n")
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return path
