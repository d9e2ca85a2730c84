"""A bundle's description as a Workflow Run RO-Crate, profile Provenance Run Crate 0.5, on RO-Crate 1.1.

The study is the workflow, a kind of stage a step and its tool, a finished stage the run of a tool: what it read (parents'
entries, pinned files, its seed), what it wrote (its entry), when, and under the command of which engine. Files inside of
an entry are not described one by one: the entry's own manifest lists them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from harness.canon import Address, dumps
from harness.evidence import Evidence
from harness.export import bag
from harness.export.credits import credited, identifier, licences, paper, ref, refs, slug
from harness.export.runs import ended, entry, stage_runs, study_file, workflow_run
from harness.records import JSON, KINDS, Manifest, Stage

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
    "corpus": "Encodes the texts of an intermediate training or of a target",
    "similarity": "Measures how alike the domains of an intermediate training and a target are",
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


@dataclass(frozen=True)
class Contents:
    """What a crate describes.

    `evidence` is the study as the bundle has it, `record` what `bundle.json` says, `sources` whose data sets, encoders and
    benchmarks are used, `digests` the sha256 of the bundle's other files by name.
    """

    evidence: Evidence
    record: JSON
    sources: Sequence[JSON]
    digests: Mapping[str, Address]

    @cached_property
    def stages(self) -> list[Stage]:
        """The finished stages, in the plan's order."""
        return [stage for stage in self.evidence.plan.stages if stage.key in self.evidence.done]

    @cached_property
    def manifests(self) -> dict[Address, Manifest]:
        """The manifests of the finished stages by key."""
        return {stage.key: self.evidence.manifest(stage) for stage in self.stages}

    @cached_property
    def versions(self) -> dict[str, int]:
        """The version of each kind of stage that was run, in the order of the phases."""
        return {kind: stage.params["version"] for kind in KINDS for stage in self.stages if stage.kind == kind}

    @property
    def files(self) -> list[str]:
        """The files that the crate describes one by one: those at the top and the specs."""
        return [name for name in (*self.digests, bag.MANIFEST) if name.startswith("specs/") or "/" not in name]


def metadata(contents: Contents) -> JSON:
    """Returns the content of `ro-crate-metadata.json`."""
    evidence, stages, manifests = contents.evidence, contents.stages, contents.manifests
    engines = list(_engines(manifests.values()))
    names = [engine["@id"] for engine in engines if engine["@id"].startswith("#engine-")]
    graph = [
        *_root(contents),
        *_files(contents),
        *_workflow(contents),
        *_tools(contents.versions),
        *engines,
        *workflow_run(evidence, stages, manifests, names),
        *stage_runs(evidence, stages, manifests),
        *credited(contents.sources),
        *_agent(contents.record["agent"]),
    ]
    once: dict[str, JSON] = {}
    for entity in graph:
        once[entity["@id"]] = {**once.get(entity["@id"], {}), **entity}
    return {"@context": CONTEXT, "@graph": [_acted(entity, contents.record["agent"]) for entity in once.values()]}


def _agent(agent: JSON | None) -> list[JSON]:
    return [{"@id": agent["url"] or "#agent", "@type": "Person", "name": agent["name"]}] if agent else []


def _acted(entity: JSON, agent: JSON | None) -> JSON:
    """Returns an action with who ran it, and the crate with its author; every other entity as it is."""
    role = {"CreateAction": "agent", "OrganizeAction": "agent"}.get(str(entity["@type"]))
    role = "author" if entity["@id"] == "./" else role
    return {**entity, role: ref(agent["url"] or "#agent")} if agent and role else entity


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


def _root(contents: Contents) -> Iterator[JSON]:
    study, sources = contents.evidence.plan.study, contents.sources
    top = [name for name in contents.files if "/" not in name]
    runs = [f"#run-{stage.key}" for stage in contents.stages]
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
        "identifier": f"harness study {study.name}, stages {contents.record['stages']['keys']}",
        # The day of the last stage: the same store gives the same crate.
        "datePublished": max(map(ended, contents.manifests.values())),
        "license": refs(licences(s for s in sources if s["kind"] == "data set")),
        "conformsTo": refs(PROFILES),
        "hasPart": refs([*top, "specs/", "store/"]),
        "mainEntity": ref(study_file(contents.evidence)),
        "mentions": refs(["#run", "#engine-run", *runs, *map(identifier, sources)]),
        "citation": refs(map(paper, sources)),
    }
    for profile, (name, version) in PROFILES.items():
        yield {"@id": profile, "@type": "CreativeWork", "name": name, "version": version}
    yield {"@id": "#authors", "@type": "Organization", "name": "The harness authors"}


def _workflow(contents: Contents) -> Iterator[JSON]:
    study, kinds = contents.evidence.plan.study, contents.versions
    yield {
        "@id": study_file(contents.evidence),
        "@type": ["File", "SoftwareSourceCode", "ComputationalWorkflow", "HowTo"],
        "name": f"Study {study.name}",
        "description": study.description.strip(),
        "conformsTo": ref(WORKFLOW),
        "programmingLanguage": ref("#language"),
        "encodingFormat": "application/yaml",
        "creator": ref("#authors"),
        "version": contents.record["stages"]["keys"],
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


def _tools(versions: Mapping[str, int]) -> Iterator[JSON]:
    for position, (kind, version) in enumerate(versions.items()):
        tool = f"#tool-{kind}"
        yield {"@id": f"#step-{kind}", "@type": "HowToStep", "name": kind, "position": position, "workExample": ref(tool)}
        yield {
            "@id": tool,
            "@type": "SoftwareApplication",
            "name": f"harness.stages.{kind}",
            "description": TOOLS[kind],
            "softwareVersion": str(version),
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


def _files(contents: Contents) -> Iterator[JSON]:
    """Yields the files at the top, the folder of specs with its files, and the folder of stages."""
    for name in contents.files:
        words, form = FILES.get(name, (name, "application/yaml" if name.endswith(".yaml") else "text/plain"))
        entity: JSON = {"@id": name, "@type": "File", "name": name, "description": words, "encodingFormat": form}
        digest = {"sha256": contents.digests[name]} if name in contents.digests else {}
        yield {**entity, **digest, **WORK_OF.get(name, {})}
    folders = {
        "specs/": ("The catalogue that the study was planned from", "#in-specs", contents.files),
        "store/": ("The study's finished stages", "#out-store", map(entry, contents.stages)),
    }
    for name, (words, parameter, inside) in folders.items():
        parts = [part for part in inside if part.startswith(name)]
        entity = {"@id": name, "@type": "Dataset", "name": name.rstrip("/"), "description": words}
        yield {**entity, "hasPart": refs(parts), "exampleOfWork": ref(parameter)}
