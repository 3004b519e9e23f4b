"""What is cancelled ends, even in the middle of a statement."""

import asyncio
import random
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from infra.database import Statement, reading, transaction


@pytest.mark.parametrize("block", [transaction, reading])
async def test_a_cancelled_statement_is_a_cancellation_and_not_an_error(
    engine: AsyncEngine, block: Callable[[AsyncEngine], AbstractAsyncContextManager[AsyncConnection]]
) -> None:
    """The driver's complaint about its closed connection would hide it from loops that live on errors."""

    async def wait() -> None:
        async with block(engine) as db:
            await db.execute(text("select pg_sleep(4)"))

    for _ in range(3):
        task = asyncio.create_task(wait())
        await asyncio.sleep(0.2)
        task.cancel()
        await asyncio.wait({task}, timeout=3)
        assert task.cancelled(), task
    async with block(engine) as db:
        assert (await db.execute(text("select 1"))).scalar_one() == 1


async def test_cancelled_anywhere_a_connection_comes_back_clean(engine: AsyncEngine) -> None:
    """At BEGIN, in a statement, at COMMIT or between: whoever gets the connection next begins a transaction of their own."""
    chance = random.Random(7)
    nap = Statement("select pg_sleep(0.002)")

    async def work() -> None:
        async with transaction(engine) as db:
            for _ in range(3):
                await nap.first(db, {})

    async def one() -> None:
        task = asyncio.create_task(work())
        await asyncio.sleep(chance.uniform(0, 0.012))
        task.cancel()
        await asyncio.wait({task}, timeout=3)
        assert task.done()

    await asyncio.gather(*(work() for _ in range(8)))  # the pool is open: it is not connecting that is cancelled
    for _ in range(20):
        await asyncio.gather(*(one() for _ in range(8)))
    for _ in range(20):
        async with transaction(engine) as db:
            begun = await db.execute(text("select now() > clock_timestamp() - interval '1 second'"))
            assert begun.scalar_one(), "an old transaction goes on"
    async with engine.connect() as db:
        left = text("select count(*) from pg_stat_activity where state like 'idle in transaction%'")
        assert (await db.execute(left)).scalar_one() == 0
