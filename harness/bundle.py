"""A bundle: all that judging a study needs, in one folder or zip file, and the verdicts that follow from it.

    ro-crate-metadata.json   what was run, when, from what, by which code; whose data, under which licence
    specs/  claims.yaml      the whole catalogue, for verdicts name what other studies would fill; the claims
    store/                   the study's finished stages, without encoders, heads, and what they made of texts
    claims.json  report.md   the verdicts and the report that follow from these
    bundle.json              what to judge, and with which version of the statistics
    left-out-sha256.txt      the files of the stages that are not here, with their digests
    manifest-sha256.txt      the sha256 of every other file

Verdicts are judged from the bundle's own files when it is made, and again by whoever checks it. Torch-free.
"""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import chdir, contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from math import inf
from pathlib import Path

from harness import __version__, canon
from harness.canon import pretty
from harness.errors import EvidenceMissing, HarnessError, SpecError, StoreCorrupt
from harness.evidence import Evidence
from harness.export import bag, crate
from harness.export.attestation import Judged
from harness.findings import VERSION
from harness.plan import Plan, make_plan
from harness.records import JSON, Stage
from harness.report import markdown
from harness.report.forms import write_whole
from harness.report.sources import sources
from harness.report.summary import summarize
from harness.report.verdicts import claims_document
from harness.spec.catalog import FOLDERS, Catalog
from harness.spec.catalog import claims as load_claims
from harness.store import MANIFEST, Store
from harness.verify import exit_code, judge

RECORD = "bundle.json"
CLAIMS = "claims.yaml"
VERDICTS = "claims.json"
LEFT_OUT = "left-out-sha256.txt"
SCHEMA_VERSION = 1
# What judging and the report read: all of these kinds, and this of a stage that trains; the rest are encoders, heads,
# tokenizers, and what encoders made of texts.
READ_WHOLE = ("evaluate", "trivial", "similarity")
READ_OF_TRAINING = ("events.jsonl", "scores.json")
# Other kernels of linear algebra add in another order, and float32 has seven digits.
ROUNDING = 1e-6
# What is told beside a verdict, and may come out otherwise elsewhere without anybody's having changed it.
_BESIDE = re.compile(r"\.(estimate|interval|p|p_adjusted|details|next)\b")
_PACKAGES = ("numpy", "scipy")
_SHOWN = 5


@dataclass(frozen=True)
class Request:
    """What to export: a study's evidence, its file, the file of claims to judge, the code that judges, and how.

    `agent` is who ran the study, `name` and `url`, if that is to be told.
    """

    evidence: Evidence
    study: Path
    claims: Path
    code: JSON
    agent: JSON | None = None
    limit: int | None = None
    with_checkpoints: bool = False


def write(request: Request, out: Path) -> Path:
    """Writes a bundle to a new folder, or to a zip file if the name ends in `.zip`. Returns it.

    The same store, specs, claims and code give the same bytes.

    Raises:
        EvidenceMissing: nothing of the study is in the store.
        SpecError: the folder has something in it already.
        StoreCorrupt: a byte of the study's stages is not what was written.
    """
    is_file = out.suffix == ".zip"
    if out.exists() and (out.is_dir() if is_file else not out.is_dir() or any(out.iterdir())):
        raise SpecError(f"{out}: there is something in it already; give a new folder, or a file whose name ends in .zip")
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}.") as scratch:
        folder = Path(scratch) / "bundle"
        fill(request, folder)
        if is_file:
            return bag.pack(folder, out)
        if out.is_dir():
            out.rmdir()
        return folder.rename(out)


def fill(request: Request, folder: Path) -> None:
    """Makes a bundle of a new folder: copies what judging reads, judges it there, and seals it."""
    evidence = request.evidence
    if not evidence.done:
        raise EvidenceMissing(f"{evidence.plan.study.name}: nothing of it is in {evidence.store.root}; run it first")
    folder.mkdir()
    _copy_specs(request, folder)
    left_out = _copy_stages(request, folder / "store")
    (folder / LEFT_OUT).write_text(bag.lines(left_out), encoding="utf-8")
    record = _record(request)
    (folder / RECORD).write_text(pretty(record), encoding="utf-8")
    with chdir(folder):
        found = _open(record)
        claims = load_claims(Path(CLAIMS))
        verdicts = judge(claims, [found])
        document = claims_document(record["study"], "store", verdicts)
        write_whole(Path(VERDICTS), pretty(document))
        write_whole(Path("report.md"), markdown.page(summarize(found, verdicts), document))
        used = sources(found, [claims.benchmark])
        write_whole(Path("README.md"), crate.readme(record, len(left_out), used))
        digests = {name: canon.digest_file(Path(name)) for name in bag.names(Path())}
        write_whole(Path(crate.METADATA), pretty(crate.metadata(crate.Contents(found, record, used, digests))))
        bag.seal(Path())


def check(path: Path, *, exact: bool = False) -> Judged:
    """Returns a bundle's digests and verdicts, derived anew from its own files and the same as those that it states.

    Numbers may differ by `ROUNDING`, and are not the last word: what is returned are the verdicts that the bundle states.
    With `exact` no digit may differ.

    Raises:
        StoreCorrupt: a byte is changed, a file is missing or one too many, or verdicts are stated that do not follow.
        HarnessError: this program judges otherwise than the one that made the bundle, or numbers are further apart.
    """
    with opened(path) as folder:
        digests = {**bag.checked(folder), bag.MANIFEST: canon.digest_file(folder / bag.MANIFEST)}
        record = _read_record(folder)
        with chdir(folder):
            evidence = _open(record)
            verdicts = judge(load_claims(Path(CLAIMS)), [evidence])
            document = claims_document(record["study"], "store", verdicts)
            stated = Path(VERDICTS).read_text(encoding="utf-8")
    apart = list(_differences(json.loads(stated), json.loads(pretty(document))))
    largest = max((_distance(a, b) for _, a, b in apart), default=0.0)
    if largest > (0.0 if exact else ROUNDING):
        raise _disagreement(apart, record)
    return Judged(digests, record, json.loads(stated), exit_code(verdicts), largest)


@contextmanager
def opened(path: Path) -> Iterator[Path]:
    """Gives the folder of a bundle: its own, or one that a zip file is unpacked into for as long as it is needed."""
    if path.is_dir():
        yield path
        return
    if not path.is_file():
        raise SpecError(f"{path}: no such folder or file; `harness export ro-crate STUDY --out {path}` makes a bundle")
    with tempfile.TemporaryDirectory(prefix="harness-bundle-") as scratch:
        bag.unpack(path, Path(scratch))
        yield Path(scratch)


def _copy_specs(request: Request, folder: Path) -> None:
    """Copies the catalogue, the study's own file wherever it lies, the claims and the lock files."""
    catalog = request.evidence.catalog
    for kind in FOLDERS:
        (folder / "specs" / kind).mkdir(parents=True)
        for name in catalog.names(kind):
            shutil.copyfile(catalog.path(kind, name), folder / "specs" / kind / f"{name}.yaml")
    shutil.copyfile(request.study, folder / "specs" / "studies" / f"{request.evidence.plan.study.name}.yaml")
    shutil.copyfile(request.claims, folder / CLAIMS)
    for lock in sorted(catalog.root.parent.glob("requirements*.lock")):
        shutil.copyfile(lock, folder / lock.name)


def _copy_stages(request: Request, root: Path) -> dict[str, str]:
    """Copies the finished stages, each byte checked. Returns the digests of the files that are left out."""
    evidence = request.evidence
    left_out: dict[str, str] = {}
    for stage in evidence.plan.stages:
        if stage.key not in evidence.done:
            continue
        outputs = evidence.manifest(stage).outputs
        is_whole = request.with_checkpoints or stage.kind in READ_WHOLE
        wanted = [name for name in outputs if is_whole or name in READ_OF_TRAINING]
        source, target = evidence.store.path(stage), root / stage.kind / stage.key
        for name in (MANIFEST, *wanted):
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source / name, target / name)
        _same_bytes(evidence, stage, target, wanted)
        gone = outputs.keys() - set(wanted)
        left_out |= {f"store/{stage.kind}/{stage.key}/{name}": outputs[name] for name in gone}
    return left_out


def _same_bytes(evidence: Evidence, stage: Stage, target: Path, names: Sequence[str]) -> None:
    """Raises StoreCorrupt if a copied stage is not what was written; the store is named, for that is where it is spoilt."""
    outputs = Store(target.parent.parent).manifest(target).outputs
    for name in names:
        if canon.digest_file(target / name) != outputs[name]:
            evidence.store.checked(stage, name)
            raise StoreCorrupt(f"{target / name}: not copied as it is in the store; is the disk sound?")


def _record(request: Request) -> JSON:
    evidence = request.evidence
    return {
        "schema_version": SCHEMA_VERSION,
        "study": evidence.plan.study.name,
        "limit": request.limit,
        "with_checkpoints": request.with_checkpoints,
        "agent": request.agent,
        "harness": {"version": __version__, **request.code},
        "judged_by": {"statistics": VERSION, "n_resamples": evidence.n_resamples}
        | {name: version(name) for name in _PACKAGES},
        "stages": {"planned": len(evidence.plan.stages), "done": len(evidence.done), "keys": _keys(evidence.plan)},
    }


def _keys(plan: Plan) -> str:
    """Returns one address for the keys of all stages: another one, and the evidence is looked for elsewhere."""
    return canon.address([stage.key for stage in plan.stages])


def _read_record(folder: Path) -> JSON:
    path = folder / RECORD
    try:
        record: JSON = json.loads(path.read_bytes())
        statistics, schema = record["judged_by"]["statistics"], record["schema_version"]
    except (OSError, ValueError, KeyError, TypeError):
        raise SpecError(f"{path}: a sealed folder, but no bundle of a study; `harness export ro-crate` makes one") from None
    if (schema, statistics) != (SCHEMA_VERSION, VERSION):
        raise HarnessError(
            f"{path}: made in form {schema} and judged by version {statistics} of the statistics; this program has "
            f"{SCHEMA_VERSION} and {VERSION}, so the verdicts cannot be derived here; {_maker(record)}"
        )
    return record


def _maker(record: JSON) -> str:
    made = record["harness"]
    commit = f" at commit {made['commit']}" if made["commit"] else ""
    dirty = ", which had uncommitted changes" if made["dirty"] else ""
    return f"use harness {made['version']}{commit}{dirty}, which made it"


def _open(record: JSON) -> Evidence:
    """Returns the evidence of the bundle that is the working directory: paths in verdicts are the same everywhere."""
    catalog = Catalog(Path("specs"))
    plan = make_plan(catalog.study(record["study"]), catalog, limit=record["limit"])
    if _keys(plan) != record["stages"]["keys"]:
        raise HarnessError(
            f"{RECORD}: this program plans other stages from the bundle's specs than the one that made it (a stage, a "
            f"family, a reader or a metric has another version), so it finds no evidence; {_maker(record)}"
        )
    return Evidence(plan, Store(Path("store")), catalog, record["judged_by"]["n_resamples"])


def _disagreement(apart: Sequence[tuple[str, object, object]], record: JSON) -> HarnessError:
    """Returns the error for verdicts that do not follow: other words, or other digits of the same ones."""
    worst = sorted(apart, key=lambda found: -_distance(*found[1:]))
    where = [f"{place}: stated {a!r}, derived {b!r}" for place, a, b in worst[:_SHOWN]]
    told = "\n  ".join([*where, *([f"and {len(apart) - _SHOWN} more"] if len(apart) > _SHOWN else [])])
    if not all(_BESIDE.search(place) for place, *_ in apart):
        return StoreCorrupt(f"{VERDICTS}: states other verdicts than follow from the bundle's evidence:\n  {told}")
    made, here = record["judged_by"], {name: version(name) for name in _PACKAGES}
    with_what = ", ".join(f"{name} {made.get(name)} there and {here[name]} here" for name in _PACKAGES)
    return HarnessError(
        f"{VERDICTS}: every outcome follows from the bundle's evidence, but not all that is told with it:\n  {told}\n"
        f"another processor or library rounds otherwise ({with_what}); {_maker(record)}"
    )


def _distance(one: object, other: object) -> float:
    """Returns how far two values are apart: fractions by their difference, relative above one; all else is not alike."""
    if isinstance(one, float) and isinstance(other, float):
        return abs(one - other) / max(1.0, abs(one), abs(other))
    return inf


def _differences(one: object, other: object, place: str = "") -> Iterator[tuple[str, object, object]]:
    """Yields every place in which two JSON documents differ, with both values."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in dict.fromkeys((*one, *other)):
            yield from _differences(one.get(key), other.get(key), f"{place}.{key}".lstrip("."))
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for i, pair in enumerate(zip(one, other, strict=True)):
            yield from _differences(*pair, f"{place}[{i}]")
    elif one != other:
        yield place, one, other
