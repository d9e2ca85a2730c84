"""How numbers, outcomes and expectations are put in words: the same in the page, in Markdown and on a terminal."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from harness.records import JSON

MISSING = "–"
NONE_ON_FILE = "none on file"
SOURCES = (
    "Data sets, encoders and benchmarks that this study uses. Predictions in the store hold gold answers of the data sets: "
    "whoever passes the store on is bound by these licences."
)
BASELINE_WORDS = "the baseline"

OUTCOME_WORDS = {
    "reproduced": "reproduced",
    "contradicted": "contradicted",
    "inconclusive": "inconclusive",
    "not_comparable": "not comparable",
    "not_run": "not run",
}
_ARM_WORDS = {
    "without intermediate training": BASELINE_WORDS,
    "best_on_validation": "best on validation",
    "mean_of_all": "mean of all arms",
    "all": "all tasks at once",
}
# What an environment's line does not list among its plain facts.
ENVIRONMENT_APART = ("packages", "lock", "outside_lock", "n_stages")
# A mark beside the word, so that colour is never alone in saying it.
OUTCOME_MARKS = {
    "reproduced": "✓",
    "contradicted": "✗",
    "inconclusive": "~",
    "not_comparable": "≠",
    "not_run": "○",
}
CONFIDENCE_WORDS = {
    "quote_seen": "seen in the source",
    "quote_seen_secondary": "seen in a summary by others",
    "derived": "worked out from quoted numbers",
}
# What the section on published numbers has to say first.
PUBLISHED = (
    "What papers and re-runs by others report, beside this study: the arm that is best on source-language validation (on an "
    "untrained target the mean of the arms), or the baseline. A difference is printed for the very same task only, and is "
    "exact only with the encoder, data, arms and training that the number was published with; else it is a proxy, and says "
    "nothing of a size. Numbers of different sources or baselines are never subtracted from each other."
)
OUTCOME_MEANINGS = {
    "reproduced": "the evidence says what the paper says",
    "contradicted": "the evidence says the contrary",
    "inconclusive": "too little power to say either",
    "not_comparable": "measured in another set-up than the paper's",
    "not_run": "no evidence yet",
}
KIND_WORDS = {
    "greater": "direction",
    "value": "size",
    "equivalent": "no difference",
    "best": "rank",
    "ordering": "order of groups",
    "count": "how many",
    "correlation": "correlation",
    "slope": "slope",
    "comparison": "comparison",
    "provenance": "set-up",
}
_ENUMERATES = re.compile(r"(.*?\bdiffers?(?: in)?:?) (.+)", re.DOTALL)
# Kinds whose estimate is not in points.
_UNITS = {"count": "arms", "correlation": ""}


def score(value: float | None) -> str:
    """Returns a score with one decimal, or a dash where there is none."""
    return MISSING if value is None else f"{value:.1f}".replace("-", "−")


def points(value: float | None) -> str:
    """Returns a difference with its sign and one decimal, or a dash."""
    if value is None:
        return MISSING
    text = f"{value:+.1f}".replace("-", "−")
    return "0.0" if text in ("+0.0", "−0.0") else text


def between(interval: Sequence[float] | None, *, signed: bool = False) -> str:
    """Returns `[low, high]`, or nothing where there is no interval."""
    if interval is None:
        return ""
    word = points if signed else score
    return f"[{word(interval[0])}, {word(interval[1])}]"


def seconds(value: float) -> str:
    """Returns a duration in the largest unit that leaves a number above one."""
    if value < 100:
        return f"{value:.1f} s"
    if value < 6000:
        return f"{value / 60:.1f} min"
    return f"{value / 3600:.1f} h"


def probability(value: float | None) -> str:
    """Returns a p-value, or a dash."""
    if value is None:
        return MISSING
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def thousands(n: int) -> str:
    """Returns a count with its thousands set apart."""
    return f"{n:,}".replace(",", " ")


def plural(n: int, one: str, many: str = "") -> str:
    """Returns `1 seed` or `3 seeds`."""
    return f"{thousands(n)} {one if n == 1 else many or one + 's'}"


def locked(environment: JSON) -> str:
    """Returns how the packages of an environment stand to the lock, or nothing where its manifests do not tell."""
    if environment.get("lock"):
        return f"as in the lock {environment['lock'][:12]}"
    outside = environment.get("outside_lock")
    return f"outside the lock: {', '.join(outside)}" if outside else ""


def outside_lock(environments: Sequence[JSON]) -> str:
    """Returns a sentence on the stages that were computed outside the lock, or nothing if there are none."""
    n = sum(environment["n_stages"] for environment in environments if environment.get("outside_lock"))
    of = plural(sum(environment["n_stages"] for environment in environments), "stage")
    return f"{thousands(n)} of {of} {'was' if n == 1 else 'were'} computed outside the lock." if n else ""


def in_points(part: JSON) -> bool:
    """Returns whether a part's estimate and interval are there and are a difference in percentage points."""
    is_there = part["estimate"] is not None and part["interval"] is not None
    return is_there and part["kind"] not in _UNITS and not is_level(part)


def is_level(part: JSON) -> bool:
    """Returns whether a part is about a score itself, not about a difference."""
    return part["kind"] == "value" and ("score" in part["expected"] or part["expected"].get("over") == "nothing")


def papers(part: JSON) -> str:
    """Returns the number that the paper gives, or a dash."""
    if part["kind"] != "value":
        return MISSING
    value = part["expected"].get("score", part["expected"].get("value"))
    return score(value) if is_level(part) else points(value)


def ours(part: JSON) -> str:
    """Returns a part's estimate and interval in words, or a dash where there is none."""
    if part["estimate"] is None:
        return MISSING
    span = interval(part)
    return f"{estimate(part)} ({span})" if span and part["kind"] == "count" else f"{estimate(part)} {span}".strip()


def estimate(part: JSON) -> str:
    """Returns a part's estimate in its own unit, or a dash."""
    value = part["estimate"]
    if value is None:
        return MISSING
    if part["kind"] == "count":
        return f"{value:g} arms"
    if part["kind"] == "correlation":
        return f"{value:+.2f}".replace("-", "−")
    return score(value) if is_level(part) else points(value)


def interval(part: JSON) -> str:
    """Returns a part's interval in its own unit, or nothing."""
    ends = part["interval"]
    if not ends:
        return ""
    if part["kind"] == "count":
        return f"between {ends[0]:g} and {ends[1]:g}"
    if part["kind"] == "correlation":
        return f"[{ends[0]:+.2f}, {ends[1]:+.2f}]".replace("-", "−")
    return between(ends, signed=not is_level(part))


def asked(part: JSON) -> str:
    """Returns what a part of a claim expects, as a phrase."""
    expected = dict(part["expected"])
    arm, over = arm_words(expected.pop("arm", "")), arm_words(expected.pop("over", ""))
    over = over or BASELINE_WORDS
    kind = part["kind"]
    if kind == "greater" and arm:
        expected.pop("difference", None)
        expected.pop("difference of gains", None)
        gains = " in gain" if expected.pop("baseline", None) else ""
        phrase = f"{arm} above {over}{gains}"
    elif is_level(part):
        value = expected.pop("score", expected.pop("value", None))
        phrase = f"{arm}: a score of {score(value)} ± {expected.pop('margin', 0):g}"
    elif kind == "value" and "value" in expected:
        value, margin = expected.pop("value"), expected.pop("margin", None)
        near = f" ± {margin:g}" if margin is not None else ""
        phrase = f"{arm}: {points(value)}{near} points over {over}"
    elif kind == "best" and arm:
        rank, of = expected.pop("rank", 1), expected.pop("of", None)
        phrase = f"{arm} ranks {rank}" + (f" of {of}" if of else " of all arms")
    elif kind == "ordering" and "largest gain" in expected:
        phrase = f"largest gain on {expected.pop('largest gain')}, of {_plain(expected.pop('of', []))}"
    elif kind == "equivalent" and "difference" in expected:
        phrase = f"{expected.pop('arms', arm)} against {over}: difference {expected.pop('difference')} points"
    elif kind == "slope" and "slope" in expected:
        way = "rises" if expected.pop("slope") == "positive" else "falls"
        phrase = f"{way} over {', '.join(f'{name} {number:g}' for name, number in expected.pop('numbers', {}).items())}"
    else:
        if arm:
            expected = {"arm": arm, **expected}
        phrase = ""
    expected.pop("selected", None)
    if "attack" in expected:
        quantity = {"score": "under", "drop": "drop under", "flips": "flips under"}[expected.pop("quantity", "score")]
        phrase = f"{phrase}, {quantity} {expected.pop('attack')}".removeprefix(", ")
    rest = "; ".join(_pair(key, value) for key, value in expected.items())
    return "; ".join(text for text in (phrase, rest) if text) or MISSING


def details(part: JSON) -> str:
    """Returns what a judge tells beside its numbers, as one phrase; empty where it tells nothing."""
    told = []
    for name, value in part.get("details", {}).items():
        if isinstance(value, Mapping):
            shown = score if name == "by arm" else _gain  # levels of a slope's arms, and else differences
            value = ", ".join(f"{key} {shown(number)}" for key, number in value.items())
        told.append(f"{name}: {value}")
    return "; ".join(told)


def _gain(value: Any) -> str:
    if isinstance(value, Sequence):
        return f"{points(value[0])} {between(value[1:], signed=True)}"
    return points(value)


def arm_words(arm: Any) -> str:
    """Returns an arm of a claim in words, whether it is a query or has been described already."""
    if not isinstance(arm, Mapping):
        return _ARM_WORDS.get(str(arm), str(arm))
    tasks = arm.get("intermediate", ())
    name = "all tasks at once" if tasks == "all" else " + ".join(tasks) or BASELINE_WORDS
    with_mlm = " with masked LM" if arm.get("mlm") else ""
    return f"{name}{with_mlm}{' on translated data' if arm.get('translated') else ''}"


def steps(text: str) -> tuple[str, tuple[str, ...]]:
    """Returns what would change a verdict as a lead and, where it enumerates, the items: `… differ in: a; b; c`."""
    found = _ENUMERATES.match(text)
    lead, rest = (found[1], found[2]) if found else ("", text)
    items = tuple(item.strip() for item in rest.split(";") if item.strip())
    return (text, ()) if len(items) < 3 else (lead.removesuffix(":").removesuffix(" in"), items)


def _pair(key: str, value: Any) -> str:
    words = key.replace("_", " ")
    if value is True:
        return words
    joined = " → ".join(map(str, value)) if key == "phases" else _plain(value)
    return f"{words}: {joined}"


def _plain(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{k} {_plain(v)}" for k, v in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(_plain, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def published(row: JSON) -> str:
    """Returns a published score, and its gain over its own baseline where the two stand in one source."""
    gained = f" ({points(row['gain'])} over its baseline)" if row["gain"] is not None else ""
    return f"{row['task']} {row['metric'].replace('_', ' ')} {score(row['value'])}{gained}"


def published_in(row: JSON) -> str:
    """Returns where a published number stands, and of which split and edition it is."""
    words = [word for word in ("table", "row", "column", "edition") if row[word] and str(row[word]) not in row["source"]]
    place = [str(row[word]) if word == "table" else f"{word} {row[word]}" for word in words]
    split = [] if row["split"] == "test" else [f"{row['split']} split"]
    return ", ".join([row["source"], *place, *split])


def beside(row: JSON) -> str:
    """Returns our arm that stands beside a published number, with its scores, or a dash where they are incomplete."""
    if row["ours"] is None:
        return MISSING
    source = row["ours_source_language"]
    more = [f"source language {score(source)}"] if source is not None else []
    more += [f"{points(row['ours_gain'])} over the baseline"] if row["ours_gain"] is not None else []
    return f"{row['arm']} {score(row['ours'])}" + (f" ({', '.join(more)})" if more else "")


def apart(row: JSON) -> str:
    """Returns ours minus the published number with its fidelity, or why there is no difference."""
    if not row["same_task"]:
        return "another task"
    return MISSING if row["difference"] is None else f"{points(row['difference'])} ({row['fidelity']})"


def reason(found: JSON) -> str:
    """Returns what makes ours no replication of some published numbers."""
    return f"Not a replication ({found['who']}): {found['why']}"


def elsewhere(row: JSON) -> str:
    """Returns a published number of a system that no arm of ours stands beside."""
    return f"{row['title']}: {published(row)} ({row['source']})"


def gist(block: JSON) -> str:
    """Returns a target's published numbers in one line: the first of them, and ours."""
    others = ", ".join(block["stands_in_for"])
    lead = block["target"]["name"] + (f", which stands in for {others}" if others else "")
    if not block["rows"]:
        return f"{lead}: no number of the encoder or of X-STILTs"
    first = block["rows"][0]
    here = beside(first).partition(" (")[0]
    task = f" on {first['task']}" if len(block["tasks"]) > 1 else ""
    return f"{lead}: {first['title']}{task} {score(first['value'])}; here {here}; {apart(first)}"
