"""Entities exchanged and words made unknown: tags stay with their words."""

from __future__ import annotations

from typing import Any

import pytest
from seqeval.metrics.sequence_labeling import get_entities

from harness.attacks import Row, Setup, entity_swap, unseen_word
from harness.generator import items
from harness.generator.lexicon import LANGUAGES, forms

OPEN = ("NOUN", "PROPN", "VERB", "ADJ", "ADV")
ROW: Row = {"id": "1", "tokens": "Ann works at Acme in Rome .".split(), "tags": "B-PER O O B-ORG O B-LOC O".split()}
OTHER: Row = {"id": "2", "tokens": "Old Big Bank sued Bo Day".split(), "tags": "B-ORG I-ORG I-ORG O B-PER I-PER".split()}


def swapped(rows: list[Row], strength: float = 1.0, others: Any = ()) -> Any:
    setup = Setup("e", "token_classification", "en", strength, 1, entity_swap.Options(), others=others)
    return entity_swap.attack(rows, setup)


def unseen(rows: list[Row], strength: float = 1.0, others: Any = ()) -> Any:
    setup = Setup("u", "token_classification", "en", strength, 1, unseen_word.Options(), others=others)
    return unseen_word.attack(rows, setup)


def test_entities_by_hand() -> None:
    new, back = swapped([ROW, OTHER])
    assert new["tokens"] == "Bo Day works at Old Big Bank in Rome .".split(), "there is no other place"
    assert new["tags"] == "B-PER I-PER O O B-ORG I-ORG I-ORG O B-LOC O".split()
    assert back["tokens"] == "Acme sued Ann".split()
    assert back["tags"] == "B-ORG O B-PER".split()
    assert swapped([ROW], others=[ROW]) == [None]
    assert swapped([{**ROW, "tags": ["O"] * 7}], others=[OTHER]) == [None]


def test_half_of_the_entities() -> None:
    (half,), (whole,) = swapped([ROW], 0.5, [OTHER]), swapped([ROW], 1.0, [OTHER])
    assert half["tokens"] in ("Bo Day works at Acme in Rome .".split(), "Ann works at Old Big Bank in Rome .".split())
    assert whole["tokens"] == "Bo Day works at Old Big Bank in Rome .".split()


def test_tags_without_a_b_begin_and_end_as_seqeval_reads_them() -> None:
    row = {"id": "1", "tokens": ["Rome", "Ann"], "tags": ["I-LOC", "I-PER"]}
    (new,) = swapped([row], others=[OTHER])
    assert new == {"id": "1", "tokens": ["Rome", "Bo", "Day"], "tags": ["I-LOC", "I-PER", "I-PER"]}


@pytest.mark.parametrize("language", LANGUAGES)
def test_entities_of_constructed_languages(language) -> None:
    rows = items.rows("ner", "test", language)[:200]
    known = {(kind, tuple(r["tokens"][s : e + 1])) for r in rows for kind, s, e in get_entities(r["tags"])}
    n = 0
    for row, new in zip(rows, swapped(rows), strict=True):
        entities = get_entities(row["tags"])
        if new is None:
            assert not entities
            continue
        after = get_entities(new["tags"])
        assert len(new["tokens"]) == len(new["tags"])
        assert [kind for kind, _, _ in after] == [kind for kind, _, _ in entities]
        for (kind, start, end), (_, first, last) in zip(entities, after, strict=True):
            entity = tuple(new["tokens"][first : last + 1])
            assert (kind, entity) in known
            assert entity != tuple(row["tokens"][start : end + 1])
            n += 1
        outside = [[t for t, tag in zip(r["tokens"], r["tags"], strict=True) if tag == "O"] for r in (row, new)]
        assert outside[0] == outside[1]
    assert n > 200


def test_words_by_hand() -> None:
    row = {
        "id": "1",
        "tokens": "The Dutch walked into his red walls".split(),
        "tags": "DET PROPN VERB ADP PRON ADJ NOUN".split(),
    }
    (new,) = unseen([row])
    assert [a == b for a, b in zip(row["tokens"], new["tokens"], strict=True)] == [
        True,
        False,
        False,
        True,
        True,
        True,
        False,
    ]
    dutch, walked, walls = new["tokens"][1], new["tokens"][2], new["tokens"][6]
    assert dutch[0].isupper()
    assert dutch.endswith("h")
    assert sorted(dutch.lower()) == sorted("dutch")
    assert walked.endswith("ed")
    assert sorted(walked) == sorted("walked")
    assert walls.endswith("s")
    assert new["tags"] == row["tags"]


def test_letters_keep_their_marks_and_short_or_closed_words_stay() -> None:
    row = {"id": "1", "tokens": ["लड़कियाँ", "dog", "4x4s", "will", "will"], "tags": ["NOUN", "NOUN", "NOUN", "VERB", "AUX"]}
    (new,) = unseen([row])
    assert new["tokens"][0].endswith("याँ"), "one of four letters, with its marks"
    assert new["tokens"][1:] == row["tokens"][1:]
    assert unseen([{**row, "tokens": ["oooo", "dog", "4x4s", "will", "will"]}]) == [None], "no other order of letters"


def test_more_strength_more_words() -> None:
    rows = items.rows("pos", "test", "en")[:50]
    for row, half, whole in zip(rows, unseen(rows, 0.5), unseen(rows), strict=True):
        own, some, all_ = row["tokens"], half["tokens"], whole["tokens"]
        assert all(b in (a, c) for a, b, c in zip(own, some, all_, strict=True))
        assert 0 < sum(a != b for a, b in zip(own, some, strict=True)) <= sum(a != b for a, b in zip(own, all_, strict=True))


@pytest.mark.parametrize("language", LANGUAGES)
def test_words_of_constructed_languages(language) -> None:
    rows = items.rows("pos", "test", language)[:200]
    seen = {token for row in rows for token in row["tokens"]}
    n = 0
    for row, new in zip(rows, unseen(rows), strict=True):
        assert new["tags"] == row["tags"]
        for old, word, tag in zip(row["tokens"], new["tokens"], row["tags"], strict=True):
            if word != old:
                n += 1
                assert word not in seen
                assert tag in OPEN
                assert word[-1] == old[-1]
                assert sorted(word) == sorted(old)
    assert n > 200
    assert forms()[language]
