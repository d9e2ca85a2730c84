"""From a store to a leaderboard's folder, and from there back to the study's own numbers."""

from __future__ import annotations

import json

import pytest

from harness.errors import EvidenceMissing, SpecError
from harness.export.submission import RECORD, Choice, format_of, write
from harness.score import NAMES, Request, score

COMMAND = "harness run specs/studies/small.yaml"


@pytest.mark.parametrize(("arm", "seed"), [(None, None), ("nli", 3), ("none", 5), ("nli", 5)])
def test_the_scorer_finds_the_studys_own_numbers(evidence_of, tmp_path, arm, seed) -> None:
    evidence = evidence_of()
    out, labels = tmp_path / "out", tmp_path / "labels"
    write(evidence, out, Choice(arm=arm, seed=seed), labels=labels)
    found = score(evidence.catalog.benchmark("tiny-bench"), Request(out, labels), notes=pytest.fail)
    wanted = [s for s in evidence.scores() if s["arm"] == (arm or "none") and s["seed"] == (seed or 3)]
    assert len(wanted) == 2 * 8
    for own in wanted:
        assert found["tasks"][own["task"]][NAMES[own["metric"]]][own["language"]] == pytest.approx(own["value"], abs=1e-9)
    # upos_f1_v0 and token_accuracy are two numbers of one task; so are MLQA's.
    assert set(found["tasks"]["t_pos"]) == {
        *("f1", "precision", "recall", "accuracy"),
        *("avg_f1", "avg_precision", "avg_recall", "avg_accuracy", "avg_metric"),
    }
    assert set(found["groups"]) == {"sentences", "rest", "retrieval"}
    assert found["all_task"] == pytest.approx(sum(t["avg_metric"] for t in found["tasks"].values()) / 6)


def test_the_files_are_the_benchmarks(evidence_of, tmp_path) -> None:
    evidence = evidence_of()
    out, labels = tmp_path / "a" / "out", tmp_path / "labels"
    written = write(evidence, out, Choice(), labels=labels)
    names = [f"{t}/test-{x}.{s}" for t, s in SUFFIX.items() for x in ("en", "zh")]
    assert sorted(p.relative_to(out).as_posix() for p in out.rglob("*") if p.is_file()) == sorted([*names, RECORD])
    assert sorted(p.relative_to(labels).as_posix() for p in labels.rglob("*") if p.is_file()) == sorted(names)
    assert set(written) == {p for folder in (out, labels) for p in folder.rglob("*") if p.is_file()}
    assert set((out / "t_nli/test-en.tsv").read_text().split()) == {"yes", "no"}
    assert (labels / "t_pairs/test-en.tsv").read_text().split() == [str(i) for i in range(12)]
    assert (out / "t_pos/test-en.tsv").read_text().count("\n\n") == 11
    assert set(json.loads((out / "t_qa/test-zh.json").read_text())) == {f"x{i}" for i in range(12)}
    assert all("label" in json.loads(line) for line in (out / "t_copa/test-en.jsonl").read_text().splitlines())
    assert (labels / "t_mined/test-zh.tsv").read_text() == "".join(f"x{i}\ten{i}\n" for i in range(1, 12, 2))
    record = json.loads((out / RECORD).read_text())
    assert (record["study"], record["encoder"], record["arm"], record["seed"]) == ("small", "tiny", "none", 3)
    assert set(record["files"]) == set(names)
    stage = evidence.run(evidence.arms[0], "t_qa", 3).evaluate["zh"]
    assert record["files"]["t_qa/test-zh.json"]["stage"] == stage.key
    assert "metric:mlqa_f1|lang:zh" in record["files"]["t_qa/test-zh.json"]["signatures"]["mlqa_f1"]


SUFFIX = {"t_nli": "tsv", "t_pos": "tsv", "t_qa": "json", "t_copa": "jsonl", "t_pairs": "tsv", "t_mined": "tsv"}


def test_what_is_not_finished_is_named_with_the_command_that_fills_it(evidence_of, tmp_path) -> None:
    evidence = evidence_of(without="t_qa zh · nli")
    write(evidence, tmp_path / "baseline", Choice(arm="none"))
    with pytest.raises(EvidenceMissing) as caught:
        write(evidence, tmp_path / "out", Choice(arm="nli"), command=COMMAND)
    assert not (tmp_path / "out").exists()
    label = "evaluate t_qa zh · nli · tiny · seed 3"
    assert str(caught.value).splitlines() == [
        "an evaluation is not finished:",
        f"  {label}",
        f"next: {COMMAND} --only '{label}'",
    ]


def test_a_study_with_nothing_finished_names_a_few(evidence_of, tmp_path) -> None:
    with pytest.raises(EvidenceMissing, match=r"12 evaluations are not finished(.|\n)*and 7 more\n.*run specs"):
        write(evidence_of(without="evaluate"), tmp_path / "out", Choice(), command=COMMAND)


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        (Choice(arm="nil"), "--arm nil: .*did you mean 'nli'"),
        (Choice(seed=4), "--seed 4: the study has no such seed: there is 3, 5"),
        (Choice(encoder="tine"), "did you mean 'tiny'"),
    ],
)
def test_an_arm_or_seed_that_the_study_lacks(evidence_of, tmp_path, choice, message) -> None:
    with pytest.raises(SpecError, match=message):
        write(evidence_of(), tmp_path / "out", choice)


@pytest.mark.parametrize("which", ["out", "labels"])
def test_nothing_is_written_over(evidence_of, tmp_path, which) -> None:
    folder = tmp_path / which
    folder.mkdir()
    (folder / "mine.txt").write_text("mine")
    with pytest.raises(SpecError, match=f"{which}: there is something in it already"):
        write(evidence_of(), tmp_path / "out", Choice(), labels=tmp_path / "labels")
    assert [p.name for p in folder.iterdir()] == ["mine.txt"]
    assert not (tmp_path / ("labels" if which == "out" else "out")).exists()


def test_predictions_and_gold_do_not_share_a_folder(evidence_of, tmp_path) -> None:
    with pytest.raises(SpecError, match="give the gold another folder"):
        write(evidence_of(), tmp_path / "out", Choice(), labels=tmp_path / "x" / ".." / "out")


def test_a_task_of_no_benchmark_takes_its_familys_format(repository, evidence_of) -> None:
    from harness.spec.catalog import Catalog

    catalog = Catalog(repository / "specs")
    expected = {"mini_nli": "labels", "mini_qa": "squad", "mini_ner": "tags", "mini_retrieval": "labels", "xquad": "squad"}
    assert {name: format_of(catalog.task(name), catalog) for name in expected} == expected
    # A task that is scored otherwise than in the benchmark cannot have the benchmark's files.
    other = catalog.task("mini_retrieval").model_copy(update={"name": "bucc2018"})
    assert format_of(other, catalog) == "labels"
    with pytest.raises(SpecError, match="masked_lm has no place"):
        format_of(catalog.task("mini_nli").model_copy(update={"family": "masked_lm"}), catalog)
