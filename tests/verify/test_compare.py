"""Two sides of a comparison: what is matched, what the numbers are, what may not be compared, and what differs."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

from harness import plugin
from harness.compare import compare
from harness.errors import EvidenceMissing, SpecError, StoreCorrupt
from harness.evidence import Arm
from harness.records import Manifest
from harness.sides import match, of_result, of_study
from harness.stats.correction import holm
from harness.store import Store

ARMS = {"none": [], "a": ["my_nli"], "b": ["my_qa"], "c": ["my_nli", "my_qa"]}
LEVELS = {"none": 0.4, "a": 0.7, "b": 0.6, "c": 0.5}
SIGNATURE = "task:{task}|metric:{metric}|lang:{lang}|split:test|attack:none|maxlen:128|data:sha256-{lang}|v:1.2.1"


def study(lab, name="small"):
    return of_study(lab.evidence(name), f"harness run {name}")


def compared(lab, first="small", second="small", arm=None, over=None, **options):
    a = study(lab, first)
    b = a if first == second else study(lab, second)
    return compare(a, b, *match(a, b, arm, over), n_resamples=200, n_permutations=499, **options)


def results(lab, *labels, **options):
    sides = [of_result(lab.store, folder(lab, label)) for label in labels]
    return compare(*sides, *match(*sides, None, None), n_resamples=200, n_permutations=499, **options)


def folder(lab, label):
    return next(path for path in lab.store.entries() if lab.store.manifest(path).stage.label == label)


def row(found, target, language):
    return next(one for one in found.rows if (one.target, one.language) == (target, language))


def publish(lab, truth, name="small", *, signature=SIGNATURE, ids=None, **manifest):
    """Publish the stages of a study that are not there yet, with signatures and ids of one's own."""
    circumstances = {"code": {"commit": "c0ffee", "dirty": False}, "environment": {"python": "3.11"}, "device": "cpu"}
    circumstances |= manifest
    for run in lab.plan(name).runs:
        for stage in (run.pretrain, run.intermediate, run.finetune, *run.evaluate.values()):
            if stage is None or lab.store.has(stage):
                continue
            out = lab.store.work(stage) / "out"
            out.mkdir()
            scores = {"validation": 50.0, "metric": "accuracy", "n": 10}
            if stage.kind == "evaluate":
                params = stage.params
                metric, language = params["metrics"][0]["name"], params["language"]
                counts = truth(run, language)
                names = [f"x{i:05d}" for i in range(len(counts))] if ids is None else ids
                counts = counts[: len(names)]
                np.savez(out / "statistics.npz", **{metric: counts, "ids": np.asarray(names)})
                text = signature.format(task=params["task"]["name"], metric=metric, lang=language)
                scores = [{"metric": metric, "value": 0.0, "n": len(counts), "signature": text, "key": stage.key}]
            (out / "scores.json").write_text(json.dumps(scores))
            started = "2026-01-01T00:00:00+00:00"
            lab.store.publish(Manifest(stage.key, stage, {}, **circumstances, started=started, seconds=1.0), out)


def other_study(lab, **fields):
    """Write a study `other`, of the same arms and targets and with something changed."""
    defaults = {"arms": ARMS, "targets": ["my_nli", "my_pairs", "my_qa", "my_search"]}
    lab.study("other", **{**defaults, **fields})


def faster(lab, target):
    """Write a study `other` that fine-tunes for one target with another learning rate."""
    other_study(lab)
    path = lab.specs / "studies" / "other.yaml"
    spec = json.loads(path.read_text())
    spec["training"][target]["learning_rate"] = 0.002
    path.write_text(json.dumps(spec))


class TestNumbers:
    def test_are_those_of_the_verdicts(self, lab, truths) -> None:
        """The same examples drawn, variance between seeds pooled over the same arms of the study."""
        lab.fill(truths.noisy(truths.levels(LEVELS)))
        found = compared(lab, arm="a", over="none")
        evidence = lab.evidence()
        evidence.n_resamples = 200
        for target in evidence.targets:
            drawn = evidence.drawn("tiny", target)
            weights = np.zeros((4, len(drawn.languages)))
            places = [drawn.arms.index(Arm("tiny", name)) for name in ("a", "none")]
            weights[places[0]], weights[places[1]] = 1 / len(drawn.languages), -1 / len(drawn.languages)
            effect = drawn.sample.effect(weights)
            one = row(found, target, "mean" if len(drawn.languages) > 1 else drawn.languages[0])
            assert one.difference == pytest.approx(effect.estimate)
            assert one.interval == pytest.approx(effect.interval(0.05))
            assert one.p == pytest.approx(2 * min(effect.p_above(), effect.p_below()))
            assert (one.n_seeds, one.n_examples, one.decides) == (3, sum(drawn.n_examples), "seeds")

    def test_an_f1_is_computed_from_sums(self, empty_lab, truths) -> None:
        lab = empty_lab
        lab.task("my_tags", "panx", family="token_classification")
        lab.study(arms={"none": [], "a": ["my_tags"]}, targets=["my_tags"], seeds=(1, 2))

        def truth(run, language):
            return truths.generator(run.arm, run.spec.seed, language).integers(0, 9, (40, 3)).astype(float)

        lab.fill(truth)
        found = compared(lab, arm="a", over="none")
        f1 = plugin.load("harness.metrics", "chunk_f1").aggregate
        of = {arm: [] for arm in ("a", "none")}
        for run in lab.plan().runs:
            of[run.arm].append(np.mean([f1(truth(run, language).sum(0)) for language in ("en", "la")]))
        one = row(found, "my_tags", "mean")
        assert (one.score_a, one.score_b) == (pytest.approx(np.mean(of["a"])), pytest.approx(np.mean(of["none"])))

    def test_are_corrected_over_the_whole_table(self, lab, truths) -> None:
        lab.fill(truths.noisy(truths.levels(LEVELS)))
        rows = compared(lab, arm="a", over="none").rows
        assert [one.p_adjusted for one in rows] == pytest.approx(holm([one.p for one in rows]).tolist())
        assert [one.language for one in rows[:4]] == ["en", "la", "mean", "en"]

    def test_a_pair_of_models_is_judged_by_its_examples(self, lab, truths) -> None:
        lab.fill(truths.noisy(truths.levels(LEVELS)))
        found = results(lab, "finetune my_nli · a · tiny · seed 1", "finetune my_nli · none · tiny · seed 1")
        assert [one.language for one in found.rows] == ["en", "la", "mean"]
        assert {(one.p, one.decides, one.n_seeds) for one in found.rows} == {(None, "examples", 1)}
        adjusted = holm([one.p_examples for one in found.rows])
        assert [one.p_adjusted for one in found.rows] == pytest.approx(adjusted.tolist())

    def test_of_an_untrained_encoder_there_is_one_model(self, lab, truths) -> None:
        """Retrieval without training is the same for all seeds: two encoders are two models, not twice three."""
        lab.model("other_tiny", "example/other")
        lab.study(arms={"none": []}, targets=["my_search"], encoder=["tiny"])
        other_study(lab, arms={"none": []}, targets=["my_search"], encoder=["other_tiny"])
        for name in ("small", "other"):
            lab.fill(truths.noisy(truths.levels(LEVELS)), name)
        found = compared(lab, "small", "other")
        assert [(one.n_seeds, one.decides, one.encoder) for one in found.rows] == [(1, "examples", "tiny / other_tiny")]
        assert found.notes == ("encoder tiny of small: compared with other_tiny of other, by position",)

    def test_too_many_rows_for_the_permutations_are_told(self, lab, truths) -> None:
        lab.study(arms=ARMS, targets=["my_nli", "my_pairs", "my_qa"], seeds=[1])
        lab.fill(truths.noisy(truths.levels(LEVELS)))
        assert "499 permutations are too few for 27 rows" in " ".join(compared(lab, over="none").notes)
        assert not compared(lab, arm="a", over="none").notes


class TestMatching:
    def test_one_and_the_same_result_has_no_difference(self, lab, truths) -> None:
        lab.fill(truths.noisy(truths.levels(LEVELS)))
        found = compared(lab)
        assert {(one.state, one.difference, one.p_examples) for one in found.rows} == {("same", 0.0, 1.0)}
        assert {(one.a, one.b) for one in found.rows} == {(f"small {name}",) * 2 for name in ARMS}
        assert not found.differs

    def test_studies_share_the_stages_that_are_the_same(self, lab, truths) -> None:
        lab.fill(truths.noisy(truths.levels(LEVELS)))
        faster(lab, "my_pairs")
        lab.fill(truths.noisy(truths.levels(dict.fromkeys(ARMS, 0.9))), "other")
        found = compared(lab, "small", "other")
        assert {one.target for one in found.rows if one.state == "compared"} == {"my_pairs"}
        assert all(one.difference < 0 for one in found.rows if one.state == "compared")
        assert [(d.where, d.field, d.a, d.b, d.targets) for d in found.differs] == [
            ("finetune", "training.learning_rate", 0.001, 0.002, ("my_pairs",))
        ]

    def test_arms_without_a_counterpart_are_named(self, lab, truths) -> None:
        other_study(lab, arms={"none": [], "d": ["my_pairs"]})
        for name in ("small", "other"):
            lab.fill(truths.noisy(lambda run, language: 0.5), name)
        found = compared(lab, "small", "other")
        assert {one.a for one in found.rows} == {"small none"}
        missing = [f"arm {name} of small: not in other" for name in "abc"]
        assert list(found.notes) == [*missing, "arm d of other: not in small"]

    def test_languages_without_a_counterpart_are_named(self, lab, truths) -> None:
        other_study(lab, languages=["la"])
        for name in ("small", "other"):
            lab.fill(truths.noisy(truths.levels(LEVELS)), name)
        found = compared(lab, "small", "other", "a")
        assert {one.language for one in found.rows} == {"la"}
        assert "small a, my_nli: en not on the other side" in found.notes

    @pytest.mark.parametrize(
        ("seeds", "n", "note"),
        [
            ((2, 3, 4), 2, "with the seeds that both have: 2, 3"),
            ((7, 8), 2, "seeds not paired: none is the same"),
            ((1, 2, 3), 3, ""),
        ],
    )
    def test_seeds_are_paired_where_both_have_them(self, lab, truths, seeds, n, note) -> None:
        other_study(lab, seeds=seeds)
        for name in ("small", "other"):
            lab.fill(truths.noisy(truths.levels(LEVELS)), name)
        one = row(compared(lab, "small", "other", "a", "none"), "my_nli", "mean")
        assert (one.n_seeds, one.note) == (n, note)
        assert (len(one.evidence_a), len(one.evidence_b)) == (2 * n, 2 * n)

    def test_what_the_store_lacks_is_told(self, lab, truths) -> None:
        lab.fill(truths.noisy(truths.levels(LEVELS)), skip=lambda s: s.label == "evaluate my_qa la · a · tiny · seed 3")
        found = compared(lab, arm="a", over="none")
        assert row(found, "my_qa", "mean").n_seeds == 2
        assert row(found, "my_nli", "mean").n_seeds == 3
        assert found.notes == ("small a: evaluations that the store lacks: my_qa 1; harness run small",)

    def test_a_result_stands_beside_an_arm_of_a_study(self, lab, truths) -> None:
        lab.fill(truths.noisy(truths.levels(LEVELS)))
        result = of_result(lab.store, folder(lab, "finetune my_nli · a · tiny · seed 2"))
        whole = study(lab)
        found = compare(whole, result, *match(whole, result, "none", None), n_resamples=20, n_permutations=99)
        assert [one.note for one in found.rows] == ["with the seeds that both have: 2"] * 3
        with pytest.raises(SpecError, match="name one by --over"):
            match(result, whole, None, None)
        with pytest.raises(SpecError, match="is a result, not a study"):
            match(result, whole, "a", "none")

    def test_a_result_that_leads_to_many_is_not_guessed(self, lab, truths) -> None:
        lab.fill(truths.noisy(truths.levels(LEVELS)))
        of_intermediate = of_result(lab.store, folder(lab, "intermediate a · tiny · seed 1"))
        assert list(of_intermediate.systems[0].evaluations) == ["my_nli", "my_pairs", "my_qa", "my_search"]
        faster(lab, "my_pairs")
        lab.fill(truths.noisy(truths.levels(LEVELS)), "other")
        with pytest.raises(SpecError, match="several evaluations of my_pairs come from it"):
            of_result(lab.store, folder(lab, "intermediate a · tiny · seed 1"))

    def test_nothing_in_common_is_a_mistake(self, lab, truths) -> None:
        lab.fill(truths.noisy(truths.levels(LEVELS)))
        with pytest.raises(SpecError, match="no target and language in common: my_nli on the one side, my_qa on the other"):
            results(lab, "finetune my_nli · a · tiny · seed 1", "finetune my_qa · a · tiny · seed 1")
        with pytest.raises(SpecError, match=r"my_nli \(en\) on the one side, my_nli \(la\)"):
            results(lab, "evaluate my_nli en · a · tiny · seed 1", "evaluate my_nli la · a · tiny · seed 1")

    def test_a_model_without_evaluations_is_missing_evidence(self, lab, truths) -> None:
        lab.fill(truths.noisy(truths.levels(LEVELS)), skip=lambda stage: stage.kind == "evaluate")
        with pytest.raises(EvidenceMissing, match="no evaluation of it"):
            of_result(lab.store, folder(lab, "finetune my_nli · a · tiny · seed 1"))
        with pytest.raises(EvidenceMissing, match="harness run small"):
            compared(lab, arm="a", over="none")


class TestComparable:
    """Whether two scores are of the same thing; the second study trains otherwise for `my_pairs`."""

    def both(self, lab, truths, **changes):
        publish(lab, truths.noisy(truths.levels(LEVELS)))
        faster(lab, "my_pairs")
        publish(lab, truths.noisy(truths.levels(LEVELS)), "other", **changes)
        return compared(lab, "small", "other", "a")

    @pytest.mark.parametrize(
        ("field", "old", "new"),
        [
            ("data", "data:sha256-{lang}", "data:sha256-other"),
            ("split", "split:test", "split:validation"),
            ("attack", "attack:none", "attack:typo"),
            ("v", "v:1.2.1", "v:1.2.2"),
            ("v", "v:1.2.1", "v:2.2.1"),
        ],
    )
    def test_other_examples_are_not_compared(self, lab, truths, field, old, new) -> None:
        found = self.both(lab, truths, signature=SIGNATURE.replace(old, new))
        rows = [one for one in found.rows if one.target == "my_pairs"]
        assert [(one.language, one.state, one.note) for one in rows] == [
            ("en", "not_comparable", f"`{field}` differs"),
            ("la", "not_comparable", f"`{field}` differs"),
        ]
        assert {one.p_adjusted for one in rows} == {None}
        assert {d.field for d in found.differs if d.where == "signature"} == {field}

    def test_how_a_model_answers_may_differ(self, lab, truths) -> None:
        other = SIGNATURE.replace("maxlen:128", "maxlen:64").replace("v:1.2.1", "v:1.3.1")
        found = self.both(lab, truths, signature=other)
        assert {one.state for one in found.rows if one.target == "my_pairs"} == {"compared"}
        differs = [(d.where, d.field, d.a, d.b) for d in found.differs]
        assert differs == [
            ("signature", "maxlen", "128", "64"),
            ("signature", "v", "1.2.1", "1.3.1"),
            ("finetune", "training.learning_rate", 0.001, 0.002),
        ]

    def test_one_language_of_two_is_told(self, lab, truths) -> None:
        publish(lab, truths.noisy(truths.levels(LEVELS)))
        faster(lab, "my_pairs")
        publish(lab, truths.noisy(truths.levels(LEVELS)), "other", signature=SIGNATURE.replace("sha256-{lang}", "sha256-en"))
        rows = [one for one in compared(lab, "small", "other", "a").rows if one.target == "my_pairs"]
        assert [(one.language, one.state) for one in rows] == [("en", "compared"), ("la", "not_comparable")]

    def test_a_sample_of_the_same_data_is_compared_on_what_both_have(self, lab, truths) -> None:
        ids = [f"x{i:05d}" for i in range(20)]
        signature = SIGNATURE.replace("data:", "sample:20|data:")
        rows = [one for one in self.both(lab, truths, signature=signature, ids=ids).rows if one.target == "my_pairs"]
        note = "`sample` differs: the 20 examples with the same id, of 60 and 20"
        assert [(one.note, one.n_examples) for one in rows] == [(note, 20), (note, 20), ("", 40)]

    def test_a_sample_of_candidates_is_another_task(self, lab, truths) -> None:
        publish(lab, truths.noisy(truths.levels(LEVELS)))
        other_study(lab, max_test_examples={"my_search": 20})
        ids = [f"x{i:05d}" for i in range(20)]
        signature = SIGNATURE.replace("data:", "sample:20|data:")
        publish(lab, truths.noisy(truths.levels(LEVELS)), "other", signature=signature, ids=ids)
        one = row(compared(lab, "small", "other", "a"), "my_search", "la")
        assert (one.state, one.note, one.difference) == ("not_comparable", "`sample` differs", None)

    def test_ids_that_differ_are_told(self, lab, truths) -> None:
        rows = [one for one in self.both(lab, truths, ids=["x00000", "x00001", "new"]).rows if one.target == "my_pairs"]
        assert rows[0].note == "ids differ: the 2 examples with the same id, of 60 and 3"

    def test_no_id_in_common(self, lab, truths) -> None:
        rows = [one for one in self.both(lab, truths, ids=["new"]).rows if one.target == "my_pairs"]
        assert [(one.state, one.note) for one in rows] == [("not_comparable", "ids differ")] * 2

    def test_the_order_of_examples_is_irrelevant(self, lab, truths) -> None:
        truth = truths.noisy(truths.levels(LEVELS))
        found = self.both(lab, truths)
        shutil.rmtree(lab.store.root)
        publish(lab, truth)
        names = [f"x{i:05d}" for i in range(60)]
        publish(lab, lambda run, language: truth(run, language)[::-1], "other", ids=names[::-1])
        other = compared(lab, "small", "other", "a")
        assert [one.difference for one in other.rows] == pytest.approx([one.difference for one in found.rows])
        assert [one.p_examples for one in other.rows] == [one.p_examples for one in found.rows]

    def test_changed_bytes_are_found(self, lab, truths) -> None:
        lab.fill(truths.noisy(truths.levels(LEVELS)))
        path = folder(lab, "evaluate my_nli en · a · tiny · seed 1") / "statistics.npz"
        path.chmod(0o644)
        path.write_bytes(path.read_bytes() + b" ")
        with pytest.raises(StoreCorrupt, match=str(path)):
            compared(lab, arm="a", over="none")


class TestDiffers:
    def test_arms_differ_in_their_intermediate_training(self, lab, truths) -> None:
        publish(lab, truths.noisy(truths.levels(LEVELS)))
        found = compared(lab, arm="a", over="none").differs
        assert ("intermediate", "trained on", "my_nli", None) in {(d.where, d.field, d.a, d.b) for d in found}
        assert {d.where for d in found if d.targets == ("my_nli",)} <= {"intermediate", "finetune"}
        found = compared(lab, arm="c", over="a").differs
        assert [(d.where, d.field, d.a, d.b) for d in found] == [("intermediate", "tasks", "my_nli, my_qa", "my_nli")]

    def test_code_and_environment(self, lab, truths) -> None:
        publish(lab, truths.noisy(truths.levels(LEVELS)))
        faster(lab, "my_pairs")
        changed = {"code": {"commit": "badcafe", "dirty": True}, "environment": {"python": "3.12"}, "device": "cuda"}
        publish(lab, truths.noisy(truths.levels(LEVELS)), "other", **changed)
        found = compared(lab, "small", "other", "a").differs
        assert [(d.where, d.field, d.a, d.b, d.targets) for d in found] == [
            ("finetune", "training.learning_rate", 0.001, 0.002, ("my_pairs",)),
            ("code", "code.commit", "c0ffee", "badcafe", ("my_pairs",)),
            ("code", "code.dirty", False, True, ("my_pairs",)),
            ("environment", "python", "3.11", "3.12", ("my_pairs",)),
            ("environment", "device", "cpu", "cuda", ("my_pairs",)),
        ]

    def test_the_same_stage_of_another_store_is_another_result(self, lab, truths) -> None:
        """The same key, computed elsewhere: numbers may differ by hardware, and only the environment tells."""
        publish(lab, truths.noisy(truths.levels(LEVELS)))
        here = study(lab)
        lab.store = Store(lab.root / "elsewhere")
        publish(lab, truths.noisy(truths.levels(dict.fromkeys(ARMS, 0.9))), device="cuda")
        there = study(lab)
        found = compare(here, there, *match(here, there, "a", None), n_resamples=20, n_permutations=99)
        assert all(one.state == "compared" and one.difference < 0 for one in found.rows)
        assert [(d.where, d.field, d.a, d.b) for d in found.differs] == [("environment", "device", "cpu", "cuda")]
