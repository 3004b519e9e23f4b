"""Steps and actions of a procedure's process, through the doors."""

from typing import Any
from uuid import UUID

import httpx
import pytest

from casework.authority import SYSTEM
from casework.ids import DossierId
from casework.process.actions import advance
from infra.database import transaction
from tests.api.house import House, act
from tests.people import Neighbours
from tests.processes import PROCESS, TO_DO, publish_process, wording


async def _filed(house: House, at: Neighbours) -> str:
    async with transaction(house.engine) as db:
        return str((await house.community.file(db, at=at)).subject_id)


async def _examined(house: House, process: dict[str, Any] | None = None) -> str:
    async with transaction(house.engine) as db:
        at = await publish_process(db, house.community, process)
    id_, paul = await _filed(house, at), await house.as_("paul")
    await act(paul, id_, "claim", 1)
    await act(paul, id_, "start-review", 2)
    return id_


async def _offered(client: httpx.AsyncClient, id_: str) -> list[str]:
    return [each["id"] for each in (await client.get(f"/dossiers/{id_}")).json()["actions"]]


async def test_an_agent_goes_from_step_to_step_and_everybody_reads_where_it_is(house: House) -> None:
    id_ = await _examined(house)
    paul, amina = await house.as_("paul"), await house.as_("amina")
    seen = (await paul.get(f"/dossiers/{id_}")).json()
    assert seen["step"] == {"id": "examination", "title": wording("Examen")}
    assert seen["actions"] == [{"id": "plan_visit", "title": wording("Prévoir une visite")}]
    done = await act(paul, id_, "act", 3, action="plan_visit")
    assert (done["kind"], done["changes"]) == ("dossier.step_changed", {"step": "visit"})
    theirs = (await amina.get(f"/dossiers/{id_}")).json()
    assert (theirs["step"]["id"], theirs["state"], theirs["actions"]) == ("visit", "under_review", [])
    last = theirs["timeline"][-1]
    assert (last["kind"], last["names"], last["actor"]) == ("dossier.step_changed", {"visit": "Visite"}, None)
    await act(paul, id_, "act", 4, action="visited")
    await act(paul, id_, "act", 5, action="plan_visit")  # and again
    await act(paul, id_, "ask-completion", 6, reason="Une photo ?")
    assert (await _offered(paul, id_), (await paul.get(f"/dossiers/{id_}")).json()["step"]["id"]) == ([], "visit")
    assert (await amina.post(f"/dossiers/{id_}/complete", json={"message": "La voici."})).status_code == 200
    assert await _offered(paul, id_) == ["visited"]
    await act(paul, id_, "decide", 8, outcome="accepted")
    assert (await paul.get(f"/dossiers/{id_}")).json()["step"] is None


async def test_what_is_offered_is_what_is_accepted(house: House) -> None:
    """For everybody who sees it, at every step: an action is offered if and only if the door does it."""
    id_, paul = await _examined(house), await house.as_("paul")
    tried = 0
    for step in ("examination", "visit"):
        for who in ("amina", "hugo", "ines", "claire", "paul"):
            client = await house.as_(who)
            for action in ("plan_visit", "visited"):
                seen = (await client.get(f"/dossiers/{id_}")).json()
                offered = action in [each["id"] for each in seen["actions"]]
                answer = await client.post(
                    f"/dossiers/{id_}/act", json={"action": action}, headers={"if-match": f'"{seen["version"]}"'}
                )
                assert (answer.status_code == 200) == offered, f"{who} {action} at {step}: {answer.text}"
                tried += offered
                if offered:  # back to the step on trial
                    back = {"plan_visit": "visited", "visited": "plan_visit"}[action]
                    await act(paul, id_, "act", answer.json()["version"], action=back)
        version = (await paul.get(f"/dossiers/{id_}")).json()["version"]
        if step == "examination":
            await act(paul, id_, "act", version, action="plan_visit")
    assert tried == 3  # Paul plans; Claire, who manages, and Paul say that it was made


@pytest.mark.parametrize(
    ("action", "version", "status", "code"),
    [
        ("visited", 3, 409, "not_at_this_step"),
        ("none", 3, 422, "invalid"),
        ("plan_visit", 2, 412, "stale"),
        ("plan_visit", 9, 412, "stale"),
        ("", 3, 422, "wrong_shape"),
    ],
)
async def test_what_is_not_possible_is_refused_with_its_reason(
    house: House, action: str, version: int, status: int, code: str
) -> None:
    id_, paul = await _examined(house), await house.as_("paul")
    facts = await house.count("select count(*) from journal")
    answer = await paul.post(f"/dossiers/{id_}/act", json={"action": action}, headers={"if-match": f'"{version}"'})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert await house.count("select count(*) from journal") == facts


async def test_a_repeated_attempt_is_done_once(house: House) -> None:
    id_, paul = await _examined(house), await house.as_("paul")
    headers = {"if-match": '"3"', "idempotency-key": "one-and-the-same-key"}
    answers = [await paul.post(f"/dossiers/{id_}/act", json={"action": "plan_visit"}, headers=headers) for _ in "12"]
    assert [each.status_code for each in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()
    assert await house.count("select count(*) from journal where kind = 'dossier.step_changed'") == 1


async def test_an_action_is_offered_where_its_rule_holds(house: House) -> None:
    process: dict[str, Any] = {
        "steps": [
            {"id": "examination", "state": "under_review", "title": wording("Examen")},
            {"id": "visit", "state": "under_review", "title": wording("Visite")},
        ],
        "actions": [
            {"id": "right", "title": wording("Oui"), "from": ["examination"], "to": "visit",
             "when": {"and": [{"==": [{"var": "state"}, "under_review"]}, {"==": [{"var": "step"}, "examination"]},
                              {"==": [{"var": "service"}, "etat-civil"]}, {"==": [{"var": "channel"}, "online"]},
                              {"<": [{"var": "days_in_state"}, 1]}, {"var": "profile.signed_in"}]}},
            {"id": "wrong", "title": wording("Non"), "from": ["examination"], "to": "visit",
             "when": {">": [{"var": "days_in_state"}, 3]}},
        ],
    }  # fmt: skip
    id_, paul = await _examined(house, process), await house.as_("paul")
    assert await _offered(paul, id_) == ["right"]
    refused = await paul.post(f"/dossiers/{id_}/act", json={"action": "wrong"}, headers={"if-match": '"3"'})
    assert (refused.status_code, refused.json()["code"]) == (409, "not_at_this_step")
    await act(paul, id_, "act", 3, action="right")


async def test_a_first_step_is_reached_by_filing_and_by_starting(house: House) -> None:
    async with transaction(house.engine) as db:
        at = await publish_process(db, house.community)
    id_, paul = await _filed(house, at), await house.as_("paul")
    assert (await paul.get(f"/dossiers/{id_}")).json()["step"]["id"] == "arrival"
    await act(paul, id_, "claim", 1)
    await act(paul, id_, "start-review", 2)
    assert (await paul.get(f"/dossiers/{id_}")).json()["step"]["id"] == "examination"


async def test_the_desk_has_a_button_for_each_action_and_tells_a_refusal(house: House) -> None:
    id_ = await _examined(house)
    paul, amina = await house.as_("paul"), await house.as_("amina")
    page = (await paul.get(f"{house.url}/agent/dossiers/{id_}")).text
    assert "Prévoir une visite" in page
    assert "Visite faite" not in page
    address, form = f"{house.url}/agent/dossiers/{id_}/actes/act", {"version": "3", "action": "plan_visit"}
    assert (await paul.post(address, data=form)).status_code == 303
    page = (await paul.get(f"{house.url}/agent/dossiers/{id_}")).text
    assert "Paul Martin a fait passer le dossier à l’étape «\u202fVisite\u202f»." in page
    assert (
        "Votre demande en est à l’étape «\u202fVisite\u202f»." in (await amina.get(f"{house.url}/dossiers/{id_}")).text
    )
    refused = await paul.post(address, data=form | {"version": "4"})
    assert (refused.status_code, "Cette action n’est pas possible à cette étape" in refused.text) == (409, True)
    refused = await paul.post(address, data=form | {"version": "4", "action": "none"})
    assert (refused.status_code, "Cette action n’existe pas pour cette démarche." in refused.text) == (422, True)


async def test_a_task_stands_on_the_dossier_until_somebody_of_the_service_did_it(house: House) -> None:
    async with transaction(house.engine) as db:
        at = await publish_process(db, house.community, {**PROCESS, "automatic": [TO_DO]})
    id_ = await _filed(house, at)
    ines, amina, hugo = await house.as_("ines"), await house.as_("amina"), await house.as_("hugo")
    async with transaction(house.engine) as db:
        await advance(db, DossierId(UUID(id_)), by=SYSTEM)
    listed = (await ines.get(f"/dossiers/{id_}")).json()["tasks"]
    assert listed == [{"id": "2", "title": wording("Vérifier l’assurance")}]
    for other in (amina, hugo):
        assert (await other.get(f"/dossiers/{id_}")).json()["tasks"] == []
        refused = await other.post(f"/dossiers/{id_}/do-task", json={"task": 2}, headers={"if-match": '"2"'})
        assert refused.status_code == 403
    told = (await amina.get(f"/dossiers/{id_}")).json()["timeline"]
    assert [each["kind"] for each in told] == ["dossier.submitted"]
    page = (await ines.get(f"{house.url}/agent/dossiers/{id_}")).text
    assert "Vérifier l’assurance" in page
    address = f"{house.url}/agent/dossiers/{id_}/actes/do_task"
    for wrong in ("", "0", "1", "x", "99999999999"):
        refused = await ines.post(address, data={"version": "2", "task": wrong})
        assert (refused.status_code, "Cette tâche n’est plus à faire." in refused.text) == (422, True), wrong
    assert (await ines.post(address, data={"version": "2", "task": "2"})).status_code == 303
    assert (await ines.get(f"/dossiers/{id_}")).json()["tasks"] == []
    again = await ines.post(f"/dossiers/{id_}/do-task", json={"task": 2}, headers={"if-match": '"3"'})
    assert (again.status_code, again.json()["faults"][0]["code"]) == (422, "no_such_task")
