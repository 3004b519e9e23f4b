"""Small forms for tests, read as a package's form is."""

from typing import Any

from casework.forms.definition import read_form
from casework.forms.kinds import KINDS
from casework.forms.model import Form
from casework.forms.strict import DefinitionFault, Reader
from casework.organisation.communes import communes


def definition_of(*fields: Any, page_rules: dict[int, Any] | None = None) -> dict[str, Any]:
    """`fields`: those of one page, or a list for each page; labels and choices are filled in."""
    pages = [list(fields)] if not fields or not isinstance(fields[0], list) else list(fields)
    return {
        "pages": [
            {
                "id": f"page{number}",
                "title": {"fr": "Page", "en": "Page"},
                **({"visible_if": page_rules[number]} if page_rules and number in page_rules else {}),
                "fields": [_field(field) for field in page],
            }
            for number, page in enumerate(pages)
        ]
    }


def _field(field: dict[str, Any]) -> dict[str, Any]:
    full = {"label": {"fr": "Question", "en": "Question"}, **field}
    if "choices" in full:
        full["choices"] = _choices(full["choices"])
    if full.get("kind") == "block":
        full = {"row": {"fr": "Enfant", "en": "Child"}, **full, "fields": [_field(each) for each in full["fields"]]}
    return full


def _choices(values: Any) -> list[dict[str, Any]]:
    """`values`: a list, or for two levels those of the second by those of the first."""
    under = {value: {"choices": _choices(values[value])} for value in values} if isinstance(values, dict) else {}
    return [{"value": value, "label": {"fr": value, "en": value}, **under.get(value, {})} for value in values]


def faults_of(definition: Any) -> list[DefinitionFault]:
    """What does not hold in this definition of a form."""
    faults: list[DefinitionFault] = []
    read_form(Reader.of(definition, "form", faults), communes())
    return faults


def form_of(*fields: Any, page_rules: dict[int, Any] | None = None) -> Form:
    """The form with these fields; what does not hold in them fails the test."""
    faults: list[DefinitionFault] = []
    form = read_form(Reader.of(definition_of(*fields, page_rules=page_rules), "form", faults), communes())
    assert faults == []
    return form


_NEEDS: dict[str, dict[str, Any]] = {
    "choice": {"choices": ["a", "b"]},
    "choices": {"choices": ["a", "b", "c"]},
    "block": {
        "fields": [
            {"id": "first_name", "kind": "text", "required": True},
            {"id": "born", "kind": "date", "max": "today"},
            {"id": "fee", "kind": "money"},
            {"id": "allergic", "kind": "yes_no"},
            {"id": "to_what", "kind": "text", "required": True, "visible_if": {"var": "allergic"}},
            {"id": "proof", "kind": "attachment"},
            {"id": "double", "kind": "computed", "gives": "money", "value": {"*": [{"var": "fee"}, 2]}},
        ],
        "least": 2,
        "most": 3,
    },
    "computed": {
        "gives": "money",
        "value": {"+": [{"var": "field_money"}, {"total": [{"var": "field_block"}, {"var": "fee"}]}]},
    },
    "linked_choice": {"choices": {"a": ["a1", "a2"], "b": ["b1"]}},
}


def every_kind(**more: Any) -> Form:
    """A form with a question of every kind, each named `field_` and its kind. `more`: keys that all questions have."""
    return form_of(
        *(
            {"id": f"field_{kind}", "kind": kind, **_NEEDS.get(kind, {}), **(more if cls.is_asked else {})}
            for kind, cls in KINDS.items()
        )
    )
