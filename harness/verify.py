"""Claims and a store → verdicts. Never starts a run, never loads torch, writes no verdict by hand.

Each part is judged by every view (a study's encoder) that is offered; the best-founded finding counts: one that was
run before one that was not, exact before proxy, several seeds before one, more examples before fewer. The p-values
of a group of claims, by default the whole file, are then corrected together (Holm), and only then is there an outcome.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from harness.evidence import Evidence
from harness.findings import Finding, Gap, Mismatch
from harness.judges import JUDGES
from harness.records import OUTCOMES, PartVerdict, Verdict, fields
from harness.selection import View
from harness.spec.claim import Claim, ClaimsSpec, Part
from harness.stats.correction import holm

# A claim is as good as its worst part: this is the order from worst to best.
PRECEDENCE = ("contradicted", "not_run", "inconclusive", "not_comparable", "reproduced")
assert set(PRECEDENCE) == set(OUTCOMES)


def judge(claims: ClaimsSpec, evidences: Sequence[Evidence]) -> list[Verdict]:
    """Returns the verdict on each claim, in the file's order."""
    views = [
        View(evidence, encoder, claims, evidence.catalog.benchmark(claims.benchmark))
        for evidence in evidences
        for encoder in evidence.plan.study.vary.encoder
    ]
    parts = [(claim, part) for claim in claims.claims for part in claim.parts]
    findings = [_best(part, [_find(view, claim, part) for view in views]) for claim, part in parts]
    groups = [claim.group for claim, _ in parts]
    p_for = _corrected([f.p_for for f in findings], groups)
    p_against = _corrected([f.p_against for f in findings], groups)
    judged = [
        (claim, _verdict(part, finding, up, down))
        for (claim, part), finding, up, down in zip(parts, findings, p_for, p_against, strict=True)
    ]
    return [_combine(claim, [v for owner, v in judged if owner is claim]) for claim in claims.claims]


def exit_code(verdicts: Sequence[Verdict], allowed: Sequence[str] = ()) -> int:
    """Returns 0 if every claim is reproduced or in an allowed outcome, 1 if one is contradicted, else 3."""
    left = {v.outcome for v in verdicts} - {"reproduced", *allowed}
    return 0 if not left else 1 if "contradicted" in left else 3


def _find(view: View, claim: Claim, part: Part) -> Finding:
    kind: str = part.kind  # type: ignore[attr-defined]
    try:
        finding = JUDGES[kind](replace(view, training=claim.training), part)
    except Gap as gap:
        outcome = "not_comparable" if isinstance(gap, Mismatch) else "not_run"
        return Finding(expected=_expected(part), decided=outcome, next=str(gap))
    unlike = list(_unlike(view, claim, part, finding))
    if unlike:
        why = f"the evidence is of something else: {'; '.join(unlike)}"
        return replace(finding, decided="not_comparable", p_for=None, p_against=None, next=why)
    if finding.decided is None and finding.n_seeds == 1:
        # An interval over examples alone says nothing of what another draw of the training would give.
        return replace(finding, decided="inconclusive", p_for=None, p_against=None)
    return finding


def _unlike(view: View, claim: Claim, part: Part, finding: Finding) -> Iterator[str]:
    """Yields in which fields the signatures of the evidence are not as a claim says."""
    if not claim.signature:
        return
    scores = view.evidence.scores_of(finding.evidence)
    found = [fields(s["signature"]) for s in scores if s["metric"] in view.metrics(s["task"], part.metric)]
    for field, wanted in claim.signature.items():
        there = sorted({own[field] for own in found if field in own})
        if there != [str(wanted)]:
            yield f"{field}: {', '.join(there) or 'none'}, the claim is about {wanted}"


def _expected(part: Part) -> dict[str, object]:
    told = {k: v for k, v in part.told().items() if v not in (None, [], {})}
    return {k: v for k, v in told.items() if (k, v) != ("average", "targets")}


def _best(part: Part, findings: Sequence[Finding]) -> Finding:
    """Returns the best-founded finding, whatever it says; the first of equals."""

    def founded(finding: Finding) -> tuple[int | bool, ...]:
        if finding.decided == "not_run":
            return False, "harness run " in finding.next
        exact, several = finding.fidelity == "exact", finding.n_seeds > 1
        return True, exact, finding.decided is None, several, finding.n_examples, -len(finding.differences)

    nothing = Finding(expected=_expected(part), decided="not_run", next="there is no study: write one")
    return max(findings, key=founded, default=nothing)


def _corrected(values: Sequence[float | None], groups: Sequence[str]) -> list[float | None]:
    """Returns Holm-adjusted p-values, each group for itself; none where there is none."""
    place: dict[int, float] = {}
    for group in dict.fromkeys(groups):
        known = [i for i, p in enumerate(values) if p is not None and groups[i] == group]
        if known:
            adjusted = holm(np.array([values[i] for i in known], np.float64))
            place |= dict(zip(known, adjusted.tolist(), strict=True))
    return [place.get(i) for i in range(len(values))]


def _verdict(part: Part, finding: Finding, up: float | None, down: float | None) -> PartVerdict:
    kind: str = part.kind  # type: ignore[attr-defined]
    outcome, raw, adjusted = finding.decided, finding.p_for, up
    if outcome is None:
        assert up is not None
        assert down is not None
        outcome = "reproduced" if up <= part.alpha else "contradicted" if down <= part.alpha else "inconclusive"
        if outcome == "contradicted":
            raw, adjusted = finding.p_against, down
    differ = "; ".join(finding.differences)
    is_proxy = finding.fidelity == "proxy"
    more = finding.next
    if outcome == "reproduced":
        more = f"reproduced on a proxy; exact evidence differs in: {differ}" if is_proxy else ""
    elif outcome == "contradicted" and finding.decided is None:
        more = f"contradicted here, on a proxy; the paper's set-up may differ: {differ}" if is_proxy else ""
    return PartVerdict(
        kind="greater" if kind in ("selected_greater", "comparison") else kind,
        outcome=outcome,
        fidelity=finding.fidelity,
        expected=finding.expected,
        estimate=finding.estimate,
        interval=finding.interval,
        p=raw,
        p_adjusted=adjusted,
        n_seeds=finding.n_seeds,
        n_examples=finding.n_examples,
        signature=finding.signature,
        evidence=finding.evidence,
        next=more,
        note=part.note or "",
        details=finding.details,
    )


def _combine(claim: Claim, parts: Sequence[PartVerdict]) -> Verdict:
    kinds = list(dict.fromkeys(part.kind for part in parts))
    return Verdict(
        id=claim.id,
        statement=claim.statement,
        source=claim.source.data(),
        kind=kinds[0] if len(kinds) == 1 else "+".join(kinds),
        parts=tuple(parts),
        outcome=min((part.outcome for part in parts), key=PRECEDENCE.index),
        fidelity="exact" if all(part.fidelity == "exact" for part in parts) else "proxy",
    )
