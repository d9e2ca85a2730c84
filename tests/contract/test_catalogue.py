"""Every task, metric, family, reader and source: what the floors above and below rely on."""

from __future__ import annotations

import inspect
import re
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness import data as pinned
from harness import plugin
from harness.canon import dumps
from harness.check import FITTING, is_trained
from harness.data import DataFolder
from harness.errors import HarnessError
from harness.mirror import find_in_mirror
from harness.spec.base import Spec
from harness.spec.catalog import Catalog
from harness.spec.data import Reader
from harness.spec.task import TaskSpec

ROOT = Path(__file__).resolve().parents[2]
CATALOG = Catalog(ROOT / "specs")
FAMILIES = plugin.names("harness.families")
EDITIONS = [(edition, name) for name in CATALOG.names("tasks") for edition in ("", *CATALOG.editions(name))]
every_edition = pytest.mark.parametrize(("edition", "name"), EDITIONS, ids=[f"{n} {e or 'own'}" for e, n in EDITIONS])
# What is at hand here: generated, or in an edition of files that are open to everyone.
OPEN = CATALOG.in_edition("open")
TEXT_OR_NONE = (str, type(None))


def check_row(row: dict[str, Any], task: TaskSpec) -> None:
    """Hold a row against the form of its family: these fields, of these types, `hints` and `group`, nothing else."""
    forms: dict[str, dict[str, type | tuple[type, ...]]] = {
        "sequence_classification": {"text_a": str, "text_b": TEXT_OR_NONE, "label": str},
        "token_classification": {"tokens": list, "tags": list},
        "extractive_qa": {"question": str, "context": str, "answers": list},
        "multiple_choice": {"prompt": str, "choices": list, "label": int},
        "sentence_retrieval": {"source": str, "target": str},
        "bitext_mining": {"source": TEXT_OR_NONE, "target": TEXT_OR_NONE, "source_id": TEXT_OR_NONE},
        "passage_retrieval": {
            "question": str,
            "context": TEXT_OR_NONE,
            "passages": list,
            "names": list,
            "accepted": list,
        },
        "masked_lm": {"language": str, "text": str, "spans": list},
    }
    form = forms[task.family]
    assert set(row) - {"hints", "group"} == {"id", *form}
    assert isinstance(row["id"], str)
    assert row["id"]
    assert isinstance(row.get("hints", {}), dict)
    assert all(isinstance(row[name], kind) for name, kind in form.items())
    if task.family == "sequence_classification":
        assert row["label"] in task.labels
        assert row["text_a"].strip()
    elif task.family == "token_classification":
        assert len(row["tokens"]) == len(row["tags"]) > 0
        assert set(row["tags"]) <= set(task.labels)
        assert all(token and token == token.strip() for token in row["tokens"])
    elif task.family == "extractive_qa":
        assert row["question"].strip()
        for answer in row["answers"]:
            assert set(answer) == {"text", "start"}
            assert row["context"][answer["start"] :].startswith(answer["text"])
    elif task.family == "multiple_choice":
        assert 0 <= row["label"] < len(row["choices"])
        assert len(row["choices"]) > 1
        assert all(isinstance(choice, str) for choice in row["choices"])
    elif task.family == "bitext_mining":
        assert row["id"] == row["source_id"] if row["target"] is None else row["target"].strip()
        assert (row["source"] is None) == (row["source_id"] is None)
    elif task.family == "passage_retrieval":
        assert row["question"].strip()
        assert len(row["names"]) == len(row["passages"])
        assert set(row["accepted"]) <= set(row["names"])
        assert all(passage in row["context"] for passage in row["passages"])
    elif task.family == "masked_lm":
        assert row["language"] in task.languages
        assert all(0 <= start < end <= len(row["text"]) for start, end in row["spans"])


class TestTasks:
    @every_edition
    def test_everything_it_names_is_there(self, edition, name) -> None:
        catalog = CATALOG.in_edition(edition)
        task = catalog.task(name)
        assert task.family in FAMILIES
        assert task.resolved_options() == task.resolved_options()
        assert set(task.metrics) <= set(plugin.names("harness.metrics"))
        assert set(task.trivial) <= set(plugin.names("harness.trivial"))
        at_hand = edition == "open" or all(file.place == "generated" for _, _, file in pinned.files(task))
        for split, languages in task.splits.items():
            for language in languages:
                for part in pinned.describe(task, split, language, catalog.task):
                    assert part["reader"]["name"] in plugin.names("harness.readers")
                    assert part["n"] or not at_hand, "every set of rows that is at hand says how many it has"
        assert task.source.paper
        assert task.source.licence

    @every_edition
    def test_every_file_is_pinned(self, edition, name) -> None:
        catalog = CATALOG.in_edition(edition)
        for _, _, file in pinned.files(catalog.task(name), catalog.task):
            # A file of one's own has no other pin than the digest that is written down when it is taken in.
            assert file.sha256 or file.own or re.search(r"[0-9a-f]{40}|/r\d|/v\d", dumps(file.data()))
            assert len(file.identity) == 64

    @every_edition
    def test_training_and_validation_are_in_the_training_language(self, edition, name) -> None:
        task = CATALOG.in_edition(edition).task(name)
        is_tuned = getattr(plugin.load("harness.spec.options", task.family), "TUNED", False)
        wanted = ("train", "intermediate") if is_tuned else ("train", "intermediate", "validation")
        trained = [task.splits[split] for split in wanted if split in task.splits]
        assert all(task.train_language in languages for languages in trained)
        if "train" in task.splits:
            assert "validation" in task.splits

    @pytest.mark.parametrize("name", OPEN.names("tasks"))
    def test_its_first_rows_have_the_form_of_its_family(self, name, request, rows_folder) -> None:
        task = OPEN.task(name)
        files = [file for _, _, file in pinned.files(task, OPEN.task)]
        mirror = None if all(f.place == "generated" for f in files) else request.getfixturevalue("mirror")
        if mirror and not CATALOG.editions(name) and not all(find_in_mirror(mirror, f) for f in files):
            pytest.skip(f"{name} is of files that are not at hand")
        n_sets = 0
        for split, languages in task.splits.items():
            for language, parts in languages.items():
                if task.family == "masked_lm" and split == "train":
                    continue  # 90,000 rows; the validation rows come from the same generator
                rows = []
                for part in task.rows(split, language):
                    paths = [rows_folder.fetch(file, mirror=mirror) for file in part.files]
                    module = plugin.load("harness.readers", part.reader.name)
                    options = pinned.reader_options(part.reader)
                    rows += islice(module.read(paths, options=options, language=language), 8)
                assert len(rows) == 8 * len(parts)
                for row in rows:
                    check_row(row, task)
                n_sets += 1
        assert n_sets > 0


@pytest.fixture(scope="session")
def rows_folder(tmp_path_factory: pytest.TempPathFactory) -> DataFolder:
    return DataFolder(tmp_path_factory.mktemp("data"))


GOLD: dict[str, list[Any]] = {
    "accuracy": ["yes", "no", "yes", "maybe", "no"],
    "token_accuracy": [["NOUN", "VERB"], ["DET"], ["ADJ", "NOUN", "PUNCT"]],
    "upos_f1": [["NOUN", "VERB"], ["DET"], ["ADJ", "NOUN", "PUNCT"]],
    "chunk_f1": [["B-PER", "I-PER", "O"], ["O"], ["B-LOC", "B-LOC", "O"]],
    "squad_f1": [["a red house"], [], ["1999", "in 1999"], ["Ada"]],
    "squad_exact_match": [["a red house"], [], ["1999", "in 1999"], ["Ada"]],
    "mlqa_f1": [["a red house"], [], ["1999", "in 1999"], ["Ada"]],
    "mlqa_exact_match": [["a red house"], [], ["1999", "in 1999"], ["Ada"]],
    "upos_f1_v0": [["NOUN", "VERB"], ["DET"], ["X", "NOUN", "PUNCT"]],
    "mean_average_precision": [["a"], ["b", "c"], ["d"]],
    "bitext_f1": [["a"], [], ["b", "c"]],
    "checklist_error": [[["bus"], ["a cat"]], [["red", "ruby"]], [["one"]]],
}
ANSWERS = ("squad_f1", "squad_exact_match", "mlqa_f1", "mlqa_exact_match")


def perfect(metric: str) -> list[Any]:
    gold = GOLD[metric]
    if metric == "checklist_error":
        return [[accepted[0] for accepted in group] for group in gold]
    return [answers[0] if answers else "" for answers in gold] if metric in ANSWERS else gold


@pytest.mark.parametrize("name", plugin.names("harness.metrics"))
class TestMetrics:
    def test_perfection_is_100_and_no_error(self, name) -> None:
        module = plugin.load("harness.metrics", name)
        counts = module.statistics(GOLD[name], perfect(name), language="en")
        assert counts.shape[0] == len(GOLD[name])
        assert module.aggregate(counts.sum(0)) == (0.0 if name == "checklist_error" else 100.0)
        assert module.VERSION == plugin.version("harness.metrics", name) >= 1

    def test_the_order_of_examples_does_not_matter(self, name) -> None:
        module = plugin.load("harness.metrics", name)
        gold, predicted = GOLD[name], perfect(name)
        wrong = [predicted[0], *predicted[:-1]] if name in ("accuracy", *ANSWERS) else None
        answers = wrong or [["O" if name == "chunk_f1" else "X"] * len(tags) for tags in gold[:1]] + predicted[1:]
        counts = module.statistics(gold, answers, language="en")
        value = module.aggregate(counts.sum(0))
        assert 0 < value <= 100 if name == "checklist_error" else 0 <= value < 100
        generator = np.random.default_rng(1)
        for _ in range(5):
            order = generator.permutation(len(gold))
            shuffled = module.statistics([gold[i] for i in order], [answers[i] for i in order], language="en")
            np.testing.assert_allclose(shuffled, counts[order], atol=1e-12)
            assert module.aggregate(shuffled.sum(0)) == pytest.approx(value, abs=1e-9)

    def test_it_fits_a_family(self, name) -> None:
        assert any(name in fitting for fitting in FITTING.values())


def test_every_family_says_which_metrics_fit() -> None:
    assert set(FITTING) == set(FAMILIES) == set(plugin.names("harness.spec.options"))


@pytest.mark.parametrize("name", FAMILIES)
def test_a_family_keeps_its_promises(name) -> None:
    module = plugin.load("harness.families", name)
    assert plugin.version("harness.families", name) == module.VERSION
    promised = {"features": ["rows", "encoder", "setup"]}
    if name != "masked_lm":
        promised |= {"gold": ["rows", "setup"], "predict": ["encoder", "head", None, "rows", "setup"]}
    assert is_trained(name) == hasattr(module, "loss")
    needs = plugin.load("harness.spec.options", name)
    if getattr(needs, "POOLED", False):
        promised |= {"index": ["encoder", "head", "rows", "setup"]}
    if getattr(needs, "TUNED", False):
        promised |= {"tune": ["encoder", "head", "rows", "setup"]}
    if is_trained(name):
        promised |= {"collate": [None, "encoder"], "loss": ["encoder", "head", "batch", "setup"]}
        assert list(inspect.signature(module.Head).parameters)[:2] == ["encoder", "setup"]
    for function, wanted in promised.items():
        found = list(inspect.signature(getattr(module, function)).parameters)
        assert len(found) == len(wanted)
        assert all(want in (None, got) for want, got in zip(wanted, found, strict=True))
    assert issubclass(plugin.load("harness.spec.options", name).Options, Spec)


@pytest.mark.parametrize("name", plugin.names("harness.readers"))
def test_a_reader_keeps_its_promises(name) -> None:
    module = plugin.load("harness.readers", name)
    assert plugin.version("harness.readers", name) == module.VERSION
    assert issubclass(module.Options, Spec)
    parameters = inspect.signature(module.read).parameters
    assert list(parameters) == ["paths", "options", "language"]
    assert parameters["options"].kind is parameters["language"].kind is inspect.Parameter.KEYWORD_ONLY


@pytest.mark.parametrize("name", plugin.names("harness.readers"))
def test_a_reader_explains_what_it_cannot_read(name, tmp_path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"\xff\xfe\x00 nothing of use {\n")
    tasks = [*CATALOG.tasks, *OPEN.tasks]
    used = [r.reader for t in tasks for s, by in t.splits.items() for x in by for r in t.rows(s, x)]
    reader = next((r for r in used if r and r.name == name), Reader(name=name))
    n_files = {"aligned_lines": 2, "bitext": 2, "bucc": 3}.get(name, 1)
    with pytest.raises(HarnessError, match="file"):
        list(
            plugin.load("harness.readers", name).read([path] * n_files, options=pinned.reader_options(reader), language="en")
        )


@pytest.mark.parametrize("package", ["stages", "trivial"])
def test_stages_and_baselines_have_versions(package) -> None:
    for name in plugin.names(f"harness.{package}"):
        assert plugin.version(f"harness.{package}", name) >= 1


@pytest.mark.parametrize("name", plugin.names("harness.sources"))
def test_a_source_keeps_its_promise(name) -> None:
    assert list(inspect.signature(plugin.load("harness.sources", name).fetch).parameters) == ["file", "target"]
