"""The example of a form, and its JSON Schema: both judged by `check`."""

from datetime import date
from typing import Any
from uuid import UUID

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from casework.forms.check import check
from casework.forms.example import example
from casework.forms.json_schema import to_json_schema
from casework.procedures.catalogue import load
from casework.procedures.package import Package
from tests.casework.forms.forms import every_kind, form_of
from tests.casework.forms.strategies import TODAY, answers_to

LEFT_OUT = ("attachment", "dossier")  # of which nobody has an example
PACKAGES = tuple(load().packages.values())


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.slug)
@pytest.mark.parametrize("today", [date(2024, 2, 29), TODAY, date(2027, 12, 31)], ids=str)
def test_the_form_accepts_its_example_without_any_file(package: Package, today: date) -> None:
    answers = example(package.form, today=today)
    checked = check(package.form, answers, documents={}, today=today)
    assert checked.faults == ()
    assert checked.answers == answers  # it is in its one written form already
    assert {id_.partition("[")[0] for id_ in checked.visible} - set(answers) <= {  # a row's field is its block's
        f.id for f in package.form.fields if not f.has_answer or f.kind in LEFT_OUT
    }


def test_it_answers_otherwise_where_a_file_would_be_needed() -> None:
    form = form_of(
        {"id": "who", "kind": "choice", "choices": ["pro", "me"]},
        {"id": "proof", "kind": "attachment", "required": {"==": [{"var": "who"}, "pro"]}},
    )
    assert example(form, today=TODAY) == {"who": "me"}


def test_it_takes_a_fitting_file_where_the_form_cannot_do_without() -> None:
    form = form_of({"id": "proof", "kind": "attachment", "required": True, "types": ["png"], "max_megabytes": 1})
    pdf, big, png = (UUID(int=n, version=4) for n in range(1, 4))
    documents = {pdf: ("application/pdf", 10), big: ("image/png", 2**21), png: ("image/png", 10)}
    answers = example(form, today=TODAY, documents=documents)
    assert answers == {"proof": [str(png)]}
    assert check(form, answers, documents=documents, today=TODAY).faults == ()


bounds = st.integers(-400, 400).map(lambda days: f"today{days:+d}d")
one_field: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.builds(lambda n: {"kind": "text", "max_length": n}, st.integers(1, 1000)),
    st.builds(lambda n: {"kind": "long_text", "max_length": n}, st.integers(1, 1000)),
    st.builds(
        lambda a, b: {"kind": "integer", "min": min(a, b), "max": max(a, b)}, st.integers(-99, 99), st.integers(-99, 99)
    ),
    st.builds(lambda a: {"kind": "integer", "min": a}, st.integers(-99, 99)),
    st.builds(lambda a: {"kind": "decimal", "min": a}, st.integers(-99, 99)),
    st.builds(lambda a: {"kind": "money", "max": a / 100}, st.integers(-9999, 9999)),
    st.builds(lambda a: {"kind": "time", "min": f"{a:02}:30"}, st.integers(0, 23)),
    st.builds(lambda a: {"kind": "time", "max": f"{a:02}:30"}, st.integers(0, 23)),
    st.builds(lambda a: {"kind": "date", "min": a}, bounds),
    st.builds(lambda a: {"kind": "date", "max": a}, bounds),
    st.just({"kind": "date"}),
    st.just({"kind": "choices", "choices": ["a", "b"], "at_most": 1}),
    st.sampled_from(
        [
            {"kind": kind}
            for kind in (
                "yes_no",
                "email",
                "phone",
                "address",
                "commune",
                "decimal",
                "money",
                "time",
                "consent",
                "country",
                "siret",
                "rna",
                "iban",
                "number_plate",
                "point",
                "signature",
            )
        ]
    ),
)


@given(st.lists(st.tuples(one_field, st.booleans()), max_size=6), st.dates(date(2020, 1, 1), date(2060, 12, 31)))
def test_any_form_without_files_accepts_its_example(fields: list[tuple[dict[str, Any], bool]], today: date) -> None:
    shown = {"==": [{"var": "gate"}, "open"]}
    form = form_of(
        {"id": "gate", "kind": "choice", "choices": ["shut", "open"]},
        *(
            {"id": f"f{n}", "required": True, **field, **({"visible_if": shown} if hidden else {})}
            for n, (field, hidden) in enumerate(fields)
        ),
    )
    assert check(form, example(form, today=today), documents={}, today=today).faults == ()


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.slug)
def test_the_schema_is_one_and_accepts_the_example(package: Package) -> None:
    schema = to_json_schema(package.form)
    jsonschema_rs.meta.validate(schema)
    jsonschema_rs.validator_for(schema, validate_formats=True).validate(example(package.form, today=TODAY))


FORMS = {"every kind": every_kind(), **{package.slug: package.form for package in PACKAGES}}
VALIDATORS = {
    name: jsonschema_rs.validator_for(to_json_schema(form), validate_formats=True) for name, form in FORMS.items()
}


def test_every_kind_has_an_example_that_holds() -> None:
    form = every_kind()
    answers = example(form, today=TODAY)
    assert set(answers) == {field.id for field in form.fields if field.has_answer and field.kind not in LEFT_OUT}
    assert check(form, answers, documents={}, today=TODAY).answers == answers
    VALIDATORS["every kind"].validate(answers)


@given(st.data(), st.sampled_from(list(FORMS)) | st.just("every kind"))
def test_what_check_accepts_is_valid_against_the_schema(data: st.DataObject, name: str) -> None:
    form = FORMS[name]
    usual = example(form, today=TODAY)
    checked = check(form, usual | data.draw(answers_to(form)), documents={}, today=TODAY)
    if not checked.faults:
        VALIDATORS[name].validate(checked.answers)


def test_the_schema_refuses_what_is_no_answer() -> None:
    validator = VALIDATORS["acte-de-naissance"]
    usual = example(load().packages["acte-de-naissance"].form, today=TODAY)
    wrong: tuple[dict[str, Any], ...] = ({"certificate": "x"}, {"extra": 1}, {"email": "x"}, {"born_on": "1/1/2000"})
    assert not any(validator.is_valid(usual | each) for each in wrong)
    assert not validator.is_valid({})
