"""Session ended or rights gone: nothing more after a second, Valkey dead or not. Slow readers, and sockets that end."""

import asyncio

import pytest
from sqlalchemy import text

from casework.accounts.actions import end_session
from casework.accounts.queries import find_session
from casework.dossiers import actions
from casework.ids import DossierId, Version
from casework.journal.fact import Recorded
from infra.database import transaction
from infra.embedded import Valkey
from realtime import follow, hub, live
from realtime.hub import Listener
from tests.people import Person, version_of
from tests.realtime.stage import Client, Stage, stage
from tests.waiting import until

SECOND = 1.0


async def closed_within_a_second(client: Client) -> None:
    began = asyncio.get_running_loop().time()
    await until(lambda: client.closed is not None, seconds=3)
    assert asyncio.get_running_loop().time() - began < SECOND


def listener_of(desk: Stage, person: Person) -> Listener:
    """The one socket of this person."""
    [found] = [one for ones in desk.live.sessions.values() for one in ones if one.viewer.account_id == person.id]
    return found


async def end(desk: Stage, token: str, *, ring: bool) -> None:
    async with transaction(desk.engine, ring=desk.ring if ring else None) as db:
        session = await find_session(db, token)
        assert session is not None
        await end_session(db, session.id, by=desk.people.paul.as_agent)


@pytest.mark.parametrize("ring", [True, False], ids=["rung", "not rung"])
async def test_an_ended_session_closes_its_sockets(desk: Stage, ring: bool) -> None:
    token = await desk.token(desk.people.paul)
    mine, mine_too = await desk.client(token), await desk.client(token)
    other = await desk.client(desk.people.paul)
    for client in (mine, mine_too, other):
        await client.watch("queue:service")
    await end(desk, token, ring=ring)
    await asyncio.gather(closed_within_a_second(mine), closed_within_a_second(mine_too))
    assert {mine.closed, mine_too.closed} == {4401}
    filed = await desk.file()
    await other.next("fact", dossier=str(filed.subject_id))
    assert other.closed is None


async def test_with_valkey_dead_too(database_url: str, private_valkey: Valkey) -> None:
    async with stage(database_url, private_valkey.url()) as desk:
        token = await desk.token(desk.people.paul)
        client = await desk.client(token)
        await client.watch("queue:service")
        private_valkey.kill()
        await until(lambda: not desk.bell.connected)
        await end(desk, token, ring=True)
        await closed_within_a_second(client)
        assert client.closed == 4401


async def test_what_is_committed_after_the_end_is_not_sent(desk: Stage) -> None:
    """In the journal's own order, however close: the end of the session is a fact like the others."""
    for _ in range(5):
        token = await desk.token(desk.people.paul)
        client = await desk.client(token)
        await client.watch("queue:service")
        await end(desk, token, ring=False)
        filed = await desk.file()
        assert client.task is not None
        await client.task
        assert client.closed == 4401
        assert not [fact for fact in client.facts() if fact["dossier"] == str(filed.subject_id)]


@pytest.mark.parametrize(
    "how",
    [
        "update sessions set expires_at = now() where token_hash is not null",
        "update sessions set seen_at = now() - interval '31 minutes'",
        "update accounts set disabled_at = now()",
    ],
    ids=["past its day", "idle", "account disabled"],
)
async def test_a_session_that_the_clock_ends(desk: Stage, how: str) -> None:
    client = await desk.client(desk.people.paul)
    await client.watch("queue:service")
    async with transaction(desk.engine) as db:
        await db.execute(text(how))
    await closed_within_a_second(client)
    assert client.closed == 4401


async def test_other_rights_send_the_client_back(desk: Stage) -> None:
    people = desk.people
    token = await desk.token(people.paul)
    client, ines = await desk.client(token), await desk.client(people.ines)
    for each in (client, ines):
        await each.watch("queue:service")
    await asyncio.sleep(live.RECHECK_SECONDS * 1.5)  # its rights have been looked at
    async with transaction(desk.engine) as db:
        await db.execute(text("delete from roles where account_id = :a"), {"a": people.paul.id})
    await closed_within_a_second(client)
    assert client.closed == 1012
    again = await desk.client(token)
    await again.say("watch", topic=f"queue:service:{people.etat_civil}")
    assert (await again.next("refused"))["code"] == "unknown_topic"
    assert ines.closed is None


async def test_an_agent_who_moves_follows_the_new_service_and_not_the_old(desk: Stage) -> None:
    people = desk.people
    token = await desk.token(people.paul)
    clients = [await desk.client(token) for _ in range(20)]
    for client in clients:
        await client.watch("queue:service")
    await asyncio.sleep(live.RECHECK_SECONDS * 1.5)
    async with transaction(desk.engine) as db:
        moved = text("update roles set service_id = :to where account_id = :a")
        await db.execute(moved, {"a": people.paul.id, "to": people.voirie})
    await asyncio.gather(*(closed_within_a_second(client) for client in clients))
    assert {client.closed for client in clients} == {1012}
    old = await desk.file()
    assert not [fact for client in clients for fact in client.facts() if fact["dossier"] == str(old.subject_id)]
    again = await desk.client(token)
    await again.watch("queue:service")
    newer, new = await desk.file(), await desk.file(procedure="lamp")
    await again.next("fact", dossier=str(new.subject_id))
    await again.settled()
    assert not [fact for fact in again.facts() if fact["dossier"] == str(newer.subject_id)]


async def test_a_hundred_sockets_of_ended_sessions_get_nothing_more(desk: Stage) -> None:
    """Their accounts are disabled while requests come in: what is committed a second later is not sent to them."""
    tokens = [await desk.token(desk.people.paul) for _ in range(20)]
    clients = [await desk.client(token) for token in tokens for _ in range(5)]
    ines = await desk.client(desk.people.ines)
    for client in (*clients, ines):
        await client.watch("queue:service")
    filing = asyncio.create_task(_file_for(desk, seconds=2.5))
    await asyncio.sleep(0.5)
    async with transaction(desk.engine) as db:
        disabled = text("update accounts set disabled_at = now() where id = :a returning clock_timestamp()")
        at = (await db.execute(disabled, {"a": desk.people.paul.id})).scalar_one()
    filed = await filing
    late = {str(fact.subject_id) for fact in filed if (fact.at - at).total_seconds() > SECOND}
    assert late, "requests came in afterwards, or this shows nothing"
    await until(lambda: all(client.closed is not None for client in clients))
    assert {client.closed for client in clients} == {4401}
    assert not [fact for client in clients for fact in client.facts() if fact["dossier"] in late]
    await until(lambda: late <= {fact["dossier"] for fact in ines.facts()})


async def _file_for(desk: Stage, *, seconds: float) -> list[Recorded]:
    end, filed = asyncio.get_running_loop().time() + seconds, []
    while asyncio.get_running_loop().time() < end:
        filed.append(await desk.file())
        await asyncio.sleep(0.02)
    return filed


async def test_rights_that_changed_before_they_were_ever_looked_at(desk: Stage) -> None:
    """Between the sign-in and the first look: the socket must not keep the rights of its first instant."""
    client = await desk.client(desk.people.paul)
    await client.watch("queue:service")
    async with transaction(desk.engine) as db:
        await db.execute(text("delete from roles where account_id = :a"), {"a": desk.people.paul.id})
    await closed_within_a_second(client)


async def test_a_fact_that_takes_a_dossier_out_of_sight_is_bare(desk: Stage) -> None:
    """The substitute from another service saw it while asked to take it over; once covered, it is not theirs to see."""
    people = desk.people
    claimed = await desk.claimed(people.paul)
    dossier = claimed.subject_id
    async with transaction(desk.engine) as db:
        await db.execute(text("update dossiers set cover_id = :a where id = :d"), {"a": people.omar.id, "d": dossier})
    omar, ines = await desk.client(people.omar), await desk.client(people.ines)
    for client in (omar, ines):
        await client.watch(f"dossier:{dossier}")
    await desk.caught_up()  # else the claim itself may be read with the dossier as it is below
    async with transaction(desk.engine) as db:
        await db.execute(text("update dossiers set cover_id = null where id = :d"), {"d": dossier})
    reviewed = await desk.act(people.paul, "start_review", dossier, version_of(claimed))
    bare = await omar.next("fact", version=reviewed.version)
    assert bare.keys() == {"op", "topic", "position", "dossier", "version"}
    assert (await omar.next("refused"))["code"] == "not_found"
    assert (await ines.next("fact", version=reviewed.version))["kind"] == "dossier.review_started"
    asked = await desk.act(people.paul, "ask_completion", dossier, version_of(reviewed), reason="Il manque une pièce.")
    await ines.next("fact", version=asked.version)
    await omar.settled()
    assert not [fact for fact in omar.facts() if fact["version"] == asked.version]


async def stall(desk: Stage, client: Client, listener: Listener) -> int:
    """Act until the listener's reader, which does not read, had to be resynced; the last version."""
    filed = await desk.file()
    version, dossier = filed.version, filed.subject_id
    while listener.behind_since is None:
        assert version < 2_000, "its transport took everything"
        recorded = await desk.act(desk.people.paul, "claim" if version % 2 else "release", dossier, version)
        version = recorded.version
    return version


async def test_a_reader_that_does_not_read_is_resynced_and_the_others_go_on(
    desk: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "MOST_WAITING", 20)
    monkeypatch.setattr(follow, "PORTION", 5)
    people = desk.people
    stalled, reader = await desk.client(people.paul, reads=False), await desk.client(people.ines)
    await stalled.say("watch", topic="queue:service")
    await reader.watch("queue:service")
    listener = listener_of(desk, people.paul)
    await until(lambda: listener.topics)
    version = await stall(desk, stalled, listener)
    assert len(listener.waiting) <= 20
    await reader.next("fact", version=version)
    assert [fact["version"] for fact in reader.facts()] == list(range(1, version + 1))

    stalled.reading.set()
    resync = await stalled.next("resync", seconds=10)
    assert resync["topic"] == "queue:service"
    versions = [fact["version"] for fact in stalled.facts()]
    assert versions == list(range(1, len(versions) + 1)), "what it was sent before is in order, without a hole"
    assert len(versions) < version
    await stalled.settled()
    assert [frame["op"] for frame in stalled.frames][-2:] == ["resync", "pong"], "once, and nothing after it"
    await stalled.watch("queue:service")
    filed = await desk.file()
    await stalled.next("fact", dossier=str(filed.subject_id))
    assert listener.behind_since is None


async def test_facts_that_are_read_together_make_nobody_a_slow_reader(desk: Stage) -> None:
    """The bell was dead, or a batch was committed: more facts at once than a socket's queue has room for."""
    people, client = desk.people, await desk.client(desk.people.ines)
    await client.watch("queue:service")
    many = 2 * hub.MOST_WAITING
    async with transaction(desk.engine, ring=desk.ring) as db:
        filed = await people.file(db)
        for version in range(1, many):
            act = actions.claim if version % 2 else actions.release
            await act(db, DossierId(filed.subject_id), seen=Version(version), by=people.paul.as_agent)
    await client.next("fact", version=many)
    assert [fact["version"] for fact in client.facts()] == list(range(1, many + 1))


async def test_a_reader_that_never_reads_again_is_cut(desk: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "MOST_WAITING", 20)
    monkeypatch.setattr(follow, "PORTION", 5)
    monkeypatch.setattr(live, "BEHIND_SECONDS", 0.2)
    client = await desk.client(desk.people.paul, reads=False)
    await client.say("watch", topic="queue:service")
    listener = listener_of(desk, desk.people.paul)
    await until(lambda: listener.topics)
    await stall(desk, client, listener)
    await until(lambda: not desk.live.sessions)
    client.connection.transport.abort()


async def test_sockets_that_leave_leave_nothing_behind(desk: Stage) -> None:
    clients = [await desk.client(desk.people.paul) for _ in range(10)]
    for client in clients:
        await client.watch("queue:service")
        await client.watch("inbox")
    for client in clients[:5]:
        await client.leave()
    for client in clients[5:]:
        client.connection.transport.abort()
    await until(lambda: not desk.live.sessions)
    assert not desk.live.hub._by_queue
    assert not desk.live.hub._by_inbox
    assert not desk.live._rights
    await until(lambda: not [task for task in asyncio.all_tasks() if "_write" in repr(task.get_coro())])
