"""Two domains of one world: halves of its content words that share no word.

A domain is the world with half of the names, nouns, adjectives, adverbs and verbs of every category. What belongs
together stays together: synonyms, antonyms, and the meanings of a word that has several. Both halves have equally
many words of each category, of about the same frequencies; where that does not come out even, one word or pair is in
neither. Verbs that take persons, cities or organisations are shared: there are two or three pairs of each, too few
for *another verb* within a half. So are general nouns, function words, digits and marks.
"""

from __future__ import annotations

from collections import Counter
from functools import cache
from random import Random
from typing import Final

from harness.generator.lexicon import CATEGORY, CONCEPTS, SEED, THINGS, partner, plural
from harness.generator.world import World, say, world

DOMAINS: Final = ("a", "b")
PAIRED: Final = ("adjective", "thing_verb")
HALVED: Final = (
    "name", "city", "org", "animal", "food", "tool", "job", "spot",
    "adjective", "colour", "thing_verb", "plain_verb", "adverb",
)  # fmt: skip
_N_SWAPS: Final = 50_000
# Of the first hundred, about as even in frequency, the one with the nearest sentence lengths and trivial baselines.
_TRIAL: Final = 91
_N_EVENTS: Final = 5_000


def _kind(concept: int) -> tuple[str, int]:
    """Return what halves have equally many of: a category; of spots and organisations, those said with the same word."""
    category = CONCEPTS[concept][0]
    return category, concept % 2 if category in ("spot", "org") else 0


def _units() -> list[frozenset[int]]:
    """Return the sets of concepts that stay together, homographs of several categories first."""
    unit = {concept: frozenset([concept]) for category in HALVED for concept in CATEGORY[category]}
    by_word: dict[str, int] = {}
    for concept in list(unit):
        linked = [concept, by_word.setdefault(CONCEPTS[concept][1], concept)]
        linked += [partner(concept)] if CONCEPTS[concept][0] in PAIRED else []
        union = frozenset().union(*(unit[other] for other in linked))
        unit |= dict.fromkeys(union, union)
    return sorted(set(unit.values()), key=lambda found: (-len(set(map(_kind, found))), min(found)))


def _dealt(units: list[frozenset[int]]) -> dict[frozenset[int], str]:
    """Return the half of each unit, equally many of each kind in both, or an empty name for those left over."""
    sizes = Counter(_kind(concept) for unit in units for concept in unit)
    room = {kind: size // 4 * 2 if kind[0] in PAIRED else size // 2 for kind, size in sizes.items()}
    rooms = {half: Counter(room) for half in DOMAINS}
    dealt = {}
    for unit in units:
        needed = Counter(map(_kind, unit))
        half = max(DOMAINS, key=lambda name: (needed <= rooms[name], sum(rooms[name][kind] for kind in needed)))
        dealt[unit] = half if needed <= rooms[half] else ""
        rooms[half] -= needed
    return dealt


def _imbalance(dealt: dict[frozenset[int], str], counts: Counter[int]) -> float:
    """Return how far apart the frequencies of both halves' words are, rank by rank in each category."""
    found: dict[str, dict[str, list[int]]] = {category: {name: [] for name in (*DOMAINS, "")} for category in HALVED}
    for unit, half in dealt.items():
        for concept in unit:
            found[CONCEPTS[concept][0]][half].append(counts[concept])
    return sum(
        sum(abs(x - y) for x, y in zip(sorted(half["a"]), sorted(half["b"]), strict=True)) / sum(half["a"] + half["b"])
        for half in found.values()
    )


@cache
def halves() -> dict[str, frozenset[int]]:
    """Return the concepts that only one domain has, by domain; `""` stands for those that neither has."""
    rng = Random(f"{SEED}:{_TRIAL}:halves")
    counts = Counter(word for _ in range(_N_EVENTS) for word in say(world().event(rng, count=0.0), "svo"))
    units = _units()
    dealt = _dealt(units)
    least = _imbalance(dealt, counts)
    for _ in range(_N_SWAPS):
        one, two = rng.sample(units, 2)
        if dealt[one] != dealt[two] and Counter(map(_kind, one)) == Counter(map(_kind, two)):
            swapped = dealt | {one: dealt[two], two: dealt[one]}
            if (imbalance := _imbalance(swapped, counts)) < least:
                dealt, least = swapped, imbalance
    concepts = {half: [c for unit in units if dealt[unit] == half for c in unit] for half in (*DOMAINS, "")}
    return {half: frozenset([*found, *(plural(c) for c in found if c in THINGS)]) for half, found in concepts.items()}


@cache
def inside(domain: str) -> World:
    """Return the world of one domain: its own concepts and those that both share."""
    absent = (found for half, found in halves().items() if half != domain)
    return World(set(range(len(CONCEPTS))).difference(*absent))
