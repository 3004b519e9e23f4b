"""The section `process`: every fault where it is, whatever is written."""

import contextlib
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given

from casework.procedures import merging
from casework.procedures.automatic import Automatic, Remind
from casework.procedures.package import BadPackage, read
from casework.procedures.process import NONE, Process, Silence
from tests.casework.forms.strategies import json_values
from tests.processes import ACTIONS, PROCESS, STEPS, definition, wording


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


TEXT = {"subject": wording("Bonjour"), "body": wording("Bonjour {{ first_name }}")}
MAIL = {"id": "hello", "on": "submitted", "do": {"mail": TEXT}}


def test_what_happens_by_itself_is_read() -> None:
    process = read(
        definition(
            {
                **PROCESS,
                "deadlines": [
                    {"id": "term", "from": "visit", "working_days": 10, "then": {"remind": "holder"}},
                    {"id": "longer", "from": "visit", "working_days": {"+": [{"var": "days_in_state"}, 5]},
                     "then": {"late": True}},
                ],
                "automatic": [
                    MAIL,
                    {"id": "on", "on": "arrival", "after": {"working_days": 2},
                     "when": {"var": "profile.signed_in"}, "do": {"go_to": "examination"}},
                ],
            }
        )
    ).process  # fmt: skip
    assert [each.id for each in process.automatic] == ["term", "longer", "hello", "on"]
    assert [each.deadline for each in process.automatic] == [True, True, False, False]
    assert process.by_itself("term") == Automatic("term", "visit", 10, None, Remind(), deadline=True)
    assert process.runs
    assert not Process(process.steps, process.actions).runs


def test_silence_is_of_the_process_too() -> None:
    process = read(definition(silence="refusal", statutory_days=60)).process
    assert (process.silence, process.runs) == (Silence("refused", 60), True)


@pytest.mark.parametrize(
    ("automatic", "where", "code"),
    [
        ({"on": "moon"}, ".on", "process_no_such_moment"),
        ({"on": "draft"}, ".on", "process_no_such_moment"),
        ({"after": {"working_days": 0}}, ".after.working_days", "out_of_range"),
        ({"after": {"working_days": {"==": [1, 1]}}}, ".after.working_days", "rule_wrong_type"),
        ({"after": {"hours": 3}}, ".after.working_days", "missing"),
        ({"do": {}}, ".do", "process_one_effect"),
        ({"do": {"mail": TEXT, "remind": "holder"}}, ".do", "process_one_effect"),
        ({"do": {"fax": TEXT}}, ".do", "process_one_effect"),
        ({"do": {"opinion": {"service": "voirie", "days": 5}}}, ".do", "process_later"),
        ({"do": {"task": {"title": wording("x"), "service": "voirie"}}}, ".do.task.service", "process_task_elsewhere"),
        ({"do": {"voucher": {}}}, ".do", "process_later"),
        ({"do": {"letter": {}}}, ".do", "process_later"),
        ({"do": {"remind": "mayor"}}, ".do.remind", "not_one_of"),
        ({"do": {"close": "draft", "reason": wording("Non.")}}, ".do.close", "not_one_of"),
        ({"do": {"close": "refused"}}, ".do.reason", "missing"),
        ({"do": {"go_to": "moon"}}, ".do.go_to", "process_no_such_step"),
        ({"on": "examination", "do": {"go_to": "examination"}}, ".do.go_to", "process_to_itself"),
        ({"on": "visit", "do": {"go_to": "arrival"}}, ".do.go_to", "process_goes_back"),
        ({"on": "awaiting_citizen", "do": {"go_to": "visit"}}, ".do.go_to", "process_while_awaited"),
        ({"on": "accepted", "do": {"remind": "holder"}}, ".do", "process_after_decision"),
        ({"do": {"mail": {**TEXT, "subject": wording("a\nb")}}}, ".do.mail.subject.fr", "bad_text"),
        ({"do": {"mail": {**TEXT, "body": wording("{{ nobody }}")}}}, ".do.mail.body.fr", "merge_unknown"),
        *(
            ({"do": {"mail": {**TEXT, "body": wording(text)}}}, ".do.mail.body.en", "merge_not_a_name")
            for text in ("{{ first_name.__class__ }}", "{{ 7 * 7 }}", "{% for x in y %}", "{{ first_name|upper }}",
                         "{{ first_name", "{{ config['SECRET_KEY'] }}", "{{ ''.join() }}", "{# x #}", "{{{{x}}}}")
        ),
    ],
)  # fmt: skip
def test_a_fault_of_what_happens_by_itself_is_told_where_it_is(automatic: Any, where: str, code: str) -> None:
    assert (f".automatic[0]{where}", code) in told({**PROCESS, "automatic": [{**MAIL, **automatic}]})


def test_steps_that_follow_each_other_for_ever_are_refused() -> None:
    there = {"id": "there", "on": "examination", "do": {"go_to": "visit"}}
    back = {"id": "back", "on": "visit", "do": {"go_to": "examination"}}
    assert told({**PROCESS, "automatic": [there, back]}) == [(".automatic", "process_loop")]
    later = {**back, "after": {"working_days": 1}}
    assert read(definition({**PROCESS, "automatic": [there, later]})).process.runs


def test_a_value_is_put_in_once_and_as_it_is() -> None:
    form = read(definition()).form
    values = merging.words(form, {"first_name": "{{ reference }} {% x %}"}, "fr", reference="2026-1-A")
    assert merging.merge("{{first_name}} / {{ reference }} / {{ last_name }}", values) == (
        "{{ reference }} {% x %} / 2026-1-A / …"
    )


@given(json_values)
def test_no_json_makes_it_fall(anything: Any) -> None:
    steps = {"steps": STEPS}
    for process in (
        anything,
        {"steps": anything, "actions": anything, "deadlines": anything, "automatic": anything},
        {**steps, "actions": [anything], "deadlines": [anything], "automatic": [anything]},
        {**steps, "automatic": [{**MAIL, "do": anything}, {**MAIL, "after": anything}, {**MAIL, "on": anything}]},
    ):
        with contextlib.suppress(BadPackage):
            read(definition(process))


def test_what_it_names_may_be_missing() -> None:
    """Steps that cannot be read name none, and the actions say so: nothing falls."""
    assert (".actions[0].to", "process_no_such_step") in told({"actions": ACTIONS})
