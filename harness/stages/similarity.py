"""How alike the domains of an intermediate training and of a target are, by every measure that the study names."""

from __future__ import annotations

import json

from harness import plugin
from harness.similarity import FEWEST_TEXTS, compare
from harness.similarity._files import languages, read
from harness.stages import Job

VERSION = 2
SIMILARITY = "similarity.json"
# What a measure reads that says nothing of domains where two corpora are of different languages.
ONE_LANGUAGE = ("text", "tokens")


def run(job: Job) -> list[str]:
    """Writes `similarity.json`: for each language of the target every measure that can be taken there."""
    params, found, doubts = job.params, [], []
    needs = {m["name"]: plugin.load("harness.similarity", m["name"]).NEEDS for m in params["measures"]}
    by_text = [name for name, need in needs.items() if need != "fisher"]
    by_task = [name for name, need in needs.items() if need == "fisher"]
    source = params["source"]
    ours, theirs, *with_heads = job.inputs
    for language in languages(theirs):
        pairs = [((ours, theirs), [m for m in by_text if language == source or needs[m] not in ONE_LANGUAGE])]
        if with_heads:
            pairs.append(((with_heads[0], with_heads[1]), by_task))
        for folders, measures in pairs:
            a, b = read(folders[0], source), read(folders[1], language)
            if len(a.texts) < FEWEST_TEXTS or len(b.texts) < FEWEST_TEXTS:
                sizes = f"{len(a.texts)} texts of {a.name} and {len(b.texts)} of {b.name} {language}"
                doubts.append(f"{sizes} are too few to be compared: at least {FEWEST_TEXTS} of each")
                continue
            alike = compare(a, b, measures, params["seed"], params["n_resamples"])
            found += [{"language": language, **one.to_json()} for one in alike]
    text = json.dumps(found, indent=1, ensure_ascii=False, allow_nan=False)
    (job.out / SIMILARITY).write_text(text + "\n", encoding="utf-8")
    return doubts
