"""What the clock causes: absences that begin and end at their minute, deadlines that pass."""

import asyncio
from collections.abc import Sequence
from datetime import date, timedelta
from functools import partial
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from casework.continuity import actions as absences
from casework.continuity.rules import Span
from casework.dossiers import actions
from casework.ids import AbsenceId, AccountId, DossierId, Version
from infra.database import reading, transaction
from tests.people import Community, Person, version_of
from tests.workers.conftest import Processes, Sink, all_done, effects_in, until
from workers.schedule import CHUNK, Clock


async def _held_by_paul(engine: AsyncEngine, community: Community, number: int = 1) -> list[DossierId]:
    ids = []
    for _ in range(number):
        async with transaction(engine) as db:
            filed = await community.file(db)
            dossier = DossierId(filed.subject_id)
            await actions.claim(db, dossier, seen=version_of(filed), by=community.paul.as_agent)
            ids.append(dossier)
    return ids


async def _away(engine: AsyncEngine, community: Community, *substitutes: Person) -> UUID:
    """Paul will be away; the test says when."""
    today = date.today()  # noqa: DTZ011 - a far span: which day it is here does not matter
    span = Span(today + timedelta(days=10), "am", today + timedelta(days=20), "pm")
    async with transaction(engine) as db:
        who: Sequence[AccountId] = [person.id for person in substitutes]
        declared = await absences.declare_absence(
            db, community.paul.id, span=span, reason="opération", substitutes=who, by=community.paul.as_agent
        )
    return declared.subject_id


async def _move(engine: AsyncEngine, absence: UUID, *, begins: float, ends: float) -> None:
    """Put the absence's span that many seconds from now, everywhere it stands."""
    binds = {"id": absence, "begins": timedelta(seconds=begins), "ends": timedelta(seconds=ends)}
    begin, end = "now() + cast(:begins as interval)", "now() + cast(:ends as interval)"
    async with transaction(engine) as db:
        await db.execute(text(f"update absences set starts_at = {begin}, ends_at = {end} where id = :id"), binds)
        await db.execute(
            text(f"update mandates set starts_at = {begin}, ends_at = {end} where absence_id = :id"), binds
        )
        await db.execute(
            text(
                f"""update schedule set due_at = case kind when 'absence.begin' then {begin} else {end} end
                where subject = :id"""
            ),
            binds,
        )


async def _uncovered(engine: AsyncEngine, number: int, cover: UUID | None = None) -> bool:
    async with reading(engine) as db:
        found = (await db.execute(text("select cover_id from dossiers where uncovered_since is not null"))).scalars()
        return list(found) == [cover] * number


async def _facts(engine: AsyncEngine, kind: str) -> int:
    async with reading(engine) as db:
        count = await db.execute(text("select count(*) from journal where kind = :kind"), {"kind": kind})
        return int(count.scalar_one())


async def _scheduled(engine: AsyncEngine) -> list[str]:
    async with reading(engine) as db:
        kinds = await db.execute(text("select kind from schedule where kind like 'absence%' order by kind"))
        return list(kinds.scalars())


async def _silence(position: str) -> None:
    """A bell for those who call the clock themselves: nobody listens."""


async def test_an_absence_begins_at_its_minute_ends_at_its_minute_and_both_are_told(
    engine: AsyncEngine, community: Community, sink: Sink, running: None
) -> None:
    await _held_by_paul(engine, community, 3)
    absence = await _away(engine, community, community.ines)
    await _move(engine, absence, begins=1.5, ends=7)
    assert await _uncovered(engine, 0)
    await until(partial(_uncovered, engine, 3, community.ines.id), seconds=5)
    await until(partial(_uncovered, engine, 0), seconds=12)
    await until(partial(all_done, engine, 5))
    assert await _facts(engine, "dossier.covered") == 3
    assert await _scheduled(engine) == []
    ines = [mail for mail in sink.mails if mail["To"] == "ines@exemple.fr"]
    paul = [mail for mail in sink.mails if mail["To"] == "paul@exemple.fr"]
    assert [str(mail["Subject"]) for mail in ines] == ["Dossiers à reprendre pendant l’absence de Paul Martin"]
    assert [str(mail["Subject"]) for mail in paul] == ["Votre retour\u202f: ce qui est arrivé à vos dossiers"]
    for raw in sink.accepted:
        assert "opération".encode() not in raw
        assert b"op=C3=A9ration" not in raw


async def test_without_substitutes_the_manager_is_told(
    engine: AsyncEngine, community: Community, sink: Sink, running: None
) -> None:
    await _held_by_paul(engine, community)
    absence = await _away(engine, community)
    await _move(engine, absence, begins=0, ends=60)
    await until(partial(_uncovered, engine, 1, None), seconds=5)
    await until(partial(all_done, engine, 2))
    assert [str(mail["To"]) for mail in sink.mails if "absence" in str(mail["Subject"])] == ["claire@exemple.fr"]


async def test_a_cancelled_absence_gives_the_dossiers_back(
    engine: AsyncEngine, community: Community, running: None
) -> None:
    await _held_by_paul(engine, community, 2)
    absence = await _away(engine, community, community.ines)
    await _move(engine, absence, begins=0, ends=60)
    await until(partial(_uncovered, engine, 2, community.ines.id), seconds=5)
    async with transaction(engine) as db:
        await absences.cancel_absence(db, AbsenceId(absence), by=community.paul.as_agent)
    await until(partial(_uncovered, engine, 0), seconds=5)
    await until(lambda: _nothing_scheduled(engine), seconds=5)


@pytest.mark.timeout(120)
async def test_a_relay_killed_in_the_middle_is_finished_by_the_next(
    engine: AsyncEngine, community: Community, processes: Processes
) -> None:
    number = CHUNK * 3 + 5
    await _held_by_paul(engine, community, number)
    absence = await _away(engine, community, community.ines)
    await _move(engine, absence, begins=0, ends=600)
    relay = await processes.ready("relay")
    await until(lambda: _some(engine))
    relay.kill()
    await processes.ready("relay")
    await until(partial(_uncovered, engine, number, community.ines.id), seconds=20)
    await until(lambda: _only_the_end_is_scheduled(engine), seconds=5)
    assert await _facts(engine, "dossier.uncovered") == number
    assert await _facts(engine, "absence.begun") == 1


async def test_a_relay_that_slept_through_a_whole_absence_tells_nobody_to_take_over(
    engine: AsyncEngine, community: Community, sink: Sink, settings: object
) -> None:
    await _held_by_paul(engine, community)
    absence = await _away(engine, community, community.ines)
    await _move(engine, absence, begins=-20, ends=-10)
    clock = Clock(engine, _silence)
    await clock.strike()
    assert await _facts(engine, "absence.begun") == 1
    assert await _facts(engine, "absence.ended") == 1
    assert await _facts(engine, "dossier.uncovered") == 0
    assert await _scheduled(engine) == []


async def test_a_deadline_passes_once(engine: AsyncEngine, community: Community) -> None:
    async with transaction(engine) as db:
        filed = await community.file(db)
        await db.execute(text("update dossiers set due_at = now() - interval '1 second'"))
        await db.execute(text("update schedule set due_at = now() - interval '1 second'"))
    clock = Clock(engine, _silence)
    assert await clock.strike() == 1
    assert await clock.strike() == 0
    assert await _facts(engine, "dossier.became_late") == 1
    assert filed.version == Version(1)


async def test_two_clocks_do_a_thing_once(engine: AsyncEngine, community: Community) -> None:
    """Two relays lead for a second when a session is lost: nothing happens twice."""
    await _held_by_paul(engine, community, 5)
    absence = await _away(engine, community, community.ines)
    await _move(engine, absence, begins=0, ends=600)
    await asyncio.gather(*(Clock(engine, _silence).strike() for _ in range(3)))
    assert await _uncovered(engine, 5, community.ines.id)
    assert await _facts(engine, "absence.begun") == 1
    assert await _facts(engine, "dossier.uncovered") == 5


async def test_a_row_that_cannot_be_done_holds_nobody_up(engine: AsyncEngine, community: Community) -> None:
    async with transaction(engine) as db:
        for _ in range(3):
            await community.file(db)
        await db.execute(text("update dossiers set due_at = now() - interval '1 second'"))
        await db.execute(text("update schedule set due_at = now() - interval '1 second'"))
        first = (await db.execute(text("select subject from schedule order by due_at, subject limit 1"))).scalar_one()
    clock = Clock(engine, _silence)
    async with transaction(engine) as db:  # somebody holds the row for longer than a lock waits
        await db.execute(text("select from dossiers where id = :id for update"), {"id": first})
        assert await clock.strike() == 2
        assert await clock.strike() == 0  # it waits its turn
    await asyncio.sleep(1)
    assert await clock.strike() == 1
    assert await _facts(engine, "dossier.became_late") == 3


async def _some(engine: AsyncEngine) -> bool:
    return await _facts(engine, "dossier.uncovered") > 0


async def _nothing_scheduled(engine: AsyncEngine) -> bool:
    return await _scheduled(engine) == []


async def _only_the_end_is_scheduled(engine: AsyncEngine) -> bool:
    return await _scheduled(engine) == ["absence.end"]


async def test_a_stopped_absence_mail_is_written_down_as_not_needed(
    engine: AsyncEngine, community: Community, sink: Sink, running: None
) -> None:
    """Paul holds nothing: nobody is disturbed, and the effect says why."""
    absence = await _away(engine, community, community.ines)
    await _move(engine, absence, begins=0, ends=60)
    await until(partial(all_done, engine, 1))
    assert [effect.last_error for effect in await effects_in(engine)] == ["no dossier to take over"]
    assert sink.accepted == []
