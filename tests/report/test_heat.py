"""Heat maps: what is tinted, framed and missing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from harness.evidence import Evidence
from harness.records import JSON
from harness.report import figures, heat, views, wording
from harness.report.summary import summarize


@pytest.fixture(scope="module")
def summary(evidence: Evidence) -> JSON:
    return summarize(evidence, [])


def test_a_target_has_every_difference_by_language(summary: JSON) -> None:
    for target in summary["targets"]:
        picture = str(heat.by_language(summary, target))
        own = [e for e in summary["languages"] if (e["arm"], e["target"]) == ("nli", target["name"])]
        assert len(own) == picture.count('class="row"') == 3
        assert all(f">{wording.points(line['delta'])}</text>" in picture for line in own)
        assert picture.count("frame") == sum(not e["delta_interval"][0] <= 0 <= e["delta_interval"][1] for e in own)


def test_what_is_missing_is_a_dash(evidence_of: Callable[..., Evidence]) -> None:
    summary = summarize(evidence_of(without=["evaluate small_qa lb"]), [])
    target = next(t for t in summary["targets"] if t["name"] == "small_qa")
    assert str(heat.by_language(summary, target)).count("absent") == 3  # paired over the whole target
    assert str(heat.to_baseline(summary)).count("absent") == 2  # the target and the mean


def test_a_study_of_the_baseline_alone_has_no_map(summary: JSON) -> None:
    alone = {**summary, "arms": [arm for arm in summary["arms"] if arm["name"] == "none"]}
    assert heat.to_baseline(alone) is None
    assert heat.by_language(alone, summary["targets"][0]) is None


@pytest.mark.parametrize(("n", "sizes"), [(1, [1]), (12, [12]), (13, [6, 7]), (50, [10, 10, 10, 10, 10])])
def test_many_languages_make_several_pictures(summary: JSON, n: int, sizes: list[int]) -> None:
    names = [f"x{i}" for i in range(n)]
    target: dict[str, Any] = {**summary["targets"][0], "languages": names, "source_language": "x3"}
    line = summary["languages"][0]
    many = {**summary, "languages": [{**line, "language": name, "target": target["name"]} for name in names]}
    pictures = figures.language_panel(many, target, figures.styled(summary))
    assert [sum(f">{name}</text>" in str(picture) for name in names) for picture in pictures] == sizes
    assert views.source_first(target)[0] == ("x3" if n > 3 else "x0")
