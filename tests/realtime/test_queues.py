"""What a queue's watchers get, whatever the order in which facts and rows are read."""

import asyncio
from datetime import date, timedelta
from uuid import UUID

import pytest

from casework import access
from casework.authority import SYSTEM
from casework.continuity import actions as continuity
from casework.continuity.rules import Span
from casework.dossiers import actions, queries
from casework.ids import AbsenceId, DossierId
from casework.journal import read
from infra.database import reading, transaction
from tests.history import Screen
from tests.people import version_of
from tests.realtime.stage import Client, Stage
from tests.waiting import until


async def go_away(desk: Stage, dossier: UUID) -> None:
    """Paul is away; Ines is asked."""
    people, today = desk.people, date.today()  # noqa: DTZ011 - a test's day, far from any term
    async with transaction(desk.engine) as db:
        span = Span(today, "now", today + timedelta(days=3), "pm")
        absence = await continuity.declare_absence(
            db, people.paul.id, span=span, reason="Congés", substitutes=[people.ines.id], by=people.paul.as_agent
        )
        await continuity.begin_absence(db, AbsenceId(absence.subject_id), by=SYSTEM)
    async with transaction(desk.engine) as db:
        await actions.uncover(db, DossierId(dossier), by=SYSTEM)


async def views_of(client: Client, *topics: str, since: str) -> None:
    for topic in topics:
        await client.watch(topic, since)


async def test_take_over_in_one_batch_leaves_no_ghost(desk: Stage) -> None:
    """Uncovered, taken over, decided, all read at once: the row is decided, and yet whoever watched is told it left."""
    people = desk.people
    claimed = await desk.claimed(people.paul)
    dossier = claimed.subject_id
    await go_away(desk, dossier)
    ines, claire = await desk.client(people.ines), await desk.client(people.claire)
    async with reading(desk.engine) as db:
        since = str(await read.now(db))
        [row] = await queries.queue(db, "to-take-over", agent=people.ines.id, services=[people.etat_civil])
    # All in one transaction: nobody can read between.
    async with transaction(desk.engine) as db:
        by = await access.may(db, people.ines.viewer, "take_over", DossierId(dossier))
        taken = await actions.take_over(db, DossierId(dossier), seen=None, by=by)
        by = await access.may(db, people.ines.viewer, "start_review", DossierId(dossier))
        reviewed = await actions.start_review(db, DossierId(dossier), seen=version_of(taken), by=by)
        by = await access.may(db, people.ines.viewer, "decide", DossierId(dossier))
        await actions.decide(db, DossierId(dossier), outcome="accepted", reason="", seen=version_of(reviewed), by=by)
    await desk.caught_up()
    for client in (ines, claire):
        await views_of(client, "queue:to-take-over", "queue:mine", "queue:service", since=since)
    screen = Screen(people.ines.viewer)
    screen.load("queue:to-take-over", {row.id: row.version})
    for frame in ines.frames:
        screen.hear(frame)
    assert not screen.rows["queue:to-take-over"]
    assert not screen.rows["queue:mine"]
    gone = [fact for fact in claire.facts("queue:service") if fact["dossier"] == str(dossier)]
    assert gone[-1]["row"] is None


async def test_the_absent_do_not_see_their_own_to_take_over(desk: Stage) -> None:
    people = desk.people
    claimed = await desk.claimed(people.paul)
    paul, ines, claire = [await desk.client(who) for who in (people.paul, people.ines, people.claire)]
    for client in (paul, ines, claire):
        await client.watch("queue:to-take-over")
    await go_away(desk, claimed.subject_id)
    uncovered = await ines.next("fact", kind="dossier.uncovered")
    assert uncovered["row"]["absence_reason"] == "Congés"
    assert uncovered["by"] == {"id": None, "kind": "system", "name": None}
    for client in (paul, claire):
        await client.settled()
        assert not [fact for fact in client.facts() if fact["row"]], "one asked by name, nobody else"


@pytest.mark.parametrize("slow_first", [True, False])
async def test_a_slow_transaction_holds_facts_back_and_loses_none(desk: Stage, slow_first: bool) -> None:
    people = desk.people
    first, second = await desk.file(), await desk.file()
    client = await desk.client(people.ines)
    await client.watch("queue:service")
    slow, fast = (first, second) if slow_first else (second, first)

    async def act_slowly() -> None:
        async with transaction(desk.engine, ring=desk.ring) as db:
            await actions.claim(db, DossierId(slow.subject_id), seen=version_of(slow), by=people.paul.as_agent)
            await asyncio.sleep(0.15)

    def claims() -> list[str]:
        return [fact["dossier"] for fact in client.facts() if fact["kind"] == "dossier.claimed"]

    acting = asyncio.create_task(act_slowly())
    await asyncio.sleep(0.05)
    await desk.act(people.ines, "claim", fast.subject_id, version_of(fast))
    await client.settled()
    assert not claims() or acting.done()
    await acting
    await until(lambda: len(claims()) == 2, seconds=2)
    assert claims() == [str(slow.subject_id), str(fast.subject_id)]


async def test_rows_ahead_of_their_facts(desk: Stage) -> None:
    """A dossier's later fact is held back while its row shows it: the earlier fact goes where it went all the same."""
    people = desk.people
    held, other = await desk.claimed(people.paul), await desk.file()
    ines = await desk.client(people.ines)
    for topic in ("queue:service", "queue:mine", "queue:late"):
        await ines.watch(topic)
    release = asyncio.Event()

    async def hold_back() -> None:
        async with transaction(desk.engine) as db:
            await actions.claim(db, DossierId(other.subject_id), seen=version_of(other), by=people.claire.as_agent)
            await release.wait()

    holding = asyncio.create_task(hold_back())
    await asyncio.sleep(0.05)
    given = await desk.act(people.claire, "assign", held.subject_id, version_of(held), to=people.ines.id)
    freed = await desk.act(people.ines, "release", held.subject_id, version_of(given))
    release.set()
    await holding
    await ines.next("fact", topic="queue:mine", version=freed.version)
    mine = [fact["version"] for fact in ines.facts("queue:mine")]
    assert mine == [given.version, freed.version], "it came, and it left"
    assert ines.facts("queue:mine")[-1]["row"] is None
    service = [fact["version"] for fact in ines.facts("queue:service") if fact["dossier"] == str(held.subject_id)]
    assert service[-2:] == [given.version, freed.version]


async def test_two_topics_of_one_queue_each_get_their_frame(desk: Stage) -> None:
    people = desk.people
    client = await desk.client(people.ines)
    await client.watch("queue:service")
    await client.watch(f"queue:service:{people.etat_civil}")
    filed = await desk.file()
    for topic in ("queue:service", f"queue:service:{people.etat_civil}"):
        await client.next("fact", topic=topic, dossier=str(filed.subject_id))
    await client.settled()
    assert len(client.facts()) == 2
