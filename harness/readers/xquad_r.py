"""XQuAD-R (LAReQA): SQuAD's JSON with the sentences of each paragraph; also SQuAD itself, its sentences found here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from harness.readers._lines import text, value, wrong
from harness.readers.squad_json import paragraphs, questions
from harness.sentences import spans
from harness.spec.base import Spec

VERSION = 2


class Options(Spec):
    """`split` finds the sentences by their final marks, in files without `sentence_breaks`."""

    split: bool = False


def read(paths: Sequence[Path], *, options: Options, language: str) -> Iterator[dict[str, Any]]:
    """Yields a passage_retrieval row for each question that has an answer, with the file's own id.

    The sentences of its paragraph are its candidates, called `<language>-<paragraph>-<sentence>` by running numbers.
    Accepted is the one that the (first) answer begins in, and any other that says the same.
    """
    numbered = enumerate((path, paragraph) for path in paths for paragraph in paragraphs(path))
    for number, (path, paragraph) in numbered:
        context = text(paragraph, "context", path, None)
        breaks = spans(context) if options.split else _breaks(paragraph, context, path)
        sentences = [context[start:end] for start, end in breaks]
        names = [f"{language}-{number}-{i}" for i in range(len(sentences))]
        for question in questions(paragraph, path):
            if question["answers"]:
                first = question["answers"][0]
                # An answer of TyDiQA begins with the space before its sentence.
                begin = first["start"] + len(first["text"]) - len(first["text"].lstrip())
                target = next((i for i, (start, end) in enumerate(breaks) if start <= begin < end), None)
                if target is None:
                    raise wrong(path, None, f"question {question['id']}: no sentence holds character {begin}")
                yield {
                    "id": question["id"],
                    "question": question["question"],
                    "context": context,
                    "passages": sentences,
                    "names": names,
                    "accepted": [name for name, said in zip(names, sentences, strict=True) if said == sentences[target]],
                }


def _breaks(paragraph: dict[str, Any], context: str, path: Path) -> list[tuple[int, int]]:
    found = []
    for pair in value(paragraph, "sentence_breaks", path, None):
        if not isinstance(pair, list) or len(pair) != 2 or not all(isinstance(x, int) for x in pair):
            raise wrong(path, None, f"{pair!r} in sentence_breaks is not a start and an end")
        start, end = pair
        if not 0 <= start < end <= len(context):
            raise wrong(path, None, f"no sentence {start}:{end} in a paragraph of {len(context)} characters")
        found.append((start, end))
    return found
