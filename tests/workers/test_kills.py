"""Kill -9 of workers, of Valkey and of relays: every mail leaves, and each under one Message-ID."""

import asyncio
import random
import signal
from functools import partial

import pytest
import redis
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from infra.database import reading, transaction
from infra.embedded import Valkey
from infra.processes import Child
from tests.history import History, check
from tests.people import Community
from tests.workers.conftest import Processes, Sink, all_done, effects_in, until
from workers import effects
from workers.queue import ROOM

pytestmark = pytest.mark.timeout(180)  # interpreters are started again and again; a busy machine takes its time


async def _nothing_lost(engine: AsyncEngine, sink: Sink) -> None:
    await check(engine, History(mails=list(sink.by_message_id.elements())))


async def _file(engine: AsyncEngine, community: Community, number: int = 1) -> None:
    for _ in range(number):
        async with transaction(engine) as db:
            await community.file(db)


def _kill(child: Child) -> None:
    child.signal(signal.SIGKILL)
    child.kill()


async def _leader(engine: AsyncEngine) -> bool:
    async with reading(engine) as db:
        held = await db.execute(text("select count(*) from pg_locks where locktype = 'advisory' and granted"))
    return int(held.scalar_one()) > 0


async def test_killed_before_the_exchange_the_mail_leaves_once(
    engine: AsyncEngine, community: Community, sink: Sink, processes: Processes
) -> None:
    """The worker says `sending` and dies before the server has heard anything."""
    await _file(engine, community)
    async with transaction(engine) as db:  # as the relay and a worker that then died left it
        (fact,) = (await db.execute(text("select id from journal where kind = 'dossier.submitted'"))).scalars()
        await db.execute(text("insert into effects (journal_id, name) values (:id, 'mail.receipt')"), {"id": fact})
        held = await effects.begin(db, fact, "mail.receipt", message_id="<before@relais.example>")
    assert held is not None
    await processes.ready("worker")
    await processes.ready("relay")
    await until(partial(all_done, engine, 1))
    assert list(sink.by_message_id.values()) == [1]
    await _nothing_lost(engine, sink)


async def test_killed_during_the_exchange_the_mail_leaves_once(
    engine: AsyncEngine, community: Community, sink: Sink, processes: Processes
) -> None:
    """The server has read the mail and did not answer yet when the worker dies."""
    sink.gate.clear()
    relay, first = await processes.ready("relay"), await processes.ready("worker")
    await _file(engine, community)
    await asyncio.wait_for(sink.reached.wait(), 20)
    _kill(first)
    await asyncio.sleep(0.2)  # the server notices that its client is gone, and drops what was not acknowledged
    sink.gate.set()
    await processes.ready("worker")
    await until(partial(all_done, engine, 1))
    assert relay.code is None
    assert list(sink.by_message_id.values()) == [1]
    (effect,) = await effects_in(engine)
    assert (effect.attempts, effect.crashes) == (2, 1)
    await _nothing_lost(engine, sink)


async def test_killed_after_the_exchange_the_same_mail_leaves_again_under_the_same_message_id(
    engine: AsyncEngine, community: Community, sink: Sink, processes: Processes
) -> None:
    """The server has accepted and nobody could write it down: the one case that no sender can tell from the one before.

    The mail is sent again, byte for byte: whoever receives it twice can see that it is one mail, and mail stores do.
    """
    sink.gate.clear()
    await processes.ready("relay")
    first = await processes.ready("worker")
    await _file(engine, community)
    await asyncio.wait_for(sink.reached.wait(), 20)
    async with transaction(engine) as db:  # the row is held, so that "done" cannot be written
        await db.execute(text("select from effects for update"))
        sink.gate.set()
        await until(lambda: bool(sink.accepted))
        _kill(first)
    await processes.ready("worker")
    await until(partial(all_done, engine, 1))
    assert list(sink.by_message_id.values()) == [2]
    assert len(set(sink.accepted)) == 1
    await _nothing_lost(engine, sink)


async def test_random_kills_of_the_worker_lose_no_mail(
    engine: AsyncEngine, community: Community, sink: Sink, processes: Processes
) -> None:
    """Four kills while thirty-two requests come in: all the receipts leave, each under one Message-ID."""
    await processes.ready("relay")
    await until(partial(_leader, engine), seconds=20)
    sink.pause = 0.1  # so that a kill finds exchanges under way
    for _ in range(4):
        worker = await processes.ready("worker")
        had = len(sink.accepted)
        filing = asyncio.create_task(
            _file_slowly(engine, community, 8, pause=0.2)
        )  # however long workers take to start
        await until(lambda: len(sink.accepted) > had, seconds=20)  # noqa: B023 - waited for within the turn
        await asyncio.sleep(random.uniform(0, 0.3))
        _kill(worker)
        await filing
    await processes.ready("worker")
    await until(partial(all_done, engine, 32), seconds=25)
    assert len(sink.by_message_id) == 32
    assert len(set(sink.accepted)) == 32
    await _nothing_lost(engine, sink)


async def test_valkey_killed_and_flushed_under_load_loses_nothing(
    engine: AsyncEngine, community: Community, sink: Sink, valkey: Valkey, running: None
) -> None:
    """Kill -9, restart, FLUSHALL, again and again, while requests come in: the queue is only a hint."""
    filing = asyncio.create_task(_file_slowly(engine, community, 60, pause=0.1))
    for _ in range(3):
        await asyncio.sleep(1)
        await asyncio.to_thread(valkey.kill)
        await asyncio.sleep(0.5)
        await asyncio.to_thread(valkey.start)
        with redis.Redis.from_url(valkey.url()) as client:
            client.flushall()
    await filing
    await until(partial(all_done, engine, 60), seconds=15)
    assert set(sink.by_message_id.values()) == {1}
    assert len(sink.accepted) == 60
    await _nothing_lost(engine, sink)


async def test_a_worker_killed_long_ago_and_a_valkey_that_forgot_everything(
    engine: AsyncEngine, community: Community, sink: Sink, valkey: Valkey, processes: Processes
) -> None:
    """Nobody works, triggers pile up no further than their room, and all of it is done when somebody comes."""
    await processes.ready("relay")
    await _file(engine, community, 30)
    await until(partial(_recorded, engine, 30), seconds=20)
    with redis.Redis.from_url(valkey.url()) as client:
        client.flushall()
    await asyncio.sleep(4)
    with redis.Redis.from_url(valkey.url()) as client:
        assert client.zcard("relais:mail") <= ROOM
    await processes.ready("worker")
    await until(partial(all_done, engine, 30))
    assert set(sink.by_message_id.values()) == {1}


async def test_two_relays_one_leads_and_the_other_takes_its_place(
    engine: AsyncEngine, community: Community, sink: Sink, processes: Processes
) -> None:
    await processes.ready("worker")
    first = await processes.ready("relay")
    await until(partial(_leader, engine), seconds=20)
    second = await processes.ready("relay")
    await _file(engine, community, 3)
    await until(partial(all_done, engine, 3))
    assert processes.logs().count("relay.leads") == 1
    _kill(first)
    await _file(engine, community, 3)
    await until(partial(all_done, engine, 6), seconds=20)
    assert second.code is None
    assert processes.logs().count("relay.leads") == 2
    assert set(sink.by_message_id.values()) == {1}
    await _nothing_lost(engine, sink)


async def test_asked_to_stop_the_processes_leave_at_once_and_cleanly(
    engine: AsyncEngine, community: Community, sink: Sink, processes: Processes
) -> None:
    """SIGTERM in the middle of an exchange: the worker lets it end, says so, and leaves with code 0."""
    sink.gate.clear()
    relay, worker = await processes.ready("relay"), await processes.ready("worker")
    await _file(engine, community)
    await asyncio.wait_for(sink.reached.wait(), 20)
    leaving = asyncio.create_task(processes.end(worker))
    await asyncio.sleep(0.5)
    assert worker.code is None
    sink.gate.set()
    assert await asyncio.wait_for(leaving, 5) == 0
    assert await all_done(engine, 1)
    assert await asyncio.wait_for(processes.end(relay), 5) == 0


async def _file_slowly(engine: AsyncEngine, community: Community, number: int, *, pause: float) -> None:
    for _ in range(number):
        await _file(engine, community)
        await asyncio.sleep(pause)


async def _recorded(engine: AsyncEngine, number: int) -> bool:
    return len(await effects_in(engine)) == number
