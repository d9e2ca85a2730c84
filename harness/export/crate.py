"""A bundle's description as a Workflow Run RO-Crate, profile Provenance Run Crate 0.5, on RO-Crate 1.1.

The study is the workflow, a kind of stage a step and its tool, a finished stage the run of a tool: what it read (parents'
entries, pinned files, its seed), what it wrote (its entry), when, and under the command of which engine. Files inside of
an entry are not described one by one: the entry's own manifest lists them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from harness.canon import Address, dumps
from harness.evidence import Evidence
from harness.export import bag
from harness.export.credits import credited, identifier, licences, paper, ref, refs, slug
from harness.export.runs import ended, entry, stage_runs, workflow_run
from harness.records import JSON, KINDS, Manifest

METADATA = "ro-crate-metadata.json"
TERMS = "https://w3id.org/ro/terms/workflow-run#"
CONTEXT = ["https://w3id.org/ro/crate/1.1/context", {"sha256": f"{TERMS}sha256"}]
CRATE = "https://w3id.org/ro/crate/1.1"
WORKFLOW_CRATE = "https://w3id.org/workflowhub/workflow-ro-crate/1.0"
PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": ("Process Run Crate", "0.5"),
    "https://w3id.org/ro/wfrun/workflow/0.5": ("Workflow Run Crate", "0.5"),
    "https://w3id.org/ro/wfrun/provenance/0.5": ("Provenance Run Crate", "0.5"),
    WORKFLOW_CRATE: ("Workflow RO-Crate", "1.0"),
}
PARAMETER = "https://bioschemas.org/profiles/FormalParameter/1.0-RELEASE"
WORKFLOW = "https://bioschemas.org/profiles/ComputationalWorkflow/1.0-RELEASE"
# A kind of stage in words.
TOOLS = {
    "pretrain": "Phase (i): trains an encoder from nothing on a masked-LM task",
    "intermediate": "Phase (ii): trains an encoder on intermediate tasks",
    "finetune": "Phase (iii): fine-tunes an encoder on a target task in its source language",
    "evaluate": "Predicts the examples of a target task in one language and scores them",
    "trivial": "Scores baselines that need no encoder",
}
# Files of a bundle by name: what each is, and its form.
FILES = {
    "claims.yaml": ("The claims under test", "application/yaml"),
    "claims.json": ("The verdicts, as `harness verify --format json` prints them", "application/json"),
    "report.md": ("The report: verdicts, scores, sources, provenance", "text/markdown"),
    "README.md": ("What this bundle is, and how to check it", "text/markdown"),
    "bundle.json": ("What was judged, and by which version of the program", "application/json"),
    "left-out-sha256.txt": ("Files of the stages that are not in this bundle, with their digests", "text/plain"),
    bag.MANIFEST: ("The sha256 of every other file of this bundle", "text/plain"),
}

WORK_OF = {
    "claims.yaml": {"exampleOfWork": ref("#in-claims")},
    "claims.json": {"exampleOfWork": ref("#out-verdicts")},
    "report.md": {"exampleOfWork": ref("#out-report")},
    "README.md": {"about": ref("./")},
}


def metadata(evidence: Evidence, record: JSON, sources: Sequence[JSON], digests: Mapping[str, Address]) -> JSON:
    """Returns the content of `ro-crate-metadata.json`.

    Args:
        evidence: the study and its finished stages, as the bundle has them.
        record: what `bundle.json` says.
        sources: whose data sets, encoders and benchmarks are used.
        digests: the sha256 of the bundle's other files by name.
    """
    manifests = {s.key: evidence.manifest(s) for s in evidence.plan.stages if s.key in evidence.done}
    stages = [stage for stage in evidence.plan.stages if stage.key in manifests]
    kinds = [kind for kind in KINDS if any(stage.kind == kind for stage in stages)]
    engines = list(_engines(manifests.values()))
    names = [engine["@id"] for engine in engines if engine["@id"].startswith("#engine-")]
    graph = [
        *_files(digests, map(entry, stages)),
        *_root(evidence, record, sources, digests, max(map(ended, manifests.values()))),
        *_workflow(evidence, kinds),
        *_tools(kinds),
        *engines,
        *workflow_run(stages, manifests, _study_file(evidence), names),
        *stage_runs(evidence, stages, manifests),
        *credited(sources),
    ]
    once: dict[str, JSON] = {}
    for entity in graph:
        once[entity["@id"]] = {**once.get(entity["@id"], {}), **entity}
    return {"@context": CONTEXT, "@graph": list(once.values())}


def readme(record: JSON, n_left_out: int, sources: Sequence[JSON]) -> str:
    """Returns what a reader of the bundle must know, in Markdown."""
    left = (
        f"{n_left_out:,} files of training stages (encoders, heads, tokenizers) are left out, for judging does not read "
        "them; `left-out-sha256.txt` has their digests. `harness export ro-crate --with-checkpoints` keeps them.\n\n"
        if n_left_out
        else "Every file of every stage is here, encoders and heads too.\n\n"
    )
    rows = "".join(f"* {s['name']} ({s['kind']}): {s['citation'] or s['title']}; {s['licence'] or '–'}\n" for s in sources)
    return (
        f"# Results of the study `{record['study']}`\n\n"
        "A Workflow Run RO-Crate (`ro-crate-metadata.json`). `report.md` is the report, `claims.json` the verdicts.\n\n"
        "```sh\nharness verify-bundle .       # every byte, then every verdict, from this folder alone\n"
        "sha256sum --check --quiet manifest-sha256.txt   # the bytes, without harness\n```\n\n"
        f"{left}## Licences\n\nPredictions hold gold answers of the data sets: whoever passes this on is bound by these "
        f"licences.\n\n{rows}"
    )


def _root(
    evidence: Evidence,
    record: JSON,
    sources: Sequence[JSON],
    digests: Mapping[str, Address],
    published: str,
) -> Iterator[JSON]:
    study = evidence.plan.study
    top = [name for name in (*digests, bag.MANIFEST) if "/" not in name]
    yield {
        "@id": METADATA,
        "@type": "CreativeWork",
        "about": ref("./"),
        "conformsTo": refs((CRATE, WORKFLOW_CRATE)),
    }
    yield {
        "@id": "./",
        "@type": "Dataset",
        "name": study.title,
        "description": f"{study.description.strip()} Verdicts on the claims in claims.yaml, and all that they follow from.",
        "identifier": f"harness study {study.name}, stages {record['stages']['keys']}",
        # The day of the last stage: the same store gives the same crate.
        "datePublished": published,
        "license": refs(licences(s for s in sources if s["kind"] == "data set")),
        "conformsTo": refs(PROFILES),
        "hasPart": refs([*top, "specs/", "store/"]),
        "mainEntity": ref(_study_file(evidence)),
        "mentions": refs(["#run", "#engine-run", *(identifier(source) for source in sources)]),
        "citation": refs(map(paper, sources)),
    }
    for profile, (name, version) in PROFILES.items():
        yield {"@id": profile, "@type": "CreativeWork", "name": name, "version": version}
    yield {"@id": "#authors", "@type": "Organization", "name": "The harness authors"}


def _study_file(evidence: Evidence) -> str:
    return f"specs/studies/{evidence.plan.study.name}.yaml"


def _workflow(evidence: Evidence, kinds: Sequence[str]) -> Iterator[JSON]:
    study = evidence.plan.study
    yield {
        "@id": _study_file(evidence),
        "@type": ["File", "SoftwareSourceCode", "ComputationalWorkflow", "HowTo"],
        "name": f"Study {study.name}",
        "description": study.description.strip(),
        "conformsTo": ref(WORKFLOW),
        "programmingLanguage": ref("#language"),
        "encodingFormat": "application/yaml",
        "creator": ref("#authors"),
        "hasPart": refs(f"#tool-{kind}" for kind in kinds),
        "step": refs(f"#step-{kind}" for kind in kinds),
        "input": refs(("#in-claims", "#in-specs", "#in-seed")),
        "output": refs(("#out-verdicts", "#out-report", "#out-store")),
    }
    yield {
        "@id": "#language",
        "@type": "ComputerLanguage",
        "name": "harness study",
        "description": "A YAML file that names encoders, intermediate arms, targets and seeds; their product is the runs.",
    }
    parameters = {
        "#in-claims": ("claims", "File"),
        "#in-specs": ("specs", "Dataset"),
        "#in-seed": ("seed", "Integer"),
        "#out-verdicts": ("verdicts", "File"),
        "#out-report": ("report", "File"),
        "#out-store": ("store", "Dataset"),
    }
    yield from (_parameter(name, word, kind) for name, (word, kind) in parameters.items())


def _parameter(name: str, word: str, kind: str) -> JSON:
    return {"@id": name, "@type": "FormalParameter", "name": word, "additionalType": kind, "conformsTo": ref(PARAMETER)}


def _tools(kinds: Sequence[str]) -> Iterator[JSON]:
    for position, kind in enumerate(kinds):
        tool = f"#tool-{kind}"
        yield {"@id": f"#step-{kind}", "@type": "HowToStep", "name": kind, "position": position, "workExample": ref(tool)}
        yield {
            "@id": tool,
            "@type": "SoftwareApplication",
            "name": f"harness.stages.{kind}",
            "description": TOOLS[kind],
            "input": refs((f"{tool}-parents", f"{tool}-data")),
            "output": ref(f"{tool}-entry"),
        }
        yield _parameter(f"{tool}-parents", f"{kind} parents", "Dataset")
        yield _parameter(f"{tool}-data", f"{kind} data", "File")
        yield _parameter(f"{tool}-entry", f"{kind} entry", "Dataset")


def _engines(manifests: Iterable[Manifest]) -> Iterator[JSON]:
    """Yields each engine that ran stages, the program at a commit with its packages, and then these packages."""
    distinct = {dumps([m.code, _versions(m)]): m for m in manifests}
    for i, manifest in enumerate(distinct.values(), 1):
        code = manifest.code
        dirty = ", with uncommitted changes" if code.get("dirty") else ""
        packages = {f"#package-{slug(f'{n}-{v}')}": (n, v) for n, v in _versions(manifest).items()}
        yield {
            "@id": f"#engine-{i}",
            "@type": "SoftwareApplication",
            "name": "harness",
            "softwareVersion": f"commit {code.get('commit') or 'unknown'}{dirty}",
            "author": ref("#authors"),
            "softwareRequirements": refs(packages),
        }
        for package, (name, version) in packages.items():
            yield {"@id": package, "@type": "SoftwareApplication", "name": name, "softwareVersion": version}


def _versions(manifest: Manifest) -> dict[str, str]:
    python = manifest.environment.get("python")
    return {**({"Python": python} if python else {}), **manifest.environment.get("packages", {})}


def _files(digests: Mapping[str, Address], entries: Iterable[str]) -> Iterator[JSON]:
    """Yields the files at the top, the folder of specs with its files, and the folder of stages."""
    for name in (*digests, bag.MANIFEST):
        if name.startswith("specs/") or "/" not in name:
            words, form = FILES.get(name, (name, "application/yaml" if name.endswith(".yaml") else "text/plain"))
            entity: JSON = {"@id": name, "@type": "File", "name": name, "description": words, "encodingFormat": form}
            entity |= {"sha256": digests[name]} if name in digests else {}
            yield {**entity, **WORK_OF.get(name, {})}
    specs = [name for name in digests if name.startswith("specs/")]
    described = "The catalogue that the study was planned from"
    yield {"@id": "specs/", "@type": "Dataset", "name": "specs", "description": described, "hasPart": refs(specs)} | {
        "exampleOfWork": ref("#in-specs")
    }
    described = "The study's finished stages"
    yield {"@id": "store/", "@type": "Dataset", "name": "store", "description": described, "hasPart": refs(entries)} | {
        "exampleOfWork": ref("#out-store")
    }
