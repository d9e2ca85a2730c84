"""`harness score` and `harness export submission` at the command line: streams, exit codes, options."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

TWO = ("score", "--predictions", "predictions", "--labels", "labels", "--benchmark", "xtreme")


def fill(root: Path) -> None:
    for folder, text in (("predictions", "0\n1\n1\n1\n"), ("labels", "0\n1\n0\n1\n")):
        for language in "de en es fr ja ko zh".split():
            path = root / folder / "pawsx" / f"test-{language}.tsv"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    (root / "predictions" / "pawsx" / "test-zh.tsv").write_text("0\n1\n0\n1\n")


def test_json_has_the_names_of_the_benchmarks_own_output(harness, pristine) -> None:
    fill(pristine)
    done = harness(*TWO, "--json", cwd=pristine)
    assert (done.code, done.err) == (0, "")
    by_language = {"de": 75.0, "en": 75.0, "es": 75.0, "fr": 75.0, "ja": 75.0, "ko": 75.0, "zh": 100.0}
    average = pytest.approx(550 / 7, abs=1e-9)
    assert done.document == {
        "schema_version": 1,
        "benchmark": "xtreme",
        "tasks": {"pawsx": {"accuracy": by_language, "avg_accuracy": average, "avg_metric": average}},
        "groups": {},
        "pos_scorer": "seqeval-1.2.2",
        "signatures": {"pawsx": {"accuracy": "task:pawsx|metric:accuracy|benchmark:xtreme|v:1"}},
    }


def test_the_table_and_the_notes(harness, pristine) -> None:
    fill(pristine)
    (pristine / "predictions" / "xnli").mkdir(exist_ok=True)
    done = harness(*TWO, cwd=pristine)
    assert done.code == 0
    assert done.out.splitlines()[2].split() == ["pawsx", "7", "accuracy", "78.57", "78.57"]
    assert "xnli has no gold" in done.err
    assert harness("--quiet", *TWO, cwd=pristine).err == ""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((*TWO[:-1], "xtrem"), "did you mean 'xtreme'?"),
        ((*TWO, "--pos-scorer", "seqeval"), "--pos-scorer seqeval: "),
        (("score", "--predictions", "nowhere", *TWO[3:]), "nowhere: no such folder"),
        ((*TWO[:-1], "xtreme-r"), "share no task of xtreme-r"),
    ],
)
def test_what_is_wrong_ends_with_2(harness, pristine, arguments, message) -> None:
    fill(pristine)
    done = harness(*arguments, "--json", cwd=pristine)
    assert (done.code, done.out) == (2, "")
    assert message in done.err
    assert "Traceback" not in done.err


def test_a_file_that_does_not_fit_is_named_with_its_line(harness, pristine) -> None:
    fill(pristine)
    (pristine / "predictions" / "pawsx" / "test-en.tsv").write_text("0\n1\n")
    done = harness(*TWO, cwd=pristine)
    assert done.code == 2
    assert "predictions/pawsx/test-en.tsv:3: 2 lines, but 4 in labels/pawsx/test-en.tsv" in done.err


def test_nothing_finished_is_no_submission(harness, workspace) -> None:
    done = harness("export", "submission", "mini", "--out", "sub", cwd=workspace)
    assert done.code == 3
    assert "next: harness run specs/studies/mini.yaml" in done.err
    assert not (workspace / "sub").exists()
    assert json.loads(harness("schema", "benchmark", cwd=workspace).out)["properties"]["scoring"]
