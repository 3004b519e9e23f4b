"""Scenarios: read strictly, played with stand-ins, each difference at its place; what none of them reaches is told."""

from typing import Any

import pytest
from hypothesis import given

from casework.procedures.catalogue import load
from casework.procedures.coverage import Share, coverage
from casework.procedures.package import BadPackage, Package, read
from casework.procedures.package_faults import sentence
from casework.procedures.scenarios import SCENARIOS_MAX, differences, play
from tests.casework.forms.strategies import json_values

BASE = {key: value for key, value in load().packages["velo-electrique"].definition.items() if key != "process"}
GREEN = {key: value for key, value in BASE["scenarios"][0].items() if key != "then"}
ROUTING = [{"when": {"==": [{"var": "bicycle"}, "cargo"]}, "service": "logistique-fetes"}]


def package(*scenarios: Any, **values: Any) -> Package:
    return read({**BASE, "scenarios": list(scenarios), **values})


def expecting(**expect: Any) -> dict[str, Any]:
    return {**GREEN, "expect": expect}


def told(*scenarios: Any) -> list[tuple[str, str]]:
    with pytest.raises(BadPackage) as bad:
        package(*scenarios)
    return [(fault.path, fault.code) for fault in bad.value.faults]


@pytest.mark.parametrize(
    ("expect", "where", "code"),
    [
        ({"shown": ["bought_note"]}, "shown", "scenario_hidden"),
        ({"hidden": ["bought"]}, "hidden", "scenario_shown"),
        ({"required": ["tax_notice"]}, "required", "scenario_optional"),
        ({"optional": ["email"]}, "optional", "scenario_required"),
        ({"faults": [{"field": "email", "code": "required"}]}, "faults", "scenario_no_fault"),
        ({"answers": {"bought": True}}, "answers.bought", "scenario_answer"),
        ({"answers": {"tax_income": 18000.5}}, "answers.tax_income", "scenario_answer"),
        ({"answers": {"bought": None}}, "answers.bought", "scenario_answer"),
    ],
)
def test_what_differs_is_told_at_its_place(expect: dict[str, Any], where: str, code: str) -> None:
    (found,) = differences(package(GREEN | {"name": "Un autre"}, expecting(**expect)))
    assert (found.path, found.code) == (f"scenarios[1].expect.{where}", code)
    assert GREEN["name"] in sentence(found)


def test_an_answer_that_is_refused_must_be_expected() -> None:
    scenario = expecting() | {"answers": GREEN["answers"] | {"email": "camille"}}
    (found,) = differences(package(scenario))
    assert (found.code, found.params["field"], found.params["fault"]) == ("scenario_fault", "email", "bad_email")
    assert not differences(package(scenario | {"expect": {"faults": [{"field": "email", "code": "bad_email"}]}}))


def test_the_service_is_the_one_that_routing_gives() -> None:
    cargo = expecting(service="logistique-fetes") | {"answers": GREEN["answers"] | {"bicycle": "cargo"}}
    assert not differences(package(cargo, routing=ROUTING))
    (found,) = differences(package(expecting(service="logistique-fetes"), routing=ROUTING))
    assert (found.code, found.params["found"]) == ("scenario_service", "mobilites-actives")


def test_the_day_and_the_profile_are_the_scenarios_own() -> None:
    pages = [dict(page) for page in BASE["form"]["pages"]]
    fields = [dict(field) for field in pages[0]["fields"]]
    fields[2]["visible_if"] = {"var": "profile.signed_in"}
    pages[0]["fields"] = fields[:3]
    form = {"pages": pages}
    there = expecting(shown=["bought"]) | {"as": {"signed_in": True}}
    minor = expecting(hidden=["bought"], faults=[{"field": "birth_date", "code": "too_late"}]) | {
        "on": "2006-05-03",
        "name": "La veille de ses dix-huit ans",
    }
    of_age = expecting() | {"on": "2006-05-04", "name": "Le jour même"}
    assert not differences(package(there, minor, of_age, form=form))


def test_the_price_is_in_euros() -> None:
    costs = {"*": [{"var": "tax_shares"}, 1.25]}
    assert not differences(package(expecting(price=2.5), price=costs))
    (found,) = differences(package(expecting(price=2), price=costs))
    assert (found.code, found.params["expected"], found.params["found"]) == ("scenario_price", 2, 2.5)
    (found,) = differences(package(expecting(price=2)))
    assert found.params["found"] is None, "nothing is to be paid"


def test_rows_of_a_block_have_answers_stand_ins_and_faults_of_their_own() -> None:
    inside = [
        {"id": "name", "kind": "text", "label": BASE["title"], "required": True},
        {"id": "proof", "kind": "attachment", "label": BASE["title"], "types": ["pdf"]},
    ]
    block = {"id": "people", "kind": "block", "label": BASE["title"], "row": BASE["title"], "fields": inside}
    form = {"pages": [*BASE["form"]["pages"], {"id": "rows", "title": BASE["title"], "fields": [block]}]}
    rows = [{"name": "Camille", "proof": [{"document": "pdf"}]}, {"proof": [{"document": "png"}]}]
    faults = [
        {"field": "people[1].name", "code": "required"},
        {"field": "people[1].proof", "code": "wrong_media_type"},
    ]
    scenario = GREEN | {"answers": GREEN["answers"] | {"people": rows}}
    assert not differences(package(scenario | {"expect": {"faults": faults, "shown": ["people[0].proof"]}}, form=form))


@pytest.mark.parametrize(
    ("scenario", "where", "code"),
    [
        (GREEN | {"on": "2027-02-30"}, "on", "bad_day"),
        (GREEN | {"on": 3}, "on", "bad_day"),
        ({key: GREEN[key] for key in GREEN if key != "on"}, "on", "missing"),
        (GREEN | {"answers": {"bike": 1}}, "answers", "unknown_field"),
        (GREEN | {"answers": {"bought_note": "x"}}, "answers", "unknown_field"),
        (GREEN | {"answers": {"email": "a\x00b"}}, "answers.email", "bad_text"),
        (GREEN | {"answers": {"email": "\ud800"}}, "answers.email", "bad_text"),
        (GREEN | {"answers": {"tax_income": 10**30}}, "answers.tax_income", "out_of_range"),
        (GREEN | {"answers": {"email": [[[[[[[[[[]]]]]]]]]]}}, "answers.email", "too_deep"),
        (GREEN | {"answers": {"tax_notice": ["pdf"]}}, "answers.tax_notice[0]", "not_an_object"),
        (GREEN | {"answers": {"tax_notice": [{"document": "odt"}]}}, "answers.tax_notice[0].document", "not_one_of"),
        (expecting(shown=["bike"]), "expect.shown[0]", "unknown_field"),
        (expecting(service="La voirie"), "expect.service", "bad_slug"),
        (expecting(answers={"bike": 1}), "expect.answers", "unknown_field"),
        (expecting(faults=[{"field": "bike", "code": "required"}]), "expect.faults[0].field", "unknown_field"),
        (expecting(faults=[{"field": "email", "code": "absent"}]), "expect.faults[0].code", "not_one_of"),
        (GREEN | {"as": {"name": "Camille"}}, "as.name", "unknown_key"),
        (GREEN | {"later": []}, "later", "unknown_key"),
    ],
)
def test_a_scenario_is_read_strictly(scenario: dict[str, Any], where: str, code: str) -> None:
    assert told(scenario) == [(f"scenarios[0].{where}", code)]


def test_two_of_one_name_and_too_many_are_refused() -> None:
    assert told(GREEN, GREEN) == [("scenarios[1].name", "twice")]
    many = [GREEN | {"name": f"Cas {i}"} for i in range(SCENARIOS_MAX + 1)]
    assert told(*many) == [("scenarios", "wrong_count")]


def words(scenario: Any) -> list[str]:
    """What is told of a package with this scenario: that it is none, or what differs when it is played."""
    try:
        return [sentence(each) for each in differences(package(scenario))]
    except BadPackage as bad:
        return [sentence(each) for each in bad.faults]


@given(json_values, json_values)
def test_no_json_makes_it_fall(answers: Any, expect: Any) -> None:
    scenarios = [GREEN | {"answers": answers}, GREEN | {"expect": expect}, GREEN | {"as": answers}, answers]
    scenarios += [
        GREEN | {"answers": {id_: answers}, "expect": {"answers": {id_: expect}}}
        for id_ in ("bicycle", "birth_date", "tax_income", "address", "email")
    ]
    assert all(all(words(each)) for each in scenarios)


def test_what_no_scenario_reaches_is_told() -> None:
    tried = package(GREEN, routing=ROUTING)
    found = coverage(tried, play(tried))
    assert found.parts == {
        "rules": Share(3, 6),
        "fields": Share(12, 14),
        "routes": Share(1, 2),
        "process": Share(0, 0),
    }
    assert {(each.path, each.code) for each in found.unreached} == {
        ("form.pages[0].fields[1].visible_if", "never_true"),
        ("form.pages[0].fields[1]", "never_shown"),
        ("form.pages[0].fields[3].visible_if", "never_true"),
        ("form.pages[0].fields[3]", "never_shown"),
        ("routing[0].when", "never_true"),
        ("routing", "never_routed"),
    }
    assert all(sentence(each) for each in found.unreached)


def test_with_no_scenario_nothing_is_reached() -> None:
    alone = package(GREEN)
    parts = coverage(alone, ()).parts.values()
    assert all(each.percent == 0 for each in parts if each.of)
    assert Share(0, 0).percent == 100
    assert Share(199, 200).percent == 99
