"""The report as one self-contained page: no request, light and dark, readable on a phone and on paper.

One script filters verdicts and sorts tables; the page is complete without it.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from harness.records import JSON, KINDS, OUTCOMES
from harness.report import figures, heat, robust, views, wording

TEMPLATES = Path(__file__).with_name("templates")
# More evidence than this is shown by group: an arm on a target.
MOST_KEYS = 4


def page(summary: JSON, document: JSON, store: str | None = None) -> str:
    """Returns `index.html` of a summary and the claims document of the same study.

    `store` is the relative link from the page to the store; without it manifests are named and not linked.
    """
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.globals |= {"w": wording, "outcomes": OUTCOMES, "stage_id": stage_id}
    environment.filters |= {"slug": slug, "elsewhere": wording.elsewhere, "ticked": ticked}
    style, script = ((TEMPLATES / name).read_text(encoding="utf-8") for name in ("style.css", "page.js"))
    stages = summary["provenance"]["stages"]
    return environment.get_template("index.html.j2").render(
        summary=summary,
        document=document,
        store=store,
        style=Markup(style),  # noqa: S704 - the project's own file
        script=Markup(script),  # noqa: S704 - the project's own file
        script_hash=policy_hash(script),
        several=len(summary["encoders"]) > 1,
        n_done=sum(stage["done"] for stage in stages),
        claims=[claim_view(claim, stages) for claim in document["claims"]],
        fidelities=sorted({part["fidelity"] for claim in document["claims"] for part in claim["parts"]}),
        forest=forest_view(document),
        to_baseline=heat.to_baseline(summary),
        to_published=heat.to_published(summary),
        table=views.arm_by_target(summary),
        transfer=views.source_and_targets(summary),
        panels=panel_views(summary),
        legends=legends(summary),
        proxy=any(cell["fidelity"] == "proxy" for cell in views.beside_published(summary).values()),
        floors=views.trivial_by_target(summary),
        published=views.published_by_target(summary),
        curves=curve_views(summary),
        doubts=views.distinct_doubts(summary),
        groups=stage_groups(stages),
        robust=robust.view(summary, document),
    )


def policy_hash(script: str) -> str:
    """Returns a script's hash as a Content-Security-Policy names it, so that no other script runs."""
    return "sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def slug(*parts: object) -> str:
    """Returns an identifier that a link can end in."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", "-".join("any" if part is None else str(part) for part in parts))


def ticked(text: str) -> Markup:
    """Returns a text with `what stands between ticks` set as code."""
    return Markup(re.sub("`([^`]+)`", r"<code>\1</code>", str(escape(text))))  # noqa: S704 - escaped


def claim_view(claim: JSON, stages: Sequence[JSON]) -> JSON:
    """Returns a claim with, for each part, its steps to another outcome and links to its evidence."""
    by_key = {stage["key"]: stage for stage in stages}
    shown = []
    for i, part in enumerate(claim["parts"], 1):
        lead, items = wording.steps(part["next"])
        links = evidence_links(part["evidence"], by_key)
        told = wording.details(part)
        shown.append({**part, "id": f"{claim['id']}.{i}", "told": told, "lead": lead, "items": items, "links": links})
    return {**claim, "parts": shown}


def evidence_links(keys: Sequence[str], by_key: dict[str, JSON]) -> list[JSON]:
    """Returns links to the stages behind a verdict: each by itself if there are few, else by arm and target."""
    if len(keys) <= MOST_KEYS:
        known = [(key, by_key.get(key)) for key in keys]
        return [
            {"href": f"#{stage_id(key)}" if stage else None, "text": stage["label"] if stage else key[:12], "n": 1}
            for key, stage in known
        ]
    groups: dict[tuple[str, str], int] = {}
    for key in keys:
        stage = by_key.get(key)
        name = (f"#{group_id(stage)}", group_name(stage)) if stage else ("", "stages of another study")
        groups[name] = groups.get(name, 0) + 1
    return [{"href": href or None, "text": text, "n": n} for (href, text), n in groups.items()]


def stage_id(key: str) -> str:
    """Returns the page's anchor of a stage."""
    return f"k-{key[:16]}"


def group_id(stage: JSON) -> str:
    """Returns the page's anchor of the stages of the same kind, encoder, arm and target."""
    return slug("g", stage["kind"], stage["encoder"], stage["arm"], stage["target"])


def group_name(stage: JSON) -> str:
    """Returns what the stages of a group share, in words."""
    names = [str(stage[field]) for field in ("target", "arm", "encoder") if stage[field] is not None]
    return f"{stage['kind']} {' · '.join(names) or 'shared'}"


def stage_groups(stages: Iterable[JSON]) -> list[JSON]:
    """Returns the stages by kind, and within a kind by encoder, arm and target."""
    kinds: dict[str, JSON] = {}
    for stage in stages:
        kind = kinds.setdefault(stage["kind"], {"kind": stage["kind"], "n": 0, "groups": {}})
        kind["n"] += 1
        group = kind["groups"].setdefault(group_id(stage), {"name": group_name(stage), "stages": []})
        group["stages"].append({**stage, "id": stage_id(stage["key"])})
    return list(kinds.values())


def forest_view(document: JSON) -> JSON | None:
    """Returns every part: `rows` of the forest plot with an estimate and an interval in points, and the `others`."""
    every = [
        {"claim": c["id"], "id": f"{c['id']}.{i}", "part": p}
        for c in document["claims"]
        for i, p in enumerate(c["parts"], 1)
    ]
    rows = [row for row in every if wording.in_points(row["part"])]
    others = [row for row in every if not wording.in_points(row["part"])]
    if not every:
        return None
    forest = figures.Forest.of([row["part"] for row in rows])
    drawn = [{**row, "strip": forest.strip(row["part"])} for row in rows]
    return {"rows": drawn, "axis": forest.axis(), "others": others}


def panel_views(summary: JSON) -> list[JSON]:
    """Returns one panel a target: its pictures and the table of the same numbers, trivial baselines beside the scores."""
    arms = figures.styled(summary)
    shown = []
    for target in summary["targets"]:
        names = views.trivial_names(summary, target)
        floors = {name: views.trivial_values(summary, target, name) for name in names}
        entries = {(e["encoder"], e["arm"], e["language"]): e for e in summary["languages"] if e["target"] == target["name"]}
        languages = views.source_first(target)
        rows = [
            {
                "language": language,
                "cells": [entries[arm["encoder"], arm["name"], language] for arm in summary["arms"]],
                "floors": [values.get(language) for values in floors.values()],
            }
            for language in languages
        ]
        pictures, deltas = figures.language_panel(summary, target, arms), heat.by_language(summary, target)
        shown.append({"target": target, "pictures": pictures, "deltas": deltas, "rows": rows, "floors": list(floors)})
    return shown


def legends(summary: JSON) -> JSON:
    """Returns the keys to the marks and to the lines."""
    arms = figures.styled(summary)
    marks = figures.legend(arms, ticks=bool(summary["trivial"]))
    return {"marks": marks, "lines": figures.legend(arms, lines=True)}


def curve_views(summary: JSON) -> list[JSON]:
    """Returns one panel for each pretraining, each intermediate arm and each target's fine-tuning."""
    arms = figures.styled(summary)
    panels: dict[tuple[str, ...], JSON] = {}
    for curve in sorted(summary["curves"], key=lambda c: KINDS.index(c["kind"])):
        shown = (curve["encoder"], curve["arm"]) in arms.places
        if curve["kind"] == "pretrain":
            name = curve["stage"]
        elif curve["kind"] == "intermediate":
            name = f"intermediate {curve['arm']}"
        else:
            name = f"finetune {curve['target'] or 'for several targets'}"
        if shown or curve["kind"] != "finetune":
            panel = panels.setdefault((curve["kind"], name), {"name": name, "curves": []})
            panel["curves"].append(curve)
    drawn = []
    for panel in panels.values():
        title = f"Training loss by step: {panel['name']}"
        known = [p["validation"] for c in panel["curves"] for p in c["points"] if p["validation"] is not None]
        picture = figures.curve_panel(panel["curves"], arms, title)
        best = max(known, default=None)
        drawn.append({"name": panel["name"], "n": len(panel["curves"]), "picture": picture, "validation": best})
    return drawn
