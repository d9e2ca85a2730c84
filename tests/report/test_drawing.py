"""SVG primitives: escaping, scales, marks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.report.drawing import DASHES, SHAPES, Scale, el, mark, ticks


def test_texts_and_attributes_are_escaped() -> None:
    assert el("text", "<a & b>", class_='"x"') == '<text class="&#34;x&#34;">&lt;a &amp; b&gt;</text>'
    assert el("g", el("rect", x=1.0, y=-0.0, rx=None)) == '<g><rect x="1" y="0"/></g>'


@given(st.floats(-1000, 1000), st.floats(0.001, 1000))
def test_ticks_are_round_and_cover_the_range(low: float, width: float) -> None:
    found = ticks(low, low + width)
    assert found == sorted(found)
    assert 2 <= len(found) <= 12
    assert found[0] <= low + 1e-6
    assert found[-1] >= low + width - 1e-6


def test_a_range_of_nothing_still_has_a_scale() -> None:
    scale = Scale(5.0, 5.0, 0.0, 100.0)
    assert 0.0 < scale(5.0) < 100.0


@pytest.mark.parametrize("style", range(len(SHAPES)))
def test_no_two_arms_differ_by_colour_alone(style: int) -> None:
    own = str(mark(style, 0.0, 0.0)).replace(f"s{style}", "")
    others = [str(mark(other, 0.0, 0.0)).replace(f"s{other}", "") for other in range(len(SHAPES)) if other != style]
    assert own not in others
    assert DASHES.count(DASHES[style]) == 1
