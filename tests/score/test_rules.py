"""Which tasks, languages and groups there are in the result, how POS tags are read, and what a table shows."""

from __future__ import annotations

import shutil

import pytest

from harness.errors import SpecError
from harness.score import rows

CONJ = [["CCONJ", "VERB"], ["NOUN", "NOUN", "VERB"]]
SCONJ = [["SCONJ", "VERB"], ["NOUN", "NOUN", "NOUN"]]


def test_tasks_that_a_folder_lacks_are_left_out_with_their_groups(board) -> None:
    folders = board("xtreme")
    shutil.rmtree(folders.predictions / "tatoeba")
    shutil.rmtree(folders.labels / "xnli")
    (folders.predictions / "mine").mkdir()
    found = folders.score()
    assert set(folders.benchmark.scoring) - set(found["tasks"]) == {"tatoeba", "xnli"}
    assert set(found["groups"]) == {"tagging", "qa"}
    assert "all_task" not in found
    assert len(folders.notes) == 2
    assert any("xnli has no gold in --labels" in note for note in folders.notes)
    assert any("mine is no task of xtreme" in note for note in folders.notes)


def test_without_lareqa_xtreme_r_has_no_overall_score(board) -> None:
    folders = board("xtreme-r")
    shutil.rmtree(folders.predictions / "lareqa")
    found = folders.score()
    assert "all_task" not in found
    assert set(found["groups"]) == {"classification", "tagging", "qa", "retrieval", "multi_choice"}
    assert "xtreme-r v1" in found["rule"]


def test_a_missing_language_is_an_error_unless_partial(board) -> None:
    folders = board("xtreme")
    folders.path("xnli", "sw").unlink()
    with pytest.raises(SpecError, match=r"xnli/test-sw\.tsv: no such file.*--partial"):
        folders.score()
    found = folders.score(partial=True)
    assert found["incomplete"] == {"xnli": ["sw"]}
    assert set(found["tasks"]["xnli"]["accuracy"]) == set(folders.benchmark.scoring["xnli"].languages) - {"sw"}
    assert "classification" not in found["groups"]
    assert "all_task" not in found
    assert ["xnli", "14 (without sw)", "accuracy 100.00", "100.00"] in rows(found)


# CCONJ for SCONJ: 1.2.2 takes them for one, 0.0.12 does not, and accuracy sees 3 of 5 tokens right. By hand: gold has the
# chunks CONJ, VERB, NOUN 0-1, VERB; predicted are CONJ, VERB, NOUN 0-2.
@pytest.mark.parametrize(
    ("scorer", "expected"),
    [
        ("seqeval-1.2.2", {"f1": 100 * 4 / 7, "precision": 100 * 2 / 3, "recall": 50.0}),
        ("seqeval-0.0.12", {"f1": 100 * 2 / 7, "precision": 100 / 3, "recall": 25.0}),
        ("accuracy", {"accuracy": 60.0}),
    ],
)
def test_pos_tags_are_read_as_asked_for(board, scorer, expected) -> None:
    folders = board("xtreme")
    folders.put("udpos", "en", CONJ, is_gold=True)
    folders.put("udpos", "en", SCONJ)
    found = folders.score(pos_scorer=scorer)
    scores = found["tasks"]["udpos"]
    assert {name: scores[name]["en"] for name in scores if not name.startswith("avg")} == pytest.approx(expected, abs=1e-9)
    first = next(iter(expected))
    assert scores["avg_metric"] == scores[f"avg_{first}"]
    assert found["pos_scorer"] == scorer
    assert set(found["signatures"]["udpos"]) == {first}
    assert found["tasks"]["panx"]["f1"]["en"] == 100.0


def test_an_unknown_pos_scorer_is_named(board) -> None:
    with pytest.raises(SpecError, match=r"did you mean 'seqeval-1\.2\.2'"):
        board("xtreme").score(pos_scorer="seqeval-1.2.3")


def test_questions_without_a_prediction_count_as_wrong(board) -> None:
    folders = board("xtreme")
    path = folders.path("xquad", "de")
    path.write_text('{"q0": "Ada", "q1": "berlin!", "other": "x"}')
    found = folders.score()["tasks"]["xquad"]
    assert (found["exact_match"]["de"], found["f1"]["de"]) == (20.0, 20.0)
    assert folders.notes == [f"{path}: 8 of 10 have no prediction and count as wrong"]
    path.write_text("{}")
    assert folders.score()["tasks"]["xquad"]["f1"]["de"] == 0.0


def test_nothing_mined_and_nothing_found_is_0(board) -> None:
    folders = board("xtreme")
    folders.path("bucc2018", "de").write_text("")
    folders.put("udpos", "en", [["O", "O"]], is_gold=True)
    folders.put("udpos", "en", [["O", "O"]])
    found = folders.score()["tasks"]
    assert {name: found["bucc2018"][name]["de"] for name in ("f1", "precision", "recall")} == dict.fromkeys(
        ("f1", "precision", "recall"), 0.0
    )
    assert found["udpos"]["f1"]["en"] == 0.0


def test_the_table_has_a_row_for_each_task_and_group(board) -> None:
    shown = rows(board("xtreme-r").score())
    assert [row[0] for row in shown[-6:]] == [
        "group classification",
        "group tagging",
        "group qa",
        "group retrieval",
        "group multi_choice",
        "all tasks",
    ]
    assert ["mewslix", "11", "map@20 100.00", "100.00"] in shown
    assert ["xquad", "12", "exact_match 100.00, f1 100.00", "100.00"] in shown


def test_a_benchmark_without_scoring_says_so(board) -> None:
    folders = board("xtreme")
    folders.benchmark = folders.benchmark.model_copy(update={"scoring": {}})
    with pytest.raises(SpecError, match="does not say how it is scored"):
        folders.score()


@pytest.mark.parametrize("field", ["predictions", "labels"])
def test_folders_that_do_not_exist_or_share_nothing(board, field, tmp_path) -> None:
    folders = board("xtreme")
    setattr(folders, field, tmp_path / "absent")
    with pytest.raises(SpecError, match=rf"--{field} .*absent: no such folder.*pawsx/test-de\.tsv"):
        folders.score()
    (tmp_path / "absent").mkdir()
    with pytest.raises(SpecError, match=r"share no task of xtreme"):
        folders.score()
