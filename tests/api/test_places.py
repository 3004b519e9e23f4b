"""A procedure that opens and closes, and has so many places: never one too many, and none lost."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import text

from casework.authority import SYSTEM
from casework.procedures import catalogue
from casework.procedures.actions import Listing, publish
from casework.procedures.opening import Opening
from infra.database import transaction
from tests.api.house import BIRTH, House, act
from workers.schedule import Clock

DAY = timedelta(days=1)


async def _opened(house: House, **opening: Any) -> None:
    """The birth certificate, published again with this opening."""
    package = catalogue.load().packages[BIRTH]
    listing = Listing(package.title.fr, package.title.en, package.theme, internal=False, target_days=10)
    definition = {**package.definition, "target_days": 10, "summary": {"fr": f"Le {opening}.", "en": f"{opening}."}}
    async with transaction(house.engine) as db:
        assert await publish(
            db, BIRTH, definition=definition, listing=listing, service_id=house.community.etat_civil, by=SYSTEM,
            opening=Opening(**opening),
        )  # fmt: skip


async def _file(house: House, who: str = "amina") -> Any:
    client = await house.as_(who)
    return await client.post("/dossiers", json={"procedure": BIRTH, "answers": await house.example()})


async def _ring(_: str) -> None:
    pass


async def _strike(house: House) -> int:
    return await Clock(house.engine, _ring).strike()


async def test_before_and_after_nobody_files(house: House) -> None:
    now = datetime.now(UTC)
    for opening in ({"opens_at": now + DAY}, {"opens_at": now - 2 * DAY, "closes_at": now - DAY}):
        await _opened(house, **opening)
        refused = await _file(house)
        assert (refused.status_code, refused.json()["code"]) == (409, "procedure_closed")
    await _opened(house, opens_at=now - DAY, closes_at=now + DAY)
    assert (await _file(house)).status_code == 201


async def test_a_draft_may_be_filed_for_some_days_more_and_goes_then(house: House) -> None:
    now = datetime.now(UTC)
    await _opened(house, closes_at=now + DAY)
    amina, answers = await house.as_("amina"), await house.example()
    drafts = []
    for _ in range(2):
        asked = {"procedure": BIRTH, "answers": answers, "draft": True}
        drafts.append((await amina.post("/dossiers", json=asked)).json()["id"])
    await _opened(house, closes_at=now, drafts_days=1)
    assert (await _file(house)).json()["code"] == "procedure_closed"
    assert (await amina.post(f"/dossiers/{drafts[0]}/submit", json={})).status_code == 200
    await _strike(house)
    assert await house.count("select count(*) from journal where kind = 'procedure.closed'") == 1
    async with transaction(house.engine) as db:  # a day later
        await db.execute(text("update procedures set drafts_until = now() where slug = :slug"), {"slug": BIRTH})
        await db.execute(text("update schedule set due_at = now() where kind = 'procedure.drafts'"))
    assert (await amina.post(f"/dossiers/{drafts[1]}/submit", json={})).json()["code"] == "procedure_closed"
    await _strike(house)
    assert await house.count("select state from dossiers where id = :id", id=drafts[1]) == "expired"
    assert await house.count("select state from dossiers where id = :id", id=drafts[0]) == "submitted"
    assert await house.count("select count(*) from schedule where kind like 'procedure.%'") == 0


async def test_where_there_is_no_quota_nothing_is_counted(house: House) -> None:
    found = (await (await house.as_("amina")).get(f"/procedures/{BIRTH}")).json()
    assert (found["places_left"], found["waiting_list"]) == (None, False)
    page = (await (await house.anonymous()).get(f"{house.url}/demarches/{BIRTH}")).text
    assert "Commencer ma demande" in page
    assert "place" not in page.partition("<main")[2].partition("</main>")[0]


async def test_never_one_place_too_many(house: House) -> None:
    await _opened(house, quota=5)
    answers = await asyncio.gather(*(_file(house) for _ in range(20)))
    assert sorted(each.status_code for each in answers) == [201] * 5 + [409] * 15
    assert {each.json()["code"] for each in answers if each.status_code == 409} == {"quota_full"}
    found = await (await house.as_("amina")).get(f"/procedures/{BIRTH}")
    assert found.json()["places_left"] == 0


async def test_who_waits_longest_gets_the_place_that_becomes_free(house: House) -> None:
    await _opened(house, quota=2, waiting_list=True)
    ids = [(await _file(house)).json()["id"] for _ in range(5)]
    amina, paul = await house.as_("amina"), await house.as_("paul")

    async def ranks() -> list[int]:
        return [(await amina.get(f"/dossiers/{id_}")).json()["waiting"] for id_ in ids]

    assert await ranks() == [0, 0, 1, 2, 3]
    await act(paul, ids[0], "claim", 1)
    await act(paul, ids[0], "start-review", 2)
    await act(paul, ids[0], "decide", 3, outcome="refused", reason="Hors délai.")
    assert await ranks() == [0, 0, 1, 2, 3], "the clock gives it"
    ids.append((await _file(house)).json()["id"])
    assert await ranks() == [0, 0, 1, 2, 3, 4], "nobody overtakes who waits"
    ids.pop()
    await _strike(house)
    assert await ranks() == [0, 0, 0, 1, 2]
    assert await _strike(house) == 0
    kinds = "select count(*) from journal where kind = 'dossier.place_given' and subject_id = :id"
    assert [await house.count(kinds, id=id_) for id_ in ids] == [0, 0, 1, 0, 0]
    await act(paul, ids[3], "claim", 1)
    await act(paul, ids[3], "start-review", 2)
    await act(paul, ids[3], "decide", 3, outcome="closed_without_action", reason="Doublon.")
    await _strike(house)
    assert await ranks() == [0, 0, 0, 0, 1], "who waited and was turned down frees no place"
    await _opened(house, quota=3, waiting_list=True)
    await _strike(house)
    assert await ranks() == [0] * 5
    await _opened(house)
    await _strike(house)
    assert await house.count("select count(*) from dossiers where waiting_since is not null") == 0, "no quota, no wait"


async def test_the_page_counts_and_says_it_is_full(house: House) -> None:
    await _opened(house, quota=1)
    nobody = await house.anonymous()
    pages = f"{house.url}/demarches/{BIRTH}"
    assert "Il reste 1 place" in (await nobody.get(pages)).text
    assert (await _file(house)).status_code == 201
    assert "Il ne reste aucune place" in (await nobody.get(f"{pages}/places")).text
    assert 'demande"' not in (await nobody.get(pages)).text
