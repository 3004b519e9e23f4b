"""A request goes to the service that its answers say, and is passed on by hand to the one that must answer."""

from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import text

from casework.authority import SYSTEM
from casework.dossiers.actions import move
from casework.ids import DossierId
from casework.procedures import catalogue
from casework.procedures.actions import Listing, publish
from infra.database import transaction
from tests.api.house import BIRTH, House, act


async def _published(house: House, **values: Any) -> None:
    """A new revision of the birth certificate with these sections."""
    package = catalogue.load().packages[BIRTH]
    listing = Listing(package.title.fr, package.title.en, package.theme, internal=False, target_days=10)
    definition = {**package.definition, **values}
    async with transaction(house.engine) as db:
        at = house.community.etat_civil
        assert await publish(db, BIRTH, definition=definition, listing=listing, service_id=at, by=SYSTEM)


async def _place(house: House, id_: str) -> tuple[UUID, UUID]:
    async with house.engine.connect() as db:
        row = await db.execute(text("select service_id, directorate_id from dossiers where id = :id"), {"id": id_})
        service, directorate = row.one()
    return service, directorate


async def test_answers_say_which_service_gets_the_request(house: House) -> None:
    here = (house.community.etat_civil, house.community.usagers)
    there = (house.community.voirie, house.community.technique)
    own = {"==": [{"var": "relation"}, "self"]}
    await _published(house, routing=[{"when": own, "service": "voirie"}])
    amina, answers = await house.as_("amina"), await house.example()
    for relation, place in (("self", there), ("relative", here)):
        asked = {"procedure": BIRTH, "answers": answers | {"relation": relation}}
        filed = await amina.post("/dossiers", json=asked)
        assert filed.status_code == 201, filed.text
        assert await _place(house, filed.json()["id"]) == place
        facts = await house.count("select count(*) from journal where subject_id = :id", id=filed.json()["id"])
        assert facts == 1, "where it goes is in the fact of filing"


async def test_rules_read_who_asks(house: House) -> None:
    await _published(house, routing=[{"when": {"==": [{"var": "profile.signed_in"}, True]}, "service": "voirie"}])
    answers = await house.example()
    amina, nobody = await house.as_("amina"), await house.anonymous()
    for somebody, service in ((amina, house.community.voirie), (nobody, house.community.etat_civil)):
        filed = await somebody.post("/dossiers", json={"procedure": BIRTH, "answers": answers})
        assert filed.status_code == 201, filed.text
        assert (await _place(house, filed.json()["id"]))[0] == service


async def test_a_service_that_is_no_more_loses_no_request(house: House) -> None:
    always = {"in": [{"var": "relation"}, ["self", "relative", "represented"]]}
    await _published(house, routing=[{"when": always, "service": "service-dissous"}])
    assert await _place(house, await house.filed()) == (house.community.etat_civil, house.community.usagers)


async def test_a_dossier_is_passed_on_by_hand_and_no_rule_moves_it_afterwards(house: House) -> None:
    id_, version = await house.held()
    paul, omar, amina = await house.as_("paul"), await house.as_("omar"), await house.as_("amina")
    body = {"service": str(house.community.voirie), "reason": "Il s’agit d’un lampadaire."}
    headers = {"if-match": f'"{version}"', "idempotency-key": str(uuid4())}
    assert (await omar.get(f"/dossiers/{id_}")).status_code == 404
    for _ in range(2):  # its answer was lost: the dossier is out of sight, and the act is told as done
        done = await paul.post(f"/dossiers/{id_}/reroute", json=body, headers=headers)
        assert (done.status_code, done.json()["version"]) == (200, version + 1), done.text
    assert (await paul.get(f"/dossiers/{id_}")).status_code == 404
    seen = (await omar.get(f"/dossiers/{id_}")).json()
    assert seen["holder"] is None
    assert "claim" in seen["acts"]
    assert (seen["rerouted"]["reason"], seen["rerouted"]["from_service"]) == (body["reason"], "État civil")
    told = (await amina.get(f"/dossiers/{id_}")).text
    assert "dossier.rerouted" in told
    assert body["reason"] not in told, "the reason is for agents"
    async with transaction(house.engine) as db:
        assert await move(db, DossierId(UUID(id_)), to=house.community.etat_civil, by=SYSTEM) is None


async def test_a_move_without_sense_is_refused(house: House) -> None:
    id_ = await house.filed()
    paul = await house.as_("paul")
    for service, code in ((str(house.community.etat_civil), "same_service"), (str(uuid4()), "no_such_service")):
        answer = await paul.post(
            f"/dossiers/{id_}/reroute", json={"service": service, "reason": "x"}, headers={"if-match": '"1"'}
        )
        assert (answer.status_code, answer.json()["faults"][0]["code"]) == (422, code)
    blank = {"service": str(house.community.voirie), "reason": " "}
    refused = await paul.post(f"/dossiers/{id_}/reroute", json=blank, headers={"if-match": '"1"'})
    assert refused.json()["faults"][0] == {"field": "reason", "code": "required", "params": {}}
    await act(await house.as_("ines"), id_, "claim", 1)
    held = await paul.post(f"/dossiers/{id_}/reroute", json=blank | {"reason": "x"}, headers={"if-match": '"2"'})
    assert (held.status_code, held.json()["code"]) == (409, "not_the_holder")


async def test_agents_find_every_service(house: House) -> None:
    found = (await (await house.as_("paul")).get("/services")).json()["items"]
    assert {"etat-civil", "voirie"} <= {each["slug"] for each in found}
    assert (await (await house.as_("amina")).get("/services")).status_code == 403


async def test_the_desk_offers_it_and_leads_back_to_the_queue(house: House) -> None:
    id_, paul = await house.filed(), await house.as_("paul")
    page = await paul.get(f"{house.url}/agent/dossiers/{id_}")
    assert page.status_code == 200
    assert "Transmettre à un autre service" in page.text
    assert f'value="{house.community.voirie}"' in page.text
    assert f'value="{house.community.etat_civil}"' not in page.text
    asked = {"version": "1", "service": str(house.community.voirie), "reason": ""}
    address = f"{house.url}/agent/dossiers/{id_}/actes/reroute"
    refused = await paul.post(address, data=asked)
    assert refused.status_code == 422
    assert f'value="{house.community.voirie}" selected' in refused.text, "what was chosen is kept"
    done = await paul.post(address, data=asked | {"reason": "Un lampadaire."})
    assert (done.status_code, done.headers["location"]) == (303, "/agent/files/service")
    there = await (await house.as_("omar")).get(f"{house.url}/agent/dossiers/{id_}")
    assert "Un lampadaire." in there.text
