"""GET /live: one socket. A reader and a writer; the first to end ends the other."""

import asyncio
import contextlib
import secrets
from collections.abc import Collection
from typing import Any
from uuid import UUID

import msgspec
from starlette.datastructures import Headers
from starlette.types import Receive, Scope, Send

from casework.accounts.queries import Session
from casework.errors import BadPosition
from casework.journal.read import parse_position
from infra.cookies import token_of
from infra.logs import logger
from realtime import protocol
from realtime.hub import JOIN_SECONDS, Listener
from realtime.leases import Lease
from realtime.live import Live
from realtime.protocol import (
    Actor,
    Hello,
    Left,
    Ping,
    Pong,
    RefusedFrame,
    Resync,
    Unwatch,
    Viewing,
    Watch,
    Watching,
    Writing,
    encode,
)
from realtime.topics import topic_of
from realtime.wire import EXTENSION, Gone, Wire

START_SECONDS = 5.0  # for a process that has just started, or a database that does not answer

log = logger(__name__)

_PONG = encode(Pong())


class LiveSocket:
    """The ASGI endpoint. `origins`: the addresses whose pages may open a socket with a visitor's cookie.

    The process's `Live` is found in the lifespan state, under `live`.
    """

    def __init__(self, *, origins: Collection[str], secure: bool) -> None:
        self._origins = frozenset(origin.rstrip("/").lower() for origin in origins)
        self._secure = secure

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        live: Live = scope["state"]["live"]
        headers = Headers(scope=scope)
        await receive()  # websocket.connect
        if not self._may_come(headers):
            await send({"type": "websocket.close"})  # before accept: 403
            return
        session, code = None, protocol.NO_SESSION
        if token := token_of(headers, secure=self._secure):
            try:
                async with asyncio.timeout(START_SECONDS):
                    await live.follower.begun.wait()
                    session = await live.find_session(token)
            except Exception as error:  # noqa: BLE001 - PostgreSQL is away: nobody is signed out for that
                log.info("live.unavailable", error=type(error).__name__)
                code = protocol.NOT_NOW
        spoken = protocol.SUBPROTOCOL if protocol.SUBPROTOCOL in scope["subprotocols"] else None
        await send({"type": "websocket.accept", "subprotocol": spoken})
        if session is None:
            await send({"type": "websocket.close", "code": code})
            return
        await _Conversation(live, session, receive, send, scope["extensions"][EXTENSION]["wire"]).hold()

    def _may_come(self, headers: Headers) -> bool:
        """A browser always says its origin. A machine says none, and shows a token instead of a cookie."""
        origin = headers.get("origin")
        if origin is None:
            return headers.get("authorization", "").lower().startswith("bearer ")
        return origin.lower() in self._origins


class _Conversation:
    """One open socket. Light: nine hundred of them are an everyday load."""

    __slots__ = (
        "_id", "_listener", "_live", "_malformed", "_name", "_over", "_present", "_receive", "_send", "_task", "_wire",
    )  # fmt: skip

    def __init__(self, live: Live, session: Session, receive: Receive, send: Send, wire: Wire) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._live = live
        self._listener = Listener(session.viewer, session.id, write=self._write_now, cut=self._cut)
        self._name = session.name
        self._receive = receive
        self._send = send
        self._wire = wire
        self._id = ""  # of its leases
        self._present: set[UUID] | None = None
        self._malformed = 0
        self._task: asyncio.Task[Any] = task
        self._over = False

    async def hold(self) -> None:
        """Until either side ends it. The reader is this task; the writer's end, or `cut`, cancels it."""
        listener, viewer = self._listener, self._listener.viewer
        self._live.add(listener)
        kind: protocol.Side = "agent" if viewer.kind == "agent" else "citizen"
        listener.offer(encode(Hello(Actor(viewer.account_id, kind, self._name or None), self._live.hub.epoch)))
        writer = asyncio.create_task(self._write())
        writer.add_done_callback(self._cut)
        try:
            await self._read()
        except asyncio.CancelledError:
            if not self._over:
                raise  # the process ends
            self._task.uncancel()
        finally:
            self._over = True
            self._live.remove(listener)
            writer.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):  # the client is gone: nobody to tell
                await writer
            if self._present:
                await self._live.presences.leave(tuple(self._present), self._id)

    def _cut(self, _: object = None) -> None:
        if not self._over:
            self._over = True
            self._task.cancel()

    def _write_now(self, frame: bytes) -> bool:
        """As long as the client reads, no task need be woken for a frame."""
        try:
            return self._wire.put(frame)
        except Gone:
            self._cut()
            return True

    async def _write(self) -> None:
        listener, wire, loop = self._listener, self._wire, asyncio.get_running_loop()
        while True:
            if not listener.waiting:
                if listener.closing:
                    break
                listener.behind_since = None
                listener.wake = loop.create_future()
                await listener.wake
                wait = listener.written + JOIN_SECONDS - loop.time()
                if wait > 0 and not listener.closing:
                    await asyncio.sleep(wait)
            await wire.readable()
            wire.put(b"".join(listener.take()))
            listener.written = loop.time()
        await self._send({"type": "websocket.close", "code": listener.closing})

    async def _read(self) -> None:
        while True:
            message = await self._receive()
            if message["type"] == "websocket.disconnect":
                return
            if self._listener.closing:
                continue
            text = message.get("text")
            try:
                if text is None or len(text) > protocol.MOST_BYTES:
                    raise msgspec.DecodeError
                frame = protocol.parse(text)
            except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
                self._malformed += 1
                self._refuse("malformed")
                if self._malformed >= protocol.MOST_MALFORMED:
                    self._listener.close(protocol.MALFORMED, at_once=False)
                continue
            await self._answer(frame)

    async def _answer(self, frame: protocol.ClientFrame) -> None:
        match frame:
            case Ping():
                self._listener.offer(_PONG)
            case Watch():
                await self._watch(frame)
            case Unwatch():
                self._live.hub.unwatch(self._listener, frame.topic)
            case Viewing():
                await self._present_on(frame.dossier, None)
            case Writing():
                await self._present_on(frame.dossier, frame.field[:40])
            case Left():
                await self._leave(frame.dossier)

    async def _watch(self, frame: Watch) -> None:
        listener, hub, viewer = self._listener, self._live.hub, self._listener.viewer
        topic = topic_of(frame.topic, viewer)
        if topic is None:
            return self._refuse("unknown_topic", topic=frame.topic[:200])
        if len(listener.topics) >= protocol.MOST_TOPICS and topic.name not in listener.topics:
            return self._refuse("too_many_topics", topic=topic.name)
        try:
            since = parse_position(frame.since) if frame.since is not None else None
        except BadPosition:
            return self._refuse("bad_position", topic=topic.name)
        if topic.dossier is not None:
            refusal = await self._why_not(topic.dossier)
            if refusal is not None:
                return self._refuse(refusal, topic=topic.name)
        if since is not None and since > hub.position:
            await self._live.follower.reached(since)
        if listener.closing:
            return None

        # No await from here on: nothing can be delivered between the catch-up and the subscription.
        missed = hub.missed(topic, viewer, since) if since is not None else []
        if missed is None:
            hub.unwatch(listener, topic.name)
            listener.offer(encode(Resync(topic.name)))
            return None
        hub.watch(listener, topic)
        # A position still ahead of this process's is kept: the client ignores what it has.
        position = max(hub.position, since) if since is not None else hub.position
        told = [*missed, encode(Watching(topic.name, str(position)))]
        if viewer.kind == "agent":
            told += self._live.presences.of(topic)
        for text in told:
            if not listener.offer(text):
                return hub.resync(listener)
        return None

    async def _why_not(self, dossier: UUID) -> str | None:
        """None where the viewer sees the dossier."""
        try:
            seen = await self._live.sees(self._listener.viewer, dossier)
        except Exception as error:  # noqa: BLE001 - PostgreSQL is away
            log.info("live.unavailable", error=type(error).__name__)
            return "unavailable"
        return None if seen else "not_found"

    # -- presence

    async def _present_on(self, dossier: UUID, field: str | None) -> None:
        viewer = self._listener.viewer
        if viewer.kind != "agent" or viewer.account_id is None:
            return self._refuse("agents_only", dossier=dossier)
        if self._present is None:
            self._present, self._id = set(), secrets.token_hex(8)
        if dossier not in self._present:
            refusal = await self._why_not(dossier) if len(self._present) < protocol.MOST_TOPICS else "too_many_topics"
            if refusal is not None:
                return self._refuse(refusal, dossier=dossier)
            self._present.add(dossier)
        await self._live.presences.hold(dossier, self._id, Lease(viewer.account_id, self._name, field=field))
        return None

    async def _leave(self, dossier: UUID) -> None:
        if self._present and dossier in self._present:
            self._present.discard(dossier)
            await self._live.presences.leave([dossier], self._id)

    def _refuse(self, code: str, *, topic: str | None = None, dossier: UUID | None = None) -> None:
        frame = RefusedFrame(code)
        if topic is not None:
            frame.topic = topic
        if dossier is not None:
            frame.dossier = dossier
        self._listener.offer(encode(frame))
