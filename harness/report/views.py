"""A summary seen from the reader's side: the lines of tables that the page and the Markdown share."""

from __future__ import annotations

from collections.abc import Sequence

from harness.records import JSON

ROLES = {"intermediate": "with intermediate training", "baseline": "without intermediate training"}
PUBLISHED_ROWS = {"intermediate": "published", "baseline": "published baseline"}


def arm_title(summary: JSON, encoder: str, arm: str) -> str:
    """Returns an arm's name, with its encoder where there are several."""
    return f"{encoder} · {arm}" if len(summary["encoders"]) > 1 else arm


def arm_by_target(summary: JSON) -> JSON:
    """Returns the table arm × target, the mean over targets last, with trivial baselines and published numbers below."""
    lines = {(e["encoder"], e["arm"], e["target"]): e for e in summary["table"]}
    overall = {(o["encoder"], o["arm"]): o for o in summary["overall"]}
    beside, first = beside_published(summary), first_published(summary)
    rows = []
    for arm in summary["arms"]:
        places = [(arm["encoder"], arm["name"], target["name"]) for target in summary["targets"]]
        own = [{**lines[place], "published": beside.get(place)} for place in places]
        rows.append({"arm": arm, "cells": own, "overall": {**overall[arm["encoder"], arm["name"]], "published": None}})
    targets = summary["targets"]
    published = {name: [first.get((t["name"], role)) for t in targets] for role, name in PUBLISHED_ROWS.items()}
    return {
        "rows": rows,
        "trivial": [_mean_trivial(summary, target) for target in targets],
        "published": {name: row for name, row in published.items() if any(row)},
    }


def _mean_trivial(summary: JSON, target: JSON) -> JSON | None:
    """Returns the trivial baseline with the best mean over a target's languages, none if there is none."""
    best: JSON | None = None
    for name in trivial_names(summary, target):
        values = trivial_values(summary, target, name)
        if set(target["languages"]) <= set(values):
            mean = sum(values[x] for x in target["languages"]) / len(target["languages"])
            if best is None or mean > best["mean"]:
                best = {"baseline": name, "mean": mean}
    return best


def trivial_names(summary: JSON, target: JSON) -> list[str]:
    """Returns the trivial baselines that a target has scores of."""
    return list(dict.fromkeys(row["baseline"] for row in summary["trivial"] if row["target"] == target["name"]))


def trivial_values(summary: JSON, target: JSON, baseline: str) -> dict[str, float]:
    """Returns one trivial baseline's scores by language, in the target's own metric."""
    return {
        row["language"]: row["value"]
        for row in summary["trivial"]
        if row["target"] == target["name"]
        and row["baseline"] == baseline
        and row["metric"] == target["metric"]
        and row["value"] is not None
    }


def source_and_targets(summary: JSON) -> list[JSON]:
    """Returns for each target and arm the source language, the target languages and the gap between them."""
    rows = []
    for target in summary["targets"]:
        for line in (e for e in summary["table"] if e["target"] == target["name"]):
            source, others = line["source_language"]["mean"], line["target_languages"]["mean"]
            gap = source - others if source is not None and others is not None else None
            rows.append({**line, "gap": gap})
    return rows


def trivial_by_target(summary: JSON) -> list[JSON]:
    """Returns each trivial baseline's scores in source and target languages beside the arm without intermediate training."""
    lines = {(e["encoder"], e["target"]): e for e in summary["table"] if e["arm"] == summary["baseline"]}
    encoder = summary["encoders"][0]["name"]
    rows = []
    for target in summary["targets"]:
        others = [x for x in target["languages"] if x != target["source_language"]]
        for name in trivial_names(summary, target):
            values = trivial_values(summary, target, name)
            known = [values[x] for x in others if x in values]
            rows.append(
                {
                    "target": target["name"],
                    "baseline": name,
                    "source": values.get(target["source_language"]),
                    "others": sum(known) / len(known) if known and len(known) == len(others) else None,
                    "line": lines.get((encoder, target["name"])),
                }
            )
    return rows


def distinct_doubts(summary: JSON) -> list[JSON]:
    """Returns each different doubt once, with the stages that have it; the most frequent first."""
    found: dict[str, list[JSON]] = {}
    for doubt in summary["doubts"]:
        found.setdefault(doubt["doubt"], []).append(doubt)
    order = sorted(found, key=lambda text: -len(found[text]))
    return [{"doubt": text, "stages": found[text]} for text in order]


def best_trivial(summary: JSON, target: JSON) -> dict[str, float]:
    """Returns for each language the best score of a trivial baseline in the target's own metric."""
    best: dict[str, float] = {}
    for name in trivial_names(summary, target):
        for language, value in trivial_values(summary, target, name).items():
            best[language] = max(value, best.get(language, value))
    return best


def source_first(target: JSON) -> list[str]:
    """Returns a target's languages, the source language before the others."""
    return sorted(target["languages"], key=lambda x: x != target["source_language"])


def published_by_target(summary: JSON) -> list[JSON]:
    """Returns a block for each target that anything is published on: numbers beside an arm of ours, the others, gaps.

    `reasons` says once for each what makes ours no replication, and of which numbers.
    """
    blocks = []
    for target in summary["targets"]:
        found = [row for row in summary["published"] if row["target"] == target["name"]]
        gaps = [gap for gap in summary["not_found"] if gap["target"] == target["name"]]
        if found or gaps:
            rows = [row for row in found if row["role"] != "other"]
            tasks = list(dict.fromkeys(line["task"] for line in [*found, *gaps]))
            blocks.append(
                {
                    "target": target,
                    "tasks": tasks,
                    "stands_in_for": [task for task in tasks if task != target["name"]],
                    "rows": rows,
                    "others": [row for row in found if row["role"] == "other"],
                    "reasons": _reasons(rows),
                    "gaps": gaps,
                }
            )
    return blocks


def first_published(summary: JSON) -> dict[tuple[str, str], JSON]:
    """Returns by target and role the published number that stands first, of those on the very task and in its metric."""
    found: dict[tuple[str, str], JSON] = {}
    for row in summary["published"]:
        if row["comparable"] and row["role"] in PUBLISHED_ROWS:
            found.setdefault((row["target"], row["role"]), row)
    return found


def beside_published(summary: JSON) -> dict[tuple[str, str, str], JSON]:
    """Returns by encoder, arm and target how far an arm's mean is from the first published number, which is taken as exact.

    An arm with masked LM or on translated data has no published counterpart, and neither has a second encoder.
    """
    first = first_published(summary)
    plain = {(a["encoder"], a["name"]) for a in summary["arms"] if a["mlm_fraction"] is None and not a["translate_to"]}
    found = {}
    for line in summary["table"]:
        role = "baseline" if line["arm"] == summary["baseline"] else "intermediate"
        row = first.get((line["target"], role))
        known = row is not None and row["encoder"] == line["encoder"] and line["mean"] is not None
        if row is not None and known and (line["encoder"], line["arm"]) in plain:
            mean, low, high = (round(x - row["value"], 4) + 0.0 for x in (line["mean"], *(line["interval"] or (0.0, 0.0))))
            span = [low, high] if line["interval"] else None
            place = (line["encoder"], line["arm"], line["target"])
            found[place] = {"delta": mean, "delta_interval": span, "fidelity": row["fidelity"]}
    return found


def _reasons(rows: Sequence[JSON]) -> list[JSON]:
    """Returns each reason once, with the numbers it holds for: all, those of one role, or some by name."""
    found = []
    for why in dict.fromkeys(why for row in rows for why in row["why"]):
        own = [row for row in rows if why in row["why"]]
        roles = {row["role"] for row in own}
        whole = [row for row in rows if row["role"] in roles]
        names = "; ".join(dict.fromkeys(row["title"] for row in own))
        who = names if own != whole else ROLES[roles.pop()] if len(own) < len(rows) else "all"
        found.append({"who": who, "why": why, "n": len(own)})
    return sorted(found, key=lambda reason: -int(reason["n"]))
