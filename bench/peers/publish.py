"""The peers' writer: another process that publishes 300-byte events, on Redis or into a Channels group.

python -m bench.peers.publish redis|channels TOPICS
"""

import asyncio
import contextlib
import json
import os
import random
import sys
import time
from uuid import UUID

import uvloop

from bench.pace import Made, serve

OCTETS = 300


chance = random.Random(7)


def event(topic: str, version: int) -> dict[str, object]:
    """A fact such as ours, of exactly 300 bytes as JSON, no two alike (a repeated one would compress to nothing)."""
    fact: dict[str, object] = {
        "op": "fact",
        "topic": topic,
        "dossier": str(UUID(int=chance.getrandbits(128))),
        "version": version,
        "kind": "dossier.claimed",
        "at": "2026-11-23T09:00:00.000000Z",
        "by": {"id": str(UUID(int=chance.getrandbits(128))), "name": "Inès Moreau"},
        "pad": "",
    }
    room = OCTETS - len(encode(fact).encode())
    fact["pad"] = f"{chance.getrandbits(4 * room):0{room}x}"
    return fact


def encode(fact: dict[str, object]) -> str:
    return json.dumps(fact, separators=(",", ":"), ensure_ascii=False)


async def main() -> None:
    way, topics = sys.argv[1], int(sys.argv[2])
    count = 0

    def numbered() -> int:
        nonlocal count
        count += 1
        return count

    if way == "channels":
        from bench.peers.channels_app import layer

        group_layer = layer()

        async def happen(topic: int) -> Made:
            version = numbered()
            fact = event(f"service-{topic}", version)
            instant = time.monotonic_ns()
            await group_layer.group_send(f"service-{topic}", {"type": "fact", "fact": fact})
            return str(fact["dossier"]), version, instant
    else:
        from redis import asyncio as redis

        connection = redis.Redis.from_url(os.environ["REDIS_URL"])

        async def happen(topic: int) -> Made:
            version = numbered()
            fact = event(f"service-{topic}", version)
            frame = encode(fact)
            instant = time.monotonic_ns()
            await connection.publish(f"service-{topic}", frame)
            return str(fact["dossier"]), version, instant

    await serve(happen, topics)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt, asyncio.CancelledError):
        uvloop.run(main())
