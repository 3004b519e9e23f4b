"""The peers of the live measure, each as a target: a server that holds the sockets, a writer in another process."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from bench.processes import Process, free_port, python, wait_for_port
from bench.servers import Servers
from bench.stage import SOCKETS, TOPICS, LiveStage, LiveTarget, SocketPlan


def sockets_of(port: int) -> list[SocketPlan]:
    """900 sockets dealt over 20 topics."""
    return [
        SocketPlan(
            url=f"ws://127.0.0.1:{port}/live/service-{index % TOPICS}",
            headers=[],
            say=None,
            ready="watching",
            beat=0.0,
            topic=index % TOPICS,
        )
        for index in range(SOCKETS)
    ]


@contextmanager
def _peer(servers: Servers, folder: Path, app: str | None, way: str, env: Mapping[str, str]) -> Iterator[LiveStage]:
    port = free_port()
    variables = {"REDIS_URL": servers.redis(), **env}
    argv = python("bench.peers.serve", app, port) if app else python("bench.peers.limit", port)
    server = Process("peer", argv, log=folder / "server.log", env=variables)
    try:
        wait_for_port(server, port)
        writer = Process(
            "writer", python("bench.peers.publish", way, TOPICS), log=folder / "writer.log", env=variables, pipes=True
        )
        try:
            writer.hear()
            yield LiveStage(holders=[server.pid], sockets=sockets_of(port), writer=writer)
        finally:
            writer.stop()
    finally:
        server.stop()


def peer(name: str, what: str, app: str | None, way: str = "redis", share: float = 1.0, **env: str) -> LiveTarget:
    return LiveTarget(name, lambda servers, folder: _peer(servers, folder, app, way, env), what, share)


LIMIT = peer("limit: picows hub", "C framing, frame built once, no ASGI", None)
PROOF = peer("client's proof", "the same hub and the same client at ten times the rate", None, share=10.0)
HUB = peer("bare hub", "one Starlette process: topic → sockets; no rights, no journal, no JSON", "bench.peers.hub:app")
RECIPE_TEXT = peer(
    "broadcaster README, text", "one subscription a socket, frame passed on", "bench.peers.recipe:app", AS_TEXT="1"
)
RECIPE = peer("broadcaster README, JSON", "the same, decoded and encoded for each socket", "bench.peers.recipe:app")
RECIPE_SHIPPED = peer(
    "broadcaster README, JSON, as shipped",
    "the same under uvicorn's defaults, which compress for a browser",
    "bench.peers.recipe:app",
    AS_SHIPPED="1",
)
CHANNELS = peer(
    "Django Channels",
    "AsyncJsonWebsocketConsumer, group_send, channels-redis' default layer",
    "bench.peers.channels_app:app",
    "channels",
)
CHANNELS_PUBSUB = peer(
    "Django Channels, pub/sub layer",
    "the same on channels-redis' other layer",
    "bench.peers.channels_app:app",
    "channels",
    CHANNEL_LAYER="channels_redis.pubsub.RedisPubSubChannelLayer",
)
CHANNELS_SHIPPED = peer(
    "Django Channels, as shipped",
    "the default layer under uvicorn's defaults, which compress for a browser",
    "bench.peers.channels_app:app",
    "channels",
    AS_SHIPPED="1",
)
