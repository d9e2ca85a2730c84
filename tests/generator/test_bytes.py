"""The generated files are the same bytes everywhere; a change must be made on purpose, here."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from harness import generator
from harness.spec.catalog import Catalog

DIGESTS: dict[str, str] = {
    "pretrain.n0.jsonl": "da55ff50a8ce53009ec74eeecd17f7e80ad6fcef3057ca397fe7c4f2dabe3b28",
    "pretrain.n0.validation.jsonl": "bb69a799d62d0d56f072700c3166e5c848bd2c33525a3be209500754f4595651",
    "pretrain.n1.jsonl": "3dc645f8186609a8a5510acd08043fca2c0eed6bd258a25ff19e7382658a6de1",
    "pretrain.n1.validation.jsonl": "deab00f83c482349a7fc1fd2b967786c1c3e8881375d8c08f767ff6c2bb6d1af",
    "nli.train.en.jsonl": "4694e318715273ab21322a1ec594fff76af3509e3b3c63f3519c1608be2c8dc2",
    "nli.validation.en.jsonl": "24ca76e183c361b3ea3c05fabcae6360bbd1b12a6fdf65268413c0bfd1269bbe",
    "nli.intermediate.en.jsonl": "62ec5aa2e0082718a594ffedc6a97af72085e557568c35aba542ebd803e8c267",
    "paraphrase.train.en.jsonl": "59b2939d3e36a8d34d8921942422fdd3be25c6bc2883fa67869320bea66b7e1b",
    "paraphrase.validation.en.jsonl": "c08360169da2566fd41cdaf0f0521d6c8ccb5544958229dfdef1e591c9c4487e",
    "paraphrase.intermediate.en.jsonl": "2a6730eb2bfccff3aacb9f8f93b93d3d2364fad479688538b9c014d1a5cc98ec",
    "pos.train.en.jsonl": "f3da62d9bbc9bf6942d4c1dad09b8c0b96eed79d2c6da09a996e1558720cb45b",
    "pos.validation.en.jsonl": "8000d793573aab08b46f0c83143ffc598f53864c0cc3b86411626d1f24bb892a",
    "pos.intermediate.en.jsonl": "7c9eb00f14c3deca85134681125cb063ca70bbbc7d3a9cac85a7a51becc29792",
    "ner.train.en.jsonl": "4c03588c3699f8badca12e61ac7b3fb1e1c1c2f25db2330e38ab5808d6f74a03",
    "ner.validation.en.jsonl": "f76ff1dceeb157be1b5b60eaf060c26df8e70d9a5ed5eb44e7e9f5fcd14951d6",
    "ner.intermediate.en.jsonl": "76ba0c531d3904a9935f55523452ca37116efe748a34e74611a8eabfa3da7673",
    "qa.train.en.jsonl": "09d21bafaf26debde595c28037211ab980c7381d2c2c66109ec51dc3712293b0",
    "qa.validation.en.jsonl": "e2a27605342685b9acb859b0991819cec219ab96cab6e5b10071086ade8559fc",
    "qa.intermediate.en.jsonl": "544b2525f6757199b422a21f1439ccf97b29706842212d625b61709ab1ceb114",
    "nli.intermediate.la.jsonl": "b07aae3ff32e5902cac17dd33369f3d061d0a03055d3d69380bfb2c3a5f76af8",
    "nli.intermediate.lb.jsonl": "c56486a0b9f8805f836db71db798ab496beea35c31fa89888cf2e36387f8151e",
    "nli.test.en.jsonl": "b4a219773e7d8e10eab41970c5dd3cfb96897e85f7a5924adbad5b40d4a0a307",
    "nli.test.la.jsonl": "416d7b4a75731be10aab161867127a75b40f1fc6471103c9910495f602a43883",
    "nli.test.lb.jsonl": "002497c31a0add9847a6e552dbd95a0eb8e9032e01964607cd9db9cb77e766a3",
    "nli.test.lc.jsonl": "bc15aa04cd2c2869d0e92fa122b8c4121893e11ac85cddec7b3dd41b0046ff3b",
    "nli.test.ld.jsonl": "6417860a5a2c819b7e56cb6107083fe61cc95ec407a5d02e582ccae502fb43c6",
    "nli.test.le.jsonl": "9238400bab99f9f2dbdcd4c941048b34ab4400d3e6ed9571d6370d95a38719aa",
    "paraphrase.test.en.jsonl": "0f8e96f39eb45f054157179b37a2dcc758cee39102b6d7e6d2bb47e3228e770d",
    "paraphrase.test.la.jsonl": "aed778c3e490a7bc972db34c53bda5428ad31e9dc955d4d09c9f1e476e8fc33a",
    "paraphrase.test.lb.jsonl": "c5ccb4c43bac53ff1100b0ed7c6649ca135a329fcb8e176f60730f5a626f7fd1",
    "paraphrase.test.lc.jsonl": "30f86f38aaa30407dc5f04dade14bc973b058ee43772ad0d5351233f19fc7625",
    "paraphrase.test.ld.jsonl": "2f8dde2f0b7233bef69a7ef422be51d14fcbd9886b85efe76c76a77fa7ad2488",
    "paraphrase.test.le.jsonl": "111b3ff9907b0811f0def674334bcf09df3864ed136b70ed99252f8166f65a85",
    "pos.test.en.jsonl": "2156be41f7fe097a13a66c75cd1e02e940b1a0c2431870f6fcee5b07fa045480",
    "pos.test.la.jsonl": "1677e2a840c2480e6089abb0183e53b75b9c17836eb5a09760a413e72b667625",
    "pos.test.lb.jsonl": "2bf4ae8891d86ad3206d23ec8dc882785c37891e602fe6ed7a4ed82167e99618",
    "pos.test.lc.jsonl": "610dc162b1638cbbfe1e9f71e8c1d358a27aa7eefc66b63fd448cf48545c78ba",
    "pos.test.ld.jsonl": "de006b56f8bce61a24dd990b8c2fa62071c681ea8498aa2e045b13385f5fc306",
    "pos.test.le.jsonl": "b81562cd3c2db75c40c2c9d990e637e1d09f859f62315bbd8d9b0069b202a2d5",
    "ner.test.en.jsonl": "82f21874c083f855fd431d2afda079f425cebd86f0bef59a0ac0b2222c73cdc2",
    "ner.test.la.jsonl": "a5eff8334424249e387af1fd8e3f34c84dbc74a00d159c5ed98925ccc7d5f5ea",
    "ner.test.lb.jsonl": "d4f4f4fbbdd0119e6dc371c873cbb36830f87f07b014f440c3cc7983681ee828",
    "ner.test.lc.jsonl": "a6d978881b9b291ee2605f09294e67a63a0b9f284f31fb845f873971664aa94b",
    "ner.test.ld.jsonl": "2223b793b8d146e7d99c67976ef66a225d6147d1cb63dbd0347a43f35502280c",
    "ner.test.le.jsonl": "5628bc370ad7de78ede2adbbeac6acbc62762fb36dcfba3c3841b2d279335fc1",
    "qa.test.en.jsonl": "abda43fe83fdfc1824ad97eb65827b9999d70082b5ef5b902e64eaa47549e135",
    "qa.test.la.jsonl": "218ae43fa9a08ff9512e6b870af55ca5981fc4de4d78c25f9f3219e47d4db7e4",
    "qa.test.lb.jsonl": "a3c7759e3f1555f93757f9cd3d4a98033f47e1507536be1228ab014c36bb82eb",
    "qa.test.lc.jsonl": "e8735cc3d86122505be0f159f41ad68bfc4d40ae0ce27c76daf4875a18293147",
    "qa.test.ld.jsonl": "6eea1a7f678ae98dcc9a877e9f7abe03f8ee46fd623265c582ebc0e1d6c96f62",
    "qa.test.le.jsonl": "b4d310c8900455a522f1f14111eae3832602f8ab5bcdcabd937c36954714bb21",
    "retrieval.test.la.jsonl": "449d5c6b6bebd52ec650fa6f0a17b4f2e1ef5009b2e476a14275d9fab9c88519",
    "retrieval.test.lb.jsonl": "57ad7da7a7e81730b1a287fa1468b58aa49cb491518442bdf9957831e3efedea",
    "retrieval.test.lc.jsonl": "8fb700299f66cf934d15852492b7f638bed3b5df3ea77a0d331b33ab3dfd0451",
    "retrieval.test.ld.jsonl": "8ce6ff32c01fb3e9709500602f5037246bde0ccfd9841f2e1a0edea3c29b34fa",
    "retrieval.test.le.jsonl": "c38bc4faf05ca56040e0346752d823b528b969c24e6e305948879cc47136a0ab",
}
# The files of the domains are pinned by the editions that name them.
CATALOG = Catalog(Path(__file__).parents[2] / "specs")
DIGESTS |= {
    file.generated: file.sha256
    for name in ("nli", "paraphrase", "pos", "ner", "qa", "retrieval")
    for edition in CATALOG.editions(f"mini_{name}")
    for languages in CATALOG.in_edition(edition).task(f"mini_{name}").splits.values()
    for parts in languages.values()
    for part in parts
    for file in part.files
    if file.generated and file.sha256
}


def test_digests_cover_every_file() -> None:
    assert sorted(DIGESTS) == sorted(generator.FILES)


@pytest.mark.parametrize("name", generator.FILES)
def test_bytes_are_pinned(name: str, content: Callable[[str], bytes]) -> None:
    assert hashlib.sha256(content(name)).hexdigest() == DIGESTS[name]


def test_bytes_do_not_depend_on_string_hashing_or_on_what_was_generated_before(repository: Path) -> None:
    names = (
        "ner.test.le.jsonl",
        "paraphrase.validation.en.jsonl",
        "qa.test.lc.jsonl",
        "retrieval.test.la.jsonl",
        "paraphrase.intermediate.o50.en.jsonl",
    )
    code = (
        "import hashlib, sys; from harness.generator import generate;"
        "print(*(hashlib.sha256(generate(name)).hexdigest() for name in sys.argv[1:]))"
    )
    for seed, order in (("1", names), ("2", names[::-1])):
        answer = subprocess.run(
            [sys.executable, "-c", code, *order], cwd=repository, check=True, capture_output=True, text=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        )  # fmt: skip
        assert answer.stdout.split() == [DIGESTS[name] for name in order]


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(KeyError):
        generator.generate("nli.test.xx.jsonl")
