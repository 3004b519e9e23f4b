"""What of look-ups is pure: reading them, the path asked, the place of the value."""

from typing import Any

import pytest
from hypothesis import given

from casework.forms.rule_reading import NOBODY
from casework.forms.strict import DefinitionFault, Reader
from casework.procedures.lookups import DOWN, Asked, Filler, Lookup, asked, at, read_lookups
from tests.casework.forms.forms import form_of
from tests.casework.forms.strategies import TODAY, json_values

FORM = form_of(
    {"id": "level", "kind": "text"}, {"id": "home", "kind": "address"}, {"id": "agrees", "kind": "yes_no"},
    {"id": "needs", "kind": "choices", "choices": ["a", "b"]}, {"id": "fare", "kind": "integer"},
    {"id": "paper", "kind": "attachment"}, {"id": "last", "kind": "text"},
)  # fmt: skip
GOOD = {"id": "fare", "source": "fares", "path": "/f/{level}?at={home.citycode}&ok={agrees}", "fills": {"fare": "/a/0"}}


def told(**values: Any) -> list[tuple[str, str]]:
    faults: list[DefinitionFault] = []
    read_lookups(Reader.of({"lookups": [{**GOOD, **values}]}, "", faults), FORM)
    return [(fault.path, fault.code) for fault in faults]


def read(**values: Any) -> tuple[Lookup, ...]:
    faults: list[DefinitionFault] = []
    lookups = read_lookups(Reader.of({"lookups": [{**GOOD, **values}]}, "", faults), FORM)
    assert faults == []
    return lookups


@pytest.mark.parametrize(
    ("values", "where", "code"),
    [
        ({"path": "/f/{nobody}"}, "path", "unknown_in_path"),
        ({"path": "/f/{last}"}, "path", "unknown_in_path"),
        ({"path": "/f/{fare}"}, "path", "unknown_in_path"),
        ({"path": "/f/{needs}"}, "path", "unknown_in_path"),
        ({"path": "f"}, "path", "bad_lookup_path"),
        ({"path": "//elsewhere.example/f"}, "path", "bad_lookup_path"),
        ({"path": "https://elsewhere.example/f"}, "path", "bad_lookup_path"),
        ({"path": "/../f"}, "path", "bad_lookup_path"),
        ({"path": "/f#{level}"}, "path", "bad_lookup_path"),
        ({"path": "/f Host: x"}, "path", "bad_lookup_path"),
        ({"path": "/{level"}, "path", "bad_lookup_path"),
        ({"path": "/{{level}}"}, "path", "bad_lookup_path"),
        ({"fills": {}}, "fills", "not_an_object"),
        ({"fills": {"nobody": "/a"}}, "fills", "not_such_a_field"),
        ({"fills": {"paper": "/a"}}, "fills", "not_such_a_field"),
        ({"fills": {"fare": "a"}}, "fills.fare", "bad_pointer"),
        ({"fills": {"fare": "/a~2"}}, "fills.fare", "bad_pointer"),
        ({"source": "Not a name"}, "source", "bad_slug"),
        ({"timeout_seconds": 11}, "timeout_seconds", "out_of_range"),
        ({"if_down": "cry"}, "if_down", "not_one_of"),
        ({"when": {"var": "last"}}, "when", "rule_unknown_answer"),
        ({"headers": {}}, "headers", "unknown_key"),
    ],
)
def test_a_fault_is_told_where_it_is(values: Any, where: str, code: str) -> None:
    assert told(**values) == [(f"lookups[0].{where}", code)]


def test_an_answer_cannot_leave_its_place_in_the_path() -> None:
    (lookup,) = read()
    answers = {"level": "../x?y=1&z#/\u00e9 ", "home": {"citycode": "86194"}, "agrees": True}
    request = asked(lookup, answers)
    assert request is not None
    assert request.path == "/f/..%2Fx%3Fy%3D1%26z%23%2F%C3%A9%20?at=86194&ok=true"
    assert asked(lookup, {**answers, "home": {"street": "x"}}) is None
    assert asked(lookup, {**answers, "level": ".."}) is None


@pytest.mark.parametrize(
    ("document", "pointer", "value"),
    [
        ({"a": {"b": 1}}, "/a/b", 1),
        ({"a": [1, 2]}, "/a/1", 2),
        ({"a": [1, 2]}, "/a/2", None),
        ({"a": [1, 2]}, "/a/-1", None),
        ({"a": [1, 2]}, "/a/\u0661", None),
        ({"a/b": {"m~n": 1}}, "/a~1b/m~0n", 1),
        ({"": 1}, "/", 1),
        ("text", "/0", None),
        (None, "/a", None),
    ],
)
def test_a_pointer_finds_its_place(document: Any, pointer: str, value: Any) -> None:
    assert at(document, pointer) == value


@given(json_values, json_values)
def test_whatever_comes_from_outside_nothing_falls(document: Any, level: Any) -> None:
    lookups = read(path="/f")
    filler = Filler(lookups, {Asked("fares", "/f", 3, 0): document})
    status, _ = filler.fill("fare", {}, TODAY, NOBODY)
    assert status in ("found", "declared")
    down = Filler(lookups, {Asked("fares", "/f", 3, 0): DOWN})
    assert down.fill("fare", {}, TODAY, NOBODY) == ("declared", None)
