"""The leaderboard's files: `<task>/test-<language>.<suffix>`, read and written in the benchmark's formats.

| format | suffix | predictions | gold |
|---|---|---|---|
| labels | tsv | a label a line | the same |
| choices | jsonl | an object with `label` a line | the same |
| tags | tsv | a tag a line, a blank line between sentences | the same |
| pairs | tsv | two ids with a tab between them a line | the same |
| squad | json | {question id: answer} | SQuAD's JSON |
| rankings | json | {query id: [ids, best first]} | {query id: [accepted ids]} |

The readings are those of XTREME's `evaluate.py`: lines are stripped, and questions and queries without a prediction count
as wrong. What it would take without a word and score wrongly (lines that do not match up, halves of pairs) is an error here.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import Problem, SpecError
from harness.spec.benchmark import Format

SUFFIXES: dict[Format, str] = {
    "labels": "tsv",
    "choices": "jsonl",
    "tags": "tsv",
    "pairs": "tsv",
    "squad": "json",
    "rankings": "json",
}


@dataclass(frozen=True)
class Matched:
    """Gold and predictions of one task and language, matched up as the metrics take them.

    `n_missing` counts the questions or queries without a prediction, which are in neither list.
    """

    gold: list[Any]
    predicted: list[Any]
    n_missing: int = 0


def place(folder: Path, task: str, language: str, form: Format) -> Path:
    """Returns where the file of a task and language stands in a folder."""
    return folder / task / f"test-{language}.{SUFFIXES[form]}"


def match(predictions: Path, labels: Path, form: Format) -> Matched:
    """Reads a file of predictions and its file of gold. Raises SpecError with file and line for what does not fit."""
    if form in ("labels", "choices"):
        read = _labels if form == "labels" else _choices
        gold, predicted = read(labels), read(predictions)
        _same_length(gold, predicted, labels, predictions, "lines")
        matched = Matched(gold, predicted)
    elif form == "tags":
        matched = _match_tags(predictions, labels)
    elif form == "pairs":
        matched = _match_pairs(predictions, labels)
    else:
        accepted = _questions(labels) if form == "squad" else _accepted(labels)
        answers = _answers(predictions) if form == "squad" else _rankings(predictions)
        known = [(ids, answers[name]) for name, ids in accepted if name in answers]
        matched = Matched([gold for gold, _ in known], [guess for _, guess in known], len(accepted) - len(known))
    if not matched.gold and not matched.n_missing:
        raise _wrong(labels, None, "there is nothing in it to score", "put the gold of this task and language here")
    return matched


def write_predictions(path: Path, form: Format, ids: Sequence[str], values: Sequence[Any]) -> None:
    """Writes predictions of examples, as the metrics take them, for `match` and the leaderboard to read."""
    if form in ("squad", "rankings"):
        _write_json(path, dict(zip(ids, values, strict=True)))
    else:
        _write_lines(path, form, ids, values)


def write_gold(path: Path, form: Format, ids: Sequence[str], values: Sequence[Any]) -> None:
    """Writes the gold of examples, as the metrics take it. Contexts and questions are left empty: no scorer reads them."""
    if form == "squad":
        qas = [
            {"id": name, "question": "", "answers": [{"text": text, "answer_start": 0} for text in answers]}
            for name, answers in zip(ids, values, strict=True)
        ]
        _write_json(path, {"version": "1.1", "data": [{"title": "", "paragraphs": [{"context": "", "qas": qas}]}]})
    else:
        write_predictions(path, form, ids, values)


def _write_lines(path: Path, form: Format, ids: Sequence[str], values: Sequence[Any]) -> None:
    if form == "tags":
        blocks = ["".join(f"{tag}\n" for tag in tags) for tags in values]
        text = "\n".join(blocks)
    elif form == "choices":
        text = "".join(json.dumps({"label": int(value)}) + "\n" for value in values)
    elif form == "pairs":
        text = "".join(f"{name}\t{other}\n" for name, others in zip(ids, values, strict=True) for other in others)
    else:
        text = "".join(f"{value}\n" for value in values)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _write_json(path: Path, value: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _wrong(path: Path, line: int | None, message: str, hint: str = "") -> SpecError:
    return SpecError([Problem(str(path), line, "", message, hint)])


def _lines(path: Path) -> list[str]:
    """Returns a file's lines, stripped: those that Python's own iteration over a text file gives."""
    try:
        with path.open(encoding="utf-8") as stream:
            return [line.strip() for line in stream]
    except UnicodeDecodeError as error:
        raise _wrong(path, None, f"not UTF-8: {error}", "write it as UTF-8") from None


def _same_length(gold: Sequence[Any], predicted: Sequence[Any], labels: Path, predictions: Path, what: str) -> None:
    if len(gold) != len(predicted):
        line = min(len(gold), len(predicted)) + 1 if what == "lines" else None
        hint = "there must be one prediction for each, in the same order"
        raise _wrong(predictions, line, f"{len(predicted)} {what}, but {len(gold)} in {labels}", hint)


def _labels(path: Path) -> list[str]:
    return _lines(path)


def _choices(path: Path) -> list[Any]:
    labels = []
    for number, line in enumerate(_lines(path), start=1):
        try:
            labels.append(json.loads(line)["label"])
        except (ValueError, KeyError, TypeError, RecursionError):
            raise _wrong(path, number, "no JSON object with `label`", 'a line is like {"label": 1}') from None
    return labels


def _match_tags(predictions: Path, labels: Path) -> Matched:
    gold, predicted = _sentences(labels), _sentences(predictions)
    _same_length(gold, predicted, labels, predictions, "sentences")
    for (_, tags), (line, guesses) in zip(gold, predicted, strict=True):
        if len(tags) != len(guesses):
            hint = "there must be one tag a word, and a blank line after each sentence"
            raise _wrong(predictions, line, f"a sentence of {len(guesses)} tags, but of {len(tags)} in {labels}", hint)
    return Matched([tags for _, tags in gold], [tags for _, tags in predicted])


def _sentences(path: Path) -> list[tuple[int, list[str]]]:
    """Returns the tags of each sentence and the line it begins in. Every blank line ends one, be it an empty one."""
    sentences: list[tuple[int, list[str]]] = []
    start, tags = 1, list[str]()
    for number, line in enumerate(_lines(path), start=1):
        if line:
            tags.append(line)
        else:
            sentences.append((start, tags))
            start, tags = number + 1, []
    return [*sentences, (start, tags)] if tags else sentences


def _match_pairs(predictions: Path, labels: Path) -> Matched:
    gold, predicted = _pairs(labels), _pairs(predictions)
    names = list(dict.fromkeys((*gold, *predicted))) if gold else []
    return Matched([gold.get(name, []) for name in names], [predicted.get(name, []) for name in names])


def _pairs(path: Path) -> dict[str, list[str]]:
    pairs: dict[str, list[str]] = {}
    for number, line in enumerate(_lines(path), start=1):
        name, tab, other = line.partition("\t")
        if not tab or "\t" in other:
            raise _wrong(path, number, f"{line!r} is not two ids with a tab between them", "write a pair a line")
        pairs.setdefault(name, []).append(other)
    return pairs


def _json(path: Path) -> Any:
    """Returns a file's JSON, and what stands under `data` where there is such a field."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError as error:
        raise _wrong(path, None, f"not UTF-8: {error}", "write it as UTF-8") from None
    except (ValueError, RecursionError) as error:
        raise _wrong(path, getattr(error, "lineno", None), f"not JSON: {error}", "see harness.leaderboard") from None
    return found["data"] if isinstance(found, dict) and "data" in found else found


def _questions(path: Path) -> list[tuple[str, list[str]]]:
    """Returns the id and the accepted answers of each question of SQuAD's JSON, in its order."""
    found = []
    for a, article in enumerate(_list(path, _json(path), "data")):
        for p, paragraph in enumerate(
            _list(path, _field(path, article, "paragraphs", f"data[{a}]"), f"data[{a}].paragraphs")
        ):
            where = f"data[{a}].paragraphs[{p}]"
            for q, question in enumerate(_list(path, _field(path, paragraph, "qas", where), f"{where}.qas")):
                here = f"{where}.qas[{q}]"
                name = _text(path, _field(path, question, "id", here), f"{here}.id")
                answers = _list(path, _field(path, question, "answers", here), f"{here}.answers")
                texts = [_text(path, _field(path, answer, "text", here), f"{here}.answers") for answer in answers]
                found.append((name, texts))
    return found


def _answers(path: Path) -> dict[str, str]:
    found = _object(path)
    return {name: _text(path, answer, name) for name, answer in found.items()}


def _rankings(path: Path) -> dict[str, list[str]]:
    found = _object(path)
    return {name: [_text(path, one, name) for one in _list(path, ids, name)] for name, ids in found.items()}


def _accepted(path: Path) -> list[tuple[str, list[str]]]:
    return [(name, [one.strip() for one in ids]) for name, ids in _rankings(path).items()]


def _object(path: Path) -> dict[str, Any]:
    found = _json(path)
    if not isinstance(found, dict):
        raise _wrong(path, None, f"a {type(found).__name__} where an object by id is needed", "see harness.leaderboard")
    return found


def _field(path: Path, value: Any, name: str, where: str) -> Any:
    if not isinstance(value, dict) or name not in value:
        raise SpecError([Problem(str(path), None, where, f"no field {name!r}", "this must be SQuAD's JSON")])
    return value[name]


def _list(path: Path, value: Any, where: str) -> list[Any]:
    if not isinstance(value, list):
        raise SpecError([Problem(str(path), None, where, f"a {type(value).__name__} where a list is needed")])
    return value


def _text(path: Path, value: Any, where: str) -> str:
    if not isinstance(value, str):
        raise SpecError([Problem(str(path), None, where, f"{value!r} is not a text")])
    return value
