"""Extractive question answering over three sentences, each with exactly one candidate of the answer's type.

One sentence answers. One has the same person, negated. The third differs in the person, or in what was
done. So the answer's type alone gives a third, and type with "not negated" a half; the question names the
verb by its synonym eight times in ten, so that counting shared words does not decide either.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Final, NamedTuple

from harness.generator.lexicon import CATEGORY, FUNCTION, QUESTION_MARK, partner, plural
from harness.generator.nli import another_verb
from harness.generator.world import (
    THE,
    Event,
    Noun,
    World,
    arrange,
    noun_of,
    organisation,
    place_phrase,
)

KINDS: Final = ("city", "employer", "place", "object", "number", "who")
_SYNONYM: Final = 0.8
_WHO, _WHAT, _WHERE = FUNCTION["who"], FUNCTION["what"], FUNCTION["where"]
_FOR, _WHOM, _HOW, _MANY = FUNCTION["for"], FUNCTION["whom"], FUNCTION["how"], FUNCTION["many"]


class Passage(NamedTuple):
    """Three sentences, what is asked of them, and which one answers."""

    kind: str
    events: tuple[Event, ...]
    answering: int
    question_verb: int


def sample(rng: Random, kind: str, here: World) -> Passage:
    """Return one passage with a question of a kind."""
    gold, negated, third = _BUILDERS[kind](rng, here)
    asked = gold.verb
    # Every sentence says its verb otherwise than the question with the same chance, the answering one
    # too: else the question's own verb would mark the traps.
    told = [_say_otherwise(event, rng) for event in (gold, negated._replace(negated=True), third)]
    positions = rng.sample(range(3), 3)
    events = tuple(told[position] for position in positions)
    return Passage(kind, events, positions.index(0), asked)


def _say_otherwise(event: Event, rng: Random) -> Event:
    return event._replace(verb=partner(event.verb)) if rng.random() < _SYNONYM else event


def _distinct(rng: Random, draw: Callable[[], int], options: Sequence[int]) -> list[int]:
    """Return three different concepts, likely ones first."""
    found: list[int] = []
    for _ in range(20):
        if (candidate := draw()) not in found:
            found.append(candidate)
        if len(found) == 3:
            return found
    while len(found) < 3:
        if (candidate := rng.choice(options)) not in found:
            found.append(candidate)
    return found


def _other_verb_or_person(event: Event, rng: Random, here: World) -> Event:
    """Return the event with another person, or with another verb."""
    if rng.random() < 0.5:
        return event._replace(subject=here.other(rng, event.subject))
    return event._replace(verb=another_verb(event.verb, rng, here))


def _city(rng: Random, here: World) -> tuple[Event, Event, Event]:
    subject = here.names.draw(rng)
    verb = here.verb(rng, "city", subject)
    one, two, three = _distinct(rng, lambda: here.city(rng, subject), here.category["city"])
    gold = Event(subject, verb, place=one)
    return gold, gold._replace(place=two), _other_verb_or_person(gold, rng, here)._replace(place=three)


def _employer(rng: Random, here: World) -> tuple[Event, Event, Event]:
    subject = here.names.draw(rng)
    verb = here.verb(rng, "org", subject)
    one, two, three = _distinct(rng, lambda: here.org(rng, subject), here.category["org"])
    gold = Event(subject, verb, place=one)
    return gold, gold._replace(place=two), _other_verb_or_person(gold, rng, here)._replace(place=three)


def _place(rng: Random, here: World) -> tuple[Event, Event, Event]:
    subject = here.names.draw(rng)
    verb = here.verb(rng, "thing", subject)
    one, two, three = _distinct(rng, lambda: here.place(rng, verb, spots_only=True), here.category["spot"])
    gold = Event(subject, verb, here.thing(rng, verb), place=one)
    return gold, gold._replace(place=two), _other_detail(gold, rng, here)._replace(place=three)


def _other_detail(event: Event, rng: Random, here: World) -> Event:
    """Return the event with another person, verb or object."""
    if rng.random() < 1 / 3:
        return event._replace(object=_other_thing(event, rng, here))
    return _other_verb_or_person(event, rng, here)


def _other_thing(event: Event, rng: Random, here: World) -> Noun:
    """Return another object that suits the event's verb."""
    head = noun_of(event).head
    first, second, _ = _distinct(rng, lambda: here.thing(rng, event.verb).head, here.things)
    return Noun(second if first == head else first)


def _object(rng: Random, here: World) -> tuple[Event, Event, Event]:
    subject = here.names.draw(rng)
    verb = here.verb(rng, "thing", subject)
    heads = _distinct(rng, lambda: here.thing(rng, verb).head, here.things)
    nouns = [Noun(head, here.adjective(rng, head) if rng.random() < 0.4 else 0) for head in heads]
    place = here.place(rng, verb, spots_only=True) if rng.random() < 0.5 else 0
    gold = Event(subject, verb, nouns[0], place=place)
    third = _other_verb_or_person(gold, rng, here)
    return gold, gold._replace(object=nouns[1]), third._replace(object=nouns[2])


def _number(rng: Random, here: World) -> tuple[Event, Event, Event]:
    subject = here.names.draw(rng)
    verb = here.verb(rng, "thing", subject)
    head = here.thing(rng, verb).head
    counts = rng.sample(CATEGORY["digit"], 3)
    gold = Event(subject, verb, Noun(plural(head), number=counts[0]))
    if rng.random() < 1 / 3:
        other = _other_thing(gold._replace(object=Noun(head)), rng, here)
        third = gold._replace(object=Noun(plural(other.head), number=counts[2]))
    else:
        third = _other_verb_or_person(gold, rng, here)
        third = third._replace(object=noun_of(gold)._replace(number=counts[2]))
    return gold, gold._replace(object=noun_of(gold)._replace(number=counts[1])), third


def _who(rng: Random, here: World) -> tuple[Event, Event, Event]:
    names = _distinct(rng, lambda: here.names.draw(rng), here.category["name"])
    verb = here.verb(rng, "thing", names[0])
    place = here.place(rng, verb, spots_only=True) if rng.random() < 0.4 else 0
    gold = Event(names[0], verb, here.thing(rng, verb), place=place)
    if rng.random() < 0.5:
        third = gold._replace(subject=names[2], verb=another_verb(verb, rng, here))
    else:
        third = gold._replace(subject=names[2], object=_other_thing(gold, rng, here))
    return gold, gold._replace(subject=names[1]), third


_BUILDERS: Final = {
    "city": _city, "employer": _employer, "place": _place, "object": _object, "number": _number, "who": _who,
}  # fmt: skip


def ask(passage: Passage, order: str) -> list[int]:
    """Return the words of the question in an order; question words always stand first."""
    gold = passage.events[passage.answering]
    subject, verb = [gold.subject], [passage.question_verb]
    if passage.kind in ("city", "place", "employer"):
        lead = [_FOR, _WHOM] if passage.kind == "employer" else [_WHERE]
        target = [THE, gold.object.head] if gold.object else []
        return [*lead, *arrange(subject, verb, target, order), QUESTION_MARK]
    tail = place_phrase(gold.place) if gold.place else []
    if passage.kind == "object":
        return [_WHAT, *arrange(subject, verb, [], order), *tail, QUESTION_MARK]
    head = noun_of(gold).head
    if passage.kind == "number":
        return [_HOW, _MANY, head, *arrange(subject, verb, [], order), QUESTION_MARK]
    return [_WHO, *arrange([], verb, [THE, head], order), *tail, QUESTION_MARK]


def answer(event: Event, kind: str) -> list[int]:
    """Return the words that would answer, were `event` the answering sentence; contiguous in every order."""
    if kind == "who":
        return [event.subject]
    if kind == "employer":
        return organisation(event.place)
    if kind in ("city", "place"):
        return [event.place]
    noun = noun_of(event)
    if kind == "number":
        return [noun.number]
    return [noun.adjective, noun.head] if noun.adjective else [noun.head]
