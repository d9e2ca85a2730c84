"""Each reader on a handful of rows that show a quirk of a published file."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from harness import plugin
from harness.errors import SpecError

PAIR = {"columns": ["text_a", "text_b", "label"]}


def test_every_reader_has_the_three_names() -> None:
    names = plugin.names("harness.readers")
    assert len(names) >= 10
    for name in names:
        module = plugin.load("harness.readers", name)
        assert plugin.version("harness.readers", name) == module.VERSION >= 1
        assert module.Options.model_validate_json(
            '{"columns": ["text_a", "label"]}' if name in ("tsv", "aligned_lines") else "{}"
        )


class TestLines:
    def test_only_a_line_feed_ends_a_line(self, read) -> None:
        text = "a\u2028b\tc\x85d\x0b\x0c\x1ce\tyes\nf\tg\tno\n"
        rows = read("tsv", text, **PAIR)
        assert [row["text_a"] for row in rows] == ["a\u2028b", "f"]
        assert rows[0]["text_b"] == "c\x85d\x0b\x0c\x1ce"

    def test_the_last_line_may_lack_its_end(self, read) -> None:
        assert read("tsv", "a\tb\tc", **PAIR) == read("tsv", "a\tb\tc\n", **PAIR)

    def test_a_carriage_return_is_text_unless_the_format_has_it(self, read) -> None:
        assert read("tsv", "a\tb\tc\r\n", **PAIR)[0]["label"] == "c\r"
        assert read("tsv", "a\tb\tc\r\nd\te\tf", crlf=True, **PAIR)[0]["label"] == "c"
        with pytest.raises(SpecError, match=r"file0:1: the line does not end in CR LF"):
            read("tsv", "a\tb\tc\nd\te\tf\r\n", crlf=True, **PAIR)

    def test_other_encodings_are_refused_with_the_line(self, read) -> None:
        with pytest.raises(SpecError, match=r"file0:2: byte 6 is not UTF-8"):
            read("tsv", b"a\tb\tc\n\xff\tb\tc\n", **PAIR)


class TestTsv:
    def test_rows_have_their_family_shape(self, read) -> None:
        rows = read("tsv", "x\ty\t1\nz\tw\t0\n", language="de", **PAIR)
        assert rows == [
            {"id": "de-0", "text_a": "x", "text_b": "y", "label": "1"},
            {"id": "de-1", "text_a": "z", "text_b": "w", "label": "0"},
        ]

    def test_a_single_text_has_no_second(self, read) -> None:
        assert read("tsv", "x\t1\n", columns=["text_a", "label"])[0]["text_b"] is None

    def test_parallel_languages_share_ids(self, read) -> None:
        ids = [read("tsv", "x\ty\t1\n", language=x, parallel=True, id_prefix="dev-", **PAIR)[0]["id"] for x in ("de", "fr")]
        assert ids == ["dev-0", "dev-0"]

    def test_a_header_names_the_columns_in_any_order(self, read) -> None:
        fields = {"text_a": "prem", "text_b": "hyp", "label": "label", "id": "pairID"}
        rows = read("tsv", "label\tprem\tpairID\thyp\nyes\tp\t7e\th\n", header=True, fields=fields)
        assert rows == [{"id": "en-7e", "text_a": "p", "text_b": "h", "label": "yes"}]

    def test_a_column_that_is_not_there(self, read) -> None:
        with pytest.raises(SpecError, match=r"file0:1: no column 'prem' \(the header has premise, label\)"):
            read("tsv", "premise\tlabel\nx\ty\n", header=True, fields={"text_a": "prem", "label": "label"})

    def test_quotation_marks_are_text_without_quoting(self, read) -> None:
        # MultiNLI and PAWS-X test-zh: bare quotation marks, some at a field's start.
        rows = read("tsv", '"Hi" he said\tsay "x\t1\n', **PAIR)
        assert (rows[0]["text_a"], rows[0]["text_b"]) == ('"Hi" he said', 'say "x')

    def test_csv_quoting_is_undone(self, read) -> None:
        # PAWS-X dev-XX: a field with a quotation mark is enclosed, and it is doubled inside.
        rows = read("tsv", '"say ""x"" now"\tplain\t1\na\t"b\tc\nd"\t0\n', quoting="csv", **PAIR)
        assert rows[0]["text_a"] == 'say "x" now'
        assert rows[1]["text_b"] == "b\tc\nd"

    def test_unquoted_text_read_as_csv_is_an_error(self, read) -> None:
        with pytest.raises(SpecError, match=r"file0:1: not quoted as CSV: .*quoting: none"):
            read("tsv", '"Hi" he said\tb\t1\n', quoting="csv", **PAIR)

    def test_comma_csv_with_crlf_and_no_last_line_end(self, read) -> None:
        # Cosmos QA.
        text = 'id,context,question,a0,a1,label\r\nq1,"It rained , hard .",Why ?,wet,dry,1\r\nq2,C,Q,x,y,0'
        fields = {"id": "id", "prompt": ["context", "question"], "choices": ["a0", "a1"], "label": "label"}
        rows = read("tsv", text, delimiter="comma", quoting="csv", header=True, parallel=True, fields=fields)
        assert rows[0] == {
            "id": "q1",
            "prompt": "It rained , hard . Why ?",
            "choices": ["wet", "dry"],
            "label": 1,
        }
        assert rows[1]["label"] == 0

    def test_a_row_with_too_few_columns(self, read) -> None:
        with pytest.raises(SpecError, match=r"file0:2: 2 columns instead of 3"):
            read("tsv", "a\tb\tc\nd\te\n", **PAIR)

    def test_labels_are_translated_and_rows_without_gold_dropped(self, read) -> None:
        text = "a\tb\te\nc\td\t-\ne\tf\tc\n"
        rows = read("tsv", text, labels={"e": "entailment", "c": "contradiction"}, dropped_labels=["-"], **PAIR)
        assert [(row["id"], row["label"]) for row in rows] == [
            ("en-0", "entailment"),
            ("en-2", "contradiction"),
        ]

    def test_an_unknown_label_is_named_with_its_line(self, read) -> None:
        with pytest.raises(SpecError, match=r"file0:2: unknown label 'contradictory'"):
            read("tsv", "a\tb\te\nc\td\tcontradictory\n", labels={"e": "entailment"}, **PAIR)

    def test_several_files_are_numbered_on(self, read) -> None:
        assert [row["id"] for row in read("tsv", "a\tb\tc\n", "d\te\tf\n", **PAIR)] == ["en-0", "en-1"]

    @pytest.mark.parametrize(
        "options",
        [{}, {"header": True}, {"header": True, "columns": ["a"]}, {"colums": ["a"]}, {"header": "yes"}],
    )
    def test_options_that_make_no_sense(self, read, options) -> None:
        with pytest.raises(ValidationError):
            read("tsv", "", **options)


class TestJsonl:
    def test_rows_as_they_stand(self, read) -> None:
        row = {"id": "a", "tokens": ["x"], "tags": ["O"], "hints": {"k": 1}}
        assert read("jsonl_rows", json.dumps(row) + "\n") == [row]
        with pytest.raises(SpecError, match=r"file0:1: no 'id'"):
            read("jsonl_rows", '{"text_a": "x"}\n')

    def test_broken_lines_are_named(self, read) -> None:
        with pytest.raises(SpecError, match=r"file0:2: not JSON"):
            read("jsonl_rows", '{"id": "a"}\n{"id": \n')
        with pytest.raises(SpecError, match=r"file0:1: a JSON object is wanted, not list"):
            read("jsonl_rows", "[]\n")

    def test_renamed_keys_make_a_choice(self, read) -> None:
        # Social IQa: letters as labels.
        line = {
            "context": "C.",
            "question": "Q?",
            "answerA": "x",
            "answerB": "y",
            "answerC": "z",
            "correct": "C",
        }
        fields = {
            "prompt": ["context", "question"],
            "choices": ["answerA", "answerB", "answerC"],
            "label": "correct",
        }
        options = {"fields": fields, "labels": {"A": "0", "B": "1", "C": "2"}}
        assert read("jsonl", json.dumps(line), **options) == [
            {"id": "en-0", "prompt": "C. Q?", "choices": ["x", "y", "z"], "label": 2}
        ]

    def test_dotted_keys_numbers_as_labels_and_lists_as_choices(self, read) -> None:
        line = {"a": {"b": "text"}, "endings": ["x", "y"], "label": 1}
        fields = {"prompt": "a.b", "choices": "endings", "label": "label"}
        assert read("jsonl", json.dumps(line), fields=fields)[0]["label"] == 1
        with pytest.raises(SpecError, match=r"label '2' is no index of 2 choices"):
            read("jsonl", json.dumps(line | {"label": 2}), fields=fields)
        with pytest.raises(SpecError, match=r"no 'a.b' \(there is endings, label\)"):
            read("jsonl", json.dumps({"endings": ["x"], "label": 0}), fields=fields)

    def test_text_that_is_no_text(self, read) -> None:
        with pytest.raises(SpecError, match=r"file0:1: 3 is not a string"):
            read("jsonl", '{"text_a": 3, "label": "x"}')


class TestConll:
    def test_sentences_end_at_a_blank_line_or_at_the_end(self, read) -> None:
        rows = read("conll", "a\tB-PER\nb\tI-PER\n\n\nc\tO", language="yo")
        assert rows == [
            {"id": "yo-0", "tokens": ["a", "b"], "tags": ["B-PER", "I-PER"]},
            {"id": "yo-1", "tokens": ["c"], "tags": ["O"]},
        ]

    def test_spaces_and_replaced_tags(self, read) -> None:
        # MasakhaNER has dates, PAN-X has none.
        rows = read(
            "conll",
            "May B-DATE\n4 I-DATE\nAda B-PER\n",
            separator="space",
            tags={"B-DATE": "O", "I-DATE": "O"},
        )
        assert rows[0]["tags"] == ["O", "O", "B-PER"]

    def test_the_language_prefix_ends_at_the_first_colon(self, read) -> None:
        rows = read("conll", "en:10:30\tO\nen:''\tO\nen::\tO\n", strip_prefix=True)
        assert rows[0]["tokens"] == ["10:30", "''", ":"]
        with pytest.raises(SpecError, match=r"file0:1: 'word' has no language prefix"):
            read("conll", "word\tO\n", strip_prefix=True)

    def test_a_token_may_hold_any_other_space(self, read) -> None:
        assert read("conll", "a\u00a0b c\tO\n")[0]["tokens"] == ["a\u00a0b c"]

    def test_a_file_without_tags_is_an_error(self, read) -> None:
        with pytest.raises(SpecError, match=r"file0:3: 'Msimbo' is not a token, one tab and a tag"):
            read("conll", "a\tO\n\nMsimbo\n")


def conllu(*words: str) -> str:
    """Return one sentence from `ID FORM UPOS HEAD` quadruples."""
    found = ["# sent_id = 1"]
    for word in words:
        name, form, tag, head = word.split("|")
        found.append(f"{name}\t{form}\t_\t{tag}\t_\t_\t{head}\t_\t_\t_")
    return "\n".join(found) + "\n\n"


class TestConllu:
    def test_words_and_tags(self, read) -> None:
        rows = read("conllu", conllu("1|It|PRON|2", "2|rains|VERB|0") * 2, language="af")
        assert rows[1] == {"id": "af-1", "tokens": ["It", "rains"], "tags": ["PRON", "VERB"]}

    def test_a_multiword_token_has_the_tag_of_the_part_nearest_to_the_root(self, read) -> None:
        text = conllu("1|go|VERB|0", "2-3|della|_|_", "2|di|ADP|4", "3|la|DET|4", "4|casa|NOUN|1", "5-6|xy|_|_")
        text = text.rstrip("\n") + "\n" + conllu("5|x|PUNCT|1", "6|y|NOUN|5").split("\n", 1)[1]
        (row,) = read("conllu", text, language="it")
        assert row["tokens"] == ["go", "della", "casa", "xy"]
        # di and la hang equally deep: ADP comes before DET. x hangs higher than y: its PUNCT wins over NOUN.
        assert row["tags"] == ["VERB", "ADP", "NOUN", "PUNCT"]

    def test_on_a_tie_the_order_of_tags_decides_then_the_left(self, read) -> None:
        text = conllu("1|r|X|0", "2-3|ab|_|_", "2|a|DET|1", "3|b|NOUN|1", "4-5|cd|_|_", "4|c|SYM|1", "5|d|FOO|1")
        assert read("conllu", text)[0]["tags"] == ["X", "NOUN", "SYM"]
        assert read("conllu", text, precedence=["DET", "NOUN"])[0]["tags"] == ["X", "DET", "SYM"]

    def test_withheld_parts_of_a_multiword_token(self, read) -> None:
        # Marathi-UFAL: the parts' forms are `_`, the surface form is there.
        text = conllu("1-2|घरात|_|_", "1|_|NOUN|0", "2|_|ADP|1", "3|.|PUNCT|1")
        assert read("conllu", text)[0]["tokens"] == ["घरात", "."]

    def test_sentences_of_withheld_words_are_left_out(self, read) -> None:
        text = conllu("1|_|NOUN|0", "2|_|VERB|1", "3|.|PUNCT|1") + conllu("1|a|X|0", "2|_|X|1", "3|b|X|1")
        rows = read("conllu", text)
        assert [(row["id"], row["tokens"]) for row in rows] == [("en-1", ["a", "_", "b"])]

    def test_a_sentence_that_is_a_single_word(self, read) -> None:
        assert len(read("conllu", conllu("1|Ja|INTJ|0"))) == 1

    def test_empty_nodes_are_no_words(self, read) -> None:
        text = conllu("1|a|NOUN|0", "1.1|ghost|VERB|_", "2|b|VERB|1")
        assert read("conllu", text)[0]["tokens"] == ["a", "b"]

    def test_spaces_and_joiners_inside_words_are_deleted(self, read) -> None:
        assert read("conllu", conllu("1|10 000|NUM|0", "2|می\u200cرود|VERB|1"))[0]["tokens"] == [
            "10000",
            "میرود",
        ]

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("1\ta\tb\n\n", r"file0:1: 3 columns instead of 10"),
            (conllu("1|a|X|0", "3|b|X|1"), r"file0:3: word 3 follows word 1"),
            (conllu("1|a|_|0"), r"file0:2: word 1 has no part of speech"),
            (conllu("1|a|X|zero"), r"file0:2: ID '1' and HEAD 'zero' are not numbers"),
            (conllu("1-2|ab|_|_", "1|a|X|0"), r"file0:2: multiword token 1-2 does not fit"),
        ],
    )
    def test_broken_files(self, read, text, message) -> None:
        with pytest.raises(SpecError, match=message):
            read("conllu", text)

    def test_a_cycle_of_heads_ends(self, read) -> None:
        text = conllu("1-2|ab|_|_", "1|a|DET|2", "2|b|NOUN|1")
        assert read("conllu", text)[0]["tags"] == ["NOUN"]


def squad(context: str, *questions: dict[str, Any], **top: Any) -> str:
    """Return a SQuAD document of one paragraph."""
    return json.dumps(top | {"data": [{"paragraphs": [{"context": context, "qas": list(questions)}]}]})


class TestSquad:
    def test_positions_count_code_points(self, read) -> None:
        context = "🐈 sat in Köln."
        question = {"id": "q", "question": "Where?", "answers": [{"text": "Köln", "answer_start": 9}]}
        (row,) = read("squad_json", squad(context, question))
        assert row == {
            "id": "q",
            "question": "Where?",
            "context": context,
            "answers": [{"text": "Köln", "start": 9}],
        }
        assert context[9:13] == "Köln"

    def test_a_shifted_answer_is_an_error(self, read) -> None:
        question = {"id": "q7", "question": "?", "answers": [{"text": "b", "answer_start": 0}]}
        with pytest.raises(SpecError, match=r"question q7: 'b' does not stand at 0"):
            read("squad_json", squad("ab", question))

    def test_unanswerable_questions_have_no_answers(self, read) -> None:
        text = squad(
            "ab",
            {
                "id": "1",
                "question": "?",
                "answers": [{"text": "a", "answer_start": 0}],
                "is_impossible": False,
            },
            {
                "id": "2",
                "question": "?",
                "answers": [],
                "is_impossible": True,
                "plausible_answers": [{"text": "b"}],
            },
            version="v2.0",
        )
        assert [len(row["answers"]) for row in read("squad_json", text)] == [1, 0]
        assert [row["id"] for row in read("squad_json", text, answerable_only=True)] == ["1"]

    def test_contradicting_marks(self, read) -> None:
        with pytest.raises(SpecError, match=r"is_impossible and 0 answers contradict"):
            read("squad_json", squad("ab", {"id": "1", "question": "?", "answers": [], "is_impossible": False}))

    def test_several_answers_are_kept(self, read) -> None:
        answers = [{"text": "a", "answer_start": 0}, {"text": "ab", "answer_start": 0}]
        (row,) = read("squad_json", squad("ab", {"id": "1", "question": "?", "answers": answers}))
        assert [answer["text"] for answer in row["answers"]] == ["a", "ab"]

    def test_documents_of_another_kind(self, read) -> None:
        with pytest.raises(SpecError, match=r"file0:2: not JSON"):
            read("squad_json", '{"data":\n')
        with pytest.raises(SpecError, match=r"no 'data' \(there is version\)"):
            read("squad_json", '{"version": "1.1"}')


class TestAligned:
    def test_bitext(self, read) -> None:
        rows = read("bitext", "I am.\nYou are.\n", "Ich bin.\nDu bist.\n", language="de")
        assert rows[1] == {"id": "de-1", "source": "You are.", "target": "Du bist."}

    def test_bitext_of_unequal_length_or_with_gaps(self, read) -> None:
        with pytest.raises(SpecError, match=r"file1: 1 lines, but 2 in .*file0"):
            read("bitext", "a\nb\n", "c\n")
        with pytest.raises(SpecError, match=r"file1:2: the line is empty"):
            read("bitext", "a\nb\n", "c\n \n")
        with pytest.raises(SpecError, match="bitext reads two files"):
            read("bitext", "a\n")

    def test_files_as_columns(self, read) -> None:
        # e-SNLI: a space at the end of each line.
        options = {"columns": ["text_a", "text_b", "label"], "strip": True}
        rows = read(
            "aligned_lines",
            "A man . \nB . \n",
            "C . \nD . \n",
            "neutral\n-\n",
            dropped_labels=["-"],
            **options,
        )
        assert rows == [{"id": "en-0", "text_a": "A man .", "text_b": "C .", "label": "neutral"}]
        with pytest.raises(SpecError, match=r"2 files for 3 columns"):
            read("aligned_lines", "a\n", "b\n", **options)
        with pytest.raises(SpecError, match=r"file2: 2 lines, but 1"):
            read("aligned_lines", "a\n", "b\n", "c\nd\n", **options)


class TestChoices:
    def test_commonsense_qa(self, read) -> None:
        choices = [{"label": "B", "text": "two"}, {"label": "A", "text": "one"}]
        line = {"id": "x", "answerKey": "A", "question": {"stem": "How many?", "choices": choices}}
        assert read("commonsense_qa", json.dumps(line)) == [
            {"id": "x", "prompt": "How many?", "choices": ["two", "one"], "label": 1}
        ]
        with pytest.raises(SpecError, match=r"no 'answerKey' \(the published test file has no labels\)"):
            read("commonsense_qa", json.dumps({k: v for k, v in line.items() if k != "answerKey"}))
        with pytest.raises(SpecError, match=r"answerKey 'C' is not one of B, A"):
            read("commonsense_qa", json.dumps(line | {"answerKey": "C"}))

    def test_hellaswag(self, read) -> None:
        video = {
            "ind": 4,
            "ctx_a": "A man sits.",
            "ctx_b": "he",
            "endings": ["stands.", "flies."],
            "label": 0,
        }
        manual = {"ind": 5, "ctx_b": "", "label": "1", "endings": ["Stop.", "Go."], "ctx_a": "[header] Walk"}
        rows = read("hellaswag", f"{json.dumps(video)}\n{json.dumps(manual)}\n")
        assert rows[0] == {
            "id": "4",
            "prompt": "A man sits.",
            "choices": ["he stands.", "he flies."],
            "label": 0,
        }
        assert rows[1] == {"id": "5", "prompt": "[header] Walk", "choices": ["Stop.", "Go."], "label": 1}
        with pytest.raises(SpecError, match=r"label '' is no index of 2 endings"):
            read("hellaswag", json.dumps(video | {"label": ""}))
