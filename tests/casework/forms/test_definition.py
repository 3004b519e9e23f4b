"""Reading a form's definition: all faults at once, each with its path."""

from typing import Any

import pytest
from hypothesis import given

from casework.forms.kinds import KINDS, AttachmentField
from casework.forms.model import FILE_MAX
from casework.procedures.package_faults import sentence
from tests.casework.forms.forms import definition_of, every_kind, faults_of, form_of
from tests.casework.forms.strategies import json_values

TEXT = {"id": "it", "kind": "text"}
OTHER = {"id": "other", "kind": "text"}


def told(*fields: Any) -> list[tuple[str, str]]:
    faults = faults_of(definition_of(*fields))
    for fault in faults:
        said = sentence(fault)
        for written in fault.params.values():
            said = said.replace(str(written), "")  # what somebody wrote is quoted as it is, braces too
        assert "{" not in said
    return [(fault.path.removeprefix("form.pages[0].fields"), fault.code) for fault in faults]


def test_every_kind_is_read() -> None:
    assert [field.kind for field in every_kind().fields] == list(KINDS)


@pytest.mark.parametrize(
    ("field", "where", "code"),
    [
        ({**TEXT, "kind": "colour"}, "[0].kind", "not_one_of"),
        ({**TEXT, "id": "It"}, "[0].id", "bad_slug"),
        ({**TEXT, "id": "a.b"}, "[0].id", "bad_slug"),
        ({**TEXT, "id": "today"}, "[0].id", "reserved"),
        ({**TEXT, "label": {"fr": "Nom"}}, "[0].label.en", "missing"),
        ({**TEXT, "label": "Nom"}, "[0].label", "not_an_object"),
        ({**TEXT, "label": {"fr": "Nom", "en": " Name"}}, "[0].label.en", "bad_text"),
        ({**TEXT, "label": {"fr": "Nom", "en": "Name", "de": "Name"}}, "[0].label.de", "unknown_key"),
        ({**TEXT, "requierd": True}, "[0].requierd", "unknown_key"),
        ({**TEXT, "required": "yes"}, "[0].required", "rule_wrong_type"),
        ({**TEXT, "max_length": 1001}, "[0].max_length", "out_of_range"),
        ({**TEXT, "max_length": "10"}, "[0].max_length", "not_an_integer"),
        ({**TEXT, "autocomplete": "cc-number"}, "[0].autocomplete", "not_one_of"),
        ({**TEXT, "min": 3}, "[0].min", "unknown_key"),
        ({**TEXT, "kind": "integer", "min": 3, "max": 2}, "[0].max", "empty_range"),
        ({**TEXT, "kind": "date", "min": "tomorrow"}, "[0].min", "bad_bound"),
        ({**TEXT, "kind": "date", "min": "today+500y"}, "[0].min", "bad_bound"),
        ({**TEXT, "kind": "date", "min": "today+2d", "max": "today"}, "[0].max", "empty_range"),
        ({**TEXT, "kind": "date", "not_before": "start"}, "[0].not_before", "not_such_a_field"),
        ({**TEXT, "kind": "decimal", "digits": 7}, "[0].digits", "out_of_range"),
        ({**TEXT, "kind": "decimal", "min": "1"}, "[0].min", "not_a_number"),
        ({**TEXT, "kind": "decimal", "min": 0.125}, "[0].min", "too_many_decimals"),
        ({**TEXT, "kind": "decimal", "max": 10**10}, "[0].max", "out_of_range"),
        ({**TEXT, "kind": "money", "min": 3.5, "max": 2}, "[0].max", "empty_range"),
        ({**TEXT, "kind": "money", "digits": 2}, "[0].digits", "unknown_key"),
        ({**TEXT, "kind": "time", "min": "8:00"}, "[0].min", "bad_time"),
        ({**TEXT, "kind": "time", "min": "18:00", "max": "08:00"}, "[0].max", "empty_range"),
        ({**TEXT, "kind": "number_plate", "foreign": "yes"}, "[0].foreign", "not_a_boolean"),
        ({**TEXT, "kind": "title", "required": True}, "[0].required", "unknown_key"),
        ({**TEXT, "kind": "choice"}, "[0].choices", "missing"),
        ({**TEXT, "kind": "choice", "choices": ["only"]}, "[0].choices", "wrong_count"),
        ({**TEXT, "kind": "choice", "choices": ["a", "a"]}, "[0].choices[1].value", "twice"),
        ({**TEXT, "kind": "choices", "choices": ["a", "b"], "at_most": 3}, "[0].at_most", "out_of_range"),
        ({**TEXT, "kind": "linked_choice", "choices": {"a": [], "b": ["c"]}}, "[0].choices[0].choices", "wrong_count"),
        (
            {**TEXT, "kind": "linked_choice", "choices": {"a": ["c", "c"], "b": ["c"]}},
            "[0].choices[0].choices[1].value",
            "twice",
        ),
        ({**TEXT, "kind": "point", "within": "mars"}, "[0].within", "not_one_of"),
        ({**TEXT, "kind": "computed", "gives": "money"}, "[0].value", "missing"),
        ({**TEXT, "kind": "computed", "gives": "money", "value": "x"}, "[0].value", "rule_wrong_type"),
        ({**TEXT, "kind": "computed", "gives": "date", "value": {"var": "it"}}, "[0].value", "rule_later_answer"),
        ({**TEXT, "kind": "computed", "gives": "colour", "value": 1}, "[0].gives", "not_one_of"),
        ({**TEXT, "kind": "computed", "gives": "number", "value": 1, "required": True}, "[0].required", "unknown_key"),
        ({**TEXT, "kind": "block", "fields": []}, "[0].fields", "wrong_count"),
        ({**TEXT, "kind": "block", "fields": [TEXT]}, "[0].fields[0].id", "twice"),
        ({**TEXT, "kind": "block", "fields": [OTHER], "least": 3, "most": 2}, "[0].most", "empty_range"),
        ({**TEXT, "kind": "block", "fields": [OTHER], "most": 21}, "[0].most", "out_of_range"),
        ({**TEXT, "kind": "block", "fields": [OTHER], "row": None}, "[0].row", "missing"),
        (
            {**TEXT, "kind": "block", "fields": [{**OTHER, "visible_if": {"var": "later"}}]},
            "[0].fields[0].visible_if",
            "rule_unknown_answer",
        ),
        ({**TEXT, "kind": "address", "within": "mars"}, "[0].within", "not_one_of"),
        ({**TEXT, "kind": "attachment", "types": ["exe"]}, "[0].types", "not_one_of"),
        ({**TEXT, "kind": "attachment", "max_megabytes": 26}, "[0].max_megabytes", "out_of_range"),
        ({**TEXT, "kind": "attachment", "max_count": 21}, "[0].max_count", "out_of_range"),
        ({**TEXT, "kind": "explanation", "required": True}, "[0].required", "unknown_key"),
        ({**TEXT, "visible_if": {"var": "later"}}, "[0].visible_if", "rule_unknown_answer"),
        ({**TEXT, "visible_if": {"==": [{"var": "it"}, "me"]}}, "[0].visible_if", "rule_later_answer"),
    ],
)
def test_a_fault_is_told_where_it_is(field: dict[str, Any], where: str, code: str) -> None:
    assert told(field) == [(where, code)]


def test_all_faults_are_told_at_once() -> None:
    assert told(
        {**TEXT, "max_length": 0},
        {"id": "it", "kind": "date", "label": {"fr": "", "en": "Day"}},
        {"id": "other", "kind": "text", "visible_if": {"explode": []}},
    ) == [
        ("[0].max_length", "out_of_range"),
        ("[1].id", "twice"),
        ("[1].label.fr", "not_a_text"),
        ("[2].visible_if", "rule_unknown_operator"),
    ]


def test_there_is_no_block_in_a_block() -> None:
    inner = {"id": "inner", "kind": "block", "fields": [OTHER]}
    assert ("[0].fields[0].kind", "not_one_of") in told({**TEXT, "kind": "block", "fields": [inner]})


def test_what_is_inside_a_block_is_not_read_outside_but_row_by_row() -> None:
    block = {**TEXT, "kind": "block", "fields": [{"id": "fee", "kind": "money"}]}
    shown = {"id": "shown", "kind": "text", "visible_if": {">": [{"var": "fee"}, 3]}}
    assert told(block, shown) == [("[1].visible_if", "rule_later_answer")]
    rows = {"some": [{"var": "it"}, {">": [{"var": "fee"}, 3]}]}
    assert told(block, {**shown, "visible_if": rows}) == []


def test_a_rule_reads_only_what_comes_before() -> None:
    shown = {"id": "second", "kind": "text", "visible_if": {"==": [{"var": "first"}, True]}}
    assert told({"id": "first", "kind": "yes_no"}, shown) == []
    assert told(shown, {"id": "first", "kind": "yes_no"}) == [("[0].visible_if", "rule_later_answer")]


def test_sizes_are_in_bytes() -> None:
    small, usual = form_of(
        {"id": "a", "kind": "attachment", "max_megabytes": 2}, {"id": "b", "kind": "attachment"}
    ).fields
    assert isinstance(small, AttachmentField)
    assert isinstance(usual, AttachmentField)
    assert (small.max_size, usual.max_size) == (2 * 2**20, FILE_MAX)


@given(json_values)
def test_no_json_makes_it_fall(definition: Any) -> None:
    assert faults_of(definition)
    assert faults_of({"pages": [{"fields": [definition]}]})
    told({**TEXT, "visible_if": {"and": definition}})
