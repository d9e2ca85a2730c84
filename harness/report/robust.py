"""The report's page on robustness: attacks × languages, doses and what was found at them, domains against robustness."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from markupsafe import Markup

from harness.records import JSON
from harness.report import heat, wording
from harness.report.drawing import MOST_ARMS, Scale, el, line, mark, svg, text
from harness.spec.attack import WORST

PANEL, BOTTOM = 340.0, 170.0
QUANTITY_WORDS = {"score": "score under attack", "drop": "drop", "flips": "changed predictions"}


def view(summary: JSON, document: JSON) -> JSON | None:
    """Returns all that the page shows, by target; none for a study without attacks."""
    lines = summary["robustness"]
    if not lines:
        return None
    targets = []
    for target in summary["targets"]:
        own = [entry for entry in lines if entry["target"] == target["name"]]
        attacks = list(dict.fromkeys(entry["attack"] for entry in own))
        cells = {(e["encoder"], e["arm"], e["attack"]): e for e in own}
        rows = [
            {"arm": arm, "cells": [cells.get((arm["encoder"], arm["name"], attack)) for attack in attacks]}
            for arm in summary["arms"]
        ]
        if own:
            targets.append({"target": target, "attacks": attacks, "rows": rows, "heat": _heat(target, attacks, own)})
    return {
        "targets": targets,
        "doses": [_dose(claim["id"], i, part) for claim, i, part in _slopes(document)],
        "scatters": _scatters(summary),
        "associations": summary["associations"],
        "examples": summary["attacked_rows"],
        "words": QUANTITY_WORDS,
    }


def _slopes(document: JSON) -> list[tuple[JSON, int, JSON]]:
    every = [(claim, i, part) for claim in document["claims"] for i, part in enumerate(claim["parts"], 1)]
    return [(claim, i, part) for claim, i, part in every if part["kind"] == "slope" and part["details"]]


def _heat(target: JSON, attacks: Sequence[str], lines: Sequence[JSON]) -> Markup:
    """Returns how far each attack takes each language down, on the mean over arms."""
    drops: dict[tuple[str, str], list[float]] = {}
    for entry in lines:
        for one in entry["languages"]:
            if one["drop"] is not None:
                drops.setdefault((entry["attack"], one["language"]), []).append(one["drop"])
    cells = {place: {"delta": -float(np.mean(values))} for place, values in drops.items()}
    title = f"{target['title']}: points lost under each attack, by language; mean over arms"
    return heat.picture(title, attacks, target["languages"], cells, heat.Shape(46.0, 22.0))


def _dose(claim: str, number: int, part: JSON) -> JSON:
    """Returns a dose–response curve: a point an arm, and the line that was judged."""
    numbers, levels = part["expected"]["numbers"], part["details"]["by arm"]
    points = [(float(numbers[arm]), float(level)) for arm, level in levels.items()]
    centre = np.mean(points, axis=0)
    first, last = min(numbers.values()), max(numbers.values())
    ends = [float(centre[1] + part["estimate"] * (at - centre[0])) for at in (first, last)]
    heights = [*(level for _, level in points), *ends]
    x = Scale(first, last, 40.0, PANEL - 14, 4)
    y = Scale(min(heights), max(heights), BOTTOM - 10, 10.0, 4)
    drawn = [*_axes(x, y), line(x(first), y(ends[0]), x(last), y(ends[1]), "curve s1")]
    drawn += [mark(1, x(at), y(level), 4.0) for at, level in points]
    what = wording.asked(part)
    title = f"{claim}.{number}: {what}; {', '.join(f'{arm} {level:.1f}' for arm, level in levels.items())}"
    return {"id": f"{claim}.{number}", "part": part, "what": what, "picture": svg(PANEL, BOTTOM + 8, title, *drawn)}


def _scatters(summary: JSON) -> list[JSON]:
    """Returns a panel for each measure: similarity of an arm to a target against its score under all attacks."""
    scored: dict[tuple[str, str], list[JSON]] = {}
    for entry in summary["robustness"]:
        if entry["attack"] != WORST and entry["score"] is not None:
            scored.setdefault((entry["arm"], entry["target"]), []).append(entry)
    sources = {target["name"]: target["source_language"] for target in summary["targets"]}
    styles = {name: i for i, name in enumerate(list(sources)[:MOST_ARMS])}
    panels = []
    for measure in dict.fromkeys(row["measure"] for row in summary["similarity"]):
        rows = [r for r in summary["similarity"] if r["measure"] == measure and r["language"] == sources[r["target"]]]
        dots = [(row, scored[row["arm"], row["target"]]) for row in rows if (row["arm"], row["target"]) in scored]
        dots = [(row, own) for row, own in dots if row["target"] in styles]
        if not dots:
            continue
        heights = [[float(np.mean([e["score"] for e in own])), *_span(own)] for _, own in dots]
        xs = [row[end] for row, _ in dots for end in ("low", "high")]
        x = Scale(min(xs), max(xs), 40.0, PANEL - 14, 4)
        y = Scale(min(map(min, heights)), max(map(max, heights)), BOTTOM - 10, 10.0, 4)
        drawn = _axes(x, y)
        for (row, _), (at, low, high) in zip(dots, heights, strict=True):
            style = styles[row["target"]]
            drawn.append(line(x(row["low"]), y(at), x(row["high"]), y(at), f"span s{style}"))
            drawn.append(line(x(row["value"]), y(low), x(row["value"]), y(high), f"span s{style}"))
            drawn.append(mark(style, x(row["value"]), y(at)))
        title = f"{measure} of arms and targets, against the mean score under attack; the numbers are in metrics.json"
        panels.append({"measure": measure, "picture": svg(PANEL, BOTTOM + 8, title, *drawn)})
    legend = [el("li", svg(28, 14, "", mark(i, 14.0, 7.0, 4.2), class_="sample"), " ", name) for name, i in styles.items()]
    return [{**panel, "legend": el("ul", *legend, class_="legend")} for panel in panels]


def _span(entries: Sequence[JSON]) -> list[float]:
    """Returns the mean ends of the scores' intervals."""
    known = [e["score_interval"] for e in entries if None not in e["score_interval"]]
    return [float(np.mean([ends[i] for ends in known])) for i in (0, 1)] if known else [entries[0]["score"]] * 2


def _axes(x: Scale, y: Scale) -> list[Markup]:
    drawn = [line(40, y(t), PANEL - 14, y(t), "grid") for t in y.ticks]
    drawn += [text(34, y(t) + 4, f"{t:g}", text_anchor="end") for t in y.ticks]
    return drawn + [text(x(t), BOTTOM + 4, f"{t:g}", text_anchor="middle") for t in x.ticks]
