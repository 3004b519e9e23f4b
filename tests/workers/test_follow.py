"""The relay loses no fact, whatever order transactions commit in, and says how it is."""

import asyncio
import random
from collections.abc import AsyncIterator
from functools import partial

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from casework.facts import KINDS
from infra.database import engine as make_engine
from infra.database import reading, transaction
from infra.settings import Settings
from tests.people import Community
from tests.workers.conftest import effects_in, until
from workers.jobs.mails import BUILDERS
from workers.reactions import EFFECTS, REACTIONS
from workers.relay import READER, relay
from workers.settings import used


@pytest.fixture
async def relaying(settings: Settings) -> AsyncIterator[None]:
    """A relay alone."""
    stop = asyncio.Event()
    task = asyncio.create_task(relay(settings, stop))
    yield
    stop.set()
    await task


async def test_slow_and_fast_transactions_lose_nothing(
    database_url: str, engine: AsyncEngine, community: Community, relaying: None
) -> None:
    """Slow transactions take their numbers early and commit late: a reader that trusts numbers would miss them."""
    many = make_engine(database_url, pool_size=12)

    async def file(slow: bool) -> None:
        async with transaction(many) as db:
            await community.file(db)
            if slow:
                await asyncio.sleep(random.uniform(0.01, 0.15))

    slowness = [number % 3 == 0 for number in range(240)]
    random.shuffle(slowness)
    door = asyncio.Semaphore(12)

    async def one(slow: bool) -> None:
        async with door:
            await file(slow)

    await asyncio.gather(*(one(slow) for slow in slowness))
    await until(partial(_count, engine, 240))
    await many.dispose()
    async with reading(engine) as db:
        missed = await db.execute(
            text(
                """select count(*) from journal j where kind = 'dossier.submitted'
                and not exists (select from effects e where e.journal_id = j.id)"""
            )
        )
        assert missed.scalar_one() == 0


async def test_the_relay_says_that_it_lives(engine: AsyncEngine, community: Community, relaying: None) -> None:
    async def age() -> float:
        async with reading(engine) as db:
            moved = text("select extract(epoch from now() - moved_at) from readers where name = :name")
            return float((await db.execute(moved, {"name": READER})).scalar_one())

    await until(lambda: _exists(engine))
    await asyncio.sleep(2.5)
    assert await age() < 2.5


async def test_a_relay_that_starts_again_does_nothing_twice(
    engine: AsyncEngine, community: Community, settings: Settings
) -> None:
    for _ in range(2):
        async with transaction(engine) as db:
            await community.file(db)
        stop = asyncio.Event()
        task = asyncio.create_task(relay(settings, stop))
        await asyncio.sleep(0.8)
        stop.set()
        await task
    assert [effect.name for effect in await effects_in(engine)] == ["mail.receipt"] * 2


def test_every_reaction_is_to_a_fact_that_exists_and_has_a_job() -> None:
    assert set(REACTIONS) <= set(KINDS)
    named = {reaction.effect for reactions in REACTIONS.values() for reaction in reactions}
    assert named == set(EFFECTS) == set(BUILDERS)
    assert used() == ["mail"]


async def _count(engine: AsyncEngine, number: int) -> bool:
    return len(await effects_in(engine)) == number


async def _exists(engine: AsyncEngine) -> bool:
    async with reading(engine) as db:
        return (await db.execute(text("select 1 from readers"))).one_or_none() is not None
