"""Absence, take-over, brief and return, over HTTP."""

import asyncio
from uuid import uuid4

import pytest
from sqlalchemy import text

from api import absences
from casework.authority import SYSTEM
from casework.continuity import queries as continuity
from casework.continuity.actions import begin_absence, end_absence
from casework.dossiers.actions import uncover
from casework.ids import AbsenceId, AccountId, DossierId
from infra.database import transaction
from tests.api.house import House, act, in_days
from tests.people import Person


async def away(house: House, person: Person, *, substitutes: tuple[Person, ...] = ()) -> str:
    """This person is away from now on; what the relay's clock does is done here. The absence's id."""
    client = await house.anonymous(await house.token(person))
    body = {
        "until": {"date": in_days(3), "half": "am"},
        "reason": "Formation",
        "substitutes": [str(each.id) for each in substitutes],
    }
    declared = await client.post("/absences", json=body)
    assert declared.status_code == 201, declared.text
    id_ = str(declared.json()["id"])
    async with transaction(house.engine) as db:
        await begin_absence(db, AbsenceId(declared.json()["id"]), by=SYSTEM)
        for dossier in await continuity.touched(db, person.id):
            await uncover(db, DossierId(dossier), by=SYSTEM)
    return id_


async def back(house: House, person: Person, absence: str) -> None:
    """The absence's last minute is past."""
    async with transaction(house.engine) as db:
        late = {"id": absence}
        await db.execute(text("update mandates set ends_at = clock_timestamp() where absence_id = :id"), late)
        await db.execute(text("update absences set ends_at = clock_timestamp() where id = :id"), late)
        await end_absence(db, AbsenceId(late["id"]), by=SYSTEM)  # type: ignore[arg-type] # PostgreSQL reads it
        for dossier in await continuity.touched(db, AccountId(person.id)):
            await uncover(db, DossierId(dossier), by=SYSTEM)


async def test_a_colleague_takes_over_with_the_brief_and_the_unsent_reply(house: House) -> None:
    paul, ines, people = await house.as_("paul"), await house.as_("ines"), house.community
    id_, version = await house.held()
    await paul.put(f"/dossiers/{id_}/scratch/reply", json={"body": "Bonjour, je…"}, headers={"if-match": '"0"'})
    absence = await away(house, people.paul, substitutes=(people.ines,))

    queue = (await ines.get("/queues/to-take-over")).json()
    assert [(row["id"], row["absence_reason"]) for row in queue["items"]] == [(id_, "Formation")]
    assert queue["counts"]["to-take-over"] == 1
    view = (await ines.get(f"/dossiers/{id_}")).json()
    assert view["to_take_over"]["from"]["name"] == "Paul Martin"
    assert view["to_take_over"]["cover"]["name"] == "Ines Caron"
    assert "take_over" in view["acts"]
    brief = (await ines.get(f"/dossiers/{id_}/brief")).json()
    assert (brief["next_act"], brief["unsent"]) == ("decide", "Bonjour, je…")

    claire = await house.as_("claire")
    denied = await claire.post(f"/dossiers/{id_}/take-over", headers={"if-match": f'"{version + 1}"'})
    assert denied.status_code == 403, "the mandate names Ines"
    await act(ines, id_, "take-over", version + 1)
    assert (await ines.get(f"/dossiers/{id_}/scratch/reply")).json()["body"] == "Bonjour, je…"
    await act(ines, id_, "ask-completion", version + 2, reason="Il manque une page.")
    last = (await ines.get(f"/dossiers/{id_}/timeline")).json()["items"][-1]
    assert (last["actor"]["name"], last["on_behalf_of"]["name"]) == ("Ines Caron", "Paul Martin")

    await back(house, people.paul, absence)
    listed = (await paul.get("/absences")).json()
    assert listed["just_back"]["id"] == absence
    digest = (await paul.get(f"/absences/{absence}/digest")).json()
    assert [(line["dossier"], line["may_hand_back"]) for line in digest["items"]] == [(id_, True)]
    kinds = [entry["kind"] for entry in digest["items"][0]["entries"]]
    assert kinds == ["dossier.uncovered", "dossier.taken_over", "dossier.completion_asked"]
    seen = (await paul.get(f"/dossiers/{id_}")).json()
    assert "hand_back" in seen["acts"]
    await act(paul, id_, "hand-back", seen["version"])
    assert (await paul.get(f"/dossiers/{id_}")).json()["holder"]["name"] == "Paul Martin"


async def test_two_colleagues_in_the_same_instant_one_wins(house: House) -> None:
    id_, version = await house.held()
    await away(house, house.community.paul)
    ines, claire = await house.as_("ines"), await house.as_("claire")
    headers = {"if-match": f'"{version + 1}"'}
    both = await asyncio.gather(*(who.post(f"/dossiers/{id_}/take-over", headers=headers) for who in (ines, claire)))
    assert sorted(answer.status_code for answer in both) == [200, 412]
    lost = next(answer for answer in both if answer.status_code == 412).json()
    assert lost["held_by"]["name"] == ("Ines Caron" if both[0].status_code == 200 else "Claire Roux")


async def test_all_of_them_in_one_act_answered_one_by_one(house: House) -> None:
    ids = [(await house.held())[0] for _ in range(3)]
    absence = await away(house, house.community.paul)
    ines, claire, key = await house.as_("ines"), await house.as_("claire"), str(uuid4())
    await act(claire, ids[0], "take-over", 4)
    headers = {"idempotency-key": key}
    done = (await ines.post(f"/absences/{absence}/take-over", headers=headers)).json()
    assert {line["dossier"] for line in done["items"]} == set(ids[1:])
    assert done["taken_over"] == 2
    again = (await ines.post(f"/absences/{absence}/take-over", headers=headers)).json()
    assert again == done
    batches = "select count(distinct payload ->> 'batch_id') from journal where kind = 'dossier.taken_over'"
    assert await house.count(batches) == 1
    assert (await (await house.as_("omar")).post(f"/absences/{absence}/take-over")).status_code == 404


async def test_a_batch_that_was_cut_goes_on(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = sorted([(await house.held())[0] for _ in range(3)])
    absence = await away(house, house.community.paul)
    ines, headers = await house.as_("ines"), {"idempotency-key": str(uuid4())}
    # The first attempt dies in its second chunk: a lock that nobody gives back is what a client sees of a dead server.
    monkeypatch.setattr(absences, "CHUNK", 1)
    async with transaction(house.engine) as db:
        await db.execute(text("select from dossiers where id = :id for update"), {"id": ids[1]})
        cut = await ines.post(f"/absences/{absence}/take-over", headers=headers)
        assert cut.status_code == 503, cut.text
    held = "select count(*) from dossiers where holder_id = :ines"
    assert await house.count(held, ines=house.community.ines.id) == 1
    done = (await ines.post(f"/absences/{absence}/take-over", headers=headers)).json()
    assert sorted(line["dossier"] for line in done["items"]) == ids
    assert all(line["code"] is None for line in done["items"])


async def test_an_absence_is_cancelled_by_who_may(house: House) -> None:
    paul, claire, ines = await house.as_("paul"), await house.as_("claire"), await house.as_("ines")
    span = {"from": {"date": in_days(1), "half": "pm"}, "until": {"date": in_days(2), "half": "am"}}
    planned = {**span, "reason": "Congés"}
    id_ = (await paul.post("/absences", json=planned)).json()["id"]
    assert (await ines.get(f"/absences/{id_}")).json()["may_cancel"] is False
    assert (await ines.delete(f"/absences/{id_}")).status_code == 403
    cancelled = await claire.delete(f"/absences/{id_}")
    assert (cancelled.status_code, cancelled.json()["state"]) == (200, "cancelled"), cancelled.text
    assert (await claire.delete(f"/absences/{id_}")).status_code == 409
    seen = (await paul.get("/absences")).json()["items"][0]
    assert (seen["from"], seen["until"]) == (span["from"], span["until"])
