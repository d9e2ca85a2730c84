"""Each language shares with the source what its description promises, and nothing more."""

from __future__ import annotations

import pytest

from harness.generator.lexicon import CATEGORY as CATEGORIES
from harness.generator.lexicon import CONCEPTS, DERIVED, forms, partner, plural
from harness.generator.world import Event, Noun, say

PROPER = ("name", "city", "org")
VERBATIM = ("digit", "mark")


def _shared(language: str, proper: bool) -> float:
    """Return the fraction of the source's distinct words (proper names, or content words) spelt alike."""
    source, other = forms()["en"], forms()[language]
    names = {word for word, (category, _) in zip(source, CONCEPTS, strict=True) if category in PROPER}
    kept = {
        source[i]: source[i] == other[i]
        for i, (category, _) in enumerate(CONCEPTS)
        if (category in PROPER) == proper
        and category not in (*VERBATIM, "function", "plural")
        and (proper or source[i] not in names)
    }
    return sum(kept.values()) / len(kept)


@pytest.mark.parametrize(("language", "names", "content"), [
    ("la", 0.6, 0.3), ("lb", 0.6, 0.0), ("lc", 0.6, 0.0), ("ld", 0.6, 0.0), ("le", 0.0, 0.0),
])  # fmt: skip
def test_shared_words(language: str, names: float, content: float) -> None:
    assert _shared(language, proper=True) == pytest.approx(names, abs=0.02)
    assert _shared(language, proper=False) == pytest.approx(content, abs=0.01)


def test_digits_and_marks_are_shared_by_all() -> None:
    for i, (category, word) in enumerate(CONCEPTS):
        if category in VERBATIM:
            assert {table[i] for table in forms().values()} == {word}


def test_georgian_letters() -> None:
    words = [w for w, (category, _) in zip(forms()["le"], CONCEPTS, strict=True) if category not in VERBATIM]
    assert all("ა" <= letter <= "ჰ" for word in words for letter in word)


def test_a_word_of_two_languages_means_the_same_in_both() -> None:
    meaning: dict[str, str] = {}
    for language, table in forms().items():
        for word, (category, source) in zip(table, CONCEPTS, strict=True):
            sense = f"{source}+" if category == "plural" else source
            assert meaning.setdefault(word, sense) == sense, (language, word)


def test_word_orders() -> None:
    name, verb, thing = CATEGORIES["name"][0], CATEGORIES["thing_verb"][0], CATEGORIES["food"][0]
    event = Event(name, verb, Noun(thing))
    the = say(event, "svo")[2]
    assert say(event, "svo") == [name, verb, the, thing]
    assert say(event, "sov") == [name, the, thing, verb]
    assert say(event, "vso") == [verb, name, the, thing]


def test_partners_are_inverses_and_plurals_distinct() -> None:
    for category in ("adjective", "thing_verb", "person_verb", "city_verb", "org_verb"):
        assert all(partner(partner(c)) == c != partner(c) for c in CATEGORIES[category])
    plurals = [plural(c) for kind in ("animal", "food", "tool") for c in CATEGORIES[kind]]
    assert plurals == list(CATEGORIES["plural"])
    assert len({table[c] for table in (forms()["en"],) for c in plurals}) == len(plurals)


def test_there_are_five_derived_languages() -> None:
    assert set(forms()) == {"en", *DERIVED}
    assert len(DERIVED) == 5
