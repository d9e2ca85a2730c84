"""What to type next."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.report.advice import next_command

MINI = "kind:greater|study:mini|encoder:mini|v:2"
RUN = "of specs/studies/mini.yaml{}, then harness run specs/studies/mini.yaml"


@pytest.mark.parametrize(
    ("outcome", "text", "signature", "expected"),
    [
        ("reproduced", "reproduced on a proxy; exact evidence differs in: a; b", MINI, ""),
        ("contradicted", "harness run specs/studies/x.yaml", MINI, ""),
        ("inconclusive", "21 seeds in all would decide an effect of this size: 18 more", MINI, f"edit vary.seed {RUN}|18"),
        ("inconclusive", "one seed shows nothing of the variance between seeds: more seeds", MINI, f"edit vary.seed {RUN}"),
        ("inconclusive", "it would be decided alone; corrected it needs more seeds", MINI, f"edit vary.seed {RUN}"),
        (
            "inconclusive",
            "more seeds alone would not decide it: more test examples are needed",
            MINI,
            f"edit max_test_examples {RUN}",
        ),
        ("inconclusive", "more arms, or gains that are known better", MINI, f"edit vary.intermediate {RUN}"),
        ("inconclusive", "more targets, or gains that are known better", MINI, f"edit vary.target {RUN}"),
        ("inconclusive", "", "", f"edit vary.seed {RUN}"),
        ("not_comparable", "a magnitude needs the paper's own set-up", MINI, "harness run specs/studies/paper.yaml"),
        ("not_comparable", "training differs", "kind:value|study:paper|v:2", ""),
        ("not_run", "evaluations that the store lacks: 3; harness run s/mini.yaml", "", "harness run s/mini.yaml"),
        ("not_run", "mini does not evaluate x in sw: add it to the study's languages", "", f"edit languages {RUN}"),
        ("not_run", "a rank needs at least two other arms, and mini has 1", "", f"edit vary.intermediate {RUN}"),
        ("not_run", "a correlation needs 5 targets with a number at least, and mini has 1", "", f"edit vary.target {RUN}"),
        ("not_run", "harness data fetch --study open; then run it", "", "harness data fetch --study open"),
        (
            "not_run",
            "no study under specs/studies has the arm x: write one",
            "",
            "write specs/studies/NAME.yaml, then harness run specs/studies/NAME.yaml",
        ),
    ],
)  # fmt: skip
def test_the_next_command(outcome: str, text: str, signature: str, expected: str) -> None:
    expected, _, more = expected.partition("|")
    part = {"outcome": outcome, "next": text, "signature": signature}
    expected = expected.format(f" ({more} more)" if more else "")
    assert next_command(part, study="mini", paper="paper") == expected


def test_specs_may_lie_elsewhere() -> None:
    part = {"outcome": "not_comparable", "next": "", "signature": MINI}
    assert next_command(part, studies=Path("other/studies"), paper="big") == "harness run other/studies/big.yaml"
    assert next_command(part) == ""
