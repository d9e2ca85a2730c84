"""YAML files: what is read, what is refused, and on which line."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import SpecError
from harness.spec import document
from harness.spec.claim import ClaimsSpec
from harness.spec.study import StudySpec
from harness.spec.task import TaskSpec

STUDY = """\
name: small
title: A small study
description: Nothing much.
vary:
  encoder: [tiny]
  intermediate: [none, nli]
  target: [xnli]
  seed: [1, 2]
intermediate:
  nli:
    tasks: [xnli]
    training: {learning_rate: 0.001, epochs: 1, batch_examples: 8}
training:
  xnli: {learning_rate: 0.001, epochs: 1, batch_examples: 8}
"""


def write(folder: Path, text: str | bytes) -> Path:
    path = folder / "small.yaml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def refused(folder: Path, text: str | bytes, model: type = StudySpec) -> list[tuple[int | None, str, str]]:
    """Return line, field, message and hint of every problem of a text that must be refused."""
    path = write(folder, text)
    with pytest.raises(SpecError) as error:
        document.load(path, model)
    assert all(problem.path == str(path) for problem in error.value.problems)
    assert str(error.value).count("\n") + 1 == len(error.value.problems)
    return [(p.line, p.field, f"{p.message} ({p.hint})") for p in error.value.problems]


@pytest.mark.parametrize(
    "change", [str, lambda text: text.replace("\n", "\r\n"), lambda text: f"\ufeff{text}", lambda t: f"---\n{t}"]
)
def test_a_sound_file(change, tmp_path) -> None:
    study = document.load(write(tmp_path, change(STUDY)), StudySpec)
    assert study.vary.seed == (1, 2)
    assert study.intermediate["nli"].training.epochs == 1


def test_lines_are_those_of_the_keys(tmp_path) -> None:
    data, lines = document.read(write(tmp_path, STUDY))
    assert list(data) == ["name", "title", "description", "vary", "intermediate", "training"]
    assert lines["vary",] == 4
    assert lines["vary", "seed"] == lines["vary", "seed", 1] == 8
    assert lines["intermediate", "nli", "training", "epochs"] == 12
    assert document.line_of(("intermediate", "nli", "colour"), lines) == 10
    assert document.dotted(("vary", "seed", 1)) == "vary.seed[1]"


def test_a_block_list_has_a_line_an_item(tmp_path) -> None:
    _, lines = document.read(write(tmp_path, "vary:\n  seed:\n    - 1\n    - 2\n"))
    assert (lines["vary", "seed", 0], lines["vary", "seed", 1]) == (3, 4)


def test_several_problems_at_once_in_the_order_of_lines(tmp_path) -> None:
    text = (
        STUDY.replace("title: A small study", "titel: 3")
        .replace("seed: [1, 2]", "seed: [one]")
        .replace("epochs: 1", "epochs: 0", 1)
    )
    found = refused(tmp_path, text)
    assert [line for line, _, _ in found] == [1, 2, 8, 12]
    assert found[0][1:] == ("title", "this field is required ()")
    assert found[1][1:] == ("titel", "unknown field (did you mean 'title'?)")
    assert found[2][1] == "vary.seed[0]"
    assert found[3][1] == "intermediate.nli.training.epochs"


@pytest.mark.parametrize(
    ("wrong", "line", "field", "said"),
    [
        ("vary: {encodr: [a]}", 1, "vary.encodr", "did you mean 'encoder'?"),
        ("training:\n  xnli:\n    epoch: 1", 3, "training.xnli.epoch", "did you mean 'epochs'?"),
        ("training:\n  xnli:\n    early_stopping: {patiens: 1}", 3, "training.xnli.early_stopping.patiens", "'patience'"),
        ("intermediate:\n  nli:\n    mlm: {tusk: a}", 3, "intermediate.nli.mlm.tusk", "did you mean 'task'?"),
        ("split: tests", 1, "split", "did you mean 'test'?"),
        ("split: 5", 1, "split", "it is 5; there is candidates, intermediate, test, train, validation"),
        ("max_test_examples: {a: '3'}", 1, "max_test_examples.a", "valid integer"),
        ("max_test_examples: {a: 3.0}", 1, "max_test_examples.a", "valid integer"),
        ("max_test_examples: {a: yes}", 1, "max_test_examples.a", "it is 'yes'"),
        ("title: 5", 1, "title", "valid string"),
        ("title: true", 1, "title", "valid string"),
        ("title: null", 1, "title", "valid string"),
        ("languages: en", 1, "languages", "valid"),
        ("languages: [en, English]", 1, "languages[1]", "pattern"),
        ("training: {xnli: {learning_rate: .inf}}", 1, "training.xnli.learning_rate", "finite"),
        ("training: {xnli: {learning_rate: .nan}}", 1, "training.xnli.learning_rate", "finite"),
        ("training: {xnli: {learning_rate: 1e999}}", 1, "training.xnli.learning_rate", "finite"),
        ("training:\n  xnli:\n    learning_rate: 0.1", 2, "training.xnli", "exactly one of epochs, max_steps"),
        (f"max_test_examples: {{a: {10**30}}}", 1, "max_test_examples.a", "64 bits"),
        (f"title: a\nmax_test_examples: {{a: {'9' * 5000}}}", 2, "max_test_examples.a", "valid integer"),
        ("title: a\nsplit: 2020-13-45", 2, "split", "2020-13-45"),
        ("title: a\nsplit: !!bool maybe", 2, "split", "maybe"),
        ("title: a\nsplit: !!int maybe", 2, "split", "maybe"),
        ("title: a\nsplit: !function os.system", 2, "split", "the tag !function is not part of a spec"),
        ("title: a\nlanguages: !what [en]", 2, "languages", "the tag !what is not part of a spec"),
        ("title: a\nvary: !what {seed: [1]}", 2, "vary", "the tag !what is not part of a spec"),
        ("title: a\nsplit: !!python/name:os.system", 2, "split", "!!python/name:os.system"),
        ('title: a\nsplit: "\\ud800"', 2, "split", "half a character"),
        ("title: &a b", 1, "title", "anchors and aliases"),
        ("title: &a b\ndescription: &a c", 1, "title", "anchors and aliases"),
        ("title: &a [*a]", 1, "title", "anchors and aliases"),
        ("vary: &a {seed: [1]}\ntraining: *a", 1, "vary", "anchors and aliases"),
        ("title: a\n<<: {name: b}", 2, "", "keys are plain words"),
        ("title: a\n? [b]\n: c", 2, "", "keys are plain words"),
        ("title: a\nname: b\ntitle: c", 3, "title", "twice"),
        ("vary: {seed: [1], seed: [2]}", 1, "vary.seed", "twice"),
        ("title: *nowhere", 1, "", "undefined alias"),
        ("title: a\n\tname: b", 2, "", "not YAML"),
        ("title: a\nvary:\n\tseed: [1]", 3, "", "not YAML"),
        ("title: a\nvary: [1, 2", 2, "", "not YAML"),
        ("title: 'a\n", 2, "", "not YAML"),
        ("title: a: b", 1, "", "not YAML"),
        ("title: a\n  name: b", 2, "", "not YAML"),
        ("title: @a", 1, "", "not YAML"),
        ("title: a\n---\ntitle: b", 2, "", "another document"),
        ("title: a\nname: \x07", 2, "", "U+0007"),
        ("title: a\nname: \x00", 2, "", "U+0000"),
        (f"title: a\nname: {'[' * 50}{']' * 50}", 2, "", "nested deeper than 40 levels"),
        (f"title: a\nname: {'[' * 9000}", 2, "", "nested deeper than 40 levels"),
        ("- a\n- b", 1, "", "object"),
        ("a word", 1, "", "object"),
        ("~", 1, "", "object"),
        ("", 1, "", "the file is empty"),
        ("# a comment\n\n", 1, "", "the file is empty"),
        (b"title: a\nname: \xe9t\xe9\n", 2, "", "not UTF-8: byte 0xe9"),
        (b"\x89PNG\r\n\x1a\n\x00", 1, "", "not UTF-8: byte 0x89"),
        ("title: a".encode("utf-16"), 1, "", "not UTF-8: byte 0xff"),
    ],
    ids=lambda value: repr(value)[:40] if isinstance(value, str | bytes) else "",
)  # fmt: skip
def test_refused_with_line_and_field(wrong, line, field, said, tmp_path) -> None:
    found = refused(tmp_path, wrong)
    assert any((at, of) == (line, field) and said in text for at, of, text in found), found


@pytest.mark.parametrize("wrong", ["missing.yaml", "smal.yaml"])
def test_a_missing_file_has_a_near_miss(wrong, tmp_path) -> None:
    write(tmp_path, STUDY)
    with pytest.raises(SpecError, match=rf"{wrong}: no such file \(.*small\.yaml"):
        document.load(tmp_path / wrong, StudySpec)


def test_a_folder_is_no_file(tmp_path) -> None:
    with pytest.raises(SpecError, match="cannot be read: Is a directory"):
        document.read(tmp_path)


def test_what_looks_like_something_else_is_text_where_text_is_meant(tmp_path) -> None:
    text = STUDY.replace("title: A small study", "title: 2020-01-01").replace(
        "description:", "languages: [no, en]\ndescription:"
    )
    study = document.load(write(tmp_path, text), StudySpec)
    assert study.title == "2020-01-01"
    # Norwegian: in YAML 1.2 `no` is a word.
    assert study.languages == ("no", "en")


@pytest.mark.parametrize(
    ("old", "new", "line", "field", "said"),
    [
        ("seed: [1, 2]", "seed: [1, 1]", 8, "vary.seed", "each value once"),
        ("[none, nli]", "[none, nly]", 6, "vary.intermediate", "did you mean 'nli'?"),
        ("  nli:", "  none:", 10, "intermediate.none", "baseline"),
    ],
)
def test_a_rule_over_several_fields_names_the_one_to_change(old, new, line, field, said, tmp_path) -> None:
    found = refused(tmp_path, STUDY.replace(old, new))
    assert any((at, of) == (line, field) and said in text for at, of, text in found), found


def test_an_option_has_its_own_line(tmp_path, repository) -> None:
    text = (repository / "specs/tasks/squad_v1.yaml").read_text()
    line = next(i for i, words in enumerate(text.splitlines(), 1) if words.startswith("options:"))
    found = refused(tmp_path, text.replace("doc_stride", "doc_strid"), TaskSpec)
    assert found == [(line, "options.doc_strid", "Extra inputs are not permitted (did you mean 'doc_stride'?) ()")]
    found = refused(tmp_path, text.replace("family: extractive_qa", "family: extractive_q"), TaskSpec)
    assert [(of, "did you mean 'extractive_qa'?" in said) for _, of, said in found] == [("family", True)]


def test_the_kind_of_a_part(tmp_path, repository) -> None:
    text = (repository / "claims.yaml").read_text()
    found = refused(tmp_path, text.replace("kind: best,", "kind: bets,"), ClaimsSpec)
    assert [(of, said) for _, of, said in found] == [("claims[1].parts[0].kind", "no kind 'bets' (did you mean 'best'?)")]
    found = refused(tmp_path, text.replace("{kind: best, ", "{"), ClaimsSpec)
    assert [(of, said) for _, of, said in found] == [("claims[1].parts[0].kind", "this field is required ()")]
