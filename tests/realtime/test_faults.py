"""Servers killed under the sockets: nothing is lost, nothing doubled, and what people see is what the database holds."""

import asyncio
import random
from collections.abc import Callable
from functools import partial
from uuid import UUID

import pytest
from sqlalchemy.exc import SQLAlchemyError

from casework.errors import Refused
from casework.journal import read
from casework.journal.fact import Recorded
from infra.database import reading
from infra.embedded import PostgreSQL, Valkey
from tests.history import Answered, History, Screen, check, rows_of
from tests.people import Person
from tests.realtime.stage import Client, Stage, stage
from tests.waiting import until

TOPICS = ("queue:service", "queue:mine", "queue:awaiting-citizen")


class Page:
    """A page that follows the rules: load by HTTP's queries, watch from there."""

    def __init__(self, desk: Stage, who: Person) -> None:
        self.desk = desk
        self.who = who
        self.screen = Screen(who.viewer)
        self.client: Client | None = None

    async def load(self, *topics: str) -> str:
        """The rows and their position, of one snapshot."""
        async with reading(self.desk.engine) as db:
            for topic in topics:
                self.screen.load(topic, await rows_of(db, topic, self.who.viewer))
            return str(await read.now(db))

    async def open(self) -> "Page":
        position = await self.load(*TOPICS)
        self.client = await self.desk.client(self.who)
        for topic in TOPICS:
            await self.client.watch(topic, position)
        return self

    async def settle(self) -> None:
        """Everything that is committed has been told."""
        assert self.client is not None
        await self.desk.caught_up()
        await self.client.settled()
        assert not [frame for frame in self.client.frames if frame["op"] == "resync"]
        for frame in self.client.frames:
            self.screen.hear(frame)


class Town:
    """People who act at random for as long as it is asked, each acknowledged act noted."""

    def __init__(self, desk: Stage, seed: int = 1) -> None:
        self.desk = desk
        self.chance = random.Random(seed)
        self.acked: list[Recorded] = []
        self.versions: dict[UUID, int] = {}
        self.failed = 0

    async def act(self, facts: int, *, writers: int = 4, tolerate: tuple[type[Exception], ...] = ()) -> None:
        """Until so many facts more are written; several at once, each on any dossier."""
        enough = len(self.acked) + facts

        async def write() -> None:
            while len(self.acked) < enough:
                try:
                    recorded = await self._one()
                except Refused:
                    continue
                except tolerate:
                    self.failed += 1
                    await asyncio.sleep(0.05)
                    continue
                self.acked.append(recorded)
                version = max(recorded.version, self.versions.get(recorded.subject_id, 0))
                self.versions[recorded.subject_id] = version

        await asyncio.gather(*(write() for _ in range(writers)))

    def has(self, facts: int) -> bool:
        """Whether so many acts were acknowledged."""
        return len(self.acked) >= facts

    async def _one(self) -> Recorded:
        people, pick = self.desk.people, self.chance
        agent = pick.choice([people.paul, people.ines, people.claire])
        if len(self.versions) < 10 or pick.random() < 0.05:
            return await self.desk.file(procedure=pick.choice(["birth", "birth", "lamp"]))
        dossier = pick.choice(sorted(self.versions))
        seen = self.versions[dossier]
        acts: list[tuple[Person, str, dict[str, object]]] = [
            (agent, "claim", {}),
            (agent, "release", {}),
            (people.omar, "claim", {}),
            (agent, "assign", {"to": pick.choice([people.paul, people.ines]).id}),
            (agent, "start_review", {}),
            (agent, "ask_completion", {"reason": "Il manque une pièce."}),
            (people.amina, "complete", {"message": "La voici.", "documents": ()}),
            (people.amina, "post_message", {"message": "Bonjour"}),
            (agent, "decide", {"outcome": "accepted", "reason": "Oui."}),
        ]
        weights = [4, 2, 2, 2, 4, 3, 4, 2, 1]
        who, act, how = pick.choices(acts, weights)[0]
        return await self.desk.act(who, act, dossier, seen, **how)


async def pages(desk: Stage) -> list[Page]:
    people = desk.people
    return [await Page(desk, who).open() for who in (people.paul, people.ines, people.claire, people.omar)]


async def verdict(desk: Stage, town: Town, opened: list[Page]) -> None:
    for page in opened:
        await page.settle()
    answered = [Answered.of(fact) for fact in town.acked]
    await check(desk.engine, History(answered, unanswered=town.failed, screens=[page.screen for page in opened]))


async def test_a_thousand_facts_at_random(desk: Stage) -> None:
    town = Town(desk)
    opened = await pages(desk)
    await town.act(500)
    opened += await pages(desk)
    await town.act(500)
    await verdict(desk, town, opened)


async def test_valkey_killed_and_started_again_under_load(database_url: str, private_valkey: Valkey) -> None:
    async with stage(database_url, private_valkey.url()) as desk:
        town = Town(desk, seed=2)
        opened = await pages(desk)
        acting = asyncio.create_task(town.act(300))
        for _ in range(3):
            await asyncio.sleep(0.3)
            private_valkey.kill()
            await asyncio.sleep(0.3)
            private_valkey.start()
        await acting
        await verdict(desk, town, opened)


async def test_with_valkey_dead_a_fact_comes_within_a_second(database_url: str, private_valkey: Valkey) -> None:
    async with stage(database_url, private_valkey.url()) as desk:
        client = await desk.client(desk.people.ines)
        await client.watch("queue:service")
        private_valkey.kill()
        await until(lambda: not desk.bell.connected)
        filed = await desk.file()
        await client.next("fact", dossier=str(filed.subject_id), seconds=1.5)


async def test_postgresql_killed_and_started_again_under_load(private_postgresql: PostgreSQL, redis_url: str) -> None:
    """What was acknowledged stays; sockets stay open, the process says that it is degraded, and then goes on."""
    async with stage(private_postgresql.url(), redis_url) as desk:
        town = Town(desk, seed=3)
        opened = await pages(desk)
        acting = asyncio.create_task(town.act(250, tolerate=(SQLAlchemyError, OSError)))
        for acked in (60, 140):
            await until(partial(town.has, acked), seconds=30)
            private_postgresql.kill()
            await until(lambda: desk.live.follower.degraded)
            await asyncio.to_thread(private_postgresql.start)
            await until(lambda: not desk.live.follower.degraded, seconds=10)
        await acting
        assert town.failed, "nobody noticed that the server was killed"
        assert all(page.client and page.client.closed is None for page in opened)
        await verdict(desk, town, opened)


async def test_without_postgresql_nobody_is_signed_out(private_postgresql: PostgreSQL, redis_url: str) -> None:
    async with stage(private_postgresql.url(), redis_url) as desk:
        token = await desk.token(desk.people.paul)
        there = await desk.client(token)
        await there.watch("queue:service")
        private_postgresql.kill()
        await until(lambda: desk.live.follower.degraded)
        client = await desk.bare({"Cookie": f"relais={token}", "Origin": desk.origin})
        client.reading.set()
        await until(lambda: client.closed is not None, seconds=10)
        assert client.closed == 1013, "come back later, not: sign in again"
        await there.say("watch", topic=f"dossier:{UUID(int=7)}")
        assert (await there.next("refused"))["code"] == "unavailable"
        assert there.closed is None
        await asyncio.to_thread(private_postgresql.start)
        again = await desk.client(token)
        await again.watch("queue:service")


@pytest.mark.parametrize("sockets", [60])
async def test_everybody_comes_back_in_the_same_second(desk: Stage, sockets: int) -> None:
    token = await desk.token(desk.people.paul)
    filed = await desk.file()
    since = str(filed.position)
    await desk.act(desk.people.paul, "claim", filed.subject_id, filed.version)

    async def come() -> Client:
        client = await desk.client(token)
        await client.watch("queue:service", since)
        await client.watch(f"dossier:{filed.subject_id}", since)
        return client

    clients = await asyncio.gather(*(come() for _ in range(sockets)))
    assert len(desk.live.sessions) == 1
    told: Callable[[], bool] = lambda: all(len(client.facts()) >= 2 for client in clients)  # noqa: E731
    await until(told)
