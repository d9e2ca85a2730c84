"""The commands that set results beside others: `compare` (two of ours), `score` (their files), `export` (files for them)."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from harness.console import (
    JsonFlag,
    Limit,
    Study,
    checked_plan,
    open_catalog,
    open_store,
    run_command,
    say,
    say_json,
    study_file,
    table,
    tell,
)
from harness.errors import EvidenceMissing, SpecError

if TYPE_CHECKING:
    from harness.bundle import Request as BundleRequest
    from harness.sides import Side

Result = Annotated[str, typer.Argument(help="A study, or a finished stage: its folder, its key or the beginning of one.")]

export_app = typer.Typer(no_args_is_help=True, help="Write a study's results in the forms that other programs take.")


def score(
    predictions: Annotated[Path, typer.Option(help="A folder with `<task>/test-<language>` files of predictions.")],
    labels: Annotated[Path, typer.Option(help="A folder with the gold in the same layout.")],
    benchmark: Annotated[str, typer.Option(help="A benchmark of the catalogue: xtreme, xtreme-r.")],
    pos_scorer: Annotated[
        str, typer.Option(help="How bare UPOS tags are read: seqeval-1.2.2, seqeval-0.0.12 or accuracy.")
    ] = "seqeval-1.2.2",
    partial: Annotated[
        bool, typer.Option("--partial", help="Score the languages that are there; such a task counts for no group.")
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Score folders of predictions as the benchmark's own program does: same files, same names, same numbers."""
    from harness.score import Request, rows
    from harness.score import score as score_folders

    spec = open_catalog().benchmark(benchmark)
    request = Request(predictions, labels, pos_scorer, partial)
    document = score_folders(spec, request, notes=tell)
    if as_json:
        say_json(document)
        return
    say(table(rows(document), ["task", "languages", "means", "score"]))
    if "rule" in document:
        say(f"\n{document['rule']}")


@export_app.command("submission")
def export_submission(
    study: Study,
    out: Annotated[Path, typer.Option(help="A new folder for the predictions.")],
    labels: Annotated[Path | None, typer.Option(help="A new folder for the gold, in the same layout.")] = None,
    encoder: Annotated[str | None, typer.Option(help="Which encoder; default: the study's first.")] = None,
    arm: Annotated[str | None, typer.Option(help="Which intermediate arm; default: the study's first.")] = None,
    seed: Annotated[int | None, typer.Option(help="Which seed; default: the study's first.")] = None,
    limit: Limit = None,
) -> None:
    """Write the predictions of one encoder, arm and seed as the leaderboard's folder; `harness score` reads it."""
    from harness.evidence import Evidence
    from harness.export.submission import Choice, choose, write

    catalog = open_catalog()
    evidence = Evidence(checked_plan(study, catalog, limit), open_store(), catalog)
    choice = Choice(encoder, arm, seed)
    chosen, chosen_seed = choose(evidence, choice)
    vary = evidence.plan.study.vary
    found = (
        ("encoder", chosen.encoder, vary.encoder),
        ("arm", chosen.name, vary.intermediate),
        ("seed", chosen_seed, vary.seed),
    )
    for what, one, there in found:
        if len(there) > 1:
            tell(f"{what} {one}, of {', '.join(map(str, there))}")
    written = write(evidence, out, choice, labels=labels, command=run_command(study, catalog, limit))
    say(f"{len(written)} files in {out}" + (f" and {labels}" if labels else ""))


@export_app.command("claims")
def export_claims(
    out: Annotated[Path, typer.Option(help="The file to write.")] = Path("claims.reference.yaml"),
    benchmark: Annotated[str, typer.Option(help="The benchmark that the numbers are of.")] = "xtreme",
) -> None:
    """Write every published number that some study can speak to as a claim of its own."""
    from harness.export.claims import document
    from harness.report.forms import write_whole

    say(str(write_whole(out, document(open_catalog(), benchmark))))


@export_app.command("ro-crate")
def export_crate(
    study: Study,
    out: Annotated[Path, typer.Option(help="A new folder, or a file whose name ends in .zip.")],
    claims: Annotated[Path, typer.Option(help="The claims to judge.")] = Path("claims.yaml"),
    with_checkpoints: Annotated[
        bool, typer.Option("--with-checkpoints", help="Encoders and heads too, which judging does not read.")
    ] = False,
    agent: Annotated[str | None, typer.Option(help="Who ran the study.", metavar="'NAME <URL>'")] = None,
    limit: Limit = None,
) -> None:
    """Write a bundle: all that the study's verdicts follow from, described as a Workflow Run RO-Crate, and sealed."""
    from harness.bundle import write

    request = replace(_request(study, claims, limit), agent=_agent(agent), with_checkpoints=with_checkpoints)
    say(f"{write(request, out)}: sealed; harness verify-bundle {out} derives its verdicts anew")


@export_app.command("attestation")
def export_attestation(
    study: Study,
    out: Annotated[Path, typer.Option(help="The file to write.")],
    bundle: Annotated[
        Path | None, typer.Option(help="A bundle of the study; default: the one that `export ro-crate` would write.")
    ] = None,
    claims: Annotated[Path, typer.Option(help="The claims to judge, where no bundle is given.")] = Path("claims.yaml"),
    key: Annotated[Path | None, typer.Option(help="Sign with this private key: PEM, Ed25519 or ECDSA on P-256.")] = None,
    url: Annotated[str | None, typer.Option(help="Where the run can be seen, e.g. a CI job.")] = None,
    limit: Limit = None,
) -> None:
    """Write the verdicts on a study as an in-toto test result, signed if a key is given."""
    from harness import bundle as bundles
    from harness.canon import pretty
    from harness.export import attestation
    from harness.report.forms import write_whole

    if bundle:
        found = bundles.check(bundle)
        if found.record["study"] != study:
            raise SpecError(f"--bundle {bundle}: of the study {found.record['study']!r}, not of {study!r}")
    else:
        with TemporaryDirectory() as scratch:
            found = bundles.check(bundles.write(_request(study, claims, limit), Path(scratch) / "bundle"))
    content = attestation.statement(found, url)
    write_whole(out, pretty(attestation.signed(content, key) if key else content))
    tell(f"{content['predicate']['result']}, {'signed' if key else 'not signed: --key FILE signs'}")
    say(str(out))


def _agent(text: str | None) -> dict[str, str] | None:
    """Returns name and address from `Name <https://…>`; the address may be missing."""
    if text is None:
        return None
    found = re.fullmatch(r"\s*([^<>]*[^<>\s])\s*(?:<(https?://[^<>\s]+)>)?\s*", text)
    if not found:
        raise SpecError(f"--agent {text!r}: a name, or a name and an address as in 'Ada Lovelace <https://orcid.org/…>'")
    return {"name": found[1], "url": found[2] or ""}


def _request(study: str, claims: Path, limit: int | None) -> BundleRequest:
    """Returns what to bundle, after the deep checks that `run` and `verify` make."""
    from harness import provenance
    from harness.bundle import Request
    from harness.check import check_all
    from harness.evidence import Evidence

    catalog = open_catalog()
    evidence = Evidence(checked_plan(study, catalog, limit), open_store(), catalog)
    check_all([claims], catalog)
    return Request(evidence, study_file(study, catalog), claims, provenance.code(), limit=limit)


def verify_bundle(
    bundle: Annotated[Path, typer.Argument(help="A folder or a .zip file that `export ro-crate` wrote.")],
    attestation: Annotated[Path | None, typer.Option(help="Hold this in-toto test result against it too.")] = None,
    public_key: Annotated[Path | None, typer.Option(help="By whose key the attestation must be signed: PEM.")] = None,
    exact: Annotated[
        bool, typer.Option("--exact", help="Refuse numbers that differ in any digit, as they may on another processor.")
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Check every byte of a bundle and derive its verdicts anew, from the bundle alone. Needs no store and no GPU."""
    from harness.bundle import check
    from harness.export import attestation as attestations

    if public_key and not attestation:
        raise SpecError("--public-key: of which --attestation FILE?")
    stated = attestations.read(attestation, public_key) if attestation else None
    found = check(bundle, exact=exact)
    if attestation and stated:
        attestations.compare(stated, found, attestation)
    held = attestation and ("signed" if public_key else "unsigned")
    if as_json:
        about = {"schema_version": 1, "files": len(found.digests), "attestation": held, "deviation": found.deviation}
        say_json({**about, "verdicts": found.document})
    else:
        rows = [[claim["id"], claim["outcome"], claim["fidelity"]] for claim in found.document["claims"]]
        say(table(rows, ["claim", "outcome", "fidelity"]))
        off = f"; numbers differ by up to {found.deviation:.0e}, as on another processor" if found.deviation else ""
        say(f"\n{len(found.digests):,} files as they were sealed; every verdict follows{off or ', to the last digit'}")
        if held:
            say(f"{attestation}: {held}, and about this bundle and these verdicts")
    raise typer.Exit(found.exit_code)


def compare(
    a: Result,
    b: Result,
    arm: Annotated[str | None, typer.Option(help="Which arm of A; default: every arm that B has too.")] = None,
    over: Annotated[str | None, typer.Option(help="Which arm of B; default: that of the same name.")] = None,
    permutations: Annotated[int, typer.Option(min=1, help="How many a row; exact where there are fewer in all.")] = 10_000,
    limit: Limit = None,
    as_json: JsonFlag = False,
) -> None:
    """Subtract B from A, example by example: differences with intervals and p-values, and what the two differ in."""
    from harness.compare import compare as compare_sides
    from harness.report import comparison
    from harness.sides import match

    first = _side(a, limit)
    second = first if a == b else _side(b, limit)
    pairs, unmatched = match(first, second, arm, over)
    found = compare_sides(first, second, pairs, unmatched, n_permutations=permutations)
    if as_json:
        say_json(found.to_json())
    else:
        say(comparison.page(found))
    if all(row.state == "not_comparable" for row in found.rows):
        raise EvidenceMissing("no row can be compared: the signatures differ in what a score is of")


def _side(name: str, limit: int | None) -> Side:
    """Returns what stands under a name: a study, or a result."""
    from harness import plugin
    from harness.evidence import Evidence
    from harness.sides import of_result, of_study
    from harness.store import MANIFEST, Store

    folder = Path(name)
    if (folder / MANIFEST).is_file():
        place = folder.absolute()
        return of_result(Store(place.parent.parent), place)
    catalog, store = open_catalog(), open_store()
    known = catalog.names("studies")
    if name in known or name.endswith((".yaml", ".yml")):
        evidence = Evidence(checked_plan(name, catalog, limit), store, catalog)
        return of_study(evidence, run_command(name, catalog, limit))
    if re.fullmatch("[0-9a-f]+", name):
        return of_result(store, store.find(name))
    if folder.is_dir():
        raise SpecError(f"{name}: no {MANIFEST} in this folder, so it is no result")
    raise SpecError(f"{name!r} is neither a study nor the key of a result: {plugin.near(name, known)}")
