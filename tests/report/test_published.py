"""Published numbers beside ours: which arm stands there, when there is a difference, and what makes it a proxy."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.evidence import Evidence
from harness.records import JSON
from harness.report import files, heat, html, markdown, views, wording
from harness.report.summary import summarize
from harness.report.verdicts import claims_document
from harness.spec.catalog import Catalog

T1 = "language: avg, baseline: x, source: T1, confidence: quote_seen"
T2 = "language: avg, baseline: y, source: T2, confidence: derived"
TINY = "encoder: example/tiny, training: {learning_rate: 0.001}"
REFERENCE = f"""
name: paper
title: A paper
url: https://example.org
citation: A paper, 2020
systems:
  stilts: {{title: S & T, role: intermediate, over: base, intermediate: [small_nli], {TINY}}}
  base: {{title: The base, role: baseline, {TINY}}}
  rerun: {{title: A <b>re-run</b>, role: baseline, note: Of us., encoder: example/tiny, training: {{learning_rate: 0.1}}}}
  other: {{title: Another, role: other}}
numbers:
  - {{system: other, task: small_nli, metric: accuracy, value: 99.0, {T1}}}
  - {{system: base, task: small_nli, metric: accuracy, value: 50.0, {T1}}}
  - {{system: rerun, task: small_nli, metric: accuracy, value: 40.0, split: validation, note: by hand, {T2}}}
  - {{system: stilts, task: small_nli, metric: accuracy, value: 60.0, table: Table 3, {T1}}}
  - {{system: stilts, task: small_nli, metric: accuracy, value: 11.1, {T1.replace("avg", "la")}}}
  - {{system: stilts, task: xquad, metric: f1, value: 78.7, {T1}}}
  - {{system: stilts, task: xquad, metric: exact_match, value: 63.3, {T1}}}
not_found:
  - {{what: "the base on XQuAD | test", tasks: [xquad], reason: "The page <i>is</i> torn"}}
"""


@pytest.fixture
def beside(evidence: Evidence, tmp_path: Path) -> Callable[..., Evidence]:
    """Return a function that puts published numbers beside the finished study, with some text of its specs replaced."""

    def make(*edits: tuple[str, str, str], reference: str = REFERENCE, of: Evidence = evidence) -> Evidence:
        root = shutil.copytree(evidence.catalog.root, tmp_path / "specs")
        (root / "reference").mkdir()
        (root / "reference" / "paper.yaml").write_text(reference, encoding="utf-8")
        for name, old, new in edits:
            text = (root / name).read_text(encoding="utf-8")
            assert old in text
            (root / name).write_text(text.replace(old, new), encoding="utf-8")
        return Evidence(of.plan, of.store, Catalog(root))

    return make


# The task as the paper has it: no constructed languages, and it stands in for nothing else.
GENUINE = [("tasks/small_nli.yaml", "deviation: constructed languages\n", ""), ("tasks/small_nli.yaml", "[xnli]", "[]")]


def rows(summary: JSON, **where: object) -> list[JSON]:
    return [row for row in summary["published"] if all(row[k] == v for k, v in where.items())]


def cell(summary: JSON, arm: str, target: str) -> JSON:
    return next(row for row in summary["table"] if (row["arm"], row["target"]) == (arm, target))


def test_the_same_task_has_a_difference(beside: Callable[..., Evidence]) -> None:
    summary = summarize(beside(*GENUINE), [])
    found = rows(summary, target="small_nli")
    assert [row["system"] for row in found] == ["stilts", "base", "rerun", "other"]
    for row, arm in zip(found[:3], ("nli", "none", "none"), strict=True):
        ours = cell(summary, arm, "small_nli")
        assert (row["arm"], row["ours"], row["same_task"]) == (arm, ours["mean"], True)
        assert row["ours_source_language"] == ours["source_language"]["mean"]
        assert row["difference"] == pytest.approx(ours["mean"] - row["value"], abs=1e-3)
    assert (found[0]["gain"], found[0]["ours_gain"]) == (10.0, cell(summary, "nli", "small_nli")["delta"])
    assert [row["gain"] for row in found[1:]] == [None] * 3
    assert (found[3]["ours"], found[3]["difference"], found[3]["fidelity"]) == (None, None, "proxy")


def test_exact_is_what_differs_in_nothing(beside: Callable[..., Evidence]) -> None:
    found = rows(summarize(beside(*GENUINE), []), target="small_nli")
    assert [(row["system"], row["fidelity"], row["why"]) for row in found[:3]] == [
        ("stilts", "exact", []),
        ("base", "exact", []),
        ("rerun", "proxy", ["split: test for validation", "training: learning_rate 0.001 for 0.1"]),
    ]


@pytest.mark.parametrize(
    ("edit", "why"),
    [
        (("models/tiny.yaml", "id: example/tiny", "id: example/huge"), "encoder: tiny for example/tiny"),
        (("tasks/small_nli.yaml", "title: Inference", "title: I\ndeviation: half of it"), "data: half of it"),
        (("reference/paper.yaml", "[small_nli]", "[small_nli, small_qa]"), "intermediate tasks: not here: small_qa"),
        (
            ("reference/paper.yaml", "intermediate: [small_nli], ", ""),
            "intermediate tasks: the published ones are not on file",
        ),
        (("reference/paper.yaml", "0.001}}\n  base", "0.5}}\n  base"), "training: learning_rate 0.001 for 0.5"),
        (
            ("reference/paper.yaml", ", training: {learning_rate: 0.001}}\n  base", "}\n  base"),
            "set-up: the published recipe is not on file",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_every_other_thing_makes_a_proxy(beside: Callable[..., Evidence], edit: tuple[str, str, str], why: str) -> None:
    row = rows(summarize(beside(*GENUINE, edit), []), target="small_nli", system="stilts")[0]
    assert (row["fidelity"], row["why"]) == ("proxy", [why])
    assert row["difference"] is not None


def test_another_task_is_shown_without_a_difference(beside: Callable[..., Evidence]) -> None:
    found = rows(summarize(beside(), []), target="small_qa")
    assert [(row["task"], row["metric"], row["value"]) for row in found] == [("xquad", "f1", 78.7)]
    assert (found[0]["same_task"], found[0]["difference"], found[0]["fidelity"]) == (False, None, "proxy")
    assert found[0]["why"][0] == "task: small_qa is another task, which stands in for the published one"
    assert found[0]["ours"] is not None


def test_what_is_incomplete_has_no_score(beside: Callable[..., Evidence], evidence_of: Callable[..., Evidence]) -> None:
    incomplete = evidence_of(without=["evaluate small_nli lb · nli · tiny · seed 2"])
    summary = summarize(beside(*GENUINE, of=incomplete), [])
    for system, arm in (("stilts", None), ("base", "none")):
        row = rows(summary, target="small_nli", system=system)[0]
        assert row["arm"] == arm
        assert (row["ours"] is None) is (row["difference"] is None) is (arm is None)


def test_an_untrained_target_has_the_mean_of_the_arms(beside: Callable[..., Evidence], monkeypatch) -> None:
    study = beside(*GENUINE)
    monkeypatch.setattr(Evidence, "validation", lambda *_: None)
    row = rows(summarize(study, []), target="small_nli", system="stilts")[0]
    assert row["arm"] == "nli"  # of one arm


def test_every_arm_stands_beside_the_first_published_number(beside: Callable[..., Evidence]) -> None:
    summary = summarize(beside(*GENUINE), [])
    found = views.beside_published(summary)
    assert set(found) == {("tiny", "none", "small_nli"), ("tiny", "nli", "small_nli")}
    for arm, value in (("none", 50.0), ("nli", 60.0)):
        ours, line = cell(summary, arm, "small_nli"), found["tiny", arm, "small_nli"]
        assert line["delta"] == pytest.approx(ours["mean"] - value, abs=1e-4)
        assert line["delta_interval"] == pytest.approx([end - value for end in ours["interval"]], abs=1e-4)
    same = next(row for row in rows(summary, system="stilts") if row["task"] == "small_nli")
    assert found["tiny", "nli", "small_nli"]["delta"] == same["difference"]


def test_heat_maps_have_the_published_numbers_below(beside: Callable[..., Evidence]) -> None:
    summary = summarize(beside(*GENUINE), [])
    gains, scores = str(heat.to_baseline(summary)), str(heat.to_published(summary))
    assert "published gain" in gains
    assert ">+10.0</text>" in gains
    assert ">60.0</text>" in scores
    assert ">50.0</text>" in scores
    assert wording.points(cell(summary, "nli", "small_nli")["delta"]) in gains


def test_what_stands_in_for_another_task_is_not_subtracted(beside: Callable[..., Evidence]) -> None:
    elsewhere = REFERENCE.replace("task: small_nli", "task: xquad")
    summary = summarize(beside(*GENUINE, reference=elsewhere), [])
    assert views.beside_published(summary) == {}
    assert heat.to_published(summary) is None
    assert "Nothing is subtracted" in html.page(summary, claims_document("small", "store", []))


def test_an_arm_on_translated_data_has_no_published_counterpart(beside: Callable[..., Evidence]) -> None:
    summary = summarize(beside(*GENUINE), [])
    arms = [{**arm, "translate_to": ["la"] if arm["name"] == "nli" else []} for arm in summary["arms"]]
    assert set(views.beside_published({**summary, "arms": arms})) == {("tiny", "none", "small_nli")}


def test_page_and_markdown_show_them_and_what_was_not_found(beside: Callable[..., Evidence], tmp_path: Path) -> None:
    written = files.write(beside(*GENUINE), [], tmp_path / "out")
    page, text, metrics = (path.read_text(encoding="utf-8") for path in written[:3])
    for shown in (page, text):
        assert "S &amp; T" in shown
        assert "A &lt;b&gt;re-run&lt;/b&gt;" in shown
        assert "(+10.0 over its baseline)" in shown
        assert "another task" in shown
        assert "T1, Table 3" in shown
        assert "validation split" in shown
        assert "by hand. Of us." in shown
        assert "worked out from quoted numbers" in shown
        assert "The page &lt;i&gt;is&lt;/i&gt; torn" in shown
        assert "Another: small_nli accuracy 99.0 (T1)" in shown
        assert "11.1" not in shown
    assert "## Published numbers" in text
    assert 'href="#published"' in page
    assert json.loads(metrics)["not_found"] == [
        {
            "target": "small_qa",
            "task": "xquad",
            "reference": "paper",
            "what": "the base on XQuAD | test",
            "reason": "The page <i>is</i> torn",
        }
    ]


def test_without_published_numbers_there_is_no_section(evidence: Evidence) -> None:
    summary = summarize(evidence, [])
    document = claims_document("small", "store", [])
    assert summary["published"] == summary["not_found"] == []
    assert "Published numbers" not in html.page(summary, document) + markdown.page(summary, document)


def test_a_target_with_other_systems_alone(beside: Callable[..., Evidence]) -> None:
    alone = REFERENCE.replace("system: stilts, task: xquad", "system: other, task: xquad")
    summary = summarize(beside(reference=alone), [])
    document = claims_document("small", "store", [])
    for shown in (html.page(summary, document), markdown.page(summary, document)):
        assert "small_qa, which stands in for xquad: no number of the encoder or of X-STILTs" in shown


def test_a_source_is_told_once() -> None:
    row = {"source": "T 16", "table": "T 16", "row": "A", "column": None, "edition": "v1", "split": "test"}
    assert wording.published_in(row) == "T 16, row A, edition v1"


def test_a_reason_is_told_once_with_whom_it_holds_for() -> None:
    def row(title: str, role: str, *why: str) -> JSON:
        return {"target": "t", "task": "t", "title": title, "role": role, "why": list(why)}

    published = [row("A", "intermediate", "a", "b"), row("B", "baseline", "a", "c", "d"), row("C", "baseline", "a", "d")]
    block = views.published_by_target({"targets": [{"name": "t"}], "published": published, "not_found": []})[0]
    assert [(reason["who"], reason["why"]) for reason in block["reasons"]] == [
        ("all", "a"),
        ("without intermediate training", "d"),
        ("with intermediate training", "b"),
        ("B", "c"),
    ]
