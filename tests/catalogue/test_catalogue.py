"""The catalogue that ships: complete, consistent, in good French and English."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from casework.forms.kinds import AttachmentField
from casework.forms.rule_language import Rule
from casework.procedures.catalogue import SHIPPED, load
from casework.procedures.package import Package, load_yaml
from casework.procedures.scenarios import differences

CATALOGUE = load()
PACKAGES = tuple(CATALOGUE.packages.values())
PUBLIC = [package for package in PACKAGES if not package.internal]
every_package = pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.slug)


def conditional(package: Package) -> bool:
    return any(field.visible_if or isinstance(field.required, Rule) for field in package.form.fields)


def wordings(node: Any, path: str = "") -> Iterator[tuple[str, str, str]]:
    """Each text in both languages, with its path."""
    if isinstance(node, dict) and set(node) == {"fr", "en"}:
        yield path, node["fr"], node["en"]
    elif isinstance(node, dict):
        for key, value in node.items():
            yield from wordings(value, f"{path}.{key}")
    elif isinstance(node, list):
        for number, value in enumerate(node):
            yield from wordings(value, f"{path}[{number}]")


def test_the_community() -> None:
    assert len(PUBLIC) == 36
    assert len(PACKAGES) == 40
    assert len(CATALOGUE.directorates) == 20
    assert 55 <= len(CATALOGUE.services) <= 65
    assert {package.theme for package in PACKAGES} == set(CATALOGUE.themes)  # no heading stays empty
    assert {package.slug for package in PACKAGES if package.theme == "interne"} == {
        p.slug for p in PACKAGES if p.internal
    }


def test_at_least_half_of_the_forms_adapt() -> None:
    assert sum(map(conditional, PACKAGES)) >= len(PACKAGES) / 2


@every_package
def test_a_form_is_short(package: Package) -> None:
    assert 2 <= len(package.form.pages) <= 4
    assert 5 <= len([field for field in package.form.fields if field.is_asked]) <= 25


@every_package
def test_who_asks_is_known(package: Package) -> None:
    """A public procedure is filed with or without an account: name and e-mail are asked, and always shown."""
    if package.internal:
        assert package.applicant.email is None
        assert package.channels == ("online",)
        return
    asked = [package.form.field(id_) for id_ in (*package.applicant.name, str(package.applicant.email))]
    assert len(asked) == 3
    assert all(field is not None and field.required is True and field.visible_if is None for field in asked)
    assert {"online", "counter", "api"} <= set(package.channels)


@every_package
def test_files_are_bounded(package: Package) -> None:
    for field in package.form.fields:
        if isinstance(field, AttachmentField):
            assert set(field.types) <= {"application/pdf", "image/jpeg", "image/png"}
            assert field.max_size <= 25 * 2**20


@pytest.mark.parametrize("name", sorted(path.name for path in SHIPPED.glob("*.yaml")))
def test_typography(name: str) -> None:
    document = load_yaml((SHIPPED / name).read_text("utf-8"))
    texts = list(wordings(document))
    if name == "organisation.yaml":
        texts = [("name", d["name"], "") for d in document["directorates"]]
        texts += [("name", s["name"], "") for d in document["directorates"] for s in d["services"]]
    assert texts
    faults = [(path, fr) for path, fr, _ in texts if french_faults(fr)]
    assert faults == []
    assert [(path, en) for path, _, en in texts if re.search(r"'|\"|\.\.\.|  | [;:!?]", en)] == []


def french_faults(text: str) -> list[str]:
    """What breaks the usage of the Imprimerie nationale (Lexique des règles typographiques): narrow no-break spaces
    before ; ! ? and inside « », a no-break one before the colon, curly apostrophes, an ellipsis of one character."""
    wrong = (
        r"[^\u202f][;!?]", r"[^\u00a0]:(?!//)", r"«[^\u202f]", r"[^\u202f]»", r"'", r"\.\.\.", r"\"", r"  ", r" [.,…)]",
        r"\( ", r"\d (?:€|%|Mo|m²|m\b|cm|kg)", r"\d[ \u00a0]\d{3}(?!\d)", r"\bE(?:tat|cole|vénement)",
        r"\b[Tt]u\b|\b[Tt]on\b|\b[Tt]es\b",
    )  # fmt: skip
    return [found[0] for pattern in wrong for found in re.finditer(pattern, text)]


@pytest.mark.parametrize(
    "text",
    [
        "Quoi?",
        "Quoi ?",
        "« oui »",
        "l'acte",
        "Attendez...",
        "Note : oui",
        "25 Mo",
        "23 000 euros",
        "Etat civil",
        "tes papiers",
    ],
)
def test_the_typography_test_bites(text: str) -> None:
    assert french_faults(text)


def test_both_languages_differ_where_they_must() -> None:
    for package in PACKAGES:
        assert package.title.fr != package.title.en
        for field in package.form.fields:
            if len(field.label.fr) > 40:
                assert field.label.fr != field.label.en


def test_the_birth_certificate_asks_in_every_usual_way() -> None:
    package = CATALOGUE.packages["acte-de-naissance"]
    assert package.service == "etat-civil"
    kinds = [field.kind for field in package.form.fields]
    assert {"text", "date", "choice", "email", "address"} <= set(kinds)
    assert kinds.count("attachment") == 1
    assert any(field.visible_if for field in package.form.fields)


def test_every_scenario_of_the_catalogue_holds() -> None:
    played = [each for package in load().packages.values() for each in differences(package)]
    assert played == []
