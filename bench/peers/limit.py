"""The limit of this machine in Python: a hub whose framing is C (picows) and whose frame is built once. No ASGI.

It also proves the load client: at ten times the measure's rate it shows what the client alone can take.

    python -m bench.peers.limit PORT
"""

import asyncio
import contextlib
import os
import sys
from collections import defaultdict

import uvloop
from picows import WSFrame, WSListener, WSMsgType, WSTransport, WSUpgradeRequest, ws_create_server
from redis import asyncio as redis

from infra.listen import allow_sockets

sockets: defaultdict[str, set[WSTransport]] = defaultdict(set)


class Live(WSListener):
    def __init__(self, topic: str) -> None:
        self.topic = topic

    def on_ws_connected(self, transport: WSTransport) -> None:
        sockets[self.topic].add(transport)
        transport.send(WSMsgType.TEXT, b'{"op":"watching"}')

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type is WSMsgType.CLOSE:
            transport.disconnect()

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        sockets[self.topic].discard(transport)


def welcome(request: WSUpgradeRequest) -> Live:
    return Live(request.path.decode().rpartition("/")[2])


async def main() -> None:
    allow_sockets()
    async with redis.Redis.from_url(os.environ["REDIS_URL"]) as connection, connection.pubsub() as published:
        await published.psubscribe("*")
        server = await ws_create_server(welcome, "127.0.0.1", int(sys.argv[1]), backlog=2048)
        async with server:
            async for message in published.listen():
                if message["type"] == "pmessage":
                    frame = message["data"]
                    for transport in tuple(sockets[message["channel"].decode()]):
                        transport.send(WSMsgType.TEXT, frame)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt, asyncio.CancelledError):
        uvloop.run(main())
