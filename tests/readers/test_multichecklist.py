"""MultiCheckList: what the columns of placeholders mean, what a case is, and all 50 languages of the real table."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from harness.errors import SpecError
from harness.readers import multichecklist
from harness.readers._checklist import fill, forms, plain, read_blocks
from harness.readers._checklist_names import NAMES, names
from harness.spec.catalog import Catalog

TASK = Catalog(Path(__file__).resolve().parents[2] / "specs").task("multichecklist")
# Rows of a case, and the languages in which some answers do not stand in their contexts: how many are missing.
FULL = {"comparison": 2, "intensifier": 12, "property": 2, "profession": 8, "animal": 4, "animal2": 4}
MISSING = {
    ("qu", "intensifier"): 400,
    ("gu", "intensifier"): 400,
    ("az", "profession"): 200,
    ("tl", "comparison"): 200,
    ("tl", "animal2"): 400,
}
HEADER = "Field\ten\tde\tde-placeholders\tde\tde-placeholders\n"
PROPERTY = """Name\tsize, shape, age, color\t\t\t\t
Capability\tTaxonomy\t\t\t\t
Context\tHere is {obj[0]}. {obj[1]} is {p.v1} and {p.v2}.\tHier ist {obj[0]}. {obj[1]} ist {p.v1} und {p.v2}.\t\t\t
Question\tWhat {p.p1} is {obj[1]}?\tWelche {p.p1} hat {obj[1]}?\tcolor\tWelches {p.p1} hat {obj[1]}?\tage
Answer\t{p.v1}\t{p.v1}\t\t\t
Question\tWhat {p.p2} is {obj[1]}?\tWelche {p.p2} hat {obj[1]}?\tcolor\tWelches {p.p1} hat {obj[1]}?\tage
Answer\t{p.v2}\t{p.v2}\t\t\t
obj\ta sofa, the sofa\tein Sofa, das Sofa\t\t\t
obj\ta wall, the wall\teine Wand, die Wand\t\t\t
color\tred\trotes\ta sofa, the sofa\trote\twall
age\told\talt\t\t\t
property\tcolor\tFarbe\t\t\t
property\tage\tAlter\t\t\t
    \t\t\t\t\t
"""


def read(path: Path, language: str, *tests: str, cases: int = 200) -> list[dict[str, Any]]:
    options = multichecklist.Options.model_validate({"tests": tests or tuple(multichecklist.TESTS), "cases": cases})
    return list(multichecklist.read([path], options=options, language=language))


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "templates.tsv"
    path.write_text(HEADER + PROPERTY, encoding="utf-8")
    return path


class TestTable:
    def test_wordings_hold_for_the_words_beside_them(self, table) -> None:
        rows = read(table, "de", "property")
        seen = {(row["context"], row["question"], row["answers"][0]["text"]) for row in rows}
        assert seen == {
            ("Hier ist ein Sofa. Das Sofa ist rotes und alt.", "Welche Farbe hat das Sofa?", "rotes"),
            ("Hier ist ein Sofa. Das Sofa ist rotes und alt.", "Welches Alter hat das Sofa?", "alt"),
            ("Hier ist ein Sofa. Das Sofa ist alt und rotes.", "Welches Alter hat das Sofa?", "alt"),
            ("Hier ist ein Sofa. Das Sofa ist alt und rotes.", "Welche Farbe hat das Sofa?", "rotes"),
            ("Hier ist eine Wand. Die Wand ist rote und alt.", "Welche Farbe hat die Wand?", "rote"),
            ("Hier ist eine Wand. Die Wand ist rote und alt.", "Welches Alter hat die Wand?", "alt"),
            ("Hier ist eine Wand. Die Wand ist alt und rote.", "Welches Alter hat die Wand?", "alt"),
            ("Hier ist eine Wand. Die Wand ist alt und rote.", "Welche Farbe hat die Wand?", "rote"),
        }

    def test_no_case_is_drawn_twice(self, table) -> None:
        # Two things, two properties in two orders, one value of each: four cases.
        assert len(read(table, "de", "property")) == 4 * 2
        assert len(read(table, "en", "property", cases=3)) == 3 * 2

    def test_a_case_that_a_language_has_no_wording_for_is_passed_over(self, table) -> None:
        table.write_text((HEADER + PROPERTY).replace("\trote\twall", "\t\t"), encoding="utf-8")
        contexts = {row["context"] for row in read(table, "de", "property")}
        assert len(contexts) == 2
        assert all("Sofa" in context for context in contexts)

    def test_a_row_whose_answer_does_not_stand_in_its_context_is_left_out(self, table) -> None:
        table.write_text((HEADER + PROPERTY).replace("Answer\t{p.v2}\t{p.v2}", "Answer\t{p.v2}\t{p.v2}e"), encoding="utf-8")
        rows = read(table, "de", "property")
        assert [row["id"][-2:] for row in rows] == ["q1"] * 4
        options = multichecklist.Options(tests=("property",))
        assert sum(case.n_dropped for case in multichecklist.cases(table, options=options, language="de")) == 4

    @pytest.mark.parametrize(
        ("text", "language", "message"),
        [
            (HEADER + PROPERTY, "fr", r"templates.tsv:1: no column 'fr' \(there is de, en\)"),
            (HEADER + PROPERTY, "en", r"no test 'A is COMP than B"),
            (HEADER + "Name\tx\n", "en", r"templates.tsv:2: 2 columns instead of 6"),
            (HEADER + "obj\tx\ty\t\t\t\n", "en", r"templates.tsv:2: 'obj' belongs to no test"),
            ("", "en", r"templates.tsv:1: no column 'en'"),
        ],
    )
    def test_what_is_wrong_with_a_table(self, table, text, language, message) -> None:
        table.write_text(text, encoding="utf-8")
        with pytest.raises(SpecError, match=message):
            read(table, language)

    def test_forms_in_every_script(self) -> None:
        assert forms("older, old") == ["older", "old"]
        assert forms("أكبر، كبير") == ["أكبر", "كبير"]
        assert forms("ปู่ ตา") == ["ปู่", "ตา"]
        assert plain("the TV") == plain("a tv") == "tv"

    def test_a_slot_that_nothing_fills(self) -> None:
        assert fill("{a:animal} and {obj[1]}.", {"animal": "x", "obj[1]": "the y"}, sentence_case=True) == (
            "x and the y.",
            [("animal", 0), ("obj[1]", 6)],
        )
        assert fill("{obj[2]}", {"obj[1]": "x"}) is None


def test_names_cannot_be_mistaken_for_each_other() -> None:
    for language in [*NAMES, "en"]:
        found = names(language)
        assert len(set(found)) == len(found) == 8
        assert not any(a in b for a in found for b in found if a != b)


@pytest.fixture(scope="session")
def templates(mirror: Path) -> Path:
    return mirror / "sources" / "multichecklist" / "checklist_templates.tsv"


class TestPublishedTemplates:
    def test_all_languages_have_all_tests(self, templates) -> None:
        header = templates.read_text(encoding="utf-8").split("\n", 1)[0].split("\t")[1:]
        languages = {name for name in header if not name.endswith("-placeholders")}
        assert languages == set(TASK.languages)
        assert len(languages) == 50
        assert {title for title, *_ in multichecklist.TESTS.values()} == set(read_blocks(templates, "en"))

    @pytest.mark.parametrize("language", TASK.languages)
    def test_200_cases_of_each_test(self, language, templates) -> None:
        rows = read(templates, language)
        assert len(rows) == len({row["id"] for row in rows}) == TASK.rows("test", language)[0].n
        in_a_case = Counter(row["id"].rsplit("-", 1)[0] for row in rows)
        cases = Counter(name.split("-")[1] for name in in_a_case)
        assert cases == dict.fromkeys(FULL, 200)
        for test, n in FULL.items():
            found = sum(size for name, size in in_a_case.items() if name.split("-")[1] == test)
            assert found == 200 * n - MISSING.get((language, test), 0)
        for row in rows:
            (answer,) = row["answers"]
            assert row["context"].startswith(answer["text"], answer["start"])
            assert answer["text"]
            assert "{" not in row["context"] + row["question"]

    def test_cases_of_one_number_are_translations(self, templates) -> None:
        by_language = {x: {row["id"][3:]: row for row in read(templates, x, "animal", cases=5)} for x in ("en", "de", "ru")}
        found = {x: (rows["animal-000-q1"]["context"], rows["animal-000-q2"]["question"]) for x, rows in by_language.items()}
        assert found == {
            "en": ("Robert has a guinea pig and a tractor.", "What vehicle does Robert have?"),
            "de": ("Robert hat ein Meerschweinchen und einen Trecker.", "Was für ein Fahrzeug hat Robert?"),
            "ru": ("У Роберт есть морская свинка и трактор.", "Какое транспортное средство есть у Роберт?"),
        }

    def test_words_agree_with_what_they_belong_to(self, templates) -> None:
        # In Turkish the animal is inflected in one test and not in the other; in Russian adjectives have a gender; in
        # German the preposition depends on the state.
        assert any("bir köpeği" in row["context"] for row in read(templates, "tr", "animal"))
        assert any("bir köpek satın" in row["context"] for row in read(templates, "tr", "animal2"))
        russian = " ".join(row["context"] for row in read(templates, "ru", "property"))
        assert re.search(r"Эта \w+ (красная|большая|старая)", russian)
        assert not re.search(r"Эта \w+ (красный|большой|старый)", russian)
        german = " ".join(row["context"] for row in read(templates, "de", "intensifier"))
        assert "glücklich über" in german
        assert "glücklich wegen" not in german

    def test_fewer_cases_are_the_first_of_more(self, templates) -> None:
        assert read(templates, "sw", "profession", cases=3) == read(templates, "sw", "profession", cases=9)[: 3 * 8]
