"""Attacks on words, by examples that were checked by hand."""

from __future__ import annotations

from collections import Counter

from harness.attacks import Setup, code_switch
from harness.metrics import chunk_f1

TOKENS = ["The", "United", "Nations", "met", "John", "Smith", "in", "Paris", "today", "."]
TAGS = ["O", "B-ORG", "I-ORG", "O", "B-PER", "I-PER", "O", "B-LOC", "O", "O"]
ROW = {"id": "1", "tokens": TOKENS, "tags": TAGS}
ENTITIES = {("United", "Nations"), ("John", "Smith"), ("Paris",)}


def found(row):
    """Return the entities of a row as tuples of words."""
    chunks: list[list[str]] = []
    for token, tag in zip(row["tokens"], row["tags"], strict=True):
        if tag.startswith("B-"):
            chunks.append([token])
        elif tag.startswith("I-"):
            chunks[-1].append(token)
    return {tuple(chunk) for chunk in chunks}


def test_tokens_change_places_with_their_tags_and_entities_stay_whole(attacked):
    orders = set()
    for seed in range(30):
        (after,) = attacked("word_order", "token_classification", "en", 1.0, [ROW], seed=seed)
        assert found(after) == ENTITIES
        assert Counter(zip(after["tokens"], after["tags"], strict=True)) == Counter(zip(TOKENS, TAGS, strict=True))
        assert after["tokens"][-1] == "."
        # Three units a window: the first holds four tokens, the second too.
        assert set(after["tokens"][:4]) == set(TOKENS[:4])
        assert set(after["tokens"][4:8]) == set(TOKENS[4:8])
        assert after["tokens"][:4] != TOKENS[:4]
        assert chunk_f1.statistics([after["tags"]], [after["tags"]], language="en")[0].tolist()[0] == 3
        orders.add(tuple(after["tokens"]))
    assert len(orders) > 10


def test_an_entity_without_a_beginning_is_not_moved(attacked):
    row = {"id": "1", "tokens": ["a", "b", "c"], "tags": ["I-PER", "O", "O"]}
    assert attacked("word_order", "token_classification", "en", 1.0, [row]) == [None]
    assert attacked("word_drop", "token_classification", "en", 1.0, [row]) == [None]


def test_words_change_places_within_a_window_and_marks_stay(one):
    assert one("word_order", "a b, c! d e", window=2) == "b a, c! e d"
    assert one("word_order", "a a. b") is None
    assert one("word_order", "北京人 大狗") is None
    for seed in range(9):
        after = one("word_order", "one two three four five six.", seed=seed).rstrip(".").split()
        assert set(after[:3]) == {"one", "two", "three"}
        assert after[:3] != ["one", "two", "three"]
        assert set(after[3:]) == {"four", "five", "six"}


def test_words_are_dropped_but_one(one, attacked):
    assert {one("word_drop", "a bb ccc", seed=seed) for seed in range(30)} == {"a ", "bb ", "ccc"}
    assert one("word_drop", "alone.") is None
    assert one("word_drop", "北京人大狗") is None
    for seed in range(9):
        (after,) = attacked("word_drop", "token_classification", "en", 1.0, [ROW], seed=seed)
        assert found(after) == ENTITIES
        assert len(after["tokens"]) == len(TOKENS) - 3  # of The, met, in and today one stays; the full stop is no word


def test_words_of_the_lexicon_are_translated_in_their_case(one, attacked):
    assert one("code_switch", "Dogs saw DOGS, not hotdogs.", "en") == "Hunde saw Hunde, not hotdogs."
    assert one("code_switch", "cats only", "en") is None
    (after,) = attacked("code_switch", "token_classification", "en", 1.0, [{**ROW, "tokens": ["dogs", *TOKENS[1:]]}])
    assert (after["tokens"], after["tags"]) == (["hunde", *TOKENS[1:]], TAGS)


def test_a_georgian_translation_gets_no_capital():
    setup = Setup("code_switch", "sentence_retrieval", "en", 1.0, 1, code_switch.Options(), lexicon={"dogs": "ძაღლი"})
    (after,) = code_switch.attack([{"id": "1", "source": "", "target": "Dogs"}], setup)
    assert after["target"] == "ძაღლი"
