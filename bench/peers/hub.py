"""The bare hub: what live delivery costs at the least in this language and this server.

One process; a topic is a set of sockets; what another process publishes on Redis is written to each of them as it came.
No rights, no journal, no resume, no JSON.
"""

import asyncio
import os
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from redis import asyncio as redis
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

sockets: defaultdict[str, set[WebSocket]] = defaultdict(set)


async def live(websocket: WebSocket) -> None:
    topic = websocket.path_params["topic"]
    await websocket.accept()
    sockets[topic].add(websocket)
    try:
        await websocket.send_text('{"op":"watching"}')
        async for _ in websocket.iter_text():
            pass
    finally:
        sockets[topic].discard(websocket)


async def forward() -> None:
    async with redis.Redis.from_url(os.environ["REDIS_URL"]) as connection, connection.pubsub() as published:
        await published.psubscribe("*")
        async for message in published.listen():
            if message["type"] != "pmessage":
                continue
            frame = message["data"].decode()
            for websocket in tuple(sockets[message["channel"].decode()]):
                await websocket.send_text(frame)


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[None]:
    forwarding = asyncio.create_task(forward())
    yield
    forwarding.cancel()


app = Starlette(routes=[WebSocketRoute("/live/{topic}", live)], lifespan=lifespan)
