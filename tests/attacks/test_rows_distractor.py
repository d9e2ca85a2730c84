"""A distracting sentence: by hand, and against all sentences that would answer in a constructed language."""

from __future__ import annotations

from typing import Any

import pytest

from harness.attacks import Row, Setup, distractor
from harness.generator import items
from harness.generator.lexicon import CATEGORY, LANGUAGES, ORDERS, PERIOD, THINGS, partner, write
from harness.generator.qa import Passage
from harness.generator.world import Noun, noun_of, say

CONTEXT = "Chopin was born in Poland. In 1830 Chopin left Warsaw for Vienna. He never saw Poland again."
ROW: Row = {
    "id": "q1",
    "question": "Where did Chopin go when he left Warsaw?",
    "context": CONTEXT,
    "answers": [{"text": "Vienna", "start": CONTEXT.index("Vienna")}],
}
OTHER: Row = {
    "id": "q2",
    "question": "Who wrote Faust?",
    "context": "Faust was written by Goethe.",
    "answers": [{"text": "Goethe", "start": 21}],
}


def attack(rows: list[Row], *, strength: float = 1.0, language: str = "en", others: Any = (), **options: Any) -> Any:
    made = distractor.Options(**options)
    return distractor.attack(rows, Setup("distractor", "extractive_qa", language, strength, 1, made, others=others))


def test_by_hand() -> None:
    (row,) = attack([ROW], others=[ROW, OTHER])
    # Of the names that both have, Chopin and Warsaw, one is changed. Only Goethe is an answer elsewhere, and so no word
    # is there for "left".
    added = row["context"].removeprefix(CONTEXT)
    assert added == " In 1830 Goethe left Warsaw for Goethe."
    assert row["answers"] == ROW["answers"]
    (row,) = attack([ROW], others=[ROW, OTHER], strength=0.4)
    assert row["context"].removeprefix(CONTEXT) == " In 1830 Goethe left Goethe for Goethe."


def test_before_the_context_all_spans_move() -> None:
    hints = {"candidates": [[0, 6], [58, 64]], "negated": [False, False]}
    (row,) = attack([{**ROW, "hints": hints}], others=[{**OTHER, "hints": hints}], place="before")
    sentence = "In 1830 Goethe left Warsaw for Goethe. "
    assert row["context"] == sentence + CONTEXT
    assert [row["context"][a["start"] :][:6] for a in row["answers"]] == ["Vienna"]
    assert [row["context"][start:end] for start, end in row["hints"]["candidates"]] == ["Chopin", "Vienna"]
    assert row["hints"]["negated"] == [False, False]


@pytest.mark.parametrize(
    ("change", "others"),
    [
        ({"answers": []}, [OTHER]),  # no answer
        ({"question": "Who?"}, [OTHER]),  # no shared word
        ({}, [ROW]),  # no other answer
        ({}, [{**OTHER, "context": "in 1749", "answers": [{"text": "1749", "start": 3}]}]),  # a number is no name
        ({}, [{**OTHER, "context": "by Vienna", "answers": [{"text": "Vienna", "start": 3}]}]),  # the answer itself
    ],
)
def test_rows_whose_answer_could_change_are_left_out(change, others) -> None:
    assert attack([{**ROW, **change}], others=others) == [None]


def test_without_spaces_and_full_stops_longest_common_runs_are_words() -> None:
    context = "丹佛野马队以24比10战胜黑豹队。比赛在圣克拉拉举行。"
    row = {
        "id": "1",
        "question": "谁战胜了黑豹队？",
        "context": context,
        "answers": [{"text": "丹佛野马队", "start": 0}],
    }
    other = {"id": "2", "question": "?", "context": "哈佛大学", "answers": [{"text": "哈佛大学", "start": 0}]}
    (new,) = attack([row], language="zh", others=[row, other])
    # None of the two is known as a name, so both go.
    assert new["context"] == context + "哈佛大学以24比10哈佛大学哈佛大学。"


def test_of_a_long_sentence_a_part_is_taken() -> None:
    long = "und " * 100
    context = f"{long}Chopin zog nach Wien {long}".strip()
    row = {
        "id": "q1",
        "question": "Wohin zog Chopin?",
        "context": context,
        "answers": [{"text": "Wien", "start": context.index("Wien")}],
    }
    (new,) = attack([row], language="de", others=[OTHER])
    added = new["context"].removeprefix(context)
    assert added.split(" Goethe zog nach Goethe ")[0].split() == ["und"] * 33
    assert len(added) < 330


def answering(passage: Passage, language: str) -> set[str]:
    """Return every sentence that would answer: all candidates, both verbs, with or without what is not asked for."""
    gold, kind = passage.events[passage.answering], passage.kind
    adjectives = [0, *CATEGORY["adjective"], *CATEGORY["colour"]]
    if kind == "object":
        filled = [gold._replace(object=Noun(head, adjective)) for head in THINGS for adjective in adjectives]
    elif kind == "number":
        filled = [gold._replace(object=noun_of(gold)._replace(number=digit)) for digit in CATEGORY["digit"]]
    elif kind == "who":
        filled = [gold._replace(subject=name) for name in (*CATEGORY["name"], *CATEGORY["job"])]
    else:
        category = {"city": "city", "employer": "org", "place": "spot"}[kind]
        filled = [gold._replace(place=place) for place in CATEGORY[category]]
    verbs = (passage.question_verb, partner(passage.question_verb))
    order = ORDERS[language]
    return {write([*say(event._replace(verb=verb), order), PERIOD], language) for event in filled for verb in verbs}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("strength", [0.5, 1.0])
@pytest.mark.parametrize("place", ["before", "after"])
def test_in_constructed_languages_it_never_answers(language, strength, place) -> None:
    n = 300
    rows = items.rows("qa", "test", language)[:n]
    met = 0
    for passage, row, new in zip(
        items.splits("qa")["test"][:n], rows, attack(rows, strength=strength, language=language, place=place), strict=True
    ):
        assert isinstance(passage, Passage)
        own = row["context"]
        assert any(f"{s} ." in own for s in (text.removesuffix(" .") for text in answering(passage, language)))
        if new is None:
            continue
        met += 1
        context = new["context"]
        added = context.removeprefix(own + " ") if place == "after" else context.removesuffix(" " + own)
        assert added.count(" .") == 1
        assert added not in own
        assert added not in answering(passage, language)
        for a, b in zip(row["answers"], new["answers"], strict=True):
            assert a["text"] == b["text"] == context[b["start"] : b["start"] + len(b["text"])]
            assert b["text"] not in added.split()
        for (a, b), (c, d) in zip(row["hints"]["candidates"], new["hints"]["candidates"], strict=True):
            assert own[a:b] == context[c:d]
    assert met > 0.95 * n
