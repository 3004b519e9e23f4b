"""A web process of one endpoint, on a real socket, and people who watch it with real clients."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import msgspec
import uvicorn
from redis.asyncio import Redis
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from casework import access
from casework.accounts import queries as accounts
from casework.accounts.actions import open_session
from casework.dossiers import actions
from casework.ids import DossierId, Version
from casework.journal import read
from casework.journal.fact import Recorded
from infra.bell import Bell
from infra.database import engine as make_engine
from infra.database import reading, transaction
from infra.listen import listening_socket
from realtime.live import Live
from realtime.socket import LiveSocket
from realtime.wire import Socket
from tests.people import Community, Person, settle, version_of
from tests.waiting import until

Frame = dict[str, Any]


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield  # the test's own process keeps its handlers


@dataclass
class Client:
    """One socket of one person: every frame it got, and the queues as a page that follows the rules holds them."""

    connection: ClientConnection
    frames: list[Frame] = field(default_factory=list)
    closed: int | None = None
    task: "asyncio.Task[None] | None" = None
    reading: asyncio.Event = field(default_factory=asyncio.Event)

    async def read(self) -> None:
        """Keep what comes until the end."""
        try:
            while True:
                await self.reading.wait()
                self.frames.append(msgspec.json.decode(await self.connection.recv()))
        except ConnectionClosed as end:
            self.closed = end.rcvd.code if end.rcvd else 1006

    async def say(self, op: str, **fields: Any) -> None:
        await self.connection.send(msgspec.json.encode({"op": op, **fields}).decode())

    async def watch(self, topic: str, since: str | None = None) -> str:
        """Watch, and wait until the catch-up is over; the position that `watching` names."""
        before = len(self.frames)
        await self.say("watch", topic=topic, **({"since": since} if since else {}))
        answer = await self.next("watching", "refused", "resync", after=before)
        assert answer["op"] == "watching", answer
        return str(answer["position"])

    async def next(self, *ops: str, after: int | None = None, seconds: float = 5, **having: Any) -> Frame:
        """The first frame of these kinds (after the first `after` frames), waited for."""
        first = 0 if after is None else after

        def found() -> Frame | None:
            return next(
                (
                    frame for frame in self.frames[first:]
                    if frame["op"] in ops and all(frame.get(name) == value for name, value in having.items())
                ),
                None,
            )  # fmt: skip

        await until(found, seconds=seconds)
        frame = found()
        assert frame is not None
        return frame

    def facts(self, topic: str | None = None) -> list[Frame]:
        return [frame for frame in self.frames if frame["op"] == "fact" and topic in (None, frame["topic"])]

    async def settled(self) -> None:
        """What was sent to it before this instant has come."""
        before = len(self.frames)
        await self.say("ping")
        await self.next("pong", after=before)

    async def leave(self) -> None:
        await self.connection.close()
        if self.task:
            await self.task


@dataclass
class Stage:
    """The servers, the community, the process."""

    engine: AsyncEngine
    bell: Bell
    live: Live
    people: Community
    url: str
    origin: str
    clients: list[Client] = field(default_factory=list)

    async def ring(self, position: str) -> None:
        await self.bell.ring(f"p:{position}")

    async def caught_up(self) -> None:
        """The process has read everything that is committed now."""
        async with reading(self.engine) as db:
            position = await read.now(db)
        await until(lambda: self.live.hub.position >= position)

    async def token(self, person: Person) -> str:
        async with transaction(self.engine, ring=self.ring) as db:
            account = await accounts.by_id(db, person.id)
            token, _ = await open_session(db, account)
        return token

    async def client(self, who: Person | str, *, reads: bool = True, **options: Any) -> Client:
        """A browser of this person (or of this token), its hello received; one that does not read has little room."""
        token = who if isinstance(who, str) else await self.token(who)
        if not reads:
            options |= {"max_queue": 1, "sock": await self._narrow()}
        client = await self.bare({"Cookie": f"relais={token}", "Origin": self.origin}, **options)
        client.reading.set()
        await client.next("hello")
        if not reads:
            client.reading.clear()
        return client

    async def _narrow(self) -> socket.socket:
        """A connection whose kernel buffer is as small as it gets, so that a stalled reader shows soon."""
        narrow = socket.socket()
        narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        narrow.setblocking(False)
        await asyncio.get_running_loop().sock_connect(narrow, ("127.0.0.1", int(self.origin.rpartition(":")[2])))
        return narrow

    async def bare(self, headers: dict[str, str], **options: Any) -> Client:
        """A connection with these headers, whatever comes of it."""
        connection = await connect(
            self.url, additional_headers=headers, subprotocols=[Subprotocol("relais.v1")], compression=None, **options
        )
        client = Client(connection)
        client.task = asyncio.create_task(client.read())
        self.clients.append(client)
        return client

    async def file(self, citizen: Person | None = None, **how: Any) -> Recorded:
        async with transaction(self.engine, ring=self.ring) as db:
            return await self.people.file(db, citizen, **how)

    async def act(self, who: Person, act: str, dossier: UUID, seen: int | None, **how: Any) -> Recorded:
        """One action by its door's way: rights, the act, commit, bell."""
        id_ = DossierId(dossier)
        async with transaction(self.engine, ring=self.ring) as db:
            by = await access.may(db, who.viewer, act, id_)
            seen_ = None if seen is None else Version(seen)
            recorded: Recorded = await getattr(actions, act)(db, id_, seen=seen_, by=by, **how)
        return recorded

    async def claimed(self, who: Person, **how: Any) -> Recorded:
        filed = await self.file(**how)
        return await self.act(who, "claim", filed.subject_id, version_of(filed))


@asynccontextmanager
async def serving(live: Live) -> AsyncIterator[tuple[str, str]]:
    """The endpoint on a socket of the product's own making; its address and its origin."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[dict[str, Any]]:
        async with live.running():
            yield {"live": live}

    listener = listening_socket("127.0.0.1", 0)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16_384)  # the loopback's would hold thousands of frames
    port = listener.getsockname()[1]
    origin = f"http://127.0.0.1:{port}"
    app = Starlette(
        routes=[WebSocketRoute("/live", LiveSocket(origins=[origin], secure=False))],
        lifespan=lifespan,
    )
    config = uvicorn.Config(
        app, ws=Socket, ws_max_size=65_536, ws_per_message_deflate=False, log_config=None, timeout_graceful_shutdown=2,
        access_log=False,
    )  # fmt: skip
    server = _Server(config)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        await until(lambda: server.started or task.done())
        if task.done():
            task.result()
        yield f"ws://127.0.0.1:{port}/live", origin
    finally:
        server.should_exit = True
        await task
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()


@asynccontextmanager
async def stage(database_url: str, redis_url: str, people: Community | None = None) -> AsyncIterator[Stage]:
    """Everything, on fresh servers; ended in order."""
    engine, bell, redis = make_engine(database_url), Bell(redis_url), Redis.from_url(redis_url)
    if people is None:
        async with transaction(engine) as db:
            people = await settle(db)
    live = Live(engine, redis, bell)
    try:
        async with serving(live) as (url, origin):
            made = Stage(engine, bell, live, people, url, origin)
            await until(lambda: live.follower.begun.is_set() and not live.follower.degraded)
            try:
                yield made
            finally:
                for client in made.clients:
                    client.reading.set()
                await asyncio.gather(*(client.leave() for client in made.clients))
    finally:
        await bell.close()
        await redis.aclose()
        await engine.dispose()
