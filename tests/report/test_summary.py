"""What `metrics.json` says, against numbers made by hand."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from harness.evidence import Arm, Evidence
from harness.records import JSON, OUTCOMES, Verdict
from harness.report.origins import MAX_POINTS, plot_points, thin
from harness.report.summary import summarize

BASE, NLI = Arm("tiny", "none"), Arm("tiny", "nli")


@pytest.fixture(scope="module")
def summary(evidence: Evidence, verdicts: list[Verdict]) -> JSON:
    return summarize(evidence, verdicts)


def line(summary: JSON, table: str, **where: str) -> JSON:
    found = [row for row in summary[table] if all(row[k] == v for k, v in where.items())]
    assert len(found) == 1
    return found[0]


def by_hand(evidence: Evidence, arm: Arm, target: str, languages: tuple[str, ...]) -> float:
    """Return the mean over languages of the mean over seeds, from the scores' own files."""
    metric = evidence.targets[target].metric
    values = []
    for language in languages:
        stages = [evidence.run(arm, target, seed).evaluate[language] for seed in evidence.seeds]
        rows = [row for stage in stages for row in evidence.read(stage, "scores.json") if row["metric"] == metric]
        values.append(np.mean([row["value"] for row in rows]))
    return float(np.mean(values))


@pytest.mark.parametrize("target", ["small_nli", "small_qa"])
@pytest.mark.parametrize("arm", [BASE, NLI], ids=lambda arm: arm.name)
def test_a_cell_is_the_mean_over_languages_of_the_mean_over_seeds(
    evidence: Evidence, summary: JSON, arm: Arm, target: str
) -> None:
    cell = line(summary, "table", arm=arm.name, target=target)
    assert cell["mean"] == pytest.approx(by_hand(evidence, arm, target, ("en", "la", "lb")), abs=1e-3)
    assert cell["source_language"]["mean"] == pytest.approx(by_hand(evidence, arm, target, ("en",)), abs=1e-3)
    assert cell["target_languages"]["mean"] == pytest.approx(by_hand(evidence, arm, target, ("la", "lb")), abs=1e-3)
    low, high = cell["interval"]
    assert low < cell["mean"] < high
    assert (cell["n_seeds"], cell["n_examples"], cell["complete"], cell["missing"]) == (2, 120, True, 0)


def test_the_difference_is_to_the_baseline(summary: JSON) -> None:
    base, cell = (line(summary, "table", arm=arm, target="small_nli") for arm in ("none", "nli"))
    assert base["delta"] is None
    assert base["delta_interval"] is None
    assert cell["delta"] == pytest.approx(cell["mean"] - base["mean"], abs=1e-3)
    assert cell["delta_interval"][0] < cell["delta"] < cell["delta_interval"][1]


def test_the_mean_over_targets(summary: JSON) -> None:
    for arm in ("none", "nli"):
        means = [line(summary, "table", arm=arm, target=t)["mean"] for t in ("small_nli", "small_qa")]
        assert line(summary, "overall", arm=arm)["mean"] == pytest.approx(np.mean(means), abs=1e-3)


def test_a_language_has_its_spread_over_seeds(evidence: Evidence, summary: JSON) -> None:
    cell = line(summary, "languages", arm="nli", target="small_nli", language="la")
    rows = [r for r in summary["scores"] if (r["arm"], r["task"], r["language"]) == ("nli", "small_nli", "la")]
    values = [row["value"] for row in rows]
    assert len(values) == 2
    assert cell["mean"] == pytest.approx(np.mean(values), abs=1e-3)
    assert cell["sd_over_seeds"] == pytest.approx(np.std(values, ddof=1), abs=1e-3)


def test_every_score_has_its_signature_and_key(evidence: Evidence, summary: JSON) -> None:
    assert len(summary["scores"]) == 2 * 2 * 2 * 3
    assert all(row["signature"] and row["key"] in evidence.done for row in summary["scores"])


def test_what_is_incomplete_is_missing_and_not_zero(evidence_of: Callable[..., Evidence], verdicts: list[Verdict]) -> None:
    summary = summarize(evidence_of(without=["evaluate small_qa lb · nli · tiny · seed 2"]), verdicts)
    cell = line(summary, "table", arm="nli", target="small_qa")
    assert (cell["mean"], cell["interval"], cell["delta"]) == (None, None, None)
    assert (cell["complete"], cell["missing"], cell["n_seeds"]) == (False, 1, 1)
    assert line(summary, "overall", arm="nli")["mean"] is None
    assert line(summary, "languages", arm="nli", target="small_qa", language="lb")["mean"] is None
    whole = line(summary, "languages", arm="nli", target="small_qa", language="la")
    assert whole["mean"] is not None
    assert whole["interval"] is None
    assert "small_qa" not in summary["metrics"]["nli"]
    assert line(summary, "table", arm="none", target="small_qa")["mean"] is not None
    assert line(summary, "table", arm="nli", target="small_nli")["delta"] is not None


def test_an_arm_has_no_difference_while_the_baseline_is_incomplete(evidence_of: Callable[..., Evidence]) -> None:
    summary = summarize(evidence_of(without=["evaluate small_nli en · none"]), [])
    cell = line(summary, "table", arm="nli", target="small_nli")
    assert cell["mean"] is not None
    assert cell["delta"] is None


def numbers(value: object, path: str = "") -> Iterator[str]:
    """Yield the paths that `dvc metrics diff` compares: numbers in nested mappings; it skips lists."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from numbers(inner, f"{path}.{key}" if path else key)
    elif isinstance(value, int | float):
        yield path


def test_dvc_sees_scores_and_verdicts_alone(summary: JSON) -> None:
    found = set(numbers(summary))
    assert {"metrics.nli.small_qa", "metrics.nli.mean", "verdicts.reproduced"} <= found
    assert all(path.startswith(("metrics.", "verdicts.")) for path in found - {"schema_version", "n_resamples"})
    assert summary["verdicts"] == dict.fromkeys(OUTCOMES, 1)


def test_the_document_is_json_and_deterministic(evidence: Evidence, verdicts: list[Verdict]) -> None:
    first, second = (
        json.dumps(summarize(Evidence(evidence.plan, evidence.store, evidence.catalog), verdicts)) for _ in range(2)
    )
    assert first == second
    assert "NaN" not in first


def test_trivial_baselines_doubts_cost_and_provenance(evidence: Evidence, summary: JSON) -> None:
    assert {(row["target"], row["baseline"]) for row in summary["trivial"]} == {
        ("small_nli", "majority"),
        ("small_qa", "word_overlap"),
    }
    assert len(summary["doubts"]) == 8
    assert all("lb" in doubt["stage"] for doubt in summary["doubts"])
    assert {row["kind"]: row["n_done"] for row in summary["cost"]} == {
        "intermediate": 2,
        "finetune": 8,
        "evaluate": 24,
        "trivial": 2,
    }
    known = summary["provenance"]
    assert known["code"] == [{"commit": "c0ffee" * 6 + "c0ff", "dirty": False, "n_stages": 36}]
    assert {(d["task"], d["split"], d["language"]) for d in known["data"]} >= {
        ("small_nli", "intermediate", "en"),
        ("small_qa", "test", "lb"),
        ("small_qa", "train", "en"),
    }
    for stage in known["stages"]:
        assert (evidence.store.root / stage["manifest"]).exists()


def test_curves_are_thin_and_keep_their_ends(summary: JSON) -> None:
    assert len(summary["curves"]) == 10
    for curve in summary["curves"]:
        assert 2 <= len(curve["points"]) <= MAX_POINTS
        assert curve["points"][-1]["step"] == 200
    rows = plot_points(summary["curves"])
    assert set(rows[0]) == {"stage", "step", "loss"}


def test_thinning_averages_losses_and_keeps_validations() -> None:
    events = [{"step": i, "loss": float(i)} for i in range(1, 7)] + [{"step": 7, "validation": 50.0}]
    assert thin(events, most=2) == [
        {"step": 3, "loss": 2.0, "validation": None},
        {"step": 7, "loss": 5.0, "validation": 50.0},
    ]
    assert thin([]) == []
    assert thin([{"step": 1, "loss": float("nan")}]) == [{"step": 1, "loss": None, "validation": None}]
