"""GET /live: one socket. A reader and a writer; the first to end ends the other."""

import asyncio
import secrets
from collections.abc import Collection
from uuid import UUID

import msgspec
from sqlalchemy.exc import SQLAlchemyError
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket

from casework.accounts import queries as accounts
from casework.accounts.queries import Session
from casework.dossiers import queries
from casework.errors import BadPosition, NotFound
from casework.ids import DossierId
from casework.journal.read import parse_position
from infra.cookies import token_of
from infra.database import reading
from realtime import protocol
from realtime.hub import Listener
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


class LiveSocket:
    """The ASGI endpoint. `origins`: the addresses whose pages may open a socket with a visitor's cookie.

    The process's `Live` is found in the lifespan state, under `live`.
    """

    def __init__(self, *, origins: Collection[str], secure: bool) -> None:
        self._origins = frozenset(origin.rstrip("/").lower() for origin in origins)
        self._secure = secure

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        websocket = WebSocket(scope, receive, send)
        live: Live = scope["state"]["live"]
        if not self._may_come(websocket):
            await websocket.close()  # before accept: 403
            return
        session = await self._session(websocket, live)
        await websocket.accept(protocol.SUBPROTOCOL if protocol.SUBPROTOCOL in scope["subprotocols"] else None)
        if session is None:
            await websocket.close(protocol.NO_SESSION, "session")
            return
        await _Conversation(websocket, live, session).hold()

    def _may_come(self, websocket: WebSocket) -> bool:
        """A browser always says its origin. A machine says none, and shows a token instead of a cookie."""
        origin = websocket.headers.get("origin")
        if origin is None:
            return websocket.headers.get("authorization", "").lower().startswith("bearer ")
        return origin.lower() in self._origins

    async def _session(self, websocket: WebSocket, live: Live) -> Session | None:
        token = token_of(websocket.headers, secure=self._secure)
        if token is None:
            return None
        try:
            async with live.engine.connect() as db:
                return await accounts.find_session(db, token)
        except (SQLAlchemyError, OSError, TimeoutError):
            return None


class _Conversation:
    """One open socket."""

    def __init__(self, websocket: WebSocket, live: Live, session: Session) -> None:
        self._websocket = websocket
        self._live = live
        self._session = session
        self._listener = Listener(session.viewer, session.id)
        self._id = secrets.token_hex(8)
        self._present: set[UUID] = set()
        self._malformed = 0

    async def hold(self) -> None:
        """Until either side ends it."""
        viewer, listener = self._session.viewer, self._listener
        kind: protocol.Side = "agent" if viewer.kind == "agent" else "citizen"
        self._live.add(listener)
        listener.offer(encode(Hello(Actor(viewer.account_id, kind, self._session.name or None), self._live.hub.epoch)))
        tasks = [asyncio.create_task(self._read()), asyncio.create_task(self._write())]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._live.remove(listener)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._leave_all()

    async def _write(self) -> None:
        listener, send = self._listener, self._websocket.send
        waiting, loop = listener.waiting, asyncio.get_running_loop()
        while True:
            while waiting:
                await send({"type": "websocket.send", "text": waiting.popleft()})
            if listener.closing:
                break
            listener.drained()
            wake = listener.wake = loop.create_future()
            await wake
        await self._websocket.close(listener.closing)

    async def _read(self) -> None:
        while True:
            message = await self._websocket.receive()
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
                self._listener.offer(encode(Pong()))
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
        listener, hub, viewer = self._listener, self._live.hub, self._session.viewer
        topic = topic_of(frame.topic, viewer)
        if topic is None:
            return self._refuse("unknown_topic", topic=frame.topic[:200])
        if len(listener.topics) >= protocol.MOST_TOPICS and topic.name not in listener.topics:
            return self._refuse("too_many_topics", topic=topic.name)
        try:
            since = parse_position(frame.since) if frame.since is not None else None
        except BadPosition:
            return self._refuse("bad_position", topic=topic.name)
        if topic.dossier is not None and not await self._sees(topic.dossier):
            return self._refuse("not_found", topic=topic.name)

        # No await from here on: nothing can be delivered between the catch-up and the subscription.
        missed = hub.missed(topic, listener.viewer, since) if since is not None else []
        hub.watch(listener, topic)
        if missed is None:
            listener.offer(encode(Resync(topic.name)))
            return None
        for text in missed:
            listener.offer(text)
        # A position ahead of this process's (another one read faster) is kept: the client ignores what it has.
        position = max(hub.position, since) if since is not None else hub.position
        listener.offer(encode(Watching(topic.name, str(position))))
        if topic.dossier is not None and viewer.kind == "agent":
            listener.offer(encode(await self._live.presence(topic.dossier)))
        return None

    async def _sees(self, dossier: UUID) -> bool:
        try:
            async with reading(self._live.engine) as db:
                return await queries.is_visible(db, DossierId(dossier), self._session.viewer)
        except (NotFound, SQLAlchemyError, OSError, TimeoutError):
            return False

    # -- presence

    async def _present_on(self, dossier: UUID, field: str | None) -> None:
        viewer = self._session.viewer
        if viewer.kind != "agent" or viewer.account_id is None:
            return self._refuse("agents_only", dossier=dossier)
        if dossier not in self._present:
            if len(self._present) >= protocol.MOST_TOPICS or not await self._sees(dossier):
                return self._refuse("not_found", dossier=dossier)
            self._present.add(dossier)
        await self._live.leases.hold(dossier, self._id, viewer.account_id, self._session.name, field)
        await self._live.presence_changed(dossier)
        return None

    async def _leave(self, dossier: UUID) -> None:
        if dossier in self._present:
            self._present.discard(dossier)
            await self._live.leases.leave(dossier, self._id)
            await self._live.presence_changed(dossier)

    async def _leave_all(self) -> None:
        for dossier in tuple(self._present):
            await self._leave(dossier)

    def _refuse(self, code: str, *, topic: str | None = None, dossier: UUID | None = None) -> None:
        frame = RefusedFrame(code)
        if topic is not None:
            frame.topic = topic
        if dossier is not None:
            frame.dossier = dossier
        self._listener.offer(encode(frame))
