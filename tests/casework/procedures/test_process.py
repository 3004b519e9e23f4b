"""The section `process`: every fault where it is, whatever is written."""

import contextlib
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given

from casework.procedures.package import BadPackage, read
from casework.procedures.process import NONE
from tests.casework.forms.strategies import json_values
from tests.processes import ACTIONS, PROCESS, STEPS, definition


def told(process: Any) -> list[tuple[str, str]]:
    with pytest.raises(BadPackage) as bad:
        read(definition(process))
    assert all(line for line in str(bad.value).splitlines())
    return [(fault.path.removeprefix("process"), fault.code) for fault in bad.value.faults]


def changed(path: str, value: Any) -> dict[str, Any]:
    """The usual process with one thing in another way; `path`: keys and numbers."""
    process = deepcopy(PROCESS)
    *way, last = path.split(".")
    node: Any = process
    for key in way:
        node = node[int(key)] if isinstance(node, list) else node[key]
    node[int(last) if isinstance(node, list) else last] = value
    return process


def test_a_process_is_read() -> None:
    process = read(definition()).process
    assert [each.id for each in process.steps] == ["arrival", "examination", "visit"]
    assert (process.first("submitted"), process.first("under_review")) == ("arrival", "examination")
    assert process.first("awaiting_citizen") is None
    plan, visited = process.actions
    assert (plan.from_, plan.to, plan.by, plan.when) == (("examination",), "visit", ("holder",), None)
    assert visited.by == ("manager", "holder")


def test_a_simple_procedure_declares_none() -> None:
    document = definition()
    del document["process"]
    assert read(document).process == NONE


@pytest.mark.parametrize(
    ("path", "value", "where", "code"),
    [
        ("steps.0.id", "submitted", ".steps[0].id", "process_named_as_a_state"),
        ("steps.0.state", "accepted", ".steps[0].state", "not_one_of"),
        ("steps.0.state", "awaiting_citizen", ".steps[0].state", "not_one_of"),
        ("steps.0.title", {"fr": "Visite"}, ".steps[0].title.en", "missing"),
        ("steps.0.colour", "red", ".steps[0].colour", "unknown_key"),
        ("steps.0.id", "examination", ".steps[1].id", "twice"),
        ("actions.1.id", "plan_visit", ".actions[1].id", "twice"),
        ("actions.0.to", "moon", ".actions[0].to", "process_no_such_step"),
        ("actions.0.from", ["moon"], ".actions[0].from[0]", "process_no_such_step"),
        ("actions.0.from", [], ".actions[0].from", "wrong_count"),
        ("actions.0.from", ["examination", "examination"], ".actions[0].from[1]", "twice"),
        ("actions.0.from", ["examination", "visit"], ".actions[0].from[1]", "process_to_itself"),
        ("actions.1.to", "arrival", ".actions[1].from[0]", "process_goes_back"),
        ("actions.0.by", ["mayor"], ".actions[0].by", "not_one_of"),
        ("actions.0.when", {"==": [{"var": "moon"}, 1]}, ".actions[0].when", "rule_unknown_answer"),
        ("actions.0.when", {"==": [{"var": "step"}, "moon"]}, ".actions[0].when", "rule_unknown_value"),
        ("actions.0.when", {"+": [1, 2]}, ".actions[0].when", "rule_wrong_type"),
        ("actions", [ACTIONS[1]], ".steps[2]", "process_never_reached"),
        ("colour", "red", ".colour", "unknown_key"),
    ],
)  # fmt: skip
def test_a_fault_is_told_where_it_is(path: str, value: Any, where: str, code: str) -> None:
    assert (where, code) in told(changed(path, value))


@given(json_values)
def test_no_json_makes_it_fall(anything: Any) -> None:
    for process in (anything, {"steps": anything, "actions": anything}, {"steps": STEPS, "actions": [anything]}):
        with contextlib.suppress(BadPackage):
            read(definition(process))


def test_what_it_names_may_be_missing() -> None:
    """Steps that cannot be read name none, and the actions say so: nothing falls."""
    assert (".actions[0].to", "process_no_such_step") in told({"actions": ACTIONS})
