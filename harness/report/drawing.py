"""SVG by small functions: elements, scales, marks. Text and attributes are escaped; colours come from the page's style.

Arms are told apart by shape and by dash as well as by colour.
"""

from __future__ import annotations

import math

from markupsafe import Markup, escape

# The first is the baseline's.
SHAPES = ("ring", "disc", "square", "triangle", "diamond", "cross")
DASHES = ("", "7 3", "2 2", "9 3 2 3", "1 3", "14 4")
MOST_ARMS = len(SHAPES)


def el(tag: str, *children: object, **attributes: object) -> Markup:
    """Returns an element. `class_` and `font_size` become `class` and `font-size`; attributes that are none are left out."""
    named = {k.rstrip("_").replace("_", "-"): v for k, v in attributes.items() if v is not None}
    text = "".join(f' {k}="{escape(_short(v))}"' for k, v in named.items())
    inner = "".join(str(escape(child)) for child in children)
    return Markup(f"<{tag}{text}>{inner}</{tag}>" if children else f"<{tag}{text}/>")  # noqa: S704 - all parts are escaped


def svg(width: float, height: float, title: str, *children: object, class_: str = "figure") -> Markup:
    """Returns a picture of that many units, which scales with its place; `title` says what it shows, if anything."""
    box = f"0 0 {_short(float(width))} {_short(float(height))}"
    if not title:
        return el("svg", *children, viewBox=box, aria_hidden="true", class_=class_)
    return el("svg", el("title", title), *children, viewBox=box, role="img", class_=class_)


def line(x1: object, y1: object, x2: object, y2: object, class_: str, **more: object) -> Markup:
    """Returns a line."""
    return el("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=class_, **more)


def text(x: object, y: object, content: object, class_: str = "", **more: object) -> Markup:
    """Returns a text."""
    return el("text", content, x=x, y=y, class_=class_ or None, **more)


def mark(style: int, x: float, y: float, size: float = 3.6) -> Markup:
    """Returns the mark of the arm with that place in the legend."""
    shape, class_ = SHAPES[style], f"mark s{style}"
    if shape in ("ring", "disc"):
        return el("circle", cx=x, cy=y, r=size, class_=f"{class_} {shape}")
    if shape == "square":
        return el("rect", x=x - size, y=y - size, width=2 * size, height=2 * size, class_=class_)
    if shape == "cross":
        ends = f"M{_short(x - size)} {_short(y - size)}l{_short(2 * size)} {_short(2 * size)}"
        return el(
            "path",
            d=f"{ends}m0 {_short(-2 * size)}l{_short(-2 * size)} {_short(2 * size)}",
            class_=f"{class_} open",
        )
    reach = size * 1.25
    corners = [(0, -reach), (reach, reach * 0.8), (-reach, reach * 0.8)]
    if shape == "diamond":
        corners = [(0, -reach), (reach, 0), (0, reach), (-reach, 0)]
    return el("polygon", points=" ".join(f"{_short(x + dx)},{_short(y + dy)}" for dx, dy in corners), class_=class_)


def ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Returns round numbers that cover `low` to `high`, about so many; the first and last lie at or beyond the ends."""
    if not high > low:
        low, high = low - 1, high + 1
    rough = (high - low) / max(about, 1)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(m * power for m in (1, 2, 5, 10) if m * power >= rough * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(i * step, 10) + 0.0 for i in range(first, last + 1)]


class Scale:
    """A linear map from values to places; ends at round numbers."""

    def __init__(self, low: float, high: float, start: float, stop: float, about: int = 5) -> None:
        self.ticks = ticks(low, high, about)
        self.start, self.stop = start, stop

    def __call__(self, value: float) -> float:
        """Returns the place of a value."""
        low, high = self.ticks[0], self.ticks[-1]
        return self.start + (value - low) / (high - low) * (self.stop - self.start)


def _short(value: object) -> str:
    """Returns a number with at most two decimals, anything else as it is."""
    if not isinstance(value, float):
        return str(value)
    return f"{round(value, 2) + 0.0:.2f}".rstrip("0").rstrip(".")
