"""The judge of what was run: encoder, phases, tasks and selection, read from the plan and the manifests."""

from __future__ import annotations

from itertools import pairwise

from harness.findings import VERSION, Finding, Gap
from harness.plan import PlannedRun
from harness.records import Stage
from harness.selection import View, answers_to
from harness.spec import claim


def provenance(view: View, part: claim.Provenance) -> Finding:
    """Judges what was run: encoder, order of phases, intermediate tasks, and what selection saw."""
    evidence = view.evidence
    runs = [r for r in evidence.plan.runs if r.encoder_name == view.encoder]
    done = [r for r in runs if r.evaluate and all(s.key in evidence.done for s in _chain(r))]
    if not done:
        raise Gap(f"nothing of it has been run: {view.command}")
    trained = [r for r in done if r.intermediate and r.finetune]
    if part.phases and not trained:
        raise Gap(f"no run with intermediate training and fine-tuning has been evaluated: {view.command}")
    model = evidence.catalog.model(view.encoder)
    wrong, contrary = [], []
    if part.encoder and (not model.hub or model.hub.id != part.encoder):
        wrong.append(f"encoder: {view.encoder} for {part.encoder}")
    used = {n for r in done if r.spec.intermediate and not r.spec.intermediate.mlm for n in r.spec.intermediate.tasks}
    for wanted in part.intermediate_tasks:
        if wanted not in used:
            if wanted in view.all_tasks():
                raise Gap(f"intermediate task {wanted} has not been run: {view.command}")
            proxies = [n for n in sorted(used) if answers_to(evidence.catalog.task(n), wanted)]
            wrong.append(f"intermediate task {wanted}: {'only ' + ', '.join(proxies) if proxies else 'none'}")
    if part.phases and not all(_in_order(view, r) for r in trained):
        contrary.append("phases")
    if part.source_selection_only:
        sources = {evidence.targets[r.spec.target].train_language for r in done if r.finetune}
        seen = {x for r in done if r.finetune for x in r.finetune.params["data"]["validation"]}
        contrary += [f"selection saw {x}" for x in sorted(seen - {s for s in sources if s})]
    differences = view.differences([view.baseline, *view.treatments()], list(evidence.targets))
    return Finding(
        expected={name: value for name, value in part.told().items() if value},
        decided="contradicted" if contrary else "not_comparable" if wrong else "reproduced",
        fidelity="proxy" if differences else "exact",
        differences=tuple(differences),
        n_seeds=len({r.spec.seed for r in done}),
        evidence=tuple(dict.fromkeys((r.finetune or _chain(r)[-1]).key for r in done)),
        signature=f"kind:provenance|study:{view.study}|encoder:{view.encoder}|v:{VERSION}",
        next="; ".join(contrary + wrong),
    )


def _chain(run: PlannedRun) -> list[Stage]:
    """Returns a run's stages, parents before children."""
    return [s for s in (run.pretrain, run.intermediate, run.finetune, *run.evaluate.values()) if s]


def _in_order(view: View, run: PlannedRun) -> bool:
    """Returns whether a run's manifests form the chain encoder → intermediate → fine-tuning → evaluation."""
    chain = _chain(run)[: 1 - len(run.evaluate) or None]  # one language stands for all
    manifests = [view.evidence.manifest(stage) for stage in chain]
    kinds = [m.stage.kind for m in manifests]
    linked = all(child.stage.inputs == (parent.key,) for parent, child in pairwise(manifests))
    wanted: list[str] = ["intermediate", "finetune", "evaluate"]
    return linked and kinds == (["pretrain", *wanted] if run.pretrain else wanted)
