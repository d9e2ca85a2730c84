"""COPA, adversarial SQuAD and CCGbank's derivations, on rows written by hand in their formats."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.errors import SpecError
from harness.readers.ccg_auto import CATEGORIES, REST
from harness.spec.catalog import Catalog

LINE = {"premise": "P.", "choice1": "x", "choice2": "y", "question": "cause", "label": 1, "idx": 7}


class TestCopa:
    def test_the_question_is_in_english(self, read) -> None:
        lines = f"{json.dumps(LINE)}\r\n{json.dumps(LINE | {'question': 'effect', 'idx': 8, 'changed': True})}\r\n"
        rows = read("copa", lines, language="et", parallel=True, id_prefix="test-")
        assert rows[0] == {"id": "test-7", "prompt": "P. What was the cause?", "choices": ["x", "y"], "label": 1}
        assert rows[1]["prompt"] == "P. What was the effect?"

    @pytest.mark.parametrize(
        ("change", "said"),
        [
            ({"question": "why"}, "question 'why' is neither cause nor effect"),
            ({"label": -1}, r"label '-1' is neither 0 nor 1 \(a test file\?\)"),
            ({"choice2": None}, "'choice2' is None, not a string"),
        ],
    )
    def test_what_it_refuses(self, change, said, read) -> None:
        with pytest.raises(SpecError, match=rf"file0:2: {said}"):
            read("copa", f"{json.dumps(LINE)}\n{json.dumps(LINE | change)}\n")


def squad(*names: str) -> str:
    def entry(name: str) -> dict[str, Any]:
        context = "Ada ran." + (f" Distraction {name}." if "-" in name else "")
        return {"context": context, "qas": [{"id": name, "question": "?", "answers": [{"text": "Ada", "answer_start": 0}]}]}

    return json.dumps({"data": [{"paragraphs": [entry(name) for name in names]}]})


class TestAdversarialSquad:
    def test_a_variant_takes_the_place_of_its_question(self, read) -> None:
        rows = read("squad_adversarial", squad("a", "b", "b-high-conf-turk0"))
        assert [(row["id"], "Distraction" in row["context"]) for row in rows] == [("a", False), ("b", True)]

    def test_all_variants(self, read) -> None:
        text = squad("a", "b", "b-high-conf-turk0", "b-high-conf-turk2")
        with pytest.raises(SpecError, match=r"file0: question b: 2 variants \(set variants: all\)"):
            read("squad_adversarial", text)
        names = [row["id"] for row in read("squad_adversarial", text, variants="all")]
        assert names == ["a", "b-high-conf-turk0", "b-high-conf-turk2"]

    def test_a_variant_of_nothing(self, read) -> None:
        with pytest.raises(SpecError, match="question b-high-conf-turk0: the question that it varies is not there"):
            read("squad_adversarial", squad("a", "b-high-conf-turk0"))


# Made up, in the form of CCGbank's files.
AUTO = (
    r"""ID=wsj_9901.1 PARSER=GOLD NUMPARSE=1
(<T S[dcl] 0 2> (<T S[dcl] 1 2> (<T NP 0 1> (<L N PRP PRP Cats N>) ) (<T S[dcl]\NP 0 2> (<L S[dcl]\NP VBP VBP sleep """
    r"""S[dcl]\NP_7>) (<L (S\NP)\(S\NP) RB RB well (S_2\NP_1)_2\(S_2\NP_1)_2>) ) ) (<L . . . . .>) )
ID=wsj_9901.2 PARSER=GOLD NUMPARSE=1
(<T NP 0 2> (<L ((S[zz]\NP)/NP)/NP VB VB give ((S[zz]\NP_1)/NP_2)/NP_3>) (<L NP[nb]/N DT DT a/b NP[nb]_1/N_1>) )
"""
)


class TestCcg:
    def test_leaves_are_words_and_their_categories(self, read) -> None:
        rows = read("ccg_auto", AUTO)
        assert rows[0] == {
            "id": "wsj_9901.1",
            "tokens": ["Cats", "sleep", "well", "."],
            "tags": ["N", r"S[dcl]\NP", r"(S\NP)\(S\NP)", "."],
        }
        assert rows[1] == {"id": "wsj_9901.2", "tokens": ["give", "a/b"], "tags": [REST, "NP[nb]/N"]}

    @pytest.mark.parametrize(
        ("text", "line"),
        [
            (AUTO.split("\n", 1)[1], 1),  # no name
            (AUTO.replace("Cats N>", "Cats>"), 2),  # a leaf of four fields
            (AUTO.replace("ID=wsj_9901.2 PARSER=GOLD NUMPARSE=1", "text"), 3),
        ],
    )
    def test_what_is_no_derivation(self, text, line, read) -> None:
        with pytest.raises(SpecError, match=rf"file0:{line}: no derivation of a named sentence"):
            read("ccg_auto", text)

    def test_the_task_has_the_labels_of_the_reader(self, repository: Path) -> None:
        assert Catalog(repository / "specs").task("ccg").labels == (*CATEGORIES, REST)
