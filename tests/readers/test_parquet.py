"""Readers of Parquet, on tables such as a hub's data sets give."""

from __future__ import annotations

import pytest

from harness.errors import SpecError

PAIRS = {"premise": ["a", "c"], "hypothesis": ["b", "d"], "label": ["neutral", "-1"]}
NLI = {"fields": {"text_a": "premise", "text_b": "hypothesis", "label": "label"}}


class TestRenamedColumns:
    def test_pairs(self, read_table) -> None:
        rows = read_table("parquet", {**PAIRS, "label": ["neutral", "entailment"]}, language="de", **NLI)
        assert rows[1] == {"id": "de-1", "text_a": "c", "text_b": "d", "label": "entailment"}

    def test_numbers_as_ids_are_shared_by_parallel_languages(self, read_table) -> None:
        # PAWS-X: `id` counts from 1.
        columns = {"id": [1, 2], "sentence1": ["a", "b"], "sentence2": ["c", "d"], "label": ["0", "1"]}
        fields = {"id": "id", "text_a": "sentence1", "text_b": "sentence2", "label": "label"}
        ids = [
            [r["id"] for r in read_table("parquet", columns, language=x, fields=fields, parallel=True)] for x in ("de", "ko")
        ]
        assert ids == [["1", "2"], ["1", "2"]]

    @pytest.mark.parametrize("label", ["-1", -1, "", None])
    def test_a_missing_label_is_refused_with_file_and_row(self, label, read_table) -> None:
        columns = {**PAIRS, "label": [label, label] if label is None else [type(label)(5), label]}
        with pytest.raises(
            SpecError, match=rf"table:[12]: no label: 'label' is {label!r} \(a split whose labels are held back"
        ):
            read_table("parquet", columns, **NLI)

    def test_a_missing_label_may_be_one_to_drop(self, read_table) -> None:
        # SNLI: no majority among the annotators. Rows keep the numbers that they have in the file.
        columns = {name: list(reversed(values)) for name, values in PAIRS.items()}
        assert [row["id"] for row in read_table("parquet", columns, dropped_labels=["-1"], **NLI)] == ["en-1"]

    def test_choices_in_columns_with_a_number_as_label(self, read_table) -> None:
        # Cosmos QA.
        columns = {"c": ["It rained."], "q": ["Why?"], "a0": ["x"], "a1": ["y"], "label": [1]}
        fields = {"prompt": ["c", "q"], "choices": ["a0", "a1"], "label": "label"}
        assert read_table("parquet", columns, fields=fields)[0] == {
            "id": "en-0",
            "prompt": "It rained. Why?",
            "choices": ["x", "y"],
            "label": 1,
        }

    def test_choices_in_a_struct(self, read_table) -> None:
        # CommonsenseQA.
        columns = {"question": ["Q"], "choices": [{"label": ["A", "B"], "text": ["x", "y"]}], "answerKey": ["B"]}
        fields = {"prompt": "question", "choices": "choices.text", "label": "answerKey"}
        rows = read_table("parquet", columns, fields=fields, labels={"A": "0", "B": "1"})
        assert (rows[0]["choices"], rows[0]["label"]) == (["x", "y"], 1)
        with pytest.raises(SpecError, match=r"table:1: no 'choices.texts' \(there is label, text\)"):
            read_table("parquet", columns, fields=fields | {"choices": "choices.texts"})

    def test_a_file_of_another_kind(self, read) -> None:
        with pytest.raises(SpecError, match="file0: not a sound Parquet file"):
            read("parquet", '{"text_a": "x"}\n')


def test_hellaswag_reads_both(read, read_table) -> None:
    columns = {"ind": [4, 5], "ctx_a": ["A man sits.", "[header] Walk"], "ctx_b": ["he", ""], "label": ["0", "1"]}
    columns |= {"endings": [["stands.", "flies."], ["Stop.", "Go."]]}
    rows = read_table("hellaswag", columns)
    assert rows[0] == {"id": "4", "prompt": "A man sits.", "choices": ["he stands.", "he flies."], "label": 0}
    assert rows[1]["choices"] == ["Stop.", "Go."]
    with pytest.raises(SpecError, match="table:1: label '' is no index"):
        read_table("hellaswag", columns | {"label": ["", ""]})


def test_running_text(read_table) -> None:
    # Wikipedia: one article a record, of which the beginning is kept.
    columns = {"id": ["7", "8"], "title": ["A", "B"], "text": ["One\n\ntwo  three", "four"]}
    rows = read_table("parquet_text", columns, language="en", max_characters=10)
    assert rows[0] == {"id": "en-7", "language": "en", "text": "One two", "spans": []}
    assert rows[1]["text"] == "four"
    with pytest.raises(SpecError, match=r"table:1: no 'body' \(there is id, text, title\)"):
        read_table("parquet_text", columns, text="body")


class TestTags:
    def test_words_and_the_names_of_their_tags(self, read_table) -> None:
        columns = {"tokens": [["Ada", "May"], ["x"]], "ner_tags": [["B-PER", "B-DATE"], ["O"]]}
        rows = read_table("parquet_tags", columns, language="yo", replaced={"B-DATE": "O"})
        assert rows[0] == {"id": "yo-0", "tokens": ["Ada", "May"], "tags": ["B-PER", "O"]}
        assert rows[1]["id"] == "yo-1"

    @pytest.mark.parametrize("tags", [["-1", "-1"], [], None])
    def test_tags_that_are_held_back(self, tags, read_table) -> None:
        columns = {"tokens": [["a", "b"]] * 2, "ner_tags": [["O", "O"], tags]}
        with pytest.raises(SpecError, match=r"table:2: no tags in 'ner_tags' \(a split whose tags are held back"):
            read_table("parquet_tags", columns)

    @pytest.mark.parametrize("tags", [["O"], [3, 4]])
    def test_tags_that_do_not_fit(self, tags, read_table) -> None:
        with pytest.raises(SpecError, match="table:1: 2 words, but the tags are"):
            read_table("parquet_tags", {"tokens": [["a", "b"]], "ner_tags": [tags]})

    @pytest.mark.parametrize("tokens", [[], ["a", ""], None])
    def test_words_that_are_none(self, tokens, read_table) -> None:
        with pytest.raises(SpecError, match=r"table:2: 'tokens' is .*, not a list of words"):
            read_table("parquet_tags", {"tokens": [["x"], tokens], "ner_tags": [["O"], ["O", "O"]]})


def question(name: str, context: str, text: str | None, start: int) -> dict[str, object]:
    answers = {"text": [] if text is None else [text], "answer_start": [] if text is None else [start]}
    return {"id": name, "context": context, "question": "?", "answers": answers}


def columns(*questions: dict[str, object]) -> dict[str, list[object]]:
    return {name: [q[name] for q in questions] for name in questions[0]}


class TestQuestions:
    def test_positions_count_code_points(self, read_table) -> None:
        (row,) = read_table("parquet_qa", columns(question("q", "🐈 sat in Köln.", "Köln", 9)))
        assert row == {"id": "q", "question": "?", "context": "🐈 sat in Köln.", "answers": [{"text": "Köln", "start": 9}]}

    def test_answers_may_be_a_list_of_structs(self, read_table) -> None:
        answers = [{"text": "a", "answer_start": 0}, {"text": "ab", "answer_start": 0}]
        (row,) = read_table("parquet_qa", {"id": ["q"], "context": ["ab"], "question": ["?"], "answers": [answers]})
        assert [answer["text"] for answer in row["answers"]] == ["a", "ab"]

    def test_no_answer(self, read_table) -> None:
        table = columns(question("1", "ab", "a", 0), question("2", "ab", None, 0))
        assert [len(row["answers"]) for row in read_table("parquet_qa", table)] == [1, 0]
        assert [row["id"] for row in read_table("parquet_qa", table, answerable_only=True)] == ["1"]

    def test_one_language_of_a_split_that_holds_all(self, read_table) -> None:
        # TyDiQA; some ids go on with a negative number.
        table = columns(question("finnish-1", "ab", "a", 0), question("english--7", "ab", "b", 1))
        assert [row["id"] for row in read_table("parquet_qa", table, id_starts_with="english-")] == ["english--7"]

    def test_a_stripped_context_moves_its_answers(self, read_table) -> None:
        # google/xtreme strips contexts and answers, but not their starts: the first counts two characters too many.
        table = columns(question("1", "It is red now.", "red", 8), question("2", "It is red now.", "red", 5))
        assert [row["answers"][0]["start"] for row in read_table("parquet_qa", table)] == [6, 6]

    @pytest.mark.parametrize(
        ("context", "said"),
        [("no such word", "nowhere near"), ("red or red it is", "at 0, 7"), ("a" * 40 + "red", "nowhere near")],
    )
    def test_an_answer_that_cannot_be_found_is_an_error(self, context, said, read_table) -> None:
        with pytest.raises(SpecError, match=rf"table:1: question q: 'red' does not stand at 3, but {said}"):
            read_table("parquet_qa", columns(question("q", context, "red", 3)))

    def test_an_answer_is_found_at_its_start_even_if_it_stands_elsewhere_too(self, read_table) -> None:
        (row,) = read_table("parquet_qa", columns(question("q", "1 1 1", "1", 2)))
        assert row["answers"][0]["start"] == 2
