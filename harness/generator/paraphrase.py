"""Paraphrase identification: do two sentences mean the same?

The kind of difference (negation, lexical, role swap, attribute swap) is drawn apart from the label, so
that both labels have the same shapes and the same words.
"""

from __future__ import annotations

from random import Random
from typing import Final

from harness.generator.lexicon import partner
from harness.generator.nli import Pair, another_verb
from harness.generator.world import Event, Noun, World, noun_of, oppose, reword

LABELS: Final = ("different", "same")
_KINDS: Final = ("negation", "lexical", "role", "attribute")
_WEIGHTS: Final = (0.3, 0.3, 0.2, 0.2)


def sample(rng: Random, label: str, here: World) -> Pair:
    """Return one item with a label, of a kind that is drawn apart from it."""
    kind = rng.choices(_KINDS, _WEIGHTS)[0]
    same = label == "same"
    first, second = {"negation": _negation, "lexical": _lexical, "role": _role, "attribute": _attribute}[kind](
        rng, same, here
    )
    if rng.random() < 0.5:
        first, second = second, first
    return Pair(first, second, label)


def _negation(rng: Random, same: bool, here: World) -> tuple[Event, Event]:
    """Return a pair that differs in *never* or in a negated adjective."""
    event = _thing_event(here, rng)
    if rng.random() < 0.5:
        event = event._replace(negated=rng.random() < 0.5)
        other = event if same else event._replace(negated=not event.negated)
        return reword(event, rng, antonym=0.0), reword(other, rng, antonym=0.0)
    noun = noun_of(event)._replace(adjective=rng.choice(here.category["adjective"]), negated_adjective=rng.random() < 0.5)
    opposed = oppose(noun)
    if not same:
        # The wrong pair is either *big* with *not big* or *big* with *small*: the shapes of the right pairs.
        turned = rng.random() < 0.5
        opposed = (
            noun._replace(negated_adjective=not noun.negated_adjective)
            if turned
            else noun._replace(adjective=partner(noun.adjective))
        )
    elif rng.random() < 0.5:
        opposed = noun
    first, second = event._replace(object=noun), event._replace(object=opposed)
    return reword(first, rng, antonym=0.0), reword(second, rng, antonym=0.0)


def _lexical(rng: Random, same: bool, here: World) -> tuple[Event, Event]:
    """Return a pair with two verbs that do, or do not, mean the same."""
    event = _thing_event(here, rng)
    verb = partner(event.verb) if same else another_verb(event.verb, rng, here)
    other = event._replace(verb=verb)
    return reword(event, rng, synonym=0.0), reword(other, rng, synonym=0.0)


def _role(rng: Random, same: bool, here: World) -> tuple[Event, Event]:
    """Return a pair in which agent and patient are kept or swapped."""
    subject = here.names.draw(rng)
    target = here.other(rng, subject)
    verb = here.verb(rng, "person", subject)
    event = Event(subject, verb, Noun(target), None, here.adverb(rng, verb), here.place(rng, verb))
    other = event if same else event._replace(subject=target, object=Noun(subject))
    return reword(event, rng, front=0.5), reword(other, rng, front=0.5)


def _attribute(rng: Random, same: bool, here: World) -> tuple[Event, Event]:
    """Return a pair with two objects whose adjectives are kept or swapped."""
    subject = here.subject(rng)
    verb = here.verb(rng, "thing", subject)
    while True:
        one, two = here.thing(rng, verb, adjective=1.0), here.thing(rng, verb, adjective=1.0)
        if one.head != two.head and one.adjective != two.adjective:
            break
    event = Event(subject, verb, one, two)
    other = event
    if not same:
        other = event._replace(object=one._replace(adjective=two.adjective), second=two._replace(adjective=one.adjective))
    return reword(event, rng, antonym=0.0), reword(other, rng, antonym=0.0)


def _thing_event(here: World, rng: Random) -> Event:
    """Return an event with a thing as its object, an adjective half of the time."""
    return here.event(rng, adjective=0.5, adverb=0.3, place=0.6, count=0.0, kinds="t")
