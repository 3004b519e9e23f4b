"""What goes wrong with one effect stays with it: poison, refusals, servers that are away, bugs."""

import asyncio
from datetime import timedelta
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from infra.database import transaction
from tests.people import Community
from tests.workers.conftest import Processes, Sink, all_done, effects_in, until
from workers import effects
from workers.gate import Gate


@pytest.mark.timeout(180)
async def test_poison_kills_no_neighbour_and_ends_dead(
    engine: AsyncEngine, community: Community, sink: Sink, processes: Processes
) -> None:
    async with transaction(engine) as db:
        for _ in range(9):
            await community.file(db)
        poison: str = (
            await db.execute(text("select reference from dossiers order by id offset 4 limit 1"))
        ).scalar_one()
    processes.start("relay")
    worker = processes.start("worker", module="tests.workers.poisoned", POISON=poison)
    deaths = 0
    for _ in range(1_500):
        if worker.code is not None:
            assert worker.code == 134, processes.logs()
            deaths += 1
            worker = processes.start("worker", module="tests.workers.poisoned", POISON=poison)
        if sum(effect.state in ("done", "dead") for effect in await effects_in(engine)) == 9:
            break
        await asyncio.sleep(0.1)
    found = await effects_in(engine)
    assert sorted(effect.state for effect in found) == ["dead"] + ["done"] * 8
    (dead,) = (effect for effect in found if effect.state == "dead")
    assert dead.crashes == effects.CRASHES == deaths
    assert all(effect.crashes <= effects.ALONE for effect in found if effect.state == "done")
    assert all(poison not in str(mail["Subject"]) for mail in sink.mails)
    assert len(sink.by_message_id) == 8


async def test_a_permanent_refusal_is_dead_at_once_and_can_be_revived(
    engine: AsyncEngine, community: Community, sink: Sink, running: None
) -> None:
    sink.answer = "550 5.1.1 No such mailbox"
    async with transaction(engine) as db:
        fact = await community.file(db)
    await until(partial(_in_state, engine, "dead"))
    (effect,) = await effects_in(engine)
    assert effect.attempts == 1
    assert effect.last_error == "Undeliverable: mail refused: 550"
    sink.answer = "250 2.0.0 OK"
    async with transaction(engine) as db:
        assert await effects.revive(db, fact.position.id, "mail.receipt")
        assert not await effects.revive(db, fact.position.id, "mail.receipt")
    await until(partial(all_done, engine, 1))
    assert len(sink.accepted) == 1


async def test_a_server_that_cannot_now_is_tried_again_later(
    engine: AsyncEngine, community: Community, sink: Sink, running: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(effects, "BACK_OFF", (timedelta(seconds=4),) * 3)
    sink.answer = "452 4.3.1 Insufficient system storage"
    async with transaction(engine) as db:
        await community.file(db)
    await until(partial(_in_state, engine, "pending", attempts=1))
    sink.answer = "250 2.0.0 OK"
    await until(partial(all_done, engine, 1))
    assert (await effects_in(engine))[0].attempts == 2
    assert len(sink.accepted) == 1


async def test_the_last_try_is_the_last(
    engine: AsyncEngine, community: Community, sink: Sink, running: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(effects, "BACK_OFF", (timedelta(seconds=0.1),) * 2)
    sink.answer = "451 4.7.1 Greylisted"
    async with transaction(engine) as db:
        await community.file(db)
    await until(partial(_in_state, engine, "dead"))
    (effect,) = await effects_in(engine)
    assert effect.attempts == 3
    assert "amina" not in (effect.last_error or "")


async def test_two_workers_never_hold_one_effect(engine: AsyncEngine, community: Community) -> None:
    async with transaction(engine) as db:
        fact = await community.file(db)
        await effects.record(db, [fact])

    async def take() -> effects.Held | None:
        async with transaction(engine) as db:
            return await effects.begin(db, fact.position.id, "mail.receipt", message_id="<one@relais.example>")

    taken = [held for held in await asyncio.gather(*(take() for _ in range(8))) if held is not None]
    assert len(taken) == 1


async def test_who_slept_through_its_lease_no_longer_holds_the_effect(
    engine: AsyncEngine, community: Community
) -> None:
    async with transaction(engine) as db:
        fact = await community.file(db)
        await effects.record(db, [fact])
        sleeper = await effects.begin(db, fact.position.id, "mail.receipt", message_id="<one@relais.example>")
        await db.execute(text("update effects set due_at = now() - interval '1 second'"))
        await effects.reap(db)
        other = await effects.begin(db, fact.position.id, "mail.receipt", message_id="<one@relais.example>")
        assert sleeper is not None
        assert other is not None
        assert not await effects.failed(db, sleeper, "late", final=True)
        await effects.done(db, sleeper, note=None)
    assert [effect.state for effect in await effects_in(engine)] == ["sending"]
    async with transaction(engine) as db:
        await effects.done(db, other, note=None)
    assert [effect.state for effect in await effects_in(engine)] == ["done"]


@given(st.lists(st.booleans(), min_size=1, max_size=12))
async def test_who_is_alone_is_alone(loners: list[bool]) -> None:
    gate, inside = Gate(), []

    async def one(alone: bool) -> None:
        async with gate.alone() if alone else gate.shared():
            inside.append(alone)
            assert not any(inside) or inside == [True]
            await asyncio.sleep(0)
            inside.remove(alone)

    await asyncio.wait_for(asyncio.gather(*(one(alone) for alone in loners)), 5)


async def _in_state(engine: AsyncEngine, state: str, *, attempts: int | None = None) -> bool:
    found = await effects_in(engine)
    return len(found) == 1 and found[0].state == state and attempts in (None, found[0].attempts)
