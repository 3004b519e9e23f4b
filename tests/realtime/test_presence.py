"""Who has a dossier open and who is writing: leases in Valkey, told to those whom it interests."""

import asyncio
from uuid import UUID

import pytest

from infra.embedded import Valkey
from realtime import leases, presence
from realtime.leases import Lease
from realtime.presence import presence_of
from tests.people import Person
from tests.realtime.stage import Client, Frame, Stage, stage
from tests.waiting import until


def named(person: Person, name: str, **more: str) -> Frame:
    return {"id": str(person.id), "name": name, **more}


def last(client: Client, dossier: UUID) -> Frame:
    """What the client was last told of a dossier."""
    told = [frame for frame in client.frames if frame["op"] == "presence" and frame["dossier"] == str(dossier)]
    return told[-1] if told else {"viewing": None, "writing": None, "known": None}


async def test_viewing_writing_left(desk: Stage) -> None:
    people = desk.people
    filed = await desk.file()
    dossier = filed.subject_id
    paul, ines, omar, amina = [await desk.client(who) for who in (people.paul, people.ines, people.omar, people.amina)]
    await ines.watch("queue:service")
    await omar.watch("queue:service")
    await amina.watch(f"dossier:{dossier}")
    await paul.watch(f"dossier:{dossier}")
    await until(lambda: last(paul, dossier)["viewing"] == [])
    await paul.say("viewing", dossier=str(dossier))
    for client in (paul, ines):
        await until(lambda client=client: last(client, dossier)["viewing"] == [named(people.paul, "Paul Martin")])  # type: ignore[misc]
    await paul.say("writing", dossier=str(dossier), field="reply")
    writing = [named(people.paul, "Paul Martin", field="reply")]
    await until(lambda: last(ines, dossier)["writing"] == writing and last(ines, dossier)["viewing"] == [])
    late = await desk.client(people.claire)
    await late.watch("queue:service")
    await until(lambda: last(late, dossier)["writing"] == writing)
    await paul.say("left", dossier=str(dossier))
    await until(lambda: last(ines, dossier)["writing"] == [] and last(ines, dossier)["viewing"] == [])
    for client in (omar, amina):
        await client.settled()
        assert not [frame for frame in client.frames if frame["op"] == "presence"]


async def test_a_socket_that_goes_takes_its_presence_with_it(desk: Stage) -> None:
    people = desk.people
    dossier = (await desk.file()).subject_id
    paul, twice, ines = await desk.client(people.paul), await desk.client(people.paul), await desk.client(people.ines)
    await ines.watch(f"dossier:{dossier}")
    for client in (paul, twice):
        await client.say("viewing", dossier=str(dossier))
    await until(lambda: last(ines, dossier)["viewing"] == [named(people.paul, "Paul Martin")])
    await paul.leave()
    await ines.settled()
    assert last(ines, dossier)["viewing"], "the other page of the same person is still there"
    twice.connection.transport.abort()
    await until(lambda: last(ines, dossier)["viewing"] == [])


async def test_a_dossier_that_comes_into_a_queue_brings_its_presence(desk: Stage) -> None:
    people = desk.people
    filed = await desk.file()
    paul, ines = await desk.client(people.paul), await desk.client(people.ines)
    await ines.watch("queue:mine")
    await paul.say("viewing", dossier=str(filed.subject_id))
    await until(lambda: desk.live.presences._shown)
    await desk.act(people.claire, "assign", filed.subject_id, filed.version, to=people.ines.id)
    await until(lambda: last(ines, filed.subject_id)["viewing"] == [named(people.paul, "Paul Martin")])


async def test_only_agents_and_only_what_they_see(desk: Stage) -> None:
    people = desk.people
    dossier = (await desk.file()).subject_id
    amina, omar = await desk.client(people.amina), await desk.client(people.omar)
    await amina.say("viewing", dossier=str(dossier))
    assert (await amina.next("refused"))["code"] == "agents_only"
    await omar.say("writing", dossier=str(dossier), field="reply")
    assert (await omar.next("refused"))["code"] == "not_found"
    assert await desk.live.presences._leases.anywhere() == []


async def test_with_valkey_down_presence_is_empty_and_says_so_and_comes_back(
    database_url: str, private_valkey: Valkey
) -> None:
    async with stage(database_url, private_valkey.url()) as desk:
        people = desk.people
        dossier = (await desk.file()).subject_id
        paul, ines = await desk.client(people.paul), await desk.client(people.ines)
        await ines.watch("queue:service")
        await paul.say("viewing", dossier=str(dossier))
        there = [named(people.paul, "Paul Martin")]
        await until(lambda: last(ines, dossier)["viewing"] == there)
        private_valkey.kill()
        await paul.say("writing", dossier=str(dossier), field="reply")
        await until(lambda: last(ines, dossier)["known"] is False)
        assert last(ines, dossier)["viewing"] == last(ines, dossier)["writing"] == []
        claire = await desk.client(people.claire)
        await claire.watch(f"dossier:{dossier}")
        await until(lambda: last(claire, dossier)["known"] is False)
        private_valkey.start()
        writing = [named(people.paul, "Paul Martin", field="reply")]
        for client in (ines, claire):
            await until(lambda client=client: last(client, dossier)["writing"] == writing, seconds=10)  # type: ignore[misc]
            assert last(client, dossier)["known"] is True


async def test_a_lease_of_a_process_that_died_runs_out(desk: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody says that it is over: each process looks when what it told runs out."""
    monkeypatch.setattr(leases, "LEASE_SECONDS", 1)
    monkeypatch.setattr(presence, "LOOK_SECONDS", 0.2)
    people = desk.people
    dossier = (await desk.file()).subject_id
    ines = await desk.client(people.ines)
    await ines.watch(f"dossier:{dossier}")
    elsewhere = leases.Leases(desk.live.presences._leases._redis)
    await elsewhere.hold([leases.Held(dossier, "a socket of another process", Lease(people.paul.id, "Paul Martin"))])
    await desk.bell.ring(f"v:{dossier}")
    await until(lambda: last(ines, dossier)["viewing"] == [named(people.paul, "Paul Martin")])
    await until(lambda: last(ines, dossier)["viewing"] == [], seconds=10)


async def test_a_lease_is_renewed_as_long_as_its_socket_is_open(desk: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases, "LEASE_SECONDS", 1)
    monkeypatch.setattr(presence, "RENEW_SECONDS", 0.2)
    monkeypatch.setattr(presence, "LOOK_SECONDS", 0.1)
    people = desk.people
    dossier = (await desk.file()).subject_id
    paul, ines = await desk.client(people.paul), await desk.client(people.ines)
    await ines.watch(f"dossier:{dossier}")
    await paul.say("viewing", dossier=str(dossier))
    await until(lambda: last(ines, dossier)["viewing"])
    await asyncio.sleep(2.5)
    assert (await desk.live.presences._leases.who([dossier]))[dossier]
    assert last(ines, dossier)["viewing"], "nobody was told that Paul left"


def test_each_person_once_writing_before_viewing(desk_people: tuple[UUID, UUID]) -> None:
    one, other = desk_people
    held = [Lease(one, "B", field=None), Lease(one, "B", field="reply"), Lease(other, "A"), Lease(other, "A")]
    told = presence_of(one, held, known=True)
    assert [(person.id, person.field) for person in told.writing] == [(one, "reply")]
    assert [person.id for person in told.viewing] == [other]
