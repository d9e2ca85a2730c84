"""Heat maps as inline SVG, from a summary: differences to the baseline and to published numbers, by target and language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from harness.records import JSON
from harness.report import views, wording
from harness.report.drawing import el, svg, text

SAME = "the same numbers are in the table"
# A letter of a row's name, and of a column's, which is written aslant: wide enough for the widest of the page's fonts.
ROW_LETTER, COLUMN_LETTER = 8.2, 5.8


@dataclass(frozen=True)
class Shape:
    """The size of a heat map's cells, and how many of its last columns and rows stand apart."""

    width: float
    height: float
    columns_apart: int = 0
    rows_apart: int = 0


def to_baseline(summary: JSON) -> Markup | None:
    """Returns differences to the baseline, arm × target, over the gains that are published on the very same tasks."""
    arms = _names(summary, baselines=False)
    targets = [target["name"] for target in summary["targets"]]
    cells = {(arms[e["encoder"], e["arm"]], e["target"]): e for e in summary["table"] if (e["encoder"], e["arm"]) in arms}
    cells |= {(arms[o["encoder"], o["arm"]], "mean"): o for o in summary["overall"] if (o["encoder"], o["arm"]) in arms}
    gains = {
        ("published gain", target): {"text": wording.points(row["gain"])}
        for (target, role), row in views.first_published(summary).items()
        if role == "intermediate" and row["gain"] is not None
    }
    rows = [*arms.values(), *(["published gain"] if gains else [])]
    shape = Shape(50.0, 36.0, columns_apart=1, rows_apart=len(rows) - len(arms))
    title = f"Difference to the baseline in points, by intermediate arm and target; {SAME}"
    return picture(title, rows, [*targets, "mean"], cells | gains, shape) if arms else None


def to_published(summary: JSON) -> Markup | None:
    """Returns differences to published scores, arm × target, over those scores; none where nothing can be subtracted."""
    beside = views.beside_published(summary)
    if not beside:
        return None
    names = _names(summary, baselines=True)
    arms = {arm: name for arm, name in names.items() if any(key[:2] == arm for key in beside)}
    first = views.first_published(summary)
    targets = [t["name"] for t in summary["targets"] if any(key[2] == t["name"] for key in beside)]
    cells = {(arms[encoder, arm], target): cell for (encoder, arm, target), cell in beside.items()}
    roles = [(role, name) for role, name in views.PUBLISHED_ROWS.items() if any((t, role) in first for t in targets)]
    values = {
        (name, t): {"text": wording.score(first[t, role]["value"])}
        for role, name in roles
        for t in targets
        if (t, role) in first
    }
    title = f"Difference to the published score in points, by arm and target; {SAME}"
    rows = [*arms.values(), *(name for _, name in roles)]
    return picture(title, rows, targets, cells | values, Shape(50.0, 30.0, rows_apart=len(roles)))


def by_language(summary: JSON, target: JSON) -> Markup | None:
    """Returns one target's differences to the baseline, language × arm; the source language comes first."""
    arms = _names(summary, baselines=False)
    cells = {
        (e["language"], arms[e["encoder"], e["arm"]]): e
        for e in summary["languages"]
        if e["target"] == target["name"] and (e["encoder"], e["arm"]) in arms
    }
    title = f"{target['title']}: difference to the baseline in points, by language and arm; {SAME}"
    languages = views.source_first(target)
    return picture(title, languages, list(arms.values()), cells, Shape(46.0, 22.0)) if arms else None


def _names(summary: JSON, *, baselines: bool) -> dict[tuple[str, str], str]:
    """Returns the arms' names."""
    return {
        (arm["encoder"], arm["name"]): views.arm_title(summary, arm["encoder"], arm["name"])
        for arm in summary["arms"]
        if baselines or arm["name"] != summary["baseline"]
    }


def picture(
    title: str, rows: Sequence[str], columns: Sequence[str], cells: Mapping[tuple[str, str], JSON], shape: Shape
) -> Markup:
    """Returns a grid of differences: tinted by size, framed where the interval leaves out zero."""
    known = [abs(c["delta"]) for c in cells.values() if c.get("delta") is not None]
    most = max(known, default=0.0) or 1.0
    left = 14 + ROW_LETTER * max(map(len, rows), default=0)
    top = 18 + COLUMN_LETTER * max(map(len, columns), default=0)
    w, h = shape.width, shape.height
    xs = [left + j * w + (6 if j >= len(columns) - shape.columns_apart else 0) for j in range(len(columns))]
    ys = [top + i * h + (6 if i >= len(rows) - shape.rows_apart else 0) for i in range(len(rows))]
    drawn = []
    for x, column in zip(xs, columns, strict=True):
        place = f"translate({x + w / 2 + 2:.1f} {top - 8:.1f}) rotate(-45)"
        drawn.append(text(0, 0, column, "column", transform=place))
    for y, row in zip(ys, rows, strict=True):
        drawn.append(text(left - 8, y + h / 2 + 4, row, "row", text_anchor="end"))
        for x, column in zip(xs, columns, strict=True):
            drawn += _cell(cells.get((row, column), {}), x, y, shape, most)
    width = (xs[-1] if xs else left) + w + 0.75 * top
    drawing = svg(width, (ys[-1] if ys else top) + h + 4, title, *drawn, class_="heat")
    return el("div", drawing, class_="scroll", role="region", aria_label=title, tabindex=0, style=f"--w:{width:.0f}px")


def _cell(cell: JSON, x: float, y: float, shape: Shape, most: float) -> list[Markup]:
    w, h = shape.width, shape.height
    box = {"x": x + 1, "y": y + 1, "width": w - 2, "height": h - 2, "rx": 3}
    middle = {"x": x + w / 2, "y": y + h / 2 + 4, "text_anchor": "middle"}
    delta, span = cell.get("delta"), cell.get("delta_interval")
    if delta is None:
        told = cell.get("text")
        return (
            [el("text", told, **middle)]
            if told
            else [el("rect", **box, class_="absent"), el("text", wording.MISSING, **middle)]
        )
    clear = span is not None and (span[0] > 0 or span[1] < 0)
    strength = 0.06 + 0.54 * abs(delta) / most
    return [
        el("rect", **box, class_="gain" if delta > 0 else "loss", fill_opacity=f"{strength:.3f}"),
        el("rect", **box, class_="frame") if clear else Markup(),
        el("text", wording.points(delta), **middle, class_="strong" if clear else None),
    ]
