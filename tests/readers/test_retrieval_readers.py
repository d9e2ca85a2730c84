"""Readers of retrieval sets, on small files and on the published ones."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from harness import plugin
from harness.errors import SpecError

FOREIGN = "zh-1\t甲。\nzh-2\t 乙\u2028丙\nzh-3\t丁\n"
ENGLISH = "en-1\tOne.\nen-2\tTwo\tand more.\n"


@pytest.fixture
def read(tmp_path: Path):
    """Return a function that runs a reader over texts as if they were files."""

    def run(name: str, *contents: str, language: str = "zh", **options: Any) -> list[dict[str, Any]]:
        module = plugin.load("harness.readers", name)
        paths = [tmp_path / f"file{i}" for i in range(len(contents))]
        for path, content in zip(paths, contents, strict=True):
            path.write_bytes(content.encode())
        return list(module.read(paths, options=module.Options(**options), language=language))

    return run


def real(name: str, *paths: Path, language: str, **options: Any) -> list[dict[str, Any]]:
    module = plugin.load("harness.readers", name)
    return list(module.read(paths, options=module.Options(**options), language=language))


class TestBucc:
    def test_pairs_then_sentences_without_one(self, read) -> None:
        assert read("bucc", FOREIGN, ENGLISH, "zh-2\ten-2\n") == [
            {"id": "zh-1", "target": "甲。", "source": None, "source_id": None},
            {"id": "zh-2", "target": " 乙\u2028丙", "source": "Two\tand more.", "source_id": "en-2"},
            {"id": "zh-3", "target": "丁", "source": None, "source_id": None},
            {"id": "en-1", "target": None, "source": "One.", "source_id": "en-1"},
        ]

    @pytest.mark.parametrize(
        ("contents", "said"),
        [
            ((FOREIGN, ENGLISH), "file0: bucc reads three files, foreign, English and gold, not 2"),
            ((FOREIGN, "en-1 One.\n", ""), "file1:1: not two fields with a tab between them: 'en-1 One.'"),
            ((FOREIGN + "zh-1\t戊\n", ENGLISH, ""), "file0:4: the id 'zh-1' stands here twice"),
            ((FOREIGN, "zh-1\tOne.\n", ""), "file1: the id 'zh-1' is also in"),
            ((FOREIGN, ENGLISH, "zh-2\ten-2\nzh-9\ten-1\n"), "file2:2: no sentence has the id 'zh-9'"),
            ((FOREIGN, ENGLISH, "zh-1\ten-2\nzh-2\ten-2\n"), "file2:2: 'zh-2' or 'en-2' already has a translation"),
        ],
    )
    def test_what_is_wrong_is_said_with_its_line(self, contents, said, read) -> None:
        with pytest.raises(SpecError) as error:
            read("bucc", *contents)
        assert said in str(error.value)

    def test_the_published_sample(self, mirror) -> None:
        folder = mirror / "sources" / "bucc2018"
        rows = real("bucc", *(folder / f"zh-en.dev.{end}" for end in ("zh", "en", "gold")), language="zh")
        foreign = [row for row in rows if row["target"] is not None]
        english = [row for row in rows if row["source"] is not None]
        assert (len(rows), len(foreign), len(english)) == (8624 + 13589 - 257, 8624, 13589)
        pairs = {row["id"]: row for row in rows if row["target"] is not None and row["source"] is not None}
        assert len(pairs) == 257
        assert foreign[0]["target"] == "辽宁省，简称辽，舊稱奉天省，中國的一个省，省會位于沈阳市。"
        assert rows[-1]["source_id"] == "en-000013589"
        assert pairs["zh-000000057"]["source_id"] == "en-000008530"
        assert len({row["id"] for row in rows}) == len(rows)
        for side, n_repeated in ((foreign, 18), (english, 28)):
            counts = Counter((row["target"] if side is foreign else row["source"]).strip() for row in side)
            assert sum(n for n in counts.values() if n > 1) == n_repeated


PARAGRAPH = {"context": "One cat. Two dogs ran.  Three!", "sentence_breaks": [[0, 8], [9, 22], [24, 30]]}


def answer(row: dict[str, Any]) -> str:
    text: str = row["passages"][row["names"].index(row["accepted"][0])]
    return text


def document(paragraph: dict[str, Any], *answers: tuple[str, str]) -> str:
    qas = [
        {
            "id": f"q{i}",
            "question": f"{text}?",
            "answers": [{"text": text, "answer_start": paragraph["context"].index(text)}],
        }
        for i, (text, _) in enumerate(answers)
    ]
    unanswered = {"id": "none", "question": "Why?", "answers": []}
    return json.dumps({"data": [{"paragraphs": [{**paragraph, "qas": [*qas, unanswered]}]}]})


class TestXquadR:
    ANSWERS = (("cat", "One cat."), ("Two", "Two dogs ran."), ("Three", "Three!"))

    @pytest.mark.parametrize("split", [False, True])
    def test_the_sentence_that_an_answer_begins_in(self, split, read) -> None:
        paragraph = {"context": PARAGRAPH["context"]} if split else PARAGRAPH
        rows = read("xquad_r", document(paragraph, *self.ANSWERS), language="en", split=split)
        assert [answer(row) for row in rows] == [sentence for _, sentence in self.ANSWERS]
        assert rows[1] == {
            "id": "q1",
            "question": "Two?",
            "context": PARAGRAPH["context"],
            "passages": ["One cat.", "Two dogs ran.", "Three!"],
            "names": ["en-0-0", "en-0-1", "en-0-2"],
            "accepted": ["en-0-1"],
        }

    def test_paragraphs_are_numbered_through_all_files(self, read) -> None:
        text = document(PARAGRAPH, ("cat", ""))
        rows = read("xquad_r", text, text.replace('"q0"', '"p0"'), language="de")
        assert [(row["id"], row["accepted"]) for row in rows] == [("q0", ["de-0-0"]), ("p0", ["de-1-0"])]

    def test_a_sentence_that_stands_twice_is_accepted_twice(self, read) -> None:
        paragraph = {"context": "Red. Blue. Red.", "sentence_breaks": [[0, 4], [5, 10], [11, 15]]}
        (row,) = read("xquad_r", document(paragraph, ("Red", "")), language="en")
        assert row["accepted"] == ["en-0-0", "en-0-2"]

    @pytest.mark.parametrize(
        ("breaks", "said"),
        [
            (None, "no 'sentence_breaks'"),
            ([[0, 8], [9]], "[9] in sentence_breaks is not a start and an end"),
            ([[0, 8], [9, 99]], "no sentence 9:99 in a paragraph of 30 characters"),
            ([[0, 8], [24, 30]], "question q0: no sentence holds character 9"),
        ],
    )
    def test_what_is_wrong_is_said(self, breaks, said, read) -> None:
        paragraph = {"context": PARAGRAPH["context"], **({"sentence_breaks": breaks} if breaks else {})}
        with pytest.raises(SpecError) as error:
            read("xquad_r", document(paragraph, ("Two", "")))
        assert "file0" in str(error.value)
        assert said in str(error.value)

    @pytest.mark.parametrize(
        ("language", "n_candidates", "first", "said"),
        [
            (
                "de",
                1276,
                "Wie viele Punkte gab die Verteidigung der Panthers ab?",
                "Die Verteidigung der Panthers gab nur",
            ),
            ("en", 1180, "How many points did the Panthers defense surrender?", "The Panthers defense gave up just"),
        ],
    )
    def test_the_published_sets(self, language, n_candidates, first, said, mirror) -> None:
        path = mirror / "sources" / "lareqa" / "xquad-r" / f"{language}.json"
        rows = real("xquad_r", path, language=language)
        assert len(rows) == 1190
        assert len({tuple(row["names"]) for row in rows}) == 240
        assert len({name for row in rows for name in row["names"]}) == n_candidates
        assert (rows[0]["id"], rows[-1]["id"]) == ("56beb4343aeaaa14008c925b", "5737a25ac3c5551400e51f54")
        assert rows[0]["question"] == first
        assert answer(rows[0]).startswith(said)
        assert rows[0]["names"][0] == f"{language}-0-0"
        # Final marks alone find nearly all of the published sentences.
        split = real("xquad_r", path, language=language, split=True)
        pairs = zip(rows, split, strict=True)
        same = [answer(a) == answer(b) for a, b in pairs]
        assert sum(same) > 0.9 * len(rows)

    def test_squad_is_split_into_sentences(self, mirror) -> None:
        rows = real("xquad_r", mirror / "sources" / "squad" / "dev-v2.0.json", language="en", split=True)
        assert len(rows) == 2910
        assert rows[0]["question"] == "In what country is Normandy located?"
        assert answer(rows[0]).endswith("gave their name to Normandy, a region in France.")


MENTION = {
    "context": {
        "document_title": "Harbour opens",
        "document_id": "en-1",
        "language": "en",
        "text": "Harbour opens\n\nIn {old} Lund\nthe harbour opened. Mayor Lund spoke.",
        "sentence_spans": [{"start": 0, "end": 13}, {"start": 15, "end": 48}, {"start": 49, "end": 66}],
    },
    "mentions": [
        {"example_id": "m1", "mention_span": {"start": 24, "end": 28, "text": "Lund"}, "entity_id": "Q1"},
        {"example_id": "m2", "mention_span": {"start": 55, "end": 59, "text": "Lund"}, "entity_id": "Q2"},
    ],
}
ENTITY = {
    "entity_id": "Q1",
    "title": "Lund",
    "description": "Lund is a city.  It is\nold. [1]",
    "sentence_spans": [{"start": 0, "end": 15}, {"start": 17, "end": 27}],
    "description_language": "sv",
}


class TestMewsliX:
    def test_mentions_in_their_sentence(self, read) -> None:
        content = json.dumps(MENTION) + "\n" + json.dumps(MENTION).replace('"en"', '"de"') + "\n"
        first, second = read("mewsli_x", content, language="en", of="mentions")
        assert first == {
            "id": "m1",
            "question": "Lund: In (old) { Lund } the harbour opened.",
            "names": [],
            "passages": [],
            "context": None,
            "accepted": ["Q1"],
        }
        assert (second["question"], second["accepted"]) == ("Lund: Mayor { Lund } spoke.", ["Q2"])

    def test_a_pair_offers_its_entity(self, read) -> None:
        mention = {"context": MENTION["context"], "mention": MENTION["mentions"][0]}
        (row,) = read("mewsli_x", json.dumps({"contextual_mention": mention, "entity": ENTITY}), language="en", of="pairs")
        assert (row["id"], row["names"], row["accepted"]) == ("m1", ["Q1"], ["Q1"])
        assert row["passages"] == ["Lund is a city. It is old."]

    def test_an_entity_only_offers(self, read) -> None:
        (row,) = read("mewsli_x", json.dumps(ENTITY), language="mul", of="entities")
        assert (row["id"], row["question"], row["names"], row["accepted"]) == ("Q1", None, ["Q1"], [])

    @pytest.mark.parametrize(
        ("old", "new", "said"),
        [
            ('"Lund"}, "entity_id": "Q1"', '"Malm"}, "entity_id": "Q1"', "are 'Lund', not the mention 'Malm'"),
            ('"end": 66', '"end": 99', "no sentence 49:99 in a text of 66 characters"),
            (json.dumps(MENTION["context"]["text"]), '""', "get-mewsli-x.sh"),
            ('"entity_id": "Q1"', '"entity": "Q1"', "no 'entity_id'"),
        ],
    )
    def test_what_is_wrong_is_said_with_its_line(self, old, new, said, read) -> None:
        text = json.dumps(MENTION)
        assert old in text
        with pytest.raises(SpecError) as error:
            read("mewsli_x", text.replace(old, new), language="en", of="mentions")
        assert said in str(error.value)
        assert "file0:1" in str(error.value)

    def test_a_mention_across_two_sentences_keeps_both(self, read) -> None:
        mention = {"example_id": "m", "entity_id": "Q1"}
        mention |= {"mention_span": {"start": 41, "end": 54, "text": "opened. Mayor"}}
        (row,) = read("mewsli_x", json.dumps({**MENTION, "mentions": [mention]}), language="en", of="mentions")
        assert row["question"] == "opened. Mayor: In (old) Lund the harbour { opened. Mayor } Lund spoke."
