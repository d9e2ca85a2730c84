"""Splits of items, each item once over all splits, and their rows in a language."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from itertools import repeat
from random import Random
from typing import Any, Final

from harness.generator import domains, nli, paraphrase, qa
from harness.generator.lexicon import (
    ENTITY_TAGS,
    ORDERS,
    PERIOD,
    POS_TAGS,
    SEED,
    SOURCE,
    forms,
    write,
)
from harness.generator.nli import Pair
from harness.generator.qa import Passage, answer, ask
from harness.generator.world import Event, World, reword, say, world

Row = dict[str, Any]
Item = Pair | Passage | Event

N_TEST: Final = 1000
N_VALIDATION: Final = 500
# A hundred tagged sentences: with a thousand, tagging is at its ceiling in every language and no
# intermediate task could show an effect.
N_TRAIN: Final = {"nli": 10_000, "paraphrase": 4_000, "pos": 100, "ner": 100, "qa": 10_000}
N_INTERMEDIATE: Final = {"nli": 10_000, "paraphrase": 4_000, "pos": 1_000, "ner": 1_000, "qa": 10_000}
# Few rows of the target's own, so that intermediate training has something to add.
N_DOMAIN_TRAIN: Final = 2_000
# Divisible by four times `_TURN`, so that every quarter has each label and each kind equally often.
N_DOSED: Final = {"nli": 9_600, "paraphrase": 4_800, "qa": 9_600}
_TURN: Final = 6


def _sample_sentence(rng: Random, here: World) -> Event:
    """Return one sentence for tagging, of any kind."""
    event = here.event(rng, adjective=0.5, adverb=0.3, place=0.5, count=0.15, kinds="tttttppcoon")
    return reword(event, rng)._replace(negated=rng.random() < 0.2)


def _sample_long_sentence(rng: Random, here: World) -> Event:
    """Return one sentence for retrieval, with enough in it to be found again."""
    event = here.event(rng, adjective=0.8, adverb=0.6, place=0.9, count=0.1, kinds="tttttpcon")
    return reword(event, rng)._replace(negated=rng.random() < 0.2)


def _text(event: Event, order: str) -> tuple[int, ...]:
    return tuple(say(event, order))


def _content(item: Item) -> tuple[object, ...]:
    """Return what must not occur twice: the concepts of the source text, without label or id."""
    if isinstance(item, Pair):
        return (_text(item.first, "svo"), _text(item.second, "svo"))
    if isinstance(item, Passage):
        return (*(_text(event, "svo") for event in item.events), tuple(ask(item, "svo")))
    return _text(item, "svo")


def _sample(task: str, rng: Random, number: int, here: World) -> Item:
    """Return one item; labels and question kinds take turns, so that any first N items are balanced."""
    if task == "nli":
        return nli.sample(rng, nli.LABELS[number % 3], here)
    if task == "paraphrase":
        return paraphrase.sample(rng, paraphrase.LABELS[number % 2], here)
    if task == "qa":
        return qa.sample(rng, qa.KINDS[number % 6], here)
    return _sample_long_sentence(rng, here) if task == "retrieval" else _sample_sentence(rng, here)


@cache
def splits(task: str) -> dict[str, tuple[Item, ...]]:
    """Return the items of a task by split; no two items of a task have the same text.

    Test items are drawn first, so that a change of a training size leaves them as they are. The
    intermediate split shares no item with the training split: intermediate training
    on the target's own task must not be more epochs of the same rows.
    """
    rng = Random(f"{SEED}:items:{task}")
    seen: set[object] = set()
    sizes = {"test": N_TEST}
    if task in N_TRAIN:
        sizes |= {"validation": N_VALIDATION, "train": N_TRAIN[task], "intermediate": N_INTERMEDIATE[task]}
    result: dict[str, tuple[Item, ...]] = {}
    for split, size in sizes.items():
        result[split] = _draw(task, repeat(rng, size), world(), seen)
    return result


@cache
def domain_splits(task: str) -> dict[str, tuple[Item, ...]]:
    """Return the items of a task that lie in one domain, by split and domain: `test.a`, ..., `intermediate.b`.

    The nth items of both domains are drawn from the same random numbers, so that they differ in little but their words.
    No item has the text of another, here or in the whole world's splits.
    """
    seen = {text for items in splits(task).values() for item in items for text in _texts(task, item)}
    result: dict[str, tuple[Item, ...]] = {}
    for split, size in _domain_sizes(task).items():
        for domain in ("a", "b") if split == "intermediate" else ("a",):
            rngs = (Random(f"{SEED}:domains:{task}:{split}:{number}") for number in range(size))
            result[f"{split}.{domain}"] = _draw(task, rngs, domains.inside(domain), seen)
    return result


def _domain_sizes(task: str) -> dict[str, int]:
    sizes = {"test": N_TEST}
    if task in N_TRAIN:
        sizes |= {"validation": N_VALIDATION, "train": min(N_TRAIN[task], N_DOMAIN_TRAIN)}
    return sizes | ({"intermediate": N_DOSED[task]} if task in N_DOSED else {})


def _draw(task: str, rngs: Iterable[Random], here: World, seen: set[object]) -> tuple[Item, ...]:
    """Return one item from each source of random numbers, none of them in `seen`, and add them to it."""
    items: list[Item] = []
    for rng in rngs:
        while seen & (texts := _texts(task, item := _sample(task, rng, len(items), here))):
            pass
        seen |= texts
        items.append(item)
    return tuple(items)


def _texts(task: str, item: Item) -> set[object]:
    return _written(item) if task == "retrieval" else {_content(item)}


def _written(item: Item) -> set[object]:
    """Return a sentence as every language writes it: homographs must not make two sentences look alike."""
    assert isinstance(item, Event)
    return {(language, write(say(item, order), language)) for language, order in ORDERS.items()}


def rows(task: str, split: str, language: str, domain: str = "") -> list[Row]:
    """Return the rows of one split in one language; parallel rows share their id.

    `domain` is `a`, or `o25` for a quarter of `a` and the rest of `b`; by default the whole world. A mixture has the
    items of `a` of every smaller one, in the same places and with the same ids.
    """
    if domain:
        parts, overlap = domain_splits(task), 1.0 if domain == "a" else int(domain[1:]) / 100
        halves = (_half(number, overlap) for number in range(len(parts[f"{split}.a"])))
        named = [(f"{split}-{half}", parts[f"{split}.{half}"][number]) for number, half in enumerate(halves)]
    else:
        named = [(split, item) for item in splits(task)[split]]
    return [{"id": f"{task}-{name}-{number:05d}", **_row(task, item, language)} for number, (name, item) in enumerate(named)]


def _half(number: int, overlap: float) -> str:
    """Return the domain of the nth item of a mixture, spread evenly over every four turns of labels."""
    return "a" if number // _TURN % 4 < 4 * overlap else "b"


def sentences(size: int, overlap: float, seed: int) -> list[str]:
    """Return English sentences, `overlap` (in quarters) of every 24 of domain `a`: corpora whose similarity is known."""
    rngs = (Random(f"{SEED}:sentences:{seed}:{number}") for number in range(size))
    events = [_sample_sentence(rng, domains.inside(_half(number, overlap))) for number, rng in enumerate(rngs)]
    return [write(say(event, ORDERS[SOURCE]), SOURCE) for event in events]


def _row(task: str, item: Item, language: str) -> Row:
    order = ORDERS[language]
    if isinstance(item, Pair):
        return {
            "text_a": write(say(item.first, order), language),
            "text_b": write(say(item.second, order), language),
            "label": item.label,
        }
    if isinstance(item, Passage):
        return _qa_row(item, language)
    if task == "retrieval":
        return {
            "source": write([*say(item, ORDERS[SOURCE]), PERIOD], SOURCE),
            "target": write([*say(item, order), PERIOD], language),
        }
    words = [*say(item, order), PERIOD]
    tags = POS_TAGS if task == "pos" else ENTITY_TAGS
    table = forms()[language]
    return {"tokens": [table[word] for word in words], "tags": [tags[word] for word in words]}


def _qa_row(passage: Passage, language: str) -> Row:
    order = ORDERS[language]
    words: list[int] = []
    candidates = []
    for event in passage.events:
        sentence = [*say(event, order), PERIOD]
        candidates.append(locate(answer(event, passage.kind), sentence, len(words)))
        words += sentence
    spans = [characters(span, words, language) for span in candidates]
    context = write(words, language)
    start, end = spans[passage.answering]
    return {
        "question": write(ask(passage, order), language),
        "context": context,
        "answers": [{"text": context[start:end], "start": start}],
        "hints": {
            "candidates": [list(span) for span in spans],
            "negated": [event.negated for event in passage.events],
            "kind": passage.kind,
        },
    }


def locate(part: list[int], words: list[int], offset: int = 0) -> tuple[int, int]:
    """Return the first and one past the last word of `part` in `words`, both plus `offset`."""
    for start in range(len(words) - len(part) + 1):
        if words[start : start + len(part)] == part:
            return offset + start, offset + start + len(part)
    raise ValueError(f"{part} does not occur in {words}")


def characters(span: tuple[int, int], words: list[int], language: str) -> tuple[int, int]:
    """Return the character range of a range of words in the written text."""
    before = len(write(words[: span[0]], language)) + (span[0] > 0)
    return before, before + len(write(words[span[0] : span[1]], language))
