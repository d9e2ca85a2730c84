"""Unlabelled text of every language, one document a row, for masked-language-model pretraining.

The documents are shaped like the tasks (a passage with a question and its answer, a sentence with an
entailed or an equivalent one, a text that restates itself) but carry no label: this is task-shaped
supervision in every language, which real pretraining corpora have only in part, and a report of scores
must say so. Documents of different languages are independent draws, never translations.

`n0` has one language in each document. In `n1`, 30 % of the words of half of the documents are replaced
by the word of another language with the same meaning (code-switching).
"""

from __future__ import annotations

from functools import lru_cache
from random import Random
from typing import Any, Final, NamedTuple

from harness.generator import nli, paraphrase, qa
from harness.generator.items import locate
from harness.generator.lexicon import LANGUAGES, ORDERS, PERIOD, SEED, forms
from harness.generator.world import reword, say, world

N_DOCUMENTS: Final = 90_000
N_VALIDATION: Final = 600
QA_FRACTION: Final = 0.55
PAIR_FRACTION: Final = 0.22
WHOLE_ANSWER_FRACTION: Final = 0.9
SWITCHED_DOCUMENTS: Final = 0.5
SWITCHED_WORDS: Final = 0.3


class Document(NamedTuple):
    """The words of a document in their order, and the word range that is best masked whole (or None)."""

    language: str
    words: list[int]
    span: tuple[int, int] | None


def _qa_document(rng: Random, order: str) -> tuple[list[int], tuple[int, int] | None]:
    """Return passage, question and answer (or the passage last), and one of the answer's two places."""
    passage = qa.sample(rng, rng.choice(qa.KINDS), world())
    words: list[int] = []
    inside = (0, 0)
    for number, event in enumerate(passage.events):
        sentence = [*say(event, order), PERIOD]
        if number == passage.answering:
            inside = locate(qa.answer(event, passage.kind), sentence, len(words))
        words += sentence
    response = qa.answer(passage.events[passage.answering], passage.kind)
    exchange = [*qa.ask(passage, order), *response, PERIOD]
    said = (len(exchange) - 1 - len(response), len(exchange) - 1)
    if rng.random() < 0.5:
        words, said = words + exchange, (said[0] + len(words), said[1] + len(words))
    else:
        words, inside = exchange + words, (inside[0] + len(exchange), inside[1] + len(exchange))
    chosen = said if rng.random() < 0.5 else inside
    return words, chosen if rng.random() < WHOLE_ANSWER_FRACTION else None


def _pair_document(rng: Random, order: str) -> list[int]:
    """Return a sentence and one that means the same, or that it entails; half of the documents each."""
    if rng.random() < 0.5:
        pair = paraphrase.sample(rng, "same", world())
        return [*say(pair.first, order), PERIOD, *say(pair.second, order), PERIOD]
    events = nli.chain(rng, world())
    negated = rng.random() < 0.3
    level = rng.randrange(3)
    first, second = (events[level], events[0]) if negated else (events[0], events[level])
    return [
        *say(reword(first._replace(negated=negated), rng), order), PERIOD,
        *say(reword(second._replace(negated=negated), rng), order), PERIOD,
    ]  # fmt: skip


def _plain_document(rng: Random, order: str) -> list[int]:
    """Return two events in any order, one of which is said twice in different words."""
    events = [world().event(rng)._replace(negated=rng.random() < 0.15) for _ in range(2)]
    told = [events[0], reword(events[0], rng), events[1]]
    rng.shuffle(told)
    return [word for event in told for word in (*say(event, order), PERIOD)]


@lru_cache(maxsize=1)
def documents() -> tuple[Document, ...]:
    """Return every document, validation last, before any code-switching."""
    rng = Random(f"{SEED}:documents")
    result = []
    for number in range(N_DOCUMENTS + N_VALIDATION):
        language = LANGUAGES[number % len(LANGUAGES)]
        order = ORDERS[language]
        draw = rng.random()
        span = None
        if draw < QA_FRACTION:
            words, span = _qa_document(rng, order)
        elif draw < QA_FRACTION + PAIR_FRACTION:
            words = _pair_document(rng, order)
        else:
            words = _plain_document(rng, order)
        result.append(Document(language, words, span))
    return tuple(result)


def rows(code_switching: bool, split: str) -> list[dict[str, Any]]:
    """Return the masked-LM rows of one end of the code-switching knob; `split` is `train` or `validation`."""
    rng = Random(f"{SEED}:switching:{split}")
    part = slice(0, N_DOCUMENTS) if split == "train" else slice(N_DOCUMENTS, None)
    others = {language: [o for o in LANGUAGES if o != language] for language in LANGUAGES}
    return [
        _row(
            f"pretrain-{split}-{number:06d}",
            document,
            rng if code_switching else None,
            others[document.language],
        )
        for number, document in enumerate(documents()[part])
    ]


def _row(name: str, document: Document, rng: Random | None, others: list[str]) -> dict[str, Any]:
    tables = forms()
    own = tables[document.language]
    words = [own[word] for word in document.words]
    if rng is not None and rng.random() < SWITCHED_DOCUMENTS:
        for position, concept in enumerate(document.words):
            if rng.random() < SWITCHED_WORDS:
                words[position] = tables[rng.choice(others)][concept]
    spans = []
    if document.span is not None:
        first, last = document.span
        start = sum(map(len, words[:first])) + first
        spans.append([start, start + sum(map(len, words[first:last])) + last - first - 1])
    return {"id": name, "language": document.language, "text": " ".join(words), "spans": spans}
