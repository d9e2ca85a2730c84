"""What the leaderboard's files may hold, how they are read, and what is said of those that are wrong."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import SpecError
from harness.leaderboard import match, write_gold, write_predictions

SQUAD = {"data": [{"paragraphs": [{"qas": [{"id": "q", "answers": [{"text": "a"}]}]}]}]}


def read(tmp_path, form: str, gold: str | bytes, predicted: str | bytes) -> Any:
    for name, content in (("gold", gold), ("predicted", predicted)):
        (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return match(tmp_path / "predicted", tmp_path / "gold", form)


def test_lines_are_stripped_and_end_as_in_python(tmp_path) -> None:
    found = read(tmp_path, "labels", " a \r\nb\n\nx\u2028y\rd", "a\nb\n\nc\nd\n")
    assert found.gold == ["a", "b", "", "x\u2028y", "d"]
    assert found.predicted == ["a", "b", "", "c", "d"]


def test_every_blank_line_ends_a_sentence(tmp_path) -> None:
    found = read(tmp_path, "tags", "A\nB\n\n\nC\n", "A\nA\n\n\nC\n\n")
    assert found.gold == [["A", "B"], [], ["C"]]
    assert found.predicted == [["A", "A"], [], ["C"]]


def test_choices_are_compared_as_json_has_them(tmp_path) -> None:
    found = read(tmp_path, "choices", '{"label": 1, "premise": "x"}\n{"label": 0}\n', '{"label": 1}\n{"label": "0"}\n')
    assert [g == p for g, p in zip(found.gold, found.predicted, strict=True)] == [True, False]


def test_pairs_are_sets(tmp_path) -> None:
    found = read(tmp_path, "pairs", "a\t1\na\t2\nb\t3\n", "a\t1\na\t1\nc\t3\n")
    assert (found.gold, found.predicted) == ([["1", "2"], ["3"], []], [["1", "1"], [], ["3"]])


def test_questions_stand_under_data_or_alone_and_keep_their_order(tmp_path) -> None:
    for gold in (SQUAD, SQUAD["data"]):
        found = read(tmp_path, "squad", json.dumps(gold), '{"q": "x", "other": "y"}')
        assert (found.gold, found.predicted, found.n_missing) == ([["a"]], ["x"], 0)
    assert read(tmp_path, "squad", json.dumps(SQUAD), "{}").n_missing == 1


def test_accepted_ids_are_stripped_and_rankings_taken_as_they_are(tmp_path) -> None:
    found = read(tmp_path, "rankings", '{"m": [" Q1 "], "n": ["Q2"]}', '{"m": ["Q1 ", "Q1"], "x": []}')
    assert (found.gold, found.predicted, found.n_missing) == ([["Q1"]], [["Q1 ", "Q1"]], 1)


@pytest.mark.parametrize(
    ("form", "gold", "predicted", "message"),
    [
        ("labels", "a\nb\n", "a\n", r"predicted:2: 1 lines, but 2 in .*gold .*one prediction for each"),
        ("labels", "", "", r"gold: there is nothing in it to score"),
        ("labels", b"\xff\xfe", "a\n", r"gold: not UTF-8"),
        ("choices", '{"label": 1}\n', "1\n", r"predicted:1: no JSON object with `label`"),
        ("choices", '{"label": 1}\n{"lable": 1}\n', '{"label": 1}\n', r"gold:2: no JSON object"),
        ("choices", '{"label": 1}\n', "[" * 100_000, r"predicted:1: no JSON object"),
        ("tags", "A\nB\n\nC\n", "A\nB\n", r"predicted: 1 sentences, but 2 in"),
        ("tags", "A\n\nB\nC\n", "A\n\nB\n", r"predicted:3: a sentence of 1 tags, but of 2 in"),
        ("pairs", "a\t1\n", "a\t1\nb 2\n", r"predicted:2: 'b 2' is not two ids with a tab"),
        ("pairs", "a\t1\t2\n", "a\t1\n", r"gold:1: .* is not two ids"),
        ("pairs", "", "a\t1\n", r"gold: there is nothing in it"),
        ("squad", json.dumps(SQUAD), "{\n,", r"predicted:2: not JSON"),
        ("squad", json.dumps(SQUAD), "[]", r"predicted: a list where an object by id is needed"),
        ("squad", json.dumps(SQUAD), '{"q": 1}', r"predicted: q: 1 is not a text"),
        ("squad", '{"q": "x"}', "{}", r"gold: data: a dict where a list is needed"),
        ("squad", "[{}]", "{}", r"gold: data\[0\]: no field 'paragraphs'"),
        ("squad", '[{"paragraphs": [{"qas": [{"id": "q"}]}]}]', "{}", r"qas\[0\]: no field 'answers'"),
        ("squad", '[{"paragraphs": [{"qas": [{"id": 1, "answers": []}]}]}]', "{}", r"qas\[0\]\.id: 1 is not a text"),
        ("squad", '{"data": []}', "{}", r"gold: there is nothing in it"),
        ("squad", "[" * 100_000, "{}", r"gold: not JSON"),
        ("rankings", '{"m": ["Q1"]}', '{"m": "Q1"}', r"predicted: m: a str where a list is needed"),
        ("rankings", '{"m": [1]}', '{"m": ["Q1"]}', r"gold: m: 1 is not a text"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(tmp_path, form, gold, predicted, message) -> None:
    with pytest.raises(SpecError, match=message):
        read(tmp_path, form, gold, predicted)


words = st.text(st.characters(codec="utf-8", exclude_characters="\r\n\t", exclude_categories=["Cs", "Cc"]), min_size=1)
tokens = words.map(str.strip).filter(bool)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "labels": tokens,
    "choices": st.integers(0, 3),
    "tags": st.lists(tokens, min_size=1, max_size=3),
    "pairs": st.lists(tokens.filter(lambda t: t == t.split("\t")[0]), min_size=1, max_size=2, unique=True),
    "squad": st.lists(words, max_size=2),
    "rankings": st.lists(tokens, min_size=1, max_size=3),
}


@pytest.mark.parametrize("form", VALUES)
@settings(max_examples=40)
@given(data=st.data())
def test_what_is_written_is_what_is_read(form, data, tmp_path_factory) -> None:
    folder = tmp_path_factory.mktemp("files")
    gold = data.draw(st.lists(VALUES[form], min_size=1, max_size=4))
    one = words if form == "squad" else VALUES[form]
    predicted = [[data.draw(tokens) for _ in tags] if form == "tags" else data.draw(one) for tags in gold]
    ids = [f"id{i}" for i in range(len(gold))]
    write_gold(folder / "gold", form, ids, gold)
    write_predictions(folder / "predicted", form, ids, predicted)
    found = match(folder / "predicted", folder / "gold", form)
    assert (found.gold, found.predicted, found.n_missing) == (gold, predicted, 0)
