"""The report in GitHub's Markdown: verdicts first, then scores, baselines, languages, doubts, provenance and sources."""

from __future__ import annotations

from collections.abc import Sequence

from harness.records import JSON
from harness.report import views, wording
from harness.report.verdicts import cell, claim_markdown, grid, tally


def page(summary: JSON, document: JSON) -> str:
    """Returns `report.md` of a summary and the claims document of the same study."""
    blocks = [
        *_head(summary),
        *_verdicts(document),
        *_scores(summary),
        *_trivial(summary),
        *_languages(summary),
        *_published(summary),
        *_cost(summary),
        *_doubts(summary),
        *_provenance(summary, document),
        *_sources(summary),
    ]
    return "\n\n".join(block for block in blocks if block) + "\n"


def _head(summary: JSON) -> list[str]:
    stages = summary["provenance"]["stages"]
    n_done = sum(stage["done"] for stage in stages)
    sizes = (("arms", "arm"), ("targets", "target"), ("seeds", "seed"))
    design = " × ".join(wording.plural(len(summary[field]), word) for field, word in sizes)
    encoders = [
        f"* `{e['name']}`: {cell(e['title'])}." + (f" {cell(e['disclosure'])}" if e["disclosure"] else "")
        for e in summary["encoders"]
    ]
    done = f"{wording.thousands(n_done)} of {wording.plural(len(stages), 'stage')} done"
    return [
        f"# {cell(summary['title'])}",
        cell(summary["description"]),
        f"Study `{summary['study']}`: {design}, evaluated on the {summary['split']} split; {done}.",
        "\n".join(encoders),
    ]


def _verdicts(document: JSON) -> list[str]:
    if not document["claims"]:
        return ["## Verdicts", "No claim was judged."]
    meaning = (
        "A claim is as good as its weakest part. *Proxy*: encoder, tasks or training are not the paper's. "
        "Intervals are 95 %, over seeds and test examples; p-values are Holm-corrected within each group of claims."
    )
    return ["## Verdicts", f"**{tally(document)}**", meaning, *(claim_markdown(c, level=3) for c in document["claims"])]


def _estimate(entry: JSON) -> str:
    if entry["mean"] is None:
        return f"{wording.MISSING} ({entry['missing']} missing)" if entry.get("missing") else wording.MISSING
    text = f"{wording.score(entry['mean'])} {wording.between(entry['interval'])}".strip()
    if entry["delta"] is None:
        return text
    return f"{text}; {wording.points(entry['delta'])} {wording.between(entry['delta_interval'], signed=True)}".strip()


def _scores(summary: JSON) -> list[str]:
    view = views.arm_by_target(summary)
    rows = [
        [
            views.arm_title(summary, row["arm"]["encoder"], row["arm"]["name"]),
            *map(_estimate, [*row["cells"], row["overall"]]),
        ]
        for row in view["rows"]
    ]
    if any(view["trivial"]):
        best = [f"{wording.score(f['mean'])} ({f['baseline']})" if f else wording.MISSING for f in view["trivial"]]
        rows.append(["best trivial baseline", *best, ""])
    headers = ["intermediate arm", *(f"{t['name']} ({t['metric']})" for t in summary["targets"]), "mean over targets"]
    legend = (
        "Mean over languages of the mean over seeds, in percent, with its 95 % interval; then the difference to the arm "
        f"`{summary['baseline']}` in points, paired by seed and example."
    )
    transfer = [
        [
            line["target"],
            views.arm_title(summary, line["encoder"], line["arm"]),
            wording.score(line["source_language"]["mean"]),
            wording.score(line["target_languages"]["mean"]),
            wording.score(line["gap"]),
            f"{wording.points(line['target_languages']['delta'])} "
            f"{wording.between(line['target_languages']['delta_interval'], signed=True)}".strip(),
        ]
        for line in views.source_and_targets(summary)
    ]
    columns = ["target", "arm", "source language", "target languages", "gap", "target languages, difference to the baseline"]
    return [
        "## Scores",
        legend,
        grid(rows, headers, right_from=1),
        "### Source language against target languages",
        grid(transfer, columns, right_from=2),
    ]


def _published(summary: JSON) -> list[str]:
    blocks = views.published_by_target(summary)
    return ["## Published numbers", wording.PUBLISHED, *map(_published_block, blocks)] if blocks else []


def _published_block(block: JSON) -> str:
    rows = [
        [
            row["title"],
            wording.published(row),
            wording.beside(row),
            wording.apart(row),
            wording.published_in(row),
            wording.CONFIDENCE_WORDS[row["confidence"]],
            row["baseline"],
        ]
        for row in block["rows"]
    ]
    headers = ["system", "published", "ours", "difference", "where it is published", "confidence", "baseline"]
    notes = [f"* {cell(wording.reason(found))}" for found in block["reasons"]]
    told = dict.fromkeys(f"{row['title']}: {row['note']}" for row in block["rows"] if row["note"])
    notes += [f"* {cell(text)}" for text in told]
    notes += [f"* Not found: {cell(gap['what'])}: {cell(gap['reason'])}" for gap in block["gaps"]]
    if block["others"]:
        notes.append(f"* Other systems: {cell('; '.join(map(wording.elsewhere, block['others'])))}")
    table = grid(rows, headers) if rows else ""
    inner = "\n\n".join(text for text in (table, "\n".join(notes)) if text)
    return f"<details><summary>{cell(wording.gist(block))}</summary>\n\n{inner}\n\n</details>"


def _trivial(summary: JSON) -> list[str]:
    rows = [
        [
            row["target"],
            row["baseline"],
            wording.score(row["source"]),
            wording.score(row["line"]["source_language"]["mean"] if row["line"] else None),
            wording.score(row["others"]),
            wording.score(row["line"]["target_languages"]["mean"] if row["line"] else None),
        ]
        for row in views.trivial_by_target(summary)
    ]
    base = summary["baseline"]
    headers = ["target", "trivial baseline", "source language", f"{base} there", "target languages", f"{base} there"]
    return ["## Trivial baselines", "What needs no encoder.", grid(rows, headers, right_from=2)] if rows else []


def _languages(summary: JSON) -> list[str]:
    legend = (
        "Mean over seeds, its 95 % interval, and the standard deviation over seeds; then the difference to the arm "
        f"`{summary['baseline']}` in points, with its own interval."
    )
    blocks = ["## Languages", legend]
    entries = {(e["encoder"], e["arm"], e["target"], e["language"]): e for e in summary["languages"]}
    arms = [(arm["encoder"], arm["name"]) for arm in summary["arms"]]
    for target in summary["targets"]:
        names = views.trivial_names(summary, target)
        floors = [views.trivial_values(summary, target, name) for name in names]
        rows = []
        for language in views.source_first(target):
            own = [entries[encoder, arm, target["name"], language] for encoder, arm in arms]
            name = f"{language} (source)" if language == target["source_language"] else language
            rows.append([name, *map(_spread, own), *(wording.score(values.get(language)) for values in floors)])
        headers = ["language", *(views.arm_title(summary, *arm) for arm in arms), *(f"trivial: {name}" for name in names)]
        table = grid(rows, headers, right_from=1)
        title = f"{target['name']}, {target['metric']}"
        blocks.append(f"<details><summary>{cell(title)}</summary>\n\n{table}\n\n</details>")
    return blocks


def _spread(entry: JSON) -> str:
    if entry["mean"] is None:
        return wording.MISSING
    sd = entry["sd_over_seeds"]
    text = f"{wording.score(entry['mean'])} {wording.between(entry['interval'])}".strip()
    text += "" if sd is None else f" sd {wording.score(sd)}"
    if entry["delta"] is None:
        return text
    return f"{text}; {wording.points(entry['delta'])} {wording.between(entry['delta_interval'], signed=True)}".strip()


def _cost(summary: JSON) -> list[str]:
    rows = [[row["kind"], row["n_done"], row["n_stages"], wording.seconds(row["seconds"])] for row in summary["cost"]]
    return ["## Cost", grid(rows, ["stage", "done", "of", "time"], right_from=1)]


def _doubts(summary: JSON) -> list[str]:
    lines = [
        f"* {cell(doubt['doubt'])} ({wording.plural(len(doubt['stages']), 'stage')}, as {cell(doubt['stages'][0]['stage'])})"
        for doubt in views.distinct_doubts(summary)
    ]
    return ["## Doubts", "\n".join(lines) or "No stage warned of anything."]


def _provenance(summary: JSON, document: JSON) -> list[str]:
    known = summary["provenance"]
    lines = []
    for code in known["code"]:
        dirty = ", with uncommitted changes" if code["dirty"] else ""
        place = f"`{code['commit']}`{dirty}" if code["commit"] else "not from a checkout"
        lines.append(f"* Code: {place} ({wording.plural(code['n_stages'], 'stage')})")
    for environment in known["environments"]:
        facts = [f"{k} {v}" for k, v in environment.items() if k not in wording.ENVIRONMENT_APART]
        facts += [f"{name} {version}" for name, version in environment.get("packages", {}).items()]
        facts += [words for words in [wording.locked(environment)] if words]
        lines.append(f"* Environment: {cell(', '.join(facts))} ({wording.plural(environment['n_stages'], 'stage')})")
    lines += [f"* {words}" for words in [wording.outside_lock(known["environments"])] if words]
    rows = [[t["name"], t["family"], ", ".join(t["proxy_for"]), t["deviation"] or ""] for t in summary["targets"]]
    where = f"`{document['store']}/`" if document["store"] else "the store"
    return [
        "## Where each number comes from",
        "\n".join(lines),
        grid(rows, ["target", "family", "stands in for", "deviation"]),
        f"Manifests are in {where}; `metrics.json` has every score with its signature and key, and every data digest.",
        _folded("Data", _digests(known["data"]), ["task", "split", "language", "sha256"]),
        _folded("Stages", _stages(known["stages"]), ["stage", "time", "manifest"]),
    ]


def _sources(summary: JSON) -> list[str]:
    fields = ("kind", "name", "citation", "paper", "url", "licence")
    rows = [[source[field] or wording.NONE_ON_FILE for field in fields] for source in summary["sources"]]
    headers = ["", "name", "cite", "published as", "address", "licence"]
    return ["## Sources and licences", wording.SOURCES, grid(rows, headers)]


def _folded(title: str, rows: Sequence[Sequence[object]], headers: Sequence[str]) -> str:
    return f"<details><summary>{title}: {wording.thousands(len(rows))}</summary>\n\n{grid(rows, headers)}\n\n</details>"


def _digests(data: Sequence[JSON]) -> list[list[str]]:
    return [[d["task"], d["split"], d["language"], ", ".join(x[:16] for x in d["sha256"])] for d in data]


def _stages(stages: Sequence[JSON]) -> list[list[str]]:
    rows = []
    for stage in stages:
        time = wording.seconds(stage["seconds"]) if stage["done"] else "not run"
        rows.append([stage["label"], time, f"`{stage['kind']}/{stage['key'][:16]}`"])
    return rows
