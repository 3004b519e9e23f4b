"""A package that goes out comes back as it was: by YAML, whatever its texts look like to readers old and new."""

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from casework.procedures.catalogue import load
from casework.procedures.export import to_yaml
from casework.procedures.package import Package, load_yaml, parse
from tests.casework.procedures.strategies import definitions

LOOKALIKES = [
    "no",
    "yes",
    "on",
    "~",
    "null",
    "true",
    "1",
    "1.5",
    "1.5e5",
    "0o17",
    "017",
    "2026-01-01",
    "12:30",
    "=",
    "<<",
    "",
]
texts = st.sampled_from(LOOKALIKES) | st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
documents = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize("package", load().packages.values(), ids=lambda package: package.slug)
def test_the_catalogue_survives(package: Package) -> None:
    assert parse(to_yaml(package.definition)) == package


@given(documents)
def test_every_json_value_survives(value: Any) -> None:
    document = {"value": value}
    assert load_yaml(to_yaml(document)) == document
    assert yaml.safe_load(to_yaml(document)) == document, "a reader of YAML 1.1 understands the same"


@given(definitions())
def test_every_package_survives(definition: dict[str, Any]) -> None:
    package = parse(to_yaml(definition))
    assert package.definition == definition
    assert parse(to_yaml(package.definition)) == package
