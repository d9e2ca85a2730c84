"""The table on a terminal: its width, its colours, and what to type next."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from harness.records import OUTCOMES, PartVerdict, Verdict
from harness.report.terminal import COLORS, WIDTH, table, wrap
from harness.report.verdicts import Results

ESCAPE = re.compile(r"\x1b\[[0-9;]*m")
NASTY = [
    "a" * 300,
    "字" * 200,
    "한국어 " * 60,
    "a-" * 200,
    "e\u0301" * 200,
    "👩‍🔬" * 80,
    "\x1b[31mred\x07",
    "\u202eright",
    "\ttab\t" * 40,
]


def claims_of(text: str) -> tuple[Verdict, ...]:
    source = {"document": text, "quote": text}
    run = {"signature": f"kind:greater|study:{text}|v:1", "next": f"4 seeds in all would decide {text}: 2 more"}
    part = PartVerdict("greater", "inconclusive", "proxy", {"arm": text, "over": text}, -1.0, (-12.0, -1.0), **run)
    parts = (
        part,
        replace(part, kind=text),
        replace(part, next=text, signature=""),
        replace(part, next=f"harness run {text}"),
    )
    return (Verdict(text, text, source, "greater", parts, "inconclusive", "proxy"),)


@pytest.mark.parametrize("color", [False, True])
@pytest.mark.parametrize("text", NASTY, ids=range(len(NASTY)))
def test_it_fits_whatever_the_names_are(text: str, color: bool) -> None:
    shown = table(Results(claims_of(text), study="mini", paper=text), color=color)
    plain = ESCAPE.sub("", shown) if color else shown
    assert max(map(cell_len, plain.splitlines())) <= WIDTH
    assert not re.search("[\x00-\x09\x0b-\x1f\u202e]", plain)


def test_columns_of_wide_characters_line_up() -> None:
    verdict = claims_of("中文")[0]
    lines = table(Results((replace(verdict, parts=verdict.parts[:1]),))).splitlines()
    start = lines[0].index("outcome")
    row = next(line for line in lines if "~ inconclusive" in line)
    assert cell_len(row[: row.index("~")]) == start


@given(st.text(), st.integers(5, 40))
def test_wrapping_loses_nothing(text: str, width: int) -> None:
    lines = wrap(text, width)
    assert all(cell_len(line) <= width for line in lines)
    unsafe = "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]"
    assert re.sub(r"\s", "", "".join(lines)) == re.sub(r"\s", "", re.sub(unsafe, "\ufffd", text))


def test_words_are_kept_whole_where_they_can_be() -> None:
    assert wrap("encoder: FacebookAI/xlm-roberta-large", 30) == ["encoder: FacebookAI/xlm-", "roberta-large"]
    assert wrap("run --only x-y-z", 12, hyphens=False) == ["run --only", "x-y-z"]
    assert wrap("−1.0\n[−2.0, 3.0]", 16) == ["−1.0", "[−2.0, 3.0]"]
    assert wrap("", 5) == [""]


def test_colour_only_paints(results: Results) -> None:
    plain, painted = table(results), table(results, color=True)
    assert "\x1b" not in plain
    assert ESCAPE.sub("", painted) == plain
    for outcome, mark in zip(OUTCOMES, "✓✗~≠○", strict=True):
        assert f"\x1b[{COLORS[outcome]}m{mark} " in painted


def test_colours_need_no_red_and_green() -> None:
    # Of the 256 colours: 33 is a blue, 208 an orange, 245 a grey; lightness differs as well as hue.
    assert {color.rpartition(";")[2] for color in COLORS.values()} == {"33", "208", "245"}
    assert COLORS["reproduced"] != COLORS["contradicted"] != COLORS["not_run"] == COLORS["inconclusive"]


def test_each_undecided_part_has_its_command(results: Results) -> None:
    _, _, rest = table(results).partition("What would decide the rest\n")
    assert rest == (
        "  C3 how many\n"
        "    4 seeds in all would decide an effect of this size\n"
        "    next: edit vary.seed of specs/studies/small.yaml, then harness run specs/studies/small.yaml\n"
        "  C4 size\n"
        "    encoder: tiny for FacebookAI/xlm-roberta-large\n"
        "    next: harness run specs/studies/paper.yaml\n"
        "  C5 direction\n"
        "    next: harness run specs/studies/small.yaml\n"
    )


def test_a_command_is_not_said_twice(results: Results) -> None:
    part = replace(results.verdicts[4].parts[0], next="the study has no arm hellaswag: harness run specs/studies/open.yaml")
    shown = table(replace(results, verdicts=(replace(results.verdicts[4], parts=(part,)),)))
    assert shown.endswith("    the study has no arm hellaswag\n    next: harness run specs/studies/open.yaml\n")


def test_decided_claims_need_nothing(verdicts: list[Verdict]) -> None:
    assert table(Results(tuple(verdicts[:2]))).endswith("0 not comparable · 0 not run\n")
