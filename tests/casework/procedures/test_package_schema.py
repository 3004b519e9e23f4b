"""The schema of a package is made by its reader: what the reader takes is valid, what is invalid the reader refuses."""

import copy
import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema_rs import Draft202012Validator, meta

from casework.forms.kinds import KINDS
from casework.procedures import package
from casework.procedures.catalogue import load
from casework.procedures.package import BadPackage, Package, read
from casework.procedures.package_schema import package_schema
from tests.casework.forms.strategies import json_values
from tests.casework.procedures.strategies import definitions

SCHEMA = dict(package_schema())
VALID = Draft202012Validator(SCHEMA)
BICYCLE = load().packages["velo-electrique"].definition


def is_read(definition: Any) -> bool:
    try:
        read(definition)
    except BadPackage:
        return False
    return True


def test_it_is_a_schema_that_tells_every_key_and_every_kind() -> None:
    meta.validate(SCHEMA)
    keys = {each.name for each in dataclasses.fields(package.Package)} - {"definition", "remarks"}
    assert set(SCHEMA["properties"]) == keys
    page = SCHEMA["properties"]["form"]["properties"]["pages"]["items"]
    kinds = page["properties"]["fields"]["items"]["oneOf"]
    assert [each["properties"]["kind"]["const"] for each in kinds] == list(KINDS)
    assert all(each["additionalProperties"] is False for each in kinds)


@pytest.mark.parametrize("package", load().packages.values(), ids=lambda package: package.slug)
def test_the_catalogue_is_valid(package: Package) -> None:
    assert [error.message for error in VALID.iter_errors(package.definition)] == []


@given(definitions())
def test_what_is_read_is_valid(definition: dict[str, Any]) -> None:
    assert is_read(definition)
    assert VALID.is_valid(definition)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("slug",), "Vélo"),
        (("price_of_oil",), 3),
        (("title",), {"fr": "Seul"}),
        (("channels",), ["pigeon"]),
        (("target_days",), 0),
        (("form", "pages"), []),
        (("form", "pages", 0, "fields", 0, "kind"), "choose"),
        (("form", "pages", 0, "fields", 0, "max_length"), 3),
        (("form", "pages", 0, "fields", 0, "choices"), [1, 2]),
        (("form", "pages", 0, "fields", 3, "visible_if"), {"==": [], "!=": []}),
        (("form", "pages", 0, "fields", 3, "visible_if"), {"eval": ["1"]}),
        (("routing",), [{"when": {"==": [1, 1]}}]),
        (("scenarios", 0, "on"), 3),
        (("scenarios", 0, "expect", "shwon"), []),
    ],
)
def test_what_is_wrong_is_invalid(path: tuple[Any, ...], value: Any) -> None:
    definition = copy.deepcopy(BICYCLE)
    _put(definition, path, value)
    assert not VALID.is_valid(definition)
    assert not is_read(definition)


@given(st.data(), json_values)
def test_what_is_invalid_is_not_read(data: st.DataObject, value: Any) -> None:
    """Anything anywhere in a package: where the schema refuses it, so does the reader."""
    definition = copy.deepcopy(BICYCLE)
    _put(definition, data.draw(st.sampled_from(PLACES)), value)
    try:
        valid = VALID.is_valid(definition)
    except ValueError:  # what is no JSON (half surrogate pairs, infinities) is not for a validator
        return
    if not valid:
        assert not is_read(definition)


def _put(node: Any, path: tuple[Any, ...], value: Any) -> None:
    for step in path[:-1]:
        node = node[step]
    node[path[-1]] = value


def _places(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = list(node.items()) if isinstance(node, dict) else list(enumerate(node)) if isinstance(node, list) else []
    return [path] * bool(path) + [place for step, each in inner for place in _places(each, (*path, step))]


PLACES = _places(BICYCLE)
