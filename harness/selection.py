"""From a claim's words to a study's arms and targets: an arm is a query, answered by what its training was."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from harness import plugin
from harness.errors import SpecError
from harness.evidence import Arm, Evidence
from harness.plan import Plan
from harness.records import Stage
from harness.spec import claim
from harness.spec.attack import WORST
from harness.spec.benchmark import BenchmarkSpec
from harness.spec.run import IntermediateSpec
from harness.spec.study import BASELINE
from harness.spec.task import TaskSpec
from harness.spec.training import TrainingSpec


def answers_to(task: TaskSpec, wanted: str) -> bool:
    """Returns whether a study's task is the paper's task, or declares that it stands in for it."""
    return task.name == wanted or wanted in task.proxy_for


@dataclass(frozen=True)
class View:
    """One encoder of one study, as a claim sees it."""

    evidence: Evidence
    encoder: str
    claims: claim.ClaimsSpec
    benchmark: BenchmarkSpec
    # What is known of the paper's training: the file's, if a claim has none of its own.
    training: Mapping[str, float] | Literal["unknown"] | None = None

    @property
    def study(self) -> str:
        """The study's name."""
        return self.evidence.plan.study.name

    @property
    def command(self) -> str:
        """What runs the study."""
        return f"harness run {self.evidence.catalog.path('studies', self.study)}"

    @property
    def baseline(self) -> Arm:
        """The arm without intermediate training."""
        return Arm(self.encoder, BASELINE)

    def intermediate(self, arm: Arm) -> IntermediateSpec | None:
        """Returns an arm's intermediate training; none for the baseline."""
        return self.evidence.plan.study.intermediate.get(arm.name)

    def treatments(self) -> list[Arm]:
        """Returns the arms with plain English intermediate training: no masked LM, no translation, no data of their own."""
        arms = (Arm(self.encoder, name) for name in self.evidence.plan.study.vary.intermediate if name != BASELINE)
        specs = ((arm, self.intermediate(arm)) for arm in arms)
        return [arm for arm, spec in specs if spec and not (spec.mlm or spec.translate_to or spec.edition)]

    def all_tasks(self) -> list[str]:
        """Returns the names of all tasks that some treatment trains on, sorted."""
        specs = [self.intermediate(arm) for arm in self.treatments()]
        return sorted({name for spec in specs if spec for name in spec.tasks})

    def find(self, query: claim.Arm) -> Arm | None:
        """Returns the study's arm that a query asks for; one whose tasks bear the very names comes first."""
        if query.intermediate == ():
            return self.baseline if BASELINE in self.evidence.plan.study.vary.intermediate else None
        names = [n for n in self.evidence.plan.study.vary.intermediate if n != BASELINE]
        found = [arm for arm in (Arm(self.encoder, n) for n in names) if self._fits(arm, query)]
        exact = [arm for arm in found if self._names(arm) == query.intermediate]
        return next(iter(exact or found), None)

    def _names(self, arm: Arm) -> tuple[str, ...]:
        spec = self.intermediate(arm)
        return spec.tasks if spec else ()

    def _fits(self, arm: Arm, query: claim.Arm) -> bool:
        spec = self.intermediate(arm)
        if spec is None or bool(spec.mlm) != query.mlm or bool(spec.translate_to) != query.translated:
            return False
        if spec.edition != query.edition:
            return False
        if query.intermediate == claim.ALL:
            return len(spec.tasks) > 1 and sorted(spec.tasks) == self.all_tasks()
        if len(spec.tasks) != len(query.intermediate):
            return False
        tasks = [self.evidence.catalog.task(name) for name in spec.tasks]
        fits = [[answers_to(task, wanted) for task in tasks] for wanted in query.intermediate]
        return all(map(any, fits)) and all(map(any, zip(*fits, strict=True)))

    def targets(self, wanted: Sequence[str] = ()) -> list[str]:
        """Returns the study's targets that answer to any wanted task; to any of the benchmark's if none is named."""
        names = tuple(wanted) or self.benchmark.tasks
        return [n for n, task in self.evidence.targets.items() if any(answers_to(task, w) for w in names)]

    def wanted(self, part: claim.Part) -> tuple[str, ...]:
        """Returns the paper's tasks that a part is about: those that it names, or those of its groups."""
        return tuple(t for name in getattr(part, "groups", ()) for t in self.benchmark.groups[name]) or part.targets

    def metrics(self, target: str, wanted: str | None) -> tuple[str, ...]:
        """Returns the metrics whose mean is a target's score: its own, the benchmark's, or the wanted one if it has it."""
        task = self.evidence.targets[target]
        if wanted is None:
            return (task.metric,)
        if wanted != claim.OWN_SCORER:
            return (wanted,) if wanted in task.metrics else ()
        scored = [self.benchmark.scoring[name] for name in (target, *task.proxy_for) if name in self.benchmark.scoring]
        own = tuple(metric for metric in scored[0].metrics if metric in task.metrics) if scored else ()
        return own or (task.metric,)

    def published_languages(self, task: TaskSpec) -> tuple[str, ...]:
        """Returns the languages in which the benchmark evaluates a task; all of the task's if the benchmark lacks it."""
        own = self.benchmark.scoring.get(task.name)
        return own.languages if own else task.languages

    def differences(
        self,
        arms: Sequence[Arm],
        targets: Sequence[str],
        wanted: Sequence[str] = (),
        languages: Sequence[str] = (),
    ) -> list[str]:
        """Returns in which respects this evidence is not the paper's: encoder, tasks, data, training, size.

        `wanted` and `languages` are what a claim names; without them the benchmark's count.
        """
        study, found = self.evidence.plan.study, []
        model = self.evidence.catalog.model(self.encoder)
        if not model.hub or model.hub.id != self.claims.encoder:
            found.append(f"encoder: {self.encoder} for {self.claims.encoder}")
        used = {name for arm in arms for name in self._names(arm)} | set(targets)
        tasks = [self.evidence.catalog.task(name) for name in sorted(used)]
        evaluated = [self.evidence.targets[name] for name in targets]
        lacking = [w for w in tuple(wanted) or self.benchmark.tasks if not any(answers_to(t, w) for t in evaluated)]
        if lacking:
            found.append(f"targets: not evaluated: {', '.join(lacking)}")
        for task in evaluated:
            there = self.evidence.languages(task.name)
            left_out = [x for x in languages or self.published_languages(task) if x not in there]
            if left_out:
                found.append(f"languages of {task.name}: not evaluated: {', '.join(left_out)}")
        found += [f"data of {t.name}: {t.deviation.replace(';', ',')}" for t in tasks if t.deviation]
        found += [f"task: {t.name} stands in for {', '.join(t.proxy_for)}" for t in tasks if t.proxy_for]
        if set(self.treatments()) <= set(arms):
            trained = [self.evidence.catalog.task(name) for name in self.all_tasks()]
            none = [w for w in self.claims.intermediate if not any(answers_to(t, w) for t in trained)]
            found += [f"intermediate tasks: none for {', '.join(none)}"] if none else []
        trainings = self._trainings(arms, evaluated)
        known = self.claims.training if self.training is None else self.training
        if known == claim.UNKNOWN:
            found.append("training: the published recipe is not on file")
        for field, value in known.items() if isinstance(known, Mapping) else ():
            other = sorted({str(getattr(t, field)) for t in trainings if getattr(t, field) != value})
            if other:
                found.append(f"training: {field} {', '.join(other)} for {value}")
        fewer = sorted({t.max_examples for t in trainings if t.max_examples})
        if fewer:
            found.append(f"training rows: at most {', '.join(map(str, fewer))} of a task")
        if len(study.vary.seed) == 1:
            found.append("seeds: one, so nothing is known of the variance between seeds")
        cut = [f"{study.max_test_examples[t]} of {t}" for t in targets if t in study.max_test_examples]
        if cut:
            found.append(f"test rows: at most {', '.join(cut)}")
        return found

    def _trainings(self, arms: Sequence[Arm], evaluated: Sequence[TaskSpec]) -> list[TrainingSpec]:
        """Returns how these arms were trained, and fine-tuned for these targets."""
        study = self.evidence.plan.study
        names = dict.fromkeys(self.evidence.catalog.trainer(task).name for task in evaluated)
        tuned = [study.training[name] for name in names if name in study.training]
        return [*tuned, *(spec.training for arm in arms if (spec := self.intermediate(arm)))]

    def filler(self, query: claim.Arm | None, wanted: Sequence[str]) -> str:
        """Returns the command that would fill a missing arm on targets, or says what to write if no study has them.

        No query asks for any arm with plain English intermediate training.
        """
        for name in self.evidence.catalog.names("studies"):
            study = self.evidence.catalog.study(name)
            evidence = Evidence(Plan(study, (), ()), self.evidence.store, self.evidence.catalog)
            other = View(evidence, study.vary.encoder[0], self.claims, self.benchmark)
            if (other.find(query) if query else other.treatments()) and other.targets(wanted):
                return other.command
        arm = f"the arm {describe(query)}" if query else "an arm with intermediate training"
        where = f" on {' or '.join(wanted)}" if wanted else ""
        return f"no study under {self.evidence.catalog.root / 'studies'} has {arm}{where}: write one"


def describe(query: claim.Arm) -> str:
    """Returns a query in words, e.g. `mnli with masked LM`."""
    if query.intermediate == ():
        return "without intermediate training"
    names = query.intermediate if isinstance(query.intermediate, str) else " + ".join(query.intermediate)
    return names + (" with masked LM" if query.mlm else "") + (" on translated data" if query.translated else "")


def needed(claims: claim.ClaimsSpec, claim_id: str, evidence: Evidence) -> list[Stage]:
    """Returns the stages that one claim's arms and targets reach, in the plan's order. Raises SpecError for no such id."""
    wanted = next((c for c in claims.claims if c.id == claim_id), None)
    if wanted is None:
        raise SpecError(f"no claim {claim_id!r}: {plugin.near(claim_id, (c.id for c in claims.claims))}")
    keep: set[str] = set()
    for encoder in evidence.plan.study.vary.encoder:
        view = View(evidence, encoder, claims, evidence.catalog.benchmark(claims.benchmark))
        for part in wanted.parts:
            asked = [getattr(part, field, None) for field in ("arm", "over", "baseline")]
            arms = {arm.name for q in asked if isinstance(q, claim.Arm) and (arm := view.find(q))}
            arms |= set() if claim.names_its_arms(part) else {arm.name for arm in (view.baseline, *view.treatments())}
            targets = view.targets(view.wanted(part))
            for run in evidence.plan.runs:
                if run.encoder_name == encoder and run.arm in arms and run.spec.target in targets:
                    names = run.attacked if part.attack == WORST else [part.attack]
                    attacked = [stage for name in names for stage in run.attacked.get(name, {}).values()]
                    chain = (run.pretrain, run.intermediate, run.finetune, *run.evaluate.values(), *attacked)
                    keep |= {stage.key for stage in chain if stage}
    return [stage for stage in evidence.plan.stages if stage.key in keep]
