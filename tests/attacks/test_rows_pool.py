"""Near-duplicates for a pool: by hand, and that none says what the target says in a constructed language."""

from __future__ import annotations

from typing import Any

import pytest

from harness.attacks import Row, Setup, hard_pool
from harness.generator import items
from harness.generator.lexicon import CATEGORY, CONCEPTS, DERIVED, ORDERS, PERIOD, partner, write
from harness.generator.world import Event, oppose, say

CAT: Row = {"id": "1", "source": "le chat dort", "target": "the cat sleeps"}
DOG: Row = {"id": "2", "source": "le chien mange", "target": "the dog eats"}


def attack(rows: list[Row], *, strength: float = 1.0, language: str = "en", others: Any = (), **options: Any) -> Any:
    made = hard_pool.Options(**options)
    return hard_pool.attack(rows, Setup("hard_pool", "sentence_retrieval", language, strength, 1, made, others=others))


def test_by_hand() -> None:
    # "the" is in both and so no content word; after it the other row has a dog.
    assert attack([CAT, DOG]) == [{**CAT, "distractors": ["the dog sleeps"]}, {**DOG, "distractors": ["the cat eats"]}]
    assert attack([CAT], others=[CAT]) == [None], "nothing to exchange"
    assert attack([{**CAT, "target": "the 7 sleep"}, DOG])[0] is None, "a number is exchanged for a number"
    third = {"id": "3", "source": "", "target": "the dog sleeps"}
    assert attack([CAT, DOG, third])[0] is None, "what another row asks for is no distractor"


def test_chinese_characters_are_exchanged_one_by_one() -> None:
    rows = [{"id": "1", "source": "", "target": "我爱你。"}, {"id": "2", "source": "", "target": "我恨他。"}]
    assert attack(rows, language="zh")[0]["distractors"] == ["我恨你。"]
    rows = [{"id": "1", "source": "", "target": "你好Tom。"}, {"id": "2", "source": "", "target": "他好Ann。"}]
    made = attack(rows, language="zh")[0]["distractors"]
    assert set(made) == {"你好Ann。", "他好Tom。"}, "a word in Latin letters is one"


def test_passages() -> None:
    passages = {"names": ["a", "b"], "passages": ["the cat sleeps", "a bird"], "context": "…"}
    row = {"id": "1", "question": "who sleeps ?", **passages, "accepted": ["a"]}
    other = {**row, "id": "2", "passages": ["the dog eats", "a bird"]}
    only_offers = {**row, "question": None, "accepted": []}
    made, _, kept, unknown = attack([row, other, only_offers, {**row, "accepted": ["c"]}])
    assert made == {**row, "distractors": ["the dog sleeps"]}
    assert kept == only_offers, "what it offers may answer another question"
    assert unknown is None, "its answer is offered by another row"


def test_more_strength_more_distractors() -> None:
    others = items.rows("retrieval", "test", "la")
    weak, strong = (attack(others[:80], strength=s, language="la", others=others, n=5) for s in (0.4, 1.0))
    for a, b in zip(weak, strong, strict=True):
        assert len(a["distractors"]) == 2
        assert len(set(b["distractors"])) == len(b["distractors"]) == 5
        assert b["distractors"][:2] == a["distractors"]


def sayings(event: Event, language: str) -> set[str]:
    """Return all that says the same: the other verb, the negated antonym, something else in front."""
    verbs = {event.verb} | ({partner(event.verb)} if CONCEPTS[event.verb][0] != "plain_verb" else set())
    has_antonym = event.object is not None and event.object.adjective in CATEGORY["adjective"]
    objects = [event.object, oppose(event.object)] if event.object and has_antonym else [event.object]
    fronts = ["", *(part for part in ("place", "adverb") if getattr(event, part))]
    events = [event._replace(verb=v, object=o, fronted=f) for v in verbs for o in objects for f in fronts]
    return {write([*say(other, ORDERS[language]), PERIOD], language) for other in events}


@pytest.mark.parametrize("language", DERIVED)
def test_in_constructed_languages_none_is_another_translation(language) -> None:
    rows = items.rows("retrieval", "test", language)
    targets = {row["target"] for row in rows}
    for event, row, new in zip(items.splits("retrieval")["test"], rows, attack(rows, language=language), strict=True):
        assert isinstance(event, Event)
        assert row["target"] in sayings(event, language)
        for text in new["distractors"]:
            assert text not in sayings(event, language)
            assert text not in targets
            different = [a != b for a, b in zip(text.split(), row["target"].split(), strict=True)]
            assert sum(different) == 1
