"""The commands that begin something new: `new task`, `new claim`. What they write passes `validate`; fill it in."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from harness.console import OPTIONS, open_catalog, say
from harness.errors import SpecError

new_app = typer.Typer(no_args_is_help=True, help="Begin a task or a claim: a scaffold that passes validate.")
# Family → labels, metric, and the fields of a row.
FAMILIES = {
    "sequence_classification": ('["yes", "no"]', "accuracy", "id, text_a, text_b, label"),
    "multiple_choice": ("[]", "accuracy", "id, prompt, choices, label (the place of the right one)"),
    "token_classification": ("[O, B-X, I-X]", "chunk_f1", "id, tokens, tags"),
    "extractive_qa": ("[]", "squad_f1", "id, question, context, answers: [{text, start}]"),
}
TASK = """\
name: {name}
version: 1
title: {name}, in a few words
role: both
family: {family}
languages: [en]
labels: {labels}
metrics: [{metric}]
# A URL, a hub's revision and others are places too: docs/guide.md. Where none of them is, you bring the file yourself.
reader: {{name: jsonl_rows}}
splits:
  train:
    en: [{{files: [{{own: {{path: {name}/train.en.jsonl, what: "one JSON object a line: {fields}"}}}}]}}]
  validation:
    en: [{{files: [{{own: {{path: {name}/validation.en.jsonl, what: "as train"}}}}]}}]
  test:
    en: [{{files: [{{own: {{path: {name}/test.en.jsonl, what: "as train"}}}}]}}]
source:
  paper: "author, title, year"
  url: https://example.org
  licence: "unknown: say which before anybody else uses it"
  citation: "how to cite it"
"""
CLAIM = """
  - id: {name}
    statement: Say it in one sentence.
    source:
      document: Where it stands
      quote: "word for word"
    parts:
      - {{kind: greater, arm: {{intermediate: [mnli]}}, targets: [xnli]}}
"""


@new_app.command("task")
def task(
    name: Annotated[str, typer.Argument(help="Its name, and that of its file.")],
    family: Annotated[str, typer.Option(help=", ".join(FAMILIES))] = "sequence_classification",
) -> None:
    """Write specs/tasks/NAME.yaml."""
    from harness import plugin
    from harness.check import check_all

    if family not in FAMILIES:
        raise SpecError(f"--family {family!r}: {plugin.near(family, FAMILIES)}")
    if not re.fullmatch(r"[a-z0-9][a-z0-9_.-]*", name):
        raise SpecError(f"{name!r} is no name: small letters, digits, and _ . - after the first")
    path = open_catalog().path("tasks", name)
    if path.exists():
        raise SpecError(f"{path}: there is such a task already; harness show {name}")
    labels, metric, fields = FAMILIES[family]
    _write(path, TASK.format(name=name, family=family, labels=labels, metric=metric, fields=fields))
    check_all([path], open_catalog())
    own = OPTIONS.data / "own" / name
    say(f"{path}\nnext: put its files under {own}, then harness data fetch {name}, harness data check {name}")


@new_app.command("claim")
def claim(
    name: Annotated[str, typer.Argument(help="Its id, such as C10.")],
    file: Annotated[Path, typer.Option(help="The file that it is appended to.")] = Path("claims.yaml"),
) -> None:
    """Append a claim to a file of claims."""
    from harness.check import check_all
    from harness.spec.catalog import claims

    if any(known.id == name for known in claims(file).claims):
        raise SpecError(f"{file}: there is a claim {name} already")
    before = file.read_text(encoding="utf-8")
    _write(file, before.rstrip("\n") + "\n" + CLAIM.format(name=name))
    try:
        check_all([file], open_catalog())
    except SpecError:
        _write(file, before)
        raise
    say(f"{file}: {name}\nnext: fill it in, then harness validate {file} (docs/guide.md, A claim)")


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
