"""A report's files, each written whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from harness.canon import pretty
from harness.evidence import Evidence
from harness.records import Verdict
from harness.report import html, latex, markdown
from harness.report.forms import write_whole
from harness.report.origins import plot_points
from harness.report.summary import summarize
from harness.report.verdicts import claims_document


def write(evidence: Evidence, verdicts: Sequence[Verdict], out: Path) -> list[Path]:
    """Writes the report of a study into a folder, made if it is missing. Returns the files.

    `index.html`, `report.md`, `metrics.json` (all there is to know), `claims.json` (the verdicts, as `verify --format
    json` prints them), `curves.json` (for `dvc plots`) and `tables.tex` (for a paper). The same store, place and verdicts
    give the same bytes: the page links to manifests by the way from it to the store.
    """
    summary = summarize(evidence, verdicts)
    document = claims_document(evidence.plan.study.name, evidence.store.root, verdicts)
    contents = {
        "index.html": html.page(summary, document, _way(out, evidence.store.root)),
        "report.md": markdown.page(summary, document),
        "metrics.json": pretty(summary),
        "claims.json": pretty(document),
        "curves.json": pretty(plot_points(summary["curves"])),
        "tables.tex": latex.page(summary, document),
    }
    out.mkdir(parents=True, exist_ok=True)
    return [write_whole(out / name, text) for name, text in contents.items()]


def _way(out: Path, root: Path) -> str | None:
    """Returns the relative link from a folder to the store; none where no way leads there, as from one drive to another."""
    try:
        return quote(Path(os.path.relpath(root, out)).as_posix())
    except ValueError:
        return None
