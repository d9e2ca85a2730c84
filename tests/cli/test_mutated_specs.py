"""Hundreds of broken specs: each is refused with exit code 2, its file, a line and the word that is wrong.

A mutation is wrong by construction: what it does is forbidden wherever it is done. Nothing is tried and dropped.
"""

from __future__ import annotations

import copy
import json
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin

import pytest

from harness.check import KINDS, kind_of
from harness.spec import document
from harness.spec.base import Spec

ROOT = Path(__file__).resolve().parents[2]
FILES = [*sorted((ROOT / "specs").rglob("*.yaml")), ROOT / "claims.yaml"]
Loc = tuple[str | int, ...]
PER_FILE = 4


@dataclass(frozen=True)
class Mutant:
    """A file with one thing wrong, and a word that the message must hold."""

    file: str
    what: str
    text: str | bytes
    word: str

    def __str__(self) -> str:
        return f"{self.file} {self.what}"


def specs_in(annotation: Any, value: Any, loc: Loc = ()) -> Iterator[tuple[Loc, type[Spec]]]:
    """Yield the place and the model of every spec inside a value."""
    if get_origin(annotation) is Annotated:
        yield from specs_in(get_args(annotation)[0], value, loc)
    elif isinstance(annotation, type) and issubclass(annotation, Spec):
        yield loc, annotation
        for name, field in annotation.model_fields.items():
            if value.get(name) is not None:
                yield from specs_in(field.annotation, value[name], (*loc, name))
    elif get_origin(annotation) is tuple and isinstance(value, list):
        for i, item in enumerate(value):
            yield from specs_in(get_args(annotation)[0], item, (*loc, i))
    elif get_origin(annotation) is dict:
        for key, item in value.items():
            yield from specs_in(get_args(annotation)[1], item, (*loc, key))
    elif isinstance(value, dict):
        kinds = [m for m in get_args(annotation) if isinstance(m, type) and issubclass(m, Spec)]
        named = [m for m in kinds if "kind" in value and value["kind"] in get_args(m.model_fields["kind"].annotation)]
        for model in named or kinds[:1]:
            yield from specs_in(model, value, loc)


def at(data: Any, loc: Loc) -> Any:
    for part in loc:
        data = data[part]
    return data


def other_type(value: Any) -> Any:
    """Return a value of a type that no field takes that takes `value`; None has none."""
    return {str: 3, bool: "maybe", int: "word", float: "word", list: {"a": 1}, dict: [1]}[type(value)]


def changed(data: Any, loc: Loc, key: str, value: Any, new: str | None = None) -> Any:
    """Return a copy of data whose field `key` at `loc` is gone, or stands there as `new` with another value."""
    copied = copy.deepcopy(data)
    place = at(copied, loc)
    place.pop(key, None)
    if new is not None:
        place[new] = value
    return copied


def structural(data: Any, model: type[Spec]) -> Iterator[tuple[str, tuple[Any, ...], str]]:
    """Yield every way to drop, misspell, add or mistype one field of a file, as arguments of `changed`."""
    for loc, kind in specs_in(model, data):
        mapping = at(data, loc)
        where = document.dotted(loc)
        yield f"unknown field in {where}", (loc, "", 1, "colour"), "colour: unknown field"
        for key, value in mapping.items():
            name = f"{where}.{key}"
            if kind.model_fields[key].is_required():
                yield f"without {name}", (loc, key, None), f"{key}: this field is required"
            yield f"misspelt {name}", (loc, key, value, key[:-1] + "q"), f"{key[:-1]}q: unknown field"
            if value is not None:
                yield f"other type of {name}", (loc, key, other_type(value), key), key
            if isinstance(value, int | float) and not isinstance(value, bool):
                yield f"huge {name}", (loc, key, 10**30, key), "64 bits"
                if key != "value":
                    yield f"negative {name}", (loc, key, -(abs(value) or 1), key), key


def textual(text: str) -> Iterator[tuple[str, str | bytes, str]]:
    """Yield ways to break a file as text: each is no YAML, or YAML that specs refuse."""
    first = re.search(r"^\w+: .*\n", text, re.MULTILINE)
    second = re.search(r"^\w+:", text[first.end() :], re.MULTILINE)
    opening = [match.end() for match in re.finditer(r"[:-] [\[{]", text)]
    yield "empty", "", "empty"
    yield "only a comment", "# nothing\n", "empty"
    if opening:
        yield "cut in the middle", text[: opening[len(opening) // 2]], "not YAML"
        yield "cut near the end", text[: opening[-1]], "not YAML"
    yield "one line indented", f"{text[: first.end()]}  {text[first.end() :][second.start() :]}", "not YAML"
    yield "tab before the first key", f"\t{text[first.start() :]}", "not YAML"
    yield "bracket left open", f"{text}\nx: [1, 2\n", "not YAML"
    yield "bracket never opened", f"{text}\nx: ]\n", "not YAML"
    yield "quote left open", f'{text}\nx: "abc\n', "not YAML"
    yield "alias to nothing", f"{text}\nx: *nowhere\n", "alias"
    yield "alias to itself", f"{text}\nx: &x [*x]\n", "anchors and aliases"
    yield "anchor", text.replace(": ", ": &a ", 1), "anchors and aliases"
    yield "merge key", f"{text}\n<<: {{a: 1}}\n", "plain words"
    yield "doubled key", f"{text}\n{first.group()}", "twice"
    yield "two documents", f"{text}\n---\n{text}", "another document"
    yield "tag", f"{text}\nx: !function os.system\n", "!function"
    yield "a list", "".join(f"- {line}\n" for line in ("a", "b")), "object"
    yield "nested deep", f"{text}\nx: {'[' * 300}{']' * 300}\n", "nested deeper"
    yield "not a number", f"{text}\nx: .nan\n", "finite"
    yield "control character", f"{text}\nx: \x07\n", "U+0007"
    yield "Latin-1", f"{text}\nx: \xe9\n".encode("latin-1"), "UTF-8"
    yield "UTF-16", text.encode("utf-16"), "UTF-8"
    yield "binary", b"\x89PNG\r\n\x1a\n\x00\x00", "UTF-8"


# File → what is wrong with it, the place that is set, the new value (or what makes it of the old one), and a word of the
# message.
SHA = "0" * 64
RATE = {"learning_rate": 0.1}
TRAINING = RATE | {"epochs": 1, "batch_examples": 8}
HUB = {"id": "a/b", "revision": "main"}
XNLI_ROWS = {"reader": {"name": "tsv"}, "files": [{"sha256": SHA, "url": "https://example.org/a"}]}
SPLIT: Loc = ("splits", "test", "la", 0)
FILE: Loc = (*SPLIT, "files", 0)
OPEN_PART: Loc = ("editions", "open", "splits", "validation", "en", 0)


def apart(words: str) -> dict[str, str]:
    """Return a `disjoint_from` of the task, split and language that words name."""
    return dict(zip(("task", "split", "language"), words.split(), strict=True)) | {"field": "text_a"}


# fmt: off
MEANINGS: dict[str, list[tuple[str, Loc, Any, str]]] = {
    "tasks/mini_nli": [
        ("name of another file", ("name",), "mini_ner", "is not the file's name"),
        ("misspelt family", ("family",), "sequence_clasification", "did you mean 'sequence_classification'"),
        ("family that is a metric", ("family",), "chunk_f1", "family"),
        ("family of other options", ("family",), "extractive_qa", "max_length"),
        ("misspelt metric", ("metrics",), ["acuracy"], "did you mean 'accuracy'"),
        ("metric of another family", ("metrics",), ["chunk_f1"], "does not score"),
        ("no metric", ("metrics",), [], "at least one metric"),
        ("doubled metric", ("metrics",), ["accuracy", "accuracy"], "twice"),
        ("misspelt baseline", ("trivial",), ["majorty"], "did you mean 'majority'"),
        ("misspelt reader", ("reader", "name"), "jsonl_rowz", "did you mean 'jsonl_rows'"),
        ("option that its reader has not", ("reader", "options"), {"colour": 1}, "colour"),
        ("no reader", ("reader",), None, "reader"),
        ("option that its family has not", ("options", "max_lenght"), 3, "did you mean 'max_length'"),
        ("option of another type", ("options", "max_length"), "long", "options.max_length"),
        ("negative option", ("options", "max_length"), -3, "options.max_length"),
        ("no labels", ("labels",), [], "two labels"),
        ("doubled label", ("labels",), ["a", "b", "a"], "twice"),
        ("unknown role", ("role",), "targets", "did you mean 'target'"),
        ("version nought", ("version",), 0, "version"),
        ("language without rows", ("languages",), ["en", "qq"], "qq"),
        ("language in words", ("languages", 0), "english", "languages[0]"),
        ("language in capitals", ("languages", 0), "EN", "languages[0]"),
        ("doubled language", ("languages", 1), "en", "twice"),
        ("no languages", ("languages",), [], "languages"),
        ("rows in a language it has not", ("splits", "test", "qq"), [XNLI_ROWS], "'qq'"),
        ("training language without rows", ("train_language",), "le", "train_language"),
        ("unknown split", ("splits", "dev"), {}, "dev"),
        ("no rows", ("splits", "test", "la"), [{"files": []}], "files"),
        ("short digest", (*FILE, "sha256"), SHA[1:], "sha256"),
        ("digest in capitals", (*FILE, "sha256"), "A" * 64, "sha256"),
        ("file from two places", (*FILE, "url"), "https://example.org/a", "exactly one of url"),
        ("file from nowhere", FILE, {"sha256": SHA}, "exactly one of url"),
        ("file from a path", FILE, {"sha256": SHA, "url": "file:///etc/passwd"}, "url"),
        ("file of a short revision", FILE, {"sha256": SHA, "hub": {**HUB, "path": "c"}}, "revision"),
        ("file of an unpinned wheel", FILE, {"sha256": SHA, "packaged": {"requirement": "a", "member": "b"}}, "requirement"),
        ("file that is not generated", (*FILE, "generated"), "nli.test.xx.jsonl", "nli.test."),
        ("slice that ends before it begins", (*SPLIT, "start"), 5000, "slice"),
        ("slice beyond the rows", (*SPLIT, "stop"), 5000, "slice"),
        ("kept apart from no task", (*SPLIT, "disjoint_from"), apart("mini_nly train en"), "mini_nli"),
        ("kept apart from no language", (*SPLIT, "disjoint_from"), apart("mini_nli train qq"), "'qq'"),
        ("kept apart from itself", (*SPLIT, "disjoint_from"), apart("mini_nli test la"), "kept apart from itself"),
    ],
    "tasks/squad_v1": [
        ("stride that does not fit", ("options", "doc_stride"), 380, "must not exceed max_length"),
        ("unknown context", ("options", "context"), "page", "options.context"),
    ],
    "tasks/mnli": [
        ("nothing to train on", ("splits",), {}, "train split"),
        ("kept apart in a circle", (*OPEN_PART, "disjoint_from"), apart("mnli train en"), "from itself"),
        ("option of an edition", ("editions", "open", "options"), {"max_lenght": 3}, "did you mean 'max_length'"),
        ("edition without rows", ("editions", "open", "splits"), {}, "train split"),
        ("reader of an edition", (*OPEN_PART, "reader", "name"), "tvs", "did you mean 'tsv'"),
    ],
    "tasks/mlqa": [
        ("fine-tuned as a misspelt task", ("finetuned_as",), "xqaud", "did you mean 'xquad'"),
        ("fine-tuned as a task of another family", ("finetuned_as",), "xnli", "here a extractive_qa task is needed"),
        ("fine-tuned as one that is fine-tuned as another", ("finetuned_as",), "addsent", "has no training rows"),
    ],
    "tasks/masakhaner": [
        ("fine-tuned as a task with other labels", ("finetuned_as",), "udpos", "has other labels"),
    ],
    "tasks/mini_pretrain_n1": [
        ("fraction over one", ("options", "mask_fraction"), 1.5, "mask_fraction"),
        ("metric that masked LM has not", ("metrics",), ["accuracy"], "does not score"),
    ],
    "studies/open": [
        ("name of another file", ("name",), "closed", "is not the file's name"),
        ("misspelt encoder", ("vary", "encoder"), ["multilingual-e5-smal"], "'multilingual-e5-small'"),
        ("encoder that is a task", ("vary", "encoder"), ["xnli"], "no encoder 'xnli'"),
        ("misspelt arm", ("vary", "intermediate"), ["none", "mnly"], "did you mean 'mnli'"),
        ("misspelt target", ("vary", "target"), lambda targets: [*targets, "xnly"], "did you mean 'xnli'"),
        ("target that is only trained on", ("vary", "target"), lambda targets: [*targets, "mnli"], "it cannot be evaluated"),
        ("doubled seed", ("vary", "seed"), [1, 1], "each value once"),
        ("negative seed", ("vary", "seed"), [-1], "seed"),
        ("no seed", ("vary", "seed"), [], "seed"),
        ("seed in words", ("vary", "seed"), ["one"], "seed"),
        ("seed that is a fraction", ("vary", "seed"), [1.5], "seed"),
        ("arm of the baseline's name", ("intermediate", "none"), {"tasks": ["mnli"], "training": TRAINING}, "baseline"),
        ("arm on a misspelt task", ("intermediate", "mnli", "tasks"), ["mnly"], "did you mean 'mnli'"),
        ("arm on the same task twice", ("intermediate", "mnli", "tasks"), ["mnli", "mnli"], "each task once"),
        ("arm on no task", ("intermediate", "mnli", "tasks"), [], "tasks"),
        ("arm on a task without a loss", ("intermediate", "mnli", "tasks"), ["tatoeba"], "no loss"),
        ("arm on a language without rows", ("intermediate", "mnli", "translate_to"), ["qq"], "translation"),
        ("masked LM on another family", ("intermediate", "mnli", "mlm"), {"task": "mnli", "fraction": 0.1}, "masked_lm"),
        ("masked LM always", ("intermediate", "mnli", "mlm"), {"task": "mini_pretrain_n1", "fraction": 1.0}, "fraction"),
        ("temperature without its sampling", ("intermediate", "mnli", "temperature"), 2.0, "sampling"),
        ("unknown sampling", ("intermediate", "mnli", "sampling"), "unifrom", "did you mean 'uniform'"),
        ("training of no target", ("training", "mnli"), TRAINING, "not a target"),
        ("misspelt training", ("training", "xqaud"), TRAINING, "did you mean 'xquad'"),
        ("training of a target without a loss", ("training", "tatoeba"), TRAINING, "no loss"),
        ("target without training", ("training",), {}, "training"),
        ("epochs and steps", ("training", "xnli"), {**TRAINING, "max_steps": 3}, "epochs, max_steps"),
        ("neither epochs nor steps", ("training", "xnli"), RATE | {"batch_examples": 8}, "epochs, max_steps"),
        ("two batch sizes", ("training", "xnli"), {**TRAINING, "batch_tokens": 9}, "batch_examples, batch_tokens"),
        ("no batch size", ("training", "xnli"), RATE | {"epochs": 1}, "batch_examples, batch_tokens"),
        ("patience nought", ("training", "xnli", "early_stopping"), {"every_steps": 5, "patience": 0}, "patience"),
        ("three betas", ("training", "xnli"), {**TRAINING, "betas": [0.9, 0.9, 0.9]}, "betas"),
        ("unknown split", ("split",), "dev", "split"),
        ("split that no target has", ("split",), "intermediate", "has no intermediate rows"),
        ("language that no target has", ("languages",), ["en", "qq"], "'qq'"),
        ("languages of no target", ("languages",), ["qq"], "none of these is a language"),
        ("expression", ("max_test_examples",), "${n}", "max_test_examples"),
        ("rows of no target", ("max_test_examples",), {"xnil": 9}, "did you mean"),
    ],
    "models/mini": [
        ("name of another file", ("name",), "maxi", "is not the file's name"),
        ("two sources", ("hub",), {**HUB, "revision": "0" * 40}, "exactly one of trained"),
        ("no source", ("trained",), None, "exactly one of trained"),
        ("misspelt task", ("trained", "task"), "mini_pretrian_n1", "did you mean 'mini_pretrain_n1'"),
        ("task of another family", ("trained", "task"), "mini_nli", "masked_lm"),
        ("unknown pooling", ("pooling",), "meen", "did you mean 'mean'"),
        ("unknown precision", ("precision",), "float16", "precision"),
        ("layer above the last", ("retrieval", "layer"), 99, "layer"),
        ("layer below the first", ("retrieval", "layer"), -1, "layer"),
        ("no pieces", ("trained", "tokenizer"), {"n_pieces": 0}, "n_pieces"),
    ],
    "models/xlmr-base": [
        ("branch for a revision", ("hub", "revision"), "main", "revision"),
        ("hub without an owner", ("hub", "id"), "xlm-roberta-base", "id"),
    ],
    "benchmarks/xtreme": [
        ("name of another file", ("name",), "xtrem", "is not the file's name"),
        ("task twice in a group", ("groups", "classification"), ["xnli", "xnli"], "given twice: xnli"),
        ("task of a group without scoring", ("groups", "classification"), ["xnlli"], "did you mean 'xnli'"),
        ("format that there is not", ("scoring", "xnli", "format"), "label", "format"),
        ("metric that is none", ("scoring", "xnli", "metrics"), ["acuracy"], "did you mean 'accuracy'"),
        ("metric of another format", ("scoring", "xnli", "metrics"), ["squad_f1"], "does not score labels"),
        ("language twice", ("scoring", "xnli", "languages"), ["en", "en"], "given twice: en"),
        ("no groups", ("groups",), {}, "groups"),
        ("group that is a word", ("groups", "qa"), "xquad", "groups.qa"),
    ],
    "reference/phang2020": [
        ("name of another file", ("name",), "phang2021", "is not the file's name"),
        ("number of no system", ("numbers", 1, "system"), "x-stilts-leaderbord", "did you mean 'x-stilts-leaderboard'"),
        ("number on a misspelt task", ("numbers", 0, "task"), "xnly", "did you mean 'xnli'"),
        ("number in a metric that its task has not", ("numbers", 0, "metric"), "f1", "does not score xnli"),
        ("number of a mean that is a task", ("numbers", 0, "metric"), "task_mean", "does not score xnli"),
        ("number of a benchmark that is no mean", ("numbers", 10, "metric"), "accuracy", "of a benchmark"),
        ("number of no group", ("numbers", 10, "groups"), ["tagginq"], "did you mean 'tagging'"),
        ("number of a task with groups", ("numbers", 0, "groups"), ["qa"], "groups are those of a benchmark"),
        ("misspelt metric", ("numbers", 0, "metric"), "acuracy", "did you mean 'accuracy'"),
        ("number of no language", ("numbers", 0, "language"), "qq", "no language 'qq'"),
        ("number over a hundred", ("numbers", 0, "value"), 800, "numbers[0].value"),
        ("number below nought", ("numbers", 0, "value"), -80.0, "no score in percent"),
        ("number twice", ("numbers", 1), lambda number: {**number, "task": "xnli"}, "the same as numbers[0]"),
        ("number on trust", ("numbers", 0, "confidence"), "remembered", "confidence"),
        ("gain over nothing", ("systems", "x-stilts", "over"), None, "a gain over what"),
        ("gain over no system", ("systems", "x-stilts", "over"), "xlmr-lage", "did you mean 'xlmr-large'"),
        ("unknown role", ("systems", "x-stilts", "role"), "base", "role"),
        ("gap on a misspelt task", ("not_found", 0, "tasks", 0), "bucc2017", "did you mean 'bucc2018'"),
    ],
    "reference/ruder2021": [
        ("neither numbers nor gaps", ("not_found",), [], "give numbers"),
    ],
    "claims": [
        ("misspelt kind", ("claims", 0, "parts", 0, "kind"), "graeter", "did you mean 'greater'"),
        ("part without a kind", ("claims", 0, "parts", 0), {"arm": {"intermediate": ["mnli"]}}, "kind"),
        ("arm on a misspelt task", ("claims", 0, "parts", 0, "arm"), {"intermediate": ["squad_v3"]}, "squad_v"),
        ("arm that no study has", ("claims", 0, "parts", 0, "arm"), {"intermediate": ["mnli", "tatoeba"]}, "no study can"),
        ("misspelt arm", ("claims", 0, "parts", 0, "arm"), "mean_of_al", "arm"),
        ("arm of a size that is a number", ("claims", 0, "parts", 1, "arm"), 3, "claims[0].parts[1].arm"),
        ("misspelt target", ("claims", 3, "parts", 0, "targets"), ["tydiqaa"], "did you mean 'tydiqa'"),
        ("misspelt group", ("claims", 2, "parts", 1, "group"), "retreival", "did you mean 'retrieval'"),
        ("misspelt benchmark", ("benchmark",), "xtrem", "did you mean 'xtreme'"),
        ("doubled id", ("claims", 1, "id"), "C1", "id given twice"),
        ("id with a blank", ("claims", 1, "id"), "C 1", "id"),
        ("no parts", ("claims", 0, "parts"), [], "parts"),
        ("no claims", ("claims",), [], "claims"),
        ("alpha that errs half of the time", ("claims", 0, "parts", 0, "alpha"), 0.5, "alpha"),
        ("provenance of nothing", ("claims", 6, "parts", 0), {"kind": "provenance"}, "at least one of"),
        ("unknown phase", ("claims", 7, "parts", 0, "phases"), ["pretraining"], "phases"),
        ("unknown intermediate task", ("claims", 8, "parts", 0, "intermediate_tasks", 0), "anly", "did you mean 'anli'"),
        ("field that no training has", ("training", "learning_rat"), 0.1, "did you mean 'learning_rate'"),
        ("schema of tomorrow", ("schema_version",), 2, "schema_version"),
        ("attack that no study has", ("claims", 0, "parts", 0, "attack"), "typo@0.77", "evaluates under"),
        ("attack without a strength", ("claims", 0, "parts", 0, "attack"), "typo", "attack"),
        ("drop of nothing", ("claims", 0, "parts", 0, "quantity"), "drop", "under which `attack`"),
    ],
    "attacks/typo": [
        ("misspelt kind", ("kind",), "tipo", "did you mean 'typo'"),
        ("option that it has not", ("options",), {"kind": ["swap"]}, "did you mean 'kinds'"),
        ("option of another type", ("options",), {"keep_first": "yes"}, "keep_first"),
        ("field that no family has", ("options",), {"fields": ["body"]}, "fields"),
        ("name of another file", ("name",), "case", "is not the file's name"),
    ],
    "studies/robustness": [
        ("misspelt attack", ("attacks", "tipo"), [0.1], "did you mean 'typo'"),
        ("attack that does nothing", ("attacks", "typo"), [0.0], "typo"),
        ("attack that is too strong", ("attacks", "typo"), [1.1], "typo"),
        ("no strength", ("attacks", "typo"), [], "at least one"),
        ("doubled strength", ("attacks", "typo"), [0.1, 0.1], "each once"),
        ("attack on no target", ("attacks", "entity_swap"), [1.0], "attacks no target of this study"),
        ("no lexicon", ("lexicon",), None, "name the task of parallel sentences"),
        ("misspelt lexicon", ("lexicon",), "mini_retrival", "did you mean 'mini_retrieval'"),
        ("misspelt measure", ("similarity",), ["jensen_shanon"], "did you mean 'jensen_shannon'"),
        ("misspelt edition of an arm", ("intermediate", "qa_25", "edition"), "overlap_20", "did you mean 'overlap_"),
    ],
}
# fmt: on


def dumps(data: Any) -> str:
    """Return data as JSON, which is YAML too, a line a value."""
    return json.dumps(data, ensure_ascii=False, indent=1)


def all_mutants() -> list[Mutant]:
    """Return the same mutants on every machine: a draw of the structural ones, a turn of the textual ones, all others."""
    draw = random.Random(2020)
    mutants = []
    for number, path in enumerate(FILES):
        name, data = str(path.relative_to(ROOT)), document.read(path)[0]
        found = list(structural(data, KINDS[kind_of(path)]))
        chosen = draw.sample(found, min(PER_FILE, len(found)))
        mutants += [Mutant(name, what, dumps(changed(data, *edit)), word) for what, edit, word in chosen]
        broken = list(textual(path.read_text(encoding="utf-8")))
        turn = [broken[(PER_FILE * number + i) % len(broken)] for i in range(PER_FILE)]
        mutants += [Mutant(name, *each) for each in turn]
    for stem, wrong in MEANINGS.items():
        name = "claims.yaml" if stem == "claims" else f"specs/{stem}.yaml"
        for what, (*loc, last), value, word in wrong:
            data = document.read(ROOT / name)[0]
            place = at(data, tuple(loc))
            place[last] = value(place[last]) if callable(value) else value
            mutants.append(Mutant(name, what, dumps(data), word))
    return mutants


MUTANTS = all_mutants()


@pytest.fixture
def written(pristine: Path) -> Iterator[Any]:
    """Return a function that writes a mutant in its place; the sound file is put back afterwards."""
    kept: dict[Path, bytes] = {}

    def write(mutant: Mutant) -> Path:
        path = pristine / mutant.file
        kept[path] = path.read_bytes()
        content = mutant.text.encode() if isinstance(mutant.text, str) else mutant.text
        path.write_bytes(content)
        return path

    yield write
    for path, content in kept.items():
        path.write_bytes(content)


def assert_refused(done: Any, mutant: Mutant) -> None:
    assert done.code == 2, done.err
    assert done.out == ""
    assert "Traceback" not in done.err
    assert mutant.word in done.err
    lines = re.findall(rf"^(?:error: )?{re.escape(mutant.file)}:(\d+): ", done.err, re.MULTILINE)
    assert lines, done.err
    text = mutant.text if isinstance(mutant.text, str) else mutant.text.decode("latin-1")
    assert 1 <= int(lines[0]) <= text.count("\n") + 1


def test_there_are_at_least_300() -> None:
    assert len(MUTANTS) >= 300
    assert len({(m.file, m.text) for m in MUTANTS}) >= 300
    assert len({str(m) for m in MUTANTS}) == len(MUTANTS)
    assert {m.file for m in MUTANTS} == {str(path.relative_to(ROOT)) for path in FILES}


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_what_is_mutated_is_sound(path, pristine, written, harness) -> None:
    name = str(path.relative_to(ROOT))
    written(Mutant(name, "as it is", dumps(document.read(path)[0]), ""))
    done = harness("validate", name, cwd=pristine)
    assert (done.code, done.out, done.err) == (0, "1 file valid\n", "")


@pytest.mark.parametrize("mutant", MUTANTS, ids=str)
def test_a_mutant_is_refused(mutant, pristine, written, harness) -> None:
    written(mutant)
    assert_refused(harness("validate", mutant.file, cwd=pristine), mutant)


@pytest.mark.parametrize("mutant", MUTANTS[:: len(MUTANTS) // 9], ids=str)
def test_a_mutant_is_refused_by_the_real_program(mutant, pristine, written, process) -> None:
    written(mutant)
    assert_refused(process("validate", mutant.file, cwd=pristine), mutant)


OF_STUDIES = [m for m in MUTANTS if m.file == "specs/studies/open.yaml"][::16]


@pytest.mark.parametrize("command", ["run", "plan", "report", "verify"])
@pytest.mark.parametrize("mutant", OF_STUDIES, ids=str)
def test_no_command_takes_a_broken_study(command, mutant, pristine, written, harness) -> None:
    written(mutant)
    arguments = ["claims.yaml", "--study", mutant.file] if command == "verify" else [mutant.file]
    assert_refused(harness(command, *arguments, cwd=pristine), mutant)
    assert not (pristine / "store").exists()


def test_every_problem_of_every_file_is_told_at_once(workspace, harness) -> None:
    for name, wrong in (("xnli", "familiy: x"), ("panx", "versoin: 1")):
        path = workspace / "specs" / "tasks" / f"{name}.yaml"
        path.write_text(f"{path.read_text()}\n{wrong}\nlicense: none\n")
    done = harness("validate", cwd=workspace)
    assert done.code == 2
    for name, hint in (("xnli", "did you mean 'family'"), ("panx", "did you mean 'version'")):
        told = [line for line in done.err.splitlines() if f"tasks/{name}.yaml:" in line]
        assert len(told) == 2
        assert any(hint in line for line in told)
