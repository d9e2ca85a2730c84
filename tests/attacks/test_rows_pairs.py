"""Clauses behind a premise or hypothesis, and names that change in both texts of a pair."""

from __future__ import annotations

from typing import Any

import pytest

from harness.attacks import Row, Setup, nli_suffix, role_swap
from harness.generator import items
from harness.generator.lexicon import CATEGORY, LANGUAGES, ORDERS, forms, write
from harness.generator.nli import Pair
from harness.generator.world import Event, say

NLI: Row = {"id": "1", "text_a": "He left early.", "text_b": "He is gone!", "label": "entailment"}
NAMES: Row = {
    "id": "1",
    "text_a": "In May , Anna Kern met Tom .",
    "text_b": "Tom was met by Anna Kern in May .",
    "label": "1",
}
# "He" and "The" are seen without a capital, so they are no names.
OTHERS: list[Row] = [
    NAMES,
    {"id": "2", "text_a": "The man saw Eve , he said .", "text_b": "Eve was seen by the man .", "label": "1"},
    {"id": "3", "text_a": "There He saw Mia .", "text_b": "Mia was seen .", "label": "1"},
]


def suffixed(row: Row, language: str = "en", strength: float = 1.0, **options: Any) -> Any:
    setup = Setup("nli", "sequence_classification", language, strength, 1, nli_suffix.Options(**options))
    return nli_suffix.attack([row], setup)[0]


def renamed(rows: list[Row], language: str = "en", strength: float = 1.0, others: Any = (), **options: Any) -> Any:
    made = role_swap.Options(**options)
    return role_swap.attack(rows, Setup("n", "sequence_classification", language, strength, 1, made, others=others))


def test_clauses_by_hand() -> None:
    assert suffixed(NLI) == {**NLI, "text_b": "He is gone and true is true!"}
    assert suffixed(NLI, kind="negation") == {**NLI, "text_b": "He is gone and false is not true!"}
    assert suffixed(NLI, kind="length") == {**NLI, "text_a": "He left early" + " and true is true" * 5 + "."}
    assert suffixed(NLI, kind="length", strength=0.3)["text_a"] == "He left early and true is true and true is true."
    assert suffixed({**NLI, "text_b": "他走了。"}, "zh")["text_b"] == "他走了，而且真的就是真的。"
    assert suffixed({**NLI, "text_b": "वह चला गया।"}, "hi")["text_b"] == "वह चला गया और सच सच है।"
    assert suffixed({**NLI, "text_b": 'He said "no."'})["text_b"] == 'He said "no and true is true."'
    assert suffixed({**NLI, "text_b": "gone"})["text_b"] == "gone and true is true"


def test_other_pairs_and_languages_get_no_clause() -> None:
    assert suffixed(NLI, "la") is None, "Latin, not the constructed language"
    assert suffixed({**NLI, "label": "1"}) is None
    assert suffixed({**NLI, "text_b": None}) is None


@pytest.mark.parametrize("language", LANGUAGES)
def test_constructed_languages_say_a_text_again(language) -> None:
    word = dict(zip(forms()["en"], forms()[language], strict=True))["and"]
    for row in items.rows("nli", "test", language)[:50]:
        again = suffixed(row, language)
        assert again == {**row, "text_b": f"{row['text_b']} {word} {row['text_b']}"}
        assert suffixed(row, language, kind="length")["text_a"] == f" {word} ".join([row["text_a"]] * 6)
        assert suffixed(row, language, kind="negation") is None


def test_names_by_hand() -> None:
    (new, eve, _) = renamed([*OTHERS], others=OTHERS)
    # Three names, in an order that is drawn: one pair of them changes places, in both texts.
    pairs = [("May", "Anna Kern"), ("May", "Tom"), ("Anna Kern", "Tom")]
    expected = []
    for a, b in pairs:
        texts = [NAMES[side].replace(a, "#").replace(b, a).replace("#", b) for side in ("text_a", "text_b")]
        expected.append({**NAMES, "text_a": texts[0], "text_b": texts[1]})
    assert new in expected
    assert eve is None, "one name has nobody to change places with"
    assert renamed([OTHERS[1]], others=OTHERS, by="another_row")[0]["text_b"].split()[0] in ("May", "Anna", "Tom", "Mia")


@pytest.mark.parametrize(
    ("change", "language"),
    [
        ({"text_b": "Tom was met by Anna in May ."}, "en"),  # whether Anna is Anna Kern is not for us to say
        ({"text_b": "He was met by her in spring ."}, "en"),
        ({"text_b": None}, "en"),
        ({}, "de"),
    ],
)
def test_pairs_with_different_names_are_left_out(change, language) -> None:
    assert renamed([{**NAMES, **change}], language, others=OTHERS, by="another_row") == [None]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("by", ["each_other", "another_row"])
def test_in_constructed_languages_the_persons_of_both_events_change_alike(language, by) -> None:
    """The attacked texts are what the generator says of the same events with other persons, so the label is theirs."""
    rows = items.rows("paraphrase", "test", language)[:200]
    table, names = forms()[language], CATEGORY["name"]
    concept = {table[c]: c for c in reversed(range(len(table))) if c in names}
    met = 0
    for item, row, new in zip(items.splits("paraphrase")["test"], rows, renamed(rows, language, by=by), strict=False):
        if new is None:
            continue
        met += 1
        assert isinstance(item, Pair)
        assert new["label"] == row["label"]
        changed: dict[int, int] = {}
        for side in ("text_a", "text_b"):
            for old, word in zip(row[side].split(), new[side].split(), strict=True):
                if old != word:
                    assert changed.setdefault(concept[old], concept[word]) == concept[word]
        assert len(set(changed.values())) == len(changed)

        def other(event: Event, changed: dict[int, int] = changed) -> Event:
            target = event.object and event.object._replace(head=changed.get(event.object.head, event.object.head))
            return event._replace(subject=changed.get(event.subject, event.subject), object=target)

        for event, side in ((item.first, "text_a"), (item.second, "text_b")):
            assert new[side] == write(say(other(event), ORDERS[language]), language)
    assert met > (20 if by == "each_other" else 100)


def test_a_higher_strength_keeps_the_changes_of_a_lower_one() -> None:
    row = {"id": "1", "text_a": "a Ann Bo", "text_b": "a Ann b Bo , c Cy d Di", "label": "1"}
    row["text_a"] = row["text_b"]
    half, whole = (renamed([row], strength=s, others=[row])[0]["text_a"].split() for s in (0.5, 1.0))
    own = row["text_a"].split()
    assert sum(a != b for a, b in zip(own, half, strict=True)) == 2
    assert sum(a != b for a, b in zip(own, whole, strict=True)) == 4
    assert all(b in (a, c) for a, b, c in zip(own, half, whole, strict=True))
