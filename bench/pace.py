"""The writer of a live measure: a process that makes events happen at a given rate and notes the instant of each.

It obeys lines on its standard input and answers each with one line of JSON:

    run RATE SECONDS SEED PATH    RATE x SECONDS events, then write PATH: msgpack [[topic, key, version, instant]…]
    quit

`instant` is CLOCK_MONOTONIC in nanoseconds, which all processes of one machine share: COMMIT's return for those who
commit, the instant before the publication is sent for those who have nothing to commit. `key` and `version` are what
the frame will carry as `dossier` and `version`.
"""

import asyncio
import gc
import json
import random
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec

Made = tuple[str, int, int]  # key, version, instant
Happen = Callable[[int], Awaitable[Made]]


def arrivals(rate: float, seconds: float, seed: int, topics: int) -> list[tuple[float, int]]:
    """(seconds from the start, topic) of each event: independent arrivals, the same for every target that has the seed.

    Exactly rate x seconds events, placed uniformly at random, which is how independent people's acts fall.
    """
    chance = random.Random(seed)
    instants = sorted(chance.random() * seconds for _ in range(round(rate * seconds)))
    return [(instant, chance.randrange(topics)) for instant in instants]


async def _run(happen: Happen, topics: int, rate: float, seconds: float, seed: int, path: Path) -> dict[str, object]:
    made: list[tuple[int, str, int, int]] = []
    late: list[float] = []
    running: set[asyncio.Task[None]] = set()

    async def one(topic: int) -> None:
        key, version, instant = await happen(topic)
        made.append((topic, key, version, instant))

    gc.collect()
    gc.freeze()
    start = time.monotonic()
    for instant, topic in arrivals(rate, seconds, seed, topics):
        wait = start + instant - time.monotonic()
        if wait > 0:
            await asyncio.sleep(wait)
        late.append(-wait)
        # An open loop: an event that takes long does not hold back the next, as people do not wait for one another.
        task = asyncio.create_task(one(topic))
        running.add(task)
        task.add_done_callback(running.discard)
    results = await asyncio.gather(*running, return_exceptions=True)
    faults = [repr(fault) for fault in results if isinstance(fault, BaseException)]
    gc.unfreeze()
    path.write_bytes(msgspec.msgpack.encode(made))  # noqa: ASYNC240
    wanted = round(rate * seconds)
    if len(made) != wanted:
        return {"failed": f"{wanted - len(made)} of {wanted} events did not happen: {faults[:3]}"}
    return {"made": len(made), "seconds": time.monotonic() - start, "late_ms": 1000 * max(late, default=0.0)}


async def serve(happen: Happen, topics: int) -> None:
    """Obey until `quit` or the end of the input."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    say({"ready": True})
    while line := (await reader.readline()).decode().split():
        if line[0] == "quit":
            return
        _, rate, seconds, seed, path = line
        say(await _run(happen, topics, float(rate), float(seconds), int(seed), Path(path)))


def say(answer: dict[str, object]) -> None:
    print(json.dumps(answer), flush=True)
