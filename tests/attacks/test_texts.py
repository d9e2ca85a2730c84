"""Words and characters of many scripts; edits, and gold that stays where its text is."""

from __future__ import annotations

import unicodedata
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.attacks import Setup
from harness.attacks._texts import Text, TextOptions, apply, edit_rows, entities, moved
from harness.errors import SpecError

# Letters of several scripts, marks, joiners, digits, punctuation and spaces: close together, so that they meet.
TEXTS = st.text(st.sampled_from("aéßИй\u0301გ中のไ\u0e48กक्\u093fष\u200d\u200cمَ한12 \n.,'-{}()"), max_size=30)


@st.composite
def edited(draw):
    """Return a text, edits of it in order that do not overlap, and spans that none touches."""
    text = draw(st.text(max_size=40))
    places = sorted(draw(st.lists(st.integers(0, len(text)), max_size=8)))
    edits = [(s, e, draw(st.text(max_size=3))) for s, e in zip(places[::2], places[1::2], strict=False)]
    spans = [tuple(sorted(span)) for span in draw(st.lists(st.tuples(*[st.integers(0, len(text))] * 2), max_size=3))]
    kept = Text(text, spans)
    return text, [edit for edit in edits if kept.is_free(*edit[:2])], spans


@given(edited())
def test_a_span_that_no_edit_touches_is_found_again(case):
    text, edits, spans = case
    after = apply(text, edits)
    for start, end in spans:
        assert after[moved(start, edits) : moved(end, edits)] == text[start:end]
    assert len(after) == moved(len(text), edits)


@given(TEXTS)
def test_characters_make_up_the_text_and_no_mark_is_torn_off(text):
    piece = Text(text)
    clusters = piece.clusters((0, len(text)))
    assert "".join(text[start:end] for start, end in clusters) == text
    for start, end in clusters:
        assert start < end
        assert start == 0 or not unicodedata.category(text[start]).startswith("M")


@given(TEXTS)
def test_words_are_apart_and_begin_with_a_letter_or_a_digit(text):
    words = Text(text).words()
    assert all(first[1] <= second[0] for first, second in pairwise(words))
    assert all(text[start].isalnum() for start, _ in words)
    assert not any(text[i].isspace() for start, end in words for i in range(start, end))


@given(TEXTS, st.integers(0, 5), st.floats(0, 1), st.floats(0, 1))
def test_a_stronger_attack_makes_the_edits_of_a_weaker_and_more(text, seed, one, other):
    row = {"id": "x", "source": "", "target": text}
    made = []
    for strength in sorted([one, other]):
        setup = Setup("typo", "sentence_retrieval", "en", strength, seed, TextOptions())
        # Every character may become its number in brackets.
        (after,) = edit_rows([row], setup, lambda piece, draw: [(i, i + 1, f"\x00{i}\x00") for i in range(len(piece.text))])
        made.append(set() if after is None else set(after["target"].split("\x00")[1::2]))
    assert made[0] <= made[1]


def test_strength_is_the_expected_share():
    row = {"id": "x", "source": "", "target": "a" * 20_000}
    setup = Setup("typo", "sentence_retrieval", "en", 0.3, 1, TextOptions())
    (after,) = edit_rows([row], setup, lambda piece, draw: [(i, i + 1, "b") for i in range(len(piece.text))])
    # Six standard deviations of a binomial share.
    assert after["target"].count("b") / 20_000 == pytest.approx(0.3, abs=6 * (0.21 / 20_000) ** 0.5)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("She's well-known, isn't 3.5 o'clock.", ["She's", "well-known", "isn't", "3.5", "o'clock"]),
        ("安娜,你好。3只", ["安娜", "你好", "3", "只"]),
        ("दिल्ली में", ["दिल्ली", "में"]),
        ("في كَلْبًا؟", ["في", "كَلْبًا"]),
        ("e\u0301te\u0301 1,000.", ["e\u0301te\u0301", "1,000"]),
    ],
)
def test_words(text, words):
    assert [text[start:end] for start, end in Text(text).words()] == words


@pytest.mark.parametrize(
    ("text", "characters"),
    [
        ("e\u0301a", ["e\u0301", "a"]),
        ("कुत्ता", ["कु", "त्ता"]),  # a virama joins two consonants
        ("ที่นี่", ["ที่", "นี่"]),
        ("தமிழ்நா", ["த", "மி", "ழ்", "நா"]),  # Tamil's ends the syllable
        ("น้ำ", ["น้ำ"]),
    ],
)
def test_characters_as_readers_count_them(text, characters):
    assert [text[start:end] for start, end in Text(text).clusters((0, len(text)))] == characters


def test_entities_are_whole_and_none_without_a_beginning():
    tags = ["B-PER", "O", "B-ORG", "I-ORG", "I-ORG", "B-ORG", "NOUN"]
    assert entities(tags) == [range(1), range(1, 2), range(2, 5), range(5, 6), range(6, 7)]
    assert entities(["O", "I-PER"]) is None
    assert entities(["B-ORG", "I-PER"]) is None


def test_only_the_named_fields_are_attacked(attacked, rows_of):
    rows = rows_of("extractive_qa", "en")
    for field, other in (("question", "context"), ("context", "question")):
        after = attacked("typo", "extractive_qa", "en", fields=(field,))
        assert all(new[field] != old[field] and new[other] == old[other] for old, new in zip(rows, after, strict=True))
    pairs = zip(rows_of("sentence_retrieval", "ru"), attacked("typo", "sentence_retrieval", "ru"), strict=True)
    assert all(new["source"] == old["source"] and new["target"] != old["target"] for old, new in pairs)
    with pytest.raises(SpecError, match="rows of extractive_qa have no text 'text_a'"):
        attacked("typo", "extractive_qa", "en", fields=("text_a",))


def test_answers_and_what_could_be_taken_for_one_keep_their_words(attacked, rows_of):
    for attack in ("typo", "spacing", "case"):
        for old, new in zip(rows_of("extractive_qa", "en"), attacked(attack, "extractive_qa", "en"), strict=True):
            assert new["context"] != old["context"]
            assert [answer["text"] for answer in new["answers"]] == [answer["text"] for answer in old["answers"]]
            for (s, e), (start, end) in zip(old["hints"]["candidates"], new["hints"]["candidates"], strict=True):
                assert new["context"][start:end] == old["context"][s:e]
            assert {**new["hints"], "candidates": 0} == {**old["hints"], "candidates": 0}


def test_rows_that_are_only_searched_come_back(attacked, rows_of):
    for family, field in (("passage_retrieval", "question"), ("bitext_mining", "target")):
        rows = rows_of(family, "zh")
        # The keyboard has no Chinese: what could be asked falls out, what is searched stays.
        for old, new in zip(rows, attacked("keyboard", family, "zh"), strict=True):
            assert new == (old if old[field] is None else None)


def test_a_marked_mention_stays_marked(attacked):
    for attack in ("typo", "word_order", "word_drop", "code_switch"):
        assert "{ Paris }" in attacked(attack, "passage_retrieval", "en")[1]["question"]


def test_draws_of_the_when_are_not_those_of_the_what():
    setup = Setup("typo", "sentence_retrieval", "en", 0.5, 1, TextOptions())
    assert isinstance(setup.rng({"id": "1"}, "target"), Random)
    assert setup.rng({"id": "1"}, "target").random() != setup.rng({"id": "1"}, "target", "when").random()
