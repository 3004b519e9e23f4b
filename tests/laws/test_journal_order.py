"""The law of position: a reader that comes back to its position loses no fact, however transactions overlap."""

import asyncio
import random

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from casework.journal import read
from infra.database import reading, transaction
from tests.people import settle

WRITERS, FACTS = 8, 12


async def test_no_fact_is_lost_between_slow_and_fast_transactions(engine: AsyncEngine) -> None:
    """Writers hold their transactions open for random times after appending, so that commit order is not id order."""
    async with transaction(engine) as db:
        c = await settle(db)
    async with reading(engine) as db:
        position = await read.now(db)
    start = position
    rng = random.Random(7)
    delays = [[rng.choice((0, 0, 0.001, 0.02)) for _ in range(FACTS)] for _ in range(WRITERS)]

    async def write(mine: list[float]) -> None:
        for delay in mine:
            async with transaction(engine) as db:
                await c.file(db)
                await asyncio.sleep(delay)

    seen: list[int] = []
    naive: list[int] = []
    done = asyncio.Event()

    async def follow() -> None:
        nonlocal position
        while True:
            last_look = done.is_set()
            async with reading(engine) as db:
                batch = await read.after(db, position, most=7)
                newest = max(naive, default=start.id)
                naive.extend(
                    (
                        await db.execute(text("select id from journal where id > :id order by id"), {"id": newest})
                    ).scalars()
                )
            seen.extend(fact.position.id for fact in batch.facts)
            position = batch.position
            if last_look and not batch.facts and not batch.held_back:
                return

    follower = asyncio.create_task(follow())
    await asyncio.gather(*(write(mine) for mine in delays))
    done.set()
    await asyncio.wait_for(follower, 20)

    async with reading(engine) as db:
        every = set((await db.execute(text("select id from journal where id > :id"), {"id": start.id})).scalars())
    assert len(every) == WRITERS * FACTS
    assert len(seen) == len(set(seen)), "no fact twice"
    assert set(seen) == every, "no fact lost"
    assert set(naive) != every, "a reader of `id > last` must lose some here, or this test proves nothing"


async def test_a_new_epoch_makes_old_positions_meaningless(engine: AsyncEngine) -> None:
    """After a restore the transaction numbers may start again: facts of the old epoch need no xmin test."""
    async with transaction(engine) as db:
        c = await settle(db)
        await c.file(db)
    async with reading(engine) as db:
        before = await read.now(db)
    async with transaction(engine) as db:
        await db.execute(
            text("create or replace function journal_epoch() returns integer language sql stable as 'select 2'")
        )
    async with transaction(engine) as db:
        await c.file(db)
    async with reading(engine) as db:
        after = await read.now(db)
        batch = await read.after(db, before)
    assert (before.epoch, after.epoch) == (1, 2)
    assert [fact.position.epoch for fact in batch.facts] == [2]
