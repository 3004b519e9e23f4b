"""The recipe of broadcaster's README, as it stands.

One subscription a socket, a reader and a writer, the first to end ends both.

The frame is JSON that each socket's writer decodes and encodes again, which is what an application does that puts
something of the reader's into it; `AS_TEXT=1` sends what came as it came.
"""

import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
from broadcaster import Broadcast
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

broadcast = Broadcast(os.environ["REDIS_URL"])
AS_TEXT = os.environ.get("AS_TEXT") == "1"


async def live(websocket: WebSocket) -> None:
    await websocket.accept()
    async with anyio.create_task_group() as group:

        async def receive() -> None:
            async for message in websocket.iter_text():
                await broadcast.publish(channel=websocket.path_params["topic"], message=message)
            group.cancel_scope.cancel()

        group.start_soon(receive)
        await send(websocket)


async def send(websocket: WebSocket) -> None:
    async with broadcast.subscribe(channel=websocket.path_params["topic"]) as subscriber:
        await websocket.send_text('{"op":"watching"}')
        async for event in subscriber:
            if AS_TEXT:
                await websocket.send_text(event.message)
            else:
                await websocket.send_json(json.loads(event.message))


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[None]:
    await broadcast.connect()
    yield
    await broadcast.disconnect()


app = Starlette(routes=[WebSocketRoute("/live/{topic}", live)], lifespan=lifespan)
