"""Natural-language inference: does the premise entail the hypothesis, contradict it, or neither?

A chain x0 ⇒ x1 ⇒ x2 is made by dropping modifiers or taking hypernyms. The hypothesis (its level and
polarity) and the label are drawn independently, and then a premise that gives that label; so neither the
hypothesis alone nor negation alone says much (a first draft, which put negation mostly into
contradictions, was solved to 55 % by it).
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Final, NamedTuple

from harness.generator.lexicon import CATEGORY, PERSON, hypernym, partner
from harness.generator.world import Event, World, noun_of, reword

LABELS: Final = ("entailment", "neutral", "contradiction")
_EXCLUSIVE: Final = 0.4
_FREE: Final = 0.4


class Pair(NamedTuple):
    """Two events and their label."""

    first: Event
    second: Event
    label: str


def chain(rng: Random, here: World) -> tuple[Event, Event, Event]:
    """Return three events, each entailing the next."""
    while True:
        event = here.event(rng, adjective=0.6, adverb=0.35, place=0.5, count=0.0, kinds="tttttttpn")
        options = _weakenings(event)
        if len(options) >= 2:
            break
    first, second = rng.sample(options, 2)
    middle = _weaken(event, first)
    return event, middle, _weaken(middle, second)


def _weakenings(event: Event) -> list[str]:
    options = [part for part in ("adverb", "place") if getattr(event, part)]
    if event.object and event.object.adjective:
        options.append("adjective")
    if event.object and event.object.head not in CATEGORY["name"] and event.object.head not in CATEGORY["job"]:
        options.append("object")
    if event.subject in CATEGORY["job"]:
        options.append("subject")
    return options


def _weaken(event: Event, how: str) -> Event:
    """Return a more general event."""
    if how == "adverb":
        return event._replace(adverb=0)
    if how == "place":
        return event._replace(place=0)
    if how == "subject":
        return event._replace(subject=PERSON)
    noun = noun_of(event)
    weaker = noun._replace(adjective=0) if how == "adjective" else noun._replace(head=hypernym(noun.head))
    return event._replace(object=weaker)


def _levels(level: int, negated: bool, label: str) -> list[tuple[int, bool]]:
    """Return every (level, negated) of a premise that gives the label to a hypothesis."""
    specific, general = range(level + 1), range(level, 3)
    if label == "entailment":
        return [(i, negated) for i in (general if negated else specific)]
    if label == "contradiction":
        return [(i, not negated) for i in (specific if negated else general)]
    if negated:
        return [(i, True) for i in range(level)] + [(i, False) for i in range(level + 1, 3)]
    return [(i, False) for i in range(level + 1, 3)] + [(i, True) for i in range(level)]


def exclude(event: Event, rng: Random, here: World) -> Event | None:
    """Return an event that cannot be true as well (another colour, the antonym, another place), or None."""
    noun = event.object
    options = (["adjective"] if noun and noun.adjective else []) + (["place"] if event.place else [])
    if not options:
        return None
    if rng.choice(options) == "place":
        kind = "spot" if event.place in CATEGORY["spot"] else "city"
        return event._replace(place=_another(event.place, here.category[kind], rng))
    noun = noun_of(event)
    if noun.adjective in CATEGORY["colour"]:
        return event._replace(object=noun._replace(adjective=_another(noun.adjective, here.category["colour"], rng)))
    return event._replace(object=noun._replace(adjective=partner(noun.adjective)))


def _another(concept: int, options: Sequence[int], rng: Random) -> int:
    while (candidate := rng.choice(options)) == concept:
        pass
    return candidate


def vary(event: Event, rng: Random, here: World) -> Event:
    """Return an event with another subject, verb or object: it says nothing about the first."""
    options = ["subject", "verb"]
    noun = event.object
    if noun and noun.head not in CATEGORY["hypernym"]:
        options.append("object")
    how = rng.choice(options)
    if how == "subject":
        job = event.subject in CATEGORY["job"]
        pool = here.category["job" if job else "name"]
        if event.subject == PERSON:
            return event._replace(subject=here.names.draw(rng), verb=another_verb(event.verb, rng, here))
        return event._replace(subject=_another(event.subject, pool, rng))
    if how == "verb":
        return event._replace(verb=another_verb(event.verb, rng, here))
    noun = noun_of(event)
    kind = next(k for k in ("name", "job", "animal", "food", "tool") if noun.head in CATEGORY[k])
    return event._replace(object=noun._replace(head=_another(noun.head, here.category[kind], rng)))


def another_verb(verb: int, rng: Random, here: World) -> int:
    """Return a verb of the same kind that means something else."""
    kind = next(k for k in ("thing_verb", "person_verb", "city_verb", "org_verb", "plain_verb") if verb in CATEGORY[k])
    while True:
        candidate = rng.choice(here.category[kind])
        if candidate != verb and (kind == "plain_verb" or candidate != partner(verb)):
            return candidate


def sample(rng: Random, label: str, here: World) -> Pair:
    """Return one item with a label: the hypothesis first, then a premise that fits both."""
    level, negated = rng.randrange(3), rng.random() < 0.5
    while True:
        events = chain(rng, here)
        hypothesis = events[level]._replace(negated=negated)
        premise = _premise(events, level, negated, label, rng, here)
        if premise is not None:
            return Pair(reword(premise, rng), reword(hypothesis, rng), label)


def _premise(events: tuple[Event, ...], level: int, negated: bool, label: str, rng: Random, here: World) -> Event | None:
    """Return a premise for the hypothesis `events[level]`, or None where the chain allows none."""
    if label == "contradiction" and not negated and rng.random() < _EXCLUSIVE:
        return exclude(events[rng.randint(0, level)], rng, here) if level < 2 else exclude(events[level], rng, here)
    if label == "neutral" and rng.random() < _FREE:
        varied = vary(events[rng.randrange(3)], rng, here)
        return varied._replace(negated=rng.random() < 0.5)
    options = _levels(level, negated, label)
    if not options:
        return None
    chosen, sign = rng.choice(options)
    return events[chosen]._replace(negated=sign)
