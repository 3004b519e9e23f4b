"""What changes from a definition to another: followed by ids, nothing left out, every change in words."""

import copy
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casework.procedures.catalogue import load
from casework.procedures.difference import Change, difference
from casework.procedures.difference_words import SENTENCES, sentence
from tests.casework.forms.strategies import json_values

BASE = load().packages["velo-electrique"].definition
DEFINITIONS = [package.definition for package in load().packages.values()]


def changed(change: Callable[[Any], Any]) -> list[tuple[str, str]]:
    after = copy.deepcopy(BASE)
    change(after)
    return [(each.path, each.code) for each in difference(BASE, after)]


def fields(definition: Any, page: int = 0) -> Any:
    return definition["form"]["pages"][page]["fields"]


WORDS = {"fr": "Neuf", "en": "New"}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda d: d.update(target_days=20), [("target_days", "value_changed")]),
        (lambda d: d["title"].update(en="Bicycle"), [("title", "text_changed")]),
        (lambda d: d["receipt"]["what_next"].update(fr="Bientôt."), [("receipt.what_next", "text_changed")]),
        (lambda d: d.update(routing=[]), [("routing", "value_changed")]),
        (lambda d: d["scenarios"].pop(), [("scenarios.Un mineur, et un avis d’impôt trop lourd", "scenario_removed")]),
        (lambda d: fields(d)[0]["label"].update(fr="Vélo"), [("form.fields.bicycle.label", "text_changed")]),
        (lambda d: fields(d)[0].update(required=False), [("form.fields.bicycle.required", "required_changed")]),
        (lambda d: fields(d)[0].update(kind="text"), [("form.fields.bicycle.kind", "value_changed")]),
        (lambda d: fields(d)[0]["choices"].pop(), [("form.fields.bicycle.choices.used", "choice_removed")]),
        (lambda d: fields(d)[0]["choices"].append({"value": "new", "label": WORDS}),
         [("form.fields.bicycle.choices.new", "choice_added")]),
        (lambda d: fields(d)[3].pop("visible_if"), [("form.fields.bought_note.visible_if", "rule_changed")]),
        (lambda d: fields(d).pop(2), [("form.fields.bought", "field_removed")]),
        (lambda d: fields(d, 1).append({"id": "new", "kind": "text", "label": WORDS}),
         [("form.fields.new", "field_added")]),
        (lambda d: fields(d, 1).append(fields(d).pop(3)), [("form.fields.bought_note", "field_to_page")]),
        (lambda d: fields(d).insert(0, fields(d).pop(3)), [("form.fields.bought_note", "field_moved")]),
        (lambda d: d["form"]["pages"].insert(0, d["form"]["pages"].pop()),
         [("form.pages.coordonnees", "page_moved")]),
    ],
)  # fmt: skip
def test_a_change_is_told_where_it_is(change: Callable[[Any], Any], told: list[tuple[str, str]]) -> None:
    assert changed(change) == told


def test_words_say_both_ways() -> None:
    change = Change("form.fields.a", "field_added", {"id": "a", "label": "Où ?"})
    assert sentence(change, "fr") == "la question «\u202fOù ?\u202f» est ajoutée."
    assert sentence(change, "en") == "the question “Où ?” is added."
    assert "(rien)" in sentence(Change("a", "value_changed", {"before": None, "after": "x" * 1_000}), "fr")


@given(st.sampled_from(DEFINITIONS), st.sampled_from(DEFINITIONS))
def test_no_change_is_told_only_where_there_is_none(before: Any, after: Any) -> None:
    found = difference(before, after)
    assert (found == ()) == (before == after)
    for each in found:
        assert all(sentence(each, language) for language in ("fr", "en"))
    assert {each.code for each in found} <= set(SENTENCES)


@given(json_values)
def test_drafts_that_are_wrong_are_compared_too(value: Any) -> None:
    for key in ("form", "title", "scenarios", "routing"):
        broken = {**BASE, key: value}
        assert difference(broken, broken) == ()
        assert all(sentence(each, "fr") for each in (*difference(BASE, broken), *difference(broken, BASE)))
    pages = copy.deepcopy(BASE["form"]["pages"])
    pages[0]["fields"][0] = value
    assert difference(BASE, {**BASE, "form": {"pages": pages}})
