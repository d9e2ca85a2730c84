"""What happens in the constructed world, how often, and how a sentence says it.

The distribution is deliberately lopsided (Zipf frequencies times log-normal affinities between verbs and
objects, nouns and adjectives, subjects and verbs): in a world where every verb took every object equally
often, no amount of non-parallel text could identify which words of two languages mean the same.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Container
from functools import lru_cache, partial
from itertools import accumulate
from random import Random
from typing import Final, NamedTuple

from harness.generator.lexicon import CATEGORY, CONCEPTS, FUNCTION, SEED, THINGS, partner, plural

_SIGMA: Final = 2.0
_ZIPF_EXPONENT: Final = 1.0
_MAIN_SYNONYM: Final = 0.65
THE: Final = FUNCTION["the"]
_NEVER, _NOT, _AND = FUNCTION["never"], FUNCTION["not"], FUNCTION["and"]
_IN, _NEAR, _FOR = FUNCTION["in"], FUNCTION["near"], FUNCTION["for"]


class Noun(NamedTuple):
    """A noun phrase; 0 stands for what is absent."""

    head: int
    adjective: int = 0
    negated_adjective: bool = False
    number: int = 0


class Event(NamedTuple):
    """One thing that happened (or never did); 0 or None stands for what is absent."""

    subject: int
    verb: int
    object: Noun | None = None
    second: Noun | None = None
    adverb: int = 0
    place: int = 0
    negated: bool = False
    fronted: str = ""


class Weighted:
    """A categorical distribution over concepts with integer weights (the same draws on every platform)."""

    def __init__(self, items: list[int], weights: list[int], concepts: Container[int]) -> None:
        kept = [(item, weight) for item, weight in zip(items, weights, strict=True) if item in concepts]
        self._items = [item for item, _ in kept]
        self._cumulative = list(accumulate(weight for _, weight in kept))

    def draw(self, rng: Random) -> int:
        """Return one concept, advancing the generator by one number."""
        return self._items[bisect(self._cumulative, int(rng.random() * self._cumulative[-1]))]


def _zipf(items: list[int], label: str) -> dict[int, float]:
    """Return a frequency for each concept, ranks shuffled so that no list order carries meaning."""
    order = list(items)
    Random(f"{SEED}:zipf:{label}").shuffle(order)
    return {item: 1.0 / (rank + 1) ** _ZIPF_EXPONENT for rank, item in enumerate(order)}


def _affine(rows: list[int], items: list[int], label: str, concepts: Container[int]) -> dict[int, Weighted]:
    """Return a distribution over `items` for each of `rows`; synonyms (neighbouring verbs) share theirs."""
    rng = Random(f"{SEED}:affinity:{label}")
    base = _zipf(items, label)
    return {
        row: Weighted(items, [1 + round(10_000 * base[item] * rng.lognormvariate(0.0, _SIGMA)) for item in items], concepts)
        for row in rows
    }


def _flat(category: str, concepts: Container[int]) -> Weighted:
    items = list(CATEGORY[category])
    weights = _zipf(items, category)
    return Weighted(items, [round(10_000 * weights[item]) for item in items], concepts)


class World:
    """Draws events; holds every distribution, and no state that changes.

    With some `concepts` only, those are as likely as before relative to each other.
    """

    def __init__(self, concepts: Container[int] = range(len(CONCEPTS))) -> None:
        flat, affine = partial(_flat, concepts=concepts), partial(_affine, concepts=concepts)
        self.category = {name: [c for c in found if c in concepts] for name, found in CATEGORY.items()}
        self.things = [concept for concept in THINGS if concept in concepts]
        names, jobs = list(CATEGORY["name"]), list(CATEGORY["job"])
        modifiers = [*CATEGORY["adjective"], *CATEGORY["colour"]]
        places = [*CATEGORY["spot"], *CATEGORY["city"]]
        self.names = flat("name")
        verbs = {kind: list(CATEGORY[f"{kind}_verb"])[::2] for kind in ("thing", "person", "city", "org")}
        verbs["plain"] = list(CATEGORY["plain_verb"])
        self._verbs = {kind: affine(names + jobs, heads, f"verb-{kind}") for kind, heads in verbs.items()}
        every = [head for heads in verbs.values() for head in heads]
        self._jobs = flat("job")
        self._objects = affine(verbs["thing"], list(THINGS), "object")
        self._adjectives = affine([*THINGS], modifiers, "adjective")
        self._places = affine(every, places, "place")
        self._spots = affine(every, list(CATEGORY["spot"]), "spot")
        self._cities = affine(names + jobs, list(CATEGORY["city"]), "city")
        self._orgs = affine(names + jobs, list(CATEGORY["org"]), "org")
        self._adverbs = affine(every, list(CATEGORY["adverb"]), "adverb")
        self._counts = flat("digit")

    def subject(self, rng: Random, job_fraction: float = 0.3) -> int:
        """Return a name, or a job with the given probability."""
        return self._jobs.draw(rng) if rng.random() < job_fraction else self.names.draw(rng)

    def verb(self, rng: Random, kind: str, subject: int) -> int:
        """Return a verb of a kind that suits the subject, either of its two synonyms."""
        verb = self._verbs[kind][subject].draw(rng)
        return verb if kind == "plain" or rng.random() < _MAIN_SYNONYM else partner(verb)

    def thing(self, rng: Random, verb: int, adjective: float = 0.0, count: float = 0.0) -> Noun:
        """Return an object that suits the verb, with an adjective or a count with the given probabilities."""
        head = self._objects[main(verb)].draw(rng)
        if count and rng.random() < count:
            return Noun(plural(head), number=self.count(rng))
        return Noun(head, self.adjective(rng, head) if rng.random() < adjective else 0)

    def adjective(self, rng: Random, noun: int) -> int:
        """Return an adjective or colour that suits the concrete noun."""
        return self._adjectives[noun].draw(rng)

    def place(self, rng: Random, verb: int, spots_only: bool = False) -> int:
        """Return a spot (or a city) that suits the verb."""
        return (self._spots if spots_only else self._places)[main(verb)].draw(rng)

    def city(self, rng: Random, subject: int) -> int:
        """Return a city that suits the subject."""
        return self._cities[subject].draw(rng)

    def org(self, rng: Random, subject: int) -> int:
        """Return an organisation that suits the subject."""
        return self._orgs[subject].draw(rng)

    def adverb(self, rng: Random, verb: int) -> int:
        """Return an adverb that suits the verb."""
        return self._adverbs[main(verb)].draw(rng)

    def count(self, rng: Random) -> int:
        """Return a digit from 2 to 9."""
        return self._counts.draw(rng)

    def event(
        self,
        rng: Random,
        *,
        adjective: float = 0.5,
        adverb: float = 0.3,
        place: float = 0.5,
        count: float = 0.12,
        kinds: str = "tttttttppcon",
    ) -> Event:
        """Return a random event; each letter of `kinds` stands for a kind of verb, n for plain."""
        kind = {"t": "thing", "p": "person", "c": "city", "o": "org", "n": "plain"}[rng.choice(kinds)]
        subject = self.subject(rng)
        verb = self.verb(rng, kind, subject)
        target: Noun | None = None
        if kind == "thing":
            target = self.thing(rng, verb, adjective, count)
        elif kind == "person":
            target = Noun(self.other(rng, subject, job_fraction=0.3))
        where = 0
        if kind == "city":
            where = self.city(rng, subject)
        elif kind == "org":
            where = self.org(rng, subject)
        elif rng.random() < place:
            where = self.place(rng, verb)
        return Event(subject, verb, target, None, self.adverb(rng, verb) if rng.random() < adverb else 0, where)

    def other(self, rng: Random, person: int, job_fraction: float = 0.0) -> int:
        """Return another name or job than `person`."""
        while (candidate := self.subject(rng, job_fraction)) == person:
            pass
        return candidate


def noun_of(event: Event) -> Noun:
    """Return the object of an event that is known to have one."""
    assert event.object is not None
    return event.object


def main(verb: int) -> int:
    """Return the more frequent of a verb and its synonym, which names the pair."""
    category = CONCEPTS[verb][0]
    return verb if category == "plain_verb" else min(verb, partner(verb))


@lru_cache(maxsize=1)
def world() -> World:
    """Return the one world of the benchmark."""
    return World()


def reword(event: Event, rng: Random, synonym: float = 0.5, front: float = 0.3, antonym: float = 0.25) -> Event:
    """Return the event said in other words: same meaning, another verb, order or a negated antonym."""
    changes: dict[str, object] = {}
    if CONCEPTS[event.verb][0] != "plain_verb" and rng.random() < synonym:
        changes["verb"] = partner(event.verb)
    if rng.random() < front:
        options = [part for part in ("place", "adverb") if getattr(event, part)]
        changes["fronted"] = rng.choice(options) if options else ""
    noun = event.object
    if noun and noun.adjective in CATEGORY["adjective"] and rng.random() < antonym:
        changes["object"] = oppose(noun)
    return event._replace(**changes) if changes else event  # type: ignore[arg-type]


def oppose(noun: Noun) -> Noun:
    """Return the same noun phrase with the antonym, negated (*big* becomes *not small*), or back."""
    return noun._replace(adjective=partner(noun.adjective), negated_adjective=not noun.negated_adjective)


def _phrase(noun: Noun) -> list[int]:
    """Return the words of a noun phrase: names and counted nouns take no article."""
    if noun.head in CATEGORY["name"]:
        return [noun.head]
    if noun.number:
        return [noun.number, noun.head]
    words = [THE]
    if noun.adjective:
        words += [_NOT, noun.adjective] if noun.negated_adjective else [noun.adjective]
    return [*words, noun.head]


def place_phrase(place: int) -> list[int]:
    """Return the preposition and what follows it, for a spot, a city or an organisation."""
    if place in CATEGORY["spot"]:
        return [_NEAR if place % 2 else _IN, THE, place]
    if place in CATEGORY["city"]:
        return [_IN, place]
    return [_FOR, *organisation(place)]


def organisation(org: int) -> list[int]:
    """Return the two words of an organisation's name."""
    return [org, CATEGORY["org_type"][org % 2]]


def say(event: Event, order: str) -> list[int]:
    """Return the words of an event in an order (`svo`, `sov`, `vso`), without a final mark."""
    subject = _phrase(Noun(event.subject))
    verb = [_NEVER, event.verb] if event.negated else [event.verb]
    target = _phrase(event.object) if event.object else []
    if event.object and event.second:
        target = [*target, _AND, *_phrase(event.second)]
    adverb = [event.adverb] if event.adverb else []
    place = place_phrase(event.place) if event.place else []
    front: list[int] = []
    if event.fronted == "place":
        front, place = place, []
    elif event.fronted == "adverb":
        front, adverb = adverb, []
    return [*front, *arrange(subject, verb, target, order), *adverb, *place]


def arrange(subject: list[int], verb: list[int], target: list[int], order: str) -> list[int]:
    """Return subject, verb and object in an order."""
    if order == "svo":
        return subject + verb + target
    if order == "sov":
        return subject + target + verb
    return verb + subject + target
