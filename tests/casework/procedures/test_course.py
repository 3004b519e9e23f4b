"""What comes after the filing of a scenario: acts, days that pass, what the process and the law do by themselves."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casework.procedures.catalogue import load
from casework.procedures.coverage import coverage
from casework.procedures.package import BadPackage, Package, read
from casework.procedures.package_faults import sentence
from casework.procedures.scenarios import differences, play
from tests.casework.forms.strategies import json_values

BASE = load().packages["velo-electrique"].definition
GREEN = BASE["scenarios"][0]


def words(text: str) -> dict[str, str]:
    return {"fr": text, "en": text}


MAIL = {"subject": words("Votre demande"), "body": words("Nous l’examinons.")}
PROCESS: dict[str, Any] = {
    "steps": [
        {"id": "arrival", "state": "submitted", "title": words("Arrivée")},
        {"id": "examination", "state": "under_review", "title": words("Examen")},
        {"id": "visit", "state": "under_review", "title": words("Visite")},
    ],
    "actions": [
        {"id": "plan_visit", "title": words("Prévoir"), "from": ["examination"], "to": "visit",
         "when": {">": [{"var": "tax_income"}, 10_000]}},
    ],
    "deadlines": [{"id": "visit_late", "from": "visit", "working_days": 5, "then": {"go_to": "examination"}}],
    "automatic": [
        {"id": "welcome", "on": "submitted", "do": {"mail": MAIL}},
        {"id": "forgotten", "on": "awaiting_citizen", "after": {"working_days": 10},
         "do": {"close": "closed_without_action", "reason": words("Sans réponse.")}},
    ],
}  # fmt: skip


def package(*then: dict[str, Any], process: dict[str, Any] | None = PROCESS, **scenario: Any) -> Package:
    definition = {**BASE, "scenarios": [{**GREEN, **scenario, "then": list(then)}]}
    return read({**definition, "process": process} if process else definition)


def expect(**values: Any) -> dict[str, Any]:
    return {"expect": values}


def after(days: int, **values: Any) -> dict[str, Any]:
    return {"after": {"working_days": days}, "expect": values}


def do(act: str, **values: Any) -> dict[str, Any]:
    return {"do": act, "expect": values}


START = do("start_review", state="under_review", step="examination")


def test_a_request_goes_through_its_process() -> None:
    played = package(
        expect(state="submitted", step="arrival"),
        START,
        do("plan_visit", step="visit"),
        after(5, step="visit"),  # the fifth day is the last one
        after(1, step="examination", did=["visit_late"]),
        do("ask_completion", state="awaiting_citizen"),
        after(9, state="awaiting_citizen"),
        after(1, state="closed_without_action", did=["forgotten"]),
    )
    assert differences(played) == ()
    (result,) = play(played)
    assert result.taken == {"welcome", "plan_visit", "visit_late", "forgotten"}
    share = coverage(played, (result,)).parts["process"]
    assert (share.reached, share.of) == (4, 4)


def test_what_stops_with_the_citizen_goes_on_with_the_answer() -> None:
    played = package(
        START, do("plan_visit"), after(3), do("ask_completion"), after(8, state="awaiting_citizen", step="visit"),
        do("complete", state="under_review", step="visit"), after(3, step="visit"), after(1, step="examination"),
        do("accept", state="accepted"), expect(silence=False),
    )  # fmt: skip
    assert differences(played) == ()


def test_the_silence_of_the_administration_decides() -> None:
    """Two calendar months of it, here sixty days (CRPA, article L231-4)."""
    assert (
        differences(package(after(39, state="submitted"), after(6, state="refused", silence=True), process=None)) == ()
    )


@pytest.mark.parametrize(
    ("then", "where", "code"),
    [
        (do("plan_visit"), "do", "scenario_not_possible"),
        (do("complete"), "do", "scenario_not_possible"),
        (after(1, step="visit"), "expect.step", "scenario_stands_elsewhere"),
        (after(1, state="accepted"), "expect.state", "scenario_stands_elsewhere"),
        (after(1, silence=True), "expect.silence", "scenario_stands_elsewhere"),
        (after(1, did=["forgotten"]), "expect.did", "scenario_did_not"),
    ],
)
def test_what_differs_is_told_at_its_place(then: dict[str, Any], where: str, code: str) -> None:
    (found,) = differences(package(then))
    assert (found.path, found.code) == (f"scenarios[0].then[0].{where}", code)
    assert GREEN["name"] in sentence(found)


def test_an_action_whose_condition_does_not_hold_is_not_possible() -> None:
    poor = GREEN["answers"] | {"tax_income": 9_000}
    (found,) = differences(package(START, do("plan_visit"), answers=poor))
    assert (found.path, found.code) == ("scenarios[0].then[1].do", "scenario_not_possible")


def test_nothing_follows_a_request_that_is_refused_at_its_filing() -> None:
    refused = {"faults": [{"field": "email", "code": "bad_email"}]}
    (found,) = differences(package(START, answers=GREEN["answers"] | {"email": "camille"}, expect=refused))
    assert (found.path, found.code) == ("scenarios[0].then", "scenario_not_filed")


def test_a_process_that_turns_round_for_ever_is_left_there() -> None:
    turning = {
        "steps": PROCESS["steps"],
        "actions": PROCESS["actions"],
        "automatic": [
            {"id": "there", "on": "examination", "after": {"working_days": 1}, "do": {"go_to": "visit"}},
            {"id": "back", "on": "visit", "after": {"working_days": 1}, "do": {"go_to": "examination"}},
        ],
    }
    then = [START, *[after(700, state="under_review")] * 20]
    definition = {**BASE, "silence": "none", "process": turning, "scenarios": [{**GREEN, "then": then}]}
    played = read(definition)
    assert differences(played) == ()
    assert play(played)[0].taken == {"there", "back"}


@given(st.lists(json_values, max_size=3), json_values)
def test_no_json_makes_it_fall(then: list[Any], value: Any) -> None:
    for each in (
        then,
        [{"after": value, "expect": {}}],
        [{"do": value, "expect": value}],
        [after(3, did=value)],
        value,
    ):
        try:
            found = differences(read({**BASE, "process": PROCESS, "scenarios": [{**GREEN, "then": each}]}))
        except BadPackage as bad:
            found = bad.faults
        assert all(map(sentence, found))


@pytest.mark.parametrize(
    ("then", "where", "code"),
    [
        (do("plan"), "do", "not_one_of"),
        (after(0), "after.working_days", "out_of_range"),
        (after(1, step="nowhere"), "expect.step", "not_one_of"),
        (after(1, state="lost"), "expect.state", "not_one_of"),
        (after(1, did=["nothing"]), "expect.did[0]", "not_one_of"),
        ({"after": {"days": 1}, "expect": {}}, "after.working_days", "missing"),
        ({"do": "accept"}, "expect", "missing"),
    ],
)
def test_it_is_read_strictly(then: dict[str, Any], where: str, code: str) -> None:
    with pytest.raises(BadPackage) as bad:
        package(then)
    assert (f"scenarios[0].then[0].{where}", code) in [(each.path, each.code) for each in bad.value.faults]
