"""The bell, with a real Valkey killed, frozen and started again under it."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import redis.asyncio

from infra.bell import LOOK_AGAIN, Bell
from infra.embedded import Valkey
from tests.waiting import until


class Ear:
    """What one listener heard."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    async def __call__(self, message: str) -> None:
        self.heard.append(message)

    def looked_again(self) -> int:
        return self.heard.count("p:")


@asynccontextmanager
async def listening(bell: Bell, *ears: Ear) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(bell.listen(ear)) for ear in ears]
    try:
        await until(lambda: all(ear.looked_again() for ear in ears))
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await bell.close()


async def test_what_one_process_rings_all_hear(private_valkey: Valkey) -> None:
    here, there = Bell(private_valkey.url()), Bell(private_valkey.url())
    mine, second, theirs = Ear(), Ear(), Ear()
    async with listening(here, mine, second), listening(there, theirs):
        await there.ring("v:1")
        await until(lambda: all("v:1" in ear.heard for ear in (mine, second, theirs)))
    assert all(ear.heard[:3] == list(LOOK_AGAIN) for ear in (mine, second, theirs))


async def test_two_listeners_are_one_subscription(private_valkey: Valkey) -> None:
    bell = Bell(private_valkey.url())
    async with listening(bell, Ear(), Ear()), redis.asyncio.Redis.from_url(private_valkey.url()) as client:
        assert await client.pubsub_numsub(bell.channel) == [(bell.channel.encode(), 1)]


async def test_only_the_newest_of_positions_that_wait_is_rung(private_valkey: Valkey) -> None:
    bell, ear = Bell(private_valkey.url()), Ear()
    async with listening(bell, ear):
        for number in range(1, 100):
            await bell.ring(f"p:{number}")
        await until(lambda: "p:99" in ear.heard)
    assert len([message for message in ear.heard if message not in LOOK_AGAIN]) < 10


async def test_a_dropped_connection_is_made_again_and_everybody_looks_again(private_valkey: Valkey) -> None:
    bell, ear = Bell(private_valkey.url()), Ear()
    async with listening(bell, ear), redis.asyncio.Redis.from_url(private_valkey.url()) as client:
        for times in (2, 3, 4):
            assert await client.client_kill_filter(_type="pubsub") == 1
            await until(lambda times=times: ear.looked_again() == times, seconds=2)  # type: ignore[misc]
            await bell.ring(f"v:{times}")
            await until(lambda times=times: f"v:{times}" in ear.heard)  # type: ignore[misc]


async def test_kill_9_and_restart_three_times(private_valkey: Valkey) -> None:
    bell, ear = Bell(private_valkey.url()), Ear()
    async with listening(bell, ear):
        for times in (2, 3, 4):
            private_valkey.kill()
            await until(lambda: not bell.connected, seconds=3)
            await asyncio.sleep(0.3)
            private_valkey.start()
            await until(lambda times=times: ear.looked_again() == times, seconds=5)  # type: ignore[misc]
            await bell.ring(f"s:{times}")
            await until(lambda times=times: f"s:{times}" in ear.heard)  # type: ignore[misc]


async def test_a_ring_costs_its_caller_nothing_while_valkey_is_gone_and_is_heard_when_it_is_back(
    private_valkey: Valkey,
) -> None:
    bell, ear = Bell(private_valkey.url()), Ear()
    loop = asyncio.get_running_loop()
    async with listening(bell, ear):
        private_valkey.kill()
        await until(lambda: not bell.connected, seconds=3)
        for number in range(50):
            began = loop.time()
            await bell.ring(f"v:{number}")
            assert loop.time() - began < 0.05
        private_valkey.start()
        await until(lambda: ear.looked_again() == 2, seconds=5)
        await bell.ring("v:back")
        await until(lambda: "v:back" in ear.heard)


async def test_a_server_that_hangs_is_left(private_valkey: Valkey) -> None:
    """Its connections stay open and silent: only the heartbeat tells."""
    bell, ear = Bell(private_valkey.url()), Ear()
    assert private_valkey.child is not None
    async with listening(bell, ear):
        os.kill(private_valkey.child.pid, signal.SIGSTOP)
        try:
            await until(lambda: not bell.connected, seconds=4)
            began = asyncio.get_running_loop().time()
            await bell.ring("p:1")
            assert asyncio.get_running_loop().time() - began < 0.2
        finally:
            os.kill(private_valkey.child.pid, signal.SIGCONT)
        await until(lambda: ear.looked_again() >= 2, seconds=8)


async def test_a_bell_whose_server_is_not_there_yet(private_valkey: Valkey) -> None:
    private_valkey.kill()
    bell, ear = Bell(private_valkey.url()), Ear()
    task = asyncio.create_task(bell.listen(ear))
    await asyncio.sleep(0.2)
    assert not ear.heard
    assert not task.done()
    private_valkey.start()
    await until(lambda: ear.looked_again() == 1, seconds=5)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await bell.close()


async def test_a_handler_that_fails_does_not_deafen_the_others(private_valkey: Valkey) -> None:
    async def fails(message: str) -> None:
        raise RuntimeError(message)

    bell, ear = Bell(private_valkey.url()), Ear()
    task = asyncio.create_task(bell.listen(fails))
    async with listening(bell, ear):
        await bell.ring("v:1")
        await until(lambda: "v:1" in ear.heard)
        assert not task.done()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_closing_says_what_is_left_to_say(private_valkey: Valkey) -> None:
    bell, other, ear = Bell(private_valkey.url()), Bell(private_valkey.url()), Ear()
    async with listening(other, ear):
        await bell.ring("s:last")
        await bell.close()
        await until(lambda: "s:last" in ear.heard)


def test_two_communities_of_one_valkey_do_not_ring_for_each_other() -> None:
    assert Bell("redis://127.0.0.1:1/3").channel == "relais:3"
    assert Bell("redis://127.0.0.1:1").channel == "relais:0"
    assert urlsplit("redis://127.0.0.1:1").path == ""
