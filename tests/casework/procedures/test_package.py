"""Packages: strict YAML, every fault at once, each in a sentence."""

import ast
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from casework.procedures import catalogue
from casework.procedures.package import BadPackage, load_yaml, parse, read
from casework.procedures.package_faults import SENTENCES, sentence
from tests.casework.forms.strategies import json_values

ROOT = Path(__file__).parents[3]
DOCUMENT = (catalogue.SHIPPED / "acte-de-naissance.yaml").read_text("utf-8")


def told(definition: Any) -> list[tuple[str, str]]:
    with pytest.raises(BadPackage) as bad:
        read(definition)
    assert all(line for line in str(bad.value).splitlines())
    return [(fault.path, fault.code) for fault in bad.value.faults]


def changed(**values: Any) -> dict[str, Any]:
    definition: dict[str, Any] = load_yaml(DOCUMENT) | values
    return {key: value for key, value in definition.items() if value is not ...}


def test_a_package_is_read_again_from_what_is_stored() -> None:
    package = parse(DOCUMENT)
    assert read(package.definition) == package
    assert package.service == "etat-civil"
    assert package.applicant.name == ("first_name", "last_name")
    assert package.silence == "none"
    assert package.statutory_days is None


@pytest.mark.parametrize(
    ("values", "where", "code"),
    [
        ({"slug": "Acte"}, "slug", "bad_slug"),
        ({"title": ...}, "title", "missing"),
        ({"title": {"fr": "x" * 121, "en": "x"}}, "title.fr", "too_long"),
        ({"channels": ["pigeon"]}, "channels", "not_one_of"),
        ({"channels": []}, "channels", "wrong_count"),
        ({"channels": ["online", "online"]}, "channels", "twice"),
        ({"internal": "false"}, "internal", "not_a_boolean"),
        ({"target_days": 0}, "target_days", "out_of_range"),
        ({"target_days": True}, "target_days", "not_an_integer"),
        ({"silence": "consent"}, "silence", "not_one_of"),
        ({"silence": "refusal"}, "silence", "silence_without_days"),
        ({"applicant": {"name": ["email"], "email": "email"}}, "applicant.name[0]", "not_such_a_field"),
        ({"applicant": {"name": ["first_name"], "email": "nobody"}}, "applicant.email", "not_such_a_field"),
        ({"prices": 3}, "prices", "unknown_key"),
        ({"form": {"pages": []}, "applicant": ..., "scenarios": ...}, "form.pages", "wrong_count"),
        ({"receipt": {}}, "receipt.what_next", "missing"),
    ],
)
def test_a_fault_is_told_where_it_is(values: dict[str, Any], where: str, code: str) -> None:
    assert told(changed(**values)) == [(where, code)]


def test_all_faults_are_told_at_once() -> None:
    assert set(told({"slug": 3, "form": {"pages": [{"id": "a"}]}, "extra": 1})) >= {
        ("slug", "bad_slug"),
        ("title", "missing"),
        ("service", "missing"),
        ("extra", "unknown_key"),
        ("form.pages[0].title", "missing"),
        ("form.pages[0].fields", "missing"),
    }


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ("a: &x [1]\nb: *x", "bad_yaml"),
        ("a: 1\na: 2", "bad_yaml"),
        ("1: a", "bad_yaml"),
        ("a: !!python/object/apply:os.system [ls]", "bad_yaml"),
        ("a: !!binary aGVsbG8=\nb: [", "bad_yaml"),
        ("a: [1, 2", "bad_yaml"),
        ("\x00", "bad_yaml"),
        ("[" * 5000, "bad_yaml"),
        ("x" * 300_000, "too_long"),
    ],
)
def test_yaml_is_refused_in_one_sentence(document: str, code: str) -> None:
    with pytest.raises(BadPackage) as bad:
        load_yaml(document)
    assert [fault.code for fault in bad.value.faults] == [code]
    assert len(str(bad.value).splitlines()) == 1


def test_yaml_means_what_json_means() -> None:
    assert load_yaml("{a: no, b: 2026-01-01, c: 12:30, d: 0o17, e: 017, f: true, g: 7, h: null, i: 1.5, j: on}") == {
        "a": "no", "b": "2026-01-01", "c": "12:30", "d": "0o17", "e": "017", "f": True, "g": 7, "h": None, "i": 1.5,
        "j": "on",
    }  # fmt: skip


@given(json_values)
def test_no_json_makes_it_fall(definition: Any) -> None:
    assert told(definition)
    assert told(changed(applicant=definition, receipt=definition, channels=definition, extra=1))


def test_every_fault_has_a_sentence() -> None:
    sources = [
        *(ROOT / "casework/forms").glob("*.py"),
        *(ROOT / "casework/procedures").glob("*.py"),
    ]
    codes: set[str] = set()
    for path in sources:
        for call in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(call, ast.Call):
                continue
            name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
            place = {"fault": 1, "DefinitionFault": 1, "BadRule": 0}.get(name)
            if place is None:
                continue
            code = call.args[place]
            if isinstance(code, ast.Constant) and isinstance(code.value, str):
                codes.add(f"rule_{code.value}" if name == "BadRule" else code.value)
    assert len(codes) > 25
    assert codes == set(SENTENCES)


def test_a_catalogue_is_consistent_or_refused(tmp_path: Path) -> None:
    for name in ("organisation.yaml", "themes.yaml"):
        (tmp_path / name).write_text((catalogue.SHIPPED / name).read_text("utf-8"), "utf-8")
    wrong = DOCUMENT.replace("service: etat-civil", "service: etat-incivil").replace("theme: papiers", "theme: papier")
    (tmp_path / "acte.yaml").write_text(wrong, "utf-8")
    (tmp_path / "acte-de-deces.yaml").write_text("slug: 3", "utf-8")
    moved = DOCUMENT.replace("directorate: relations-usagers", "directorate: sports")
    (tmp_path / "acte-de-naissance.yaml").write_text(moved, "utf-8")
    with pytest.raises(BadPackage) as bad:
        catalogue.load(tmp_path)
    found = {(fault.path, fault.code) for fault in bad.value.faults}
    assert found >= {
        ("acte.yaml: slug", "not_its_file"),
        ("acte.yaml: service", "unknown_service"),
        ("acte.yaml: theme", "unknown_theme"),
        ("acte-de-deces.yaml: slug", "bad_slug"),
        ("acte-de-naissance.yaml: directorate", "not_its_directorate"),
    }
    assert all(sentence(fault) for fault in bad.value.faults)
