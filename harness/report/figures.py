"""The report's figures as inline SVG, from a summary: forest plot, per-language scores, learning curves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from markupsafe import Markup

from harness.records import JSON
from harness.report import views, wording
from harness.report.drawing import DASHES, MOST_ARMS, Scale, el, line, mark, svg, text

PANEL = 340.0
MOST_LANGUAGES = 12


@dataclass(frozen=True)
class Styled:
    """The arms that figures show, each with its place in the legend, and how many are left out."""

    places: dict[tuple[str, str], int]
    n_hidden: int

    def labels(self) -> list[str]:
        """Returns the arms' names, with the encoder where there are several."""
        several = len({encoder for encoder, _ in self.places}) > 1
        return [f"{encoder} · {arm}" if several else arm for encoder, arm in self.places]


def styled(summary: JSON) -> Styled:
    """Returns the baselines and the arms with the highest means, as many as can be told apart, in the study's order."""
    arms = [(arm["encoder"], arm["name"]) for arm in summary["arms"]]
    means = {(o["encoder"], o["arm"]): o["mean"] for o in summary["overall"]}
    ranked = sorted(
        arms,
        key=lambda a: (
            a[1] != summary["baseline"],
            -(means[a] if means[a] is not None else -1.0),
            arms.index(a),
        ),
    )
    shown = [a for a in arms if a in ranked[:MOST_ARMS]]
    base = [a for a in shown if a[1] == summary["baseline"]]
    rest = [a for a in shown if a not in base]
    return Styled({a: i for i, a in enumerate([*base, *rest])}, len(arms) - len(shown))


def legend(arms: Styled, *, lines: bool = False, ticks: bool = False) -> Markup:
    """Returns the key to marks or lines."""
    items = []
    for style, name in enumerate(arms.labels()):
        sample = (
            line(0, 7, 28, 7, f"curve s{style}", stroke_dasharray=DASHES[style] or None)
            if lines
            else mark(style, 14.0, 7.0, 4.2)
        )
        items.append(el("li", svg(28, 14, "", sample, class_="sample"), " ", name))
    if ticks:
        sample = line(14, 1, 14, 13, "trivial")
        items.append(el("li", svg(28, 14, "", sample, class_="sample"), " ", "best trivial baseline"))
    if arms.n_hidden:
        items.append(el("li", f"and {wording.plural(arms.n_hidden, 'arm')} in the tables only"))
    return el("ul", *items, class_="legend")


@dataclass(frozen=True)
class Forest:
    """A forest plot as strips of one scale, for the rows of a table. A strip's width is that of its place."""

    scale: Scale

    @staticmethod
    def of(parts: Sequence[JSON]) -> Forest:
        """Returns the plot that all these parts fit on, with the paper's values; zero is always on it."""
        values = [0.0]
        for part in parts:
            values += [*part["interval"], part["estimate"]]
            values += [v for v in _claimed(part) if v is not None]
        return Forest(Scale(min(values), max(values), 2.0, 98.0, 6))

    def strip(self, part: JSON) -> Markup:
        """Returns one row: the interval, the estimate, and what the paper says where it is a number."""
        low, high = part["interval"]
        value, near, far = _claimed(part)
        drawn = [line(self._x(0.0), 0, self._x(0.0), "100%", "zero")]
        if near is not None and far is not None:
            left, right = self.scale(near), self.scale(far)
            drawn.append(
                el(
                    "rect",
                    x=f"{left:.2f}%",
                    y="15%",
                    width=f"{right - left:.2f}%",
                    height="70%",
                    class_="margin",
                )
            )
        if value is not None:
            drawn.append(line(self._x(value), "15%", self._x(value), "85%", "claimed"))
        drawn.append(line(self._x(low), "50%", self._x(high), "50%", f"whisker {part['outcome']}"))
        drawn.append(el("circle", cx=self._x(part["estimate"]), cy="50%", r=5, class_=f"point {part['outcome']}"))
        title = f"{wording.ours(part)} points" + (f"; the paper says {wording.points(value)}" if value is not None else "")
        return el("svg", el("title", title), *drawn, class_="strip", role="img")

    def axis(self) -> Markup:
        """Returns the scale under the rows."""
        drawn = []
        for tick in self.scale.ticks:
            drawn.append(line(self._x(tick), 0, self._x(tick), 5, "tick"))
            drawn.append(text(self._x(tick), 19, f"{tick:+g}".replace("-", "−") if tick else "0", text_anchor="middle"))
        return el("svg", *drawn, class_="strip", aria_hidden="true")

    def _x(self, value: float) -> str:
        return f"{self.scale(value):.2f}%"


def _claimed(part: JSON) -> tuple[float | None, float | None, float | None]:
    """Returns the paper's number and the ends of its margin, where a part has them."""
    value, margin = part["expected"].get("value"), part["expected"].get("margin")
    if not isinstance(value, int | float):
        return None, None, None
    half = margin if isinstance(margin, int | float) else 0.0
    return float(value), value - half, value + half


def language_panel(summary: JSON, target: JSON, arms: Styled) -> list[Markup]:
    """Returns one target's scores by language: a mark and an interval for each arm, a tick for the best trivial baseline.

    Many languages make several pictures of one scale, so that none is higher than a sheet of paper.
    """
    lines = [e for e in summary["languages"] if e["target"] == target["name"] and (e["encoder"], e["arm"]) in arms.places]
    trivial = views.best_trivial(summary, target)
    values = [v for e in lines for v in (e["mean"], *(e["interval"] or ())) if v is not None]
    values += trivial.values()
    scale = Scale(min(values, default=0.0), min(100.0, max(values, default=100.0)), 36.0, PANEL - 12, 5)
    languages = views.source_first(target)
    n = -(-len(languages) // MOST_LANGUAGES)
    bounds = [len(languages) * i // n for i in range(n + 1)] if n else []
    return [_languages(target, arms, lines, trivial, scale, languages[a:b]) for a, b in pairwise(bounds)]


def _languages(
    target: JSON, arms: Styled, lines: Sequence[JSON], trivial: dict[str, float], scale: Scale, languages: Sequence[str]
) -> Markup:
    gap = 8.0
    height = gap * len(arms.places) + 12
    bottom = height * len(languages)
    drawn = [line(scale(t), 0, scale(t), bottom, "grid") for t in scale.ticks]
    drawn += [text(scale(t), bottom + 15, f"{t:g}", text_anchor="middle") for t in scale.ticks]
    for i, language in enumerate(languages):
        y = i * height
        is_source = language == target["source_language"]
        drawn.append(text(28, y + height / 2 + 4, language, "strong" if is_source else "", text_anchor="end"))
        if i:
            drawn.append(line(36, y, PANEL - 12, y, "rule"))
        if language in trivial:
            x = scale(trivial[language])
            drawn.append(line(x, y + 4, x, y + height - 4, "trivial"))
        for entry in (e for e in lines if e["language"] == language and e["mean"] is not None):
            style = arms.places[entry["encoder"], entry["arm"]]
            at = y + 10 + gap * style
            if entry["interval"]:
                drawn.append(line(scale(entry["interval"][0]), at, scale(entry["interval"][1]), at, f"span s{style}"))
            drawn.append(mark(style, scale(entry["mean"]), at))
    title = f"{target['title']}: {target['metric']} by language; the same numbers are in the table below"
    return svg(PANEL, bottom + 20, title, *drawn)


def curve_panel(curves: Sequence[JSON], arms: Styled, title: str) -> Markup:
    """Returns training loss by step, one line a stage."""
    lines = [[(p["step"], p["loss"]) for p in curve["points"] if p["loss"] is not None] for curve in curves]
    points = [point for line_ in lines for point in line_]
    if not points:
        return svg(PANEL, 30, title, text(0, 20, "no steps"))
    x = Scale(0.0, float(max(step for step, _ in points)), 36.0, PANEL - 14, 4)
    y = Scale(0.0, max(loss for _, loss in points), 160.0, 10.0, 4)
    drawn = [line(36, y(t), PANEL - 14, y(t), "grid") for t in y.ticks]
    drawn += [text(30, y(t) + 4, f"{t:g}", text_anchor="end") for t in y.ticks]
    drawn += [text(x(t), 177, f"{t:g}", text_anchor="middle") for t in x.ticks]
    for curve, own in zip(curves, lines, strict=True):
        style = arms.places.get((curve["encoder"], curve["arm"]), 0)
        path = "M" + "L".join(f"{x(float(step)):.1f} {y(loss):.1f}" for step, loss in own)
        if own:
            drawn.append(el("path", d=path, class_=f"curve s{style}", stroke_dasharray=DASHES[style] or None))
    return svg(PANEL, 182, title, *drawn)
