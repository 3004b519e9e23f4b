"""What is cancelled ends, even in the middle of a statement."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from infra.database import reading, transaction


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
