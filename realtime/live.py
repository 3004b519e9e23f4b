"""What a web process runs for its sockets: the follower, the hub, presence, and the watch over sessions."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from redis.asyncio import Redis
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from casework.accounts import queries as accounts
from casework.accounts.queries import Session
from casework.dossiers import queries
from infra.bell import Bell
from infra.database import reading
from realtime.follow import Follower
from realtime.hub import Hub, Listener
from realtime.presence import Leases
from realtime.protocol import COME_BACK, NO_SESSION, Presence, encode

RECHECK_SECONDS = 0.5  # with the query's time, nothing is sent 1 s after a session ended, Valkey dead or not
GATHER_SECONDS = 0.02  # presence hints of one dossier that come together are read once

_log = logging.getLogger(__name__)


class Live:
    """One for each web process, in its lifespan: `async with live.running(): ...`."""

    def __init__(self, engine: AsyncEngine, redis: Redis, bell: Bell) -> None:
        self.engine = engine
        self.hub = Hub()
        self.leases = Leases(redis)
        self.bell = bell
        self.sessions: dict[UUID, set[Listener]] = {}  # those with an open socket
        self.follower = Follower(engine, self.hub, session_ended=self._end)
        self._check = asyncio.Event()
        self._presence: set[UUID] = set()
        self._presence_due = asyncio.Event()

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Live"]:
        """Follow, listen and watch over sessions until the block ends."""
        loops = (self.follower.run(), self.bell.listen(self._hear), self._recheck(), self._tell_presence())
        tasks = [asyncio.create_task(loop) for loop in loops]
        try:
            yield self
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def add(self, listener: Listener) -> None:
        """A socket is open."""
        self.sessions.setdefault(listener.session_id, set()).add(listener)

    def remove(self, listener: Listener) -> None:
        """It is not any more."""
        self.hub.forget(listener)
        others = self.sessions.get(listener.session_id)
        if others is not None:
            others.discard(listener)
            if not others:
                del self.sessions[listener.session_id]

    async def presence_changed(self, dossier: UUID) -> None:
        """Somebody came, left, or began to write: tell this process and the others."""
        self._note_presence(dossier)
        await self.bell.ring(f"v:{dossier}")

    async def _hear(self, message: str) -> None:
        kind, _, rest = message.partition(":")
        match kind:
            case "p":
                self.follower.look()
            case "v":
                for dossier in [UUID(rest)] if rest else self.hub.watching_dossiers():
                    self._note_presence(dossier)
            case "s":
                self._check.set()

    # -- sessions

    def _end(self, session: UUID) -> None:
        """Close what a session has open: its sockets get nothing from this instant."""
        for listener in tuple(self.sessions.get(session, ())):
            self.hub.forget(listener)
            listener.close(NO_SESSION, at_once=True)

    async def _recheck(self) -> None:
        """Every session with an open socket, in one query: ended, or with other rights than a moment ago?"""
        while True:
            try:
                async with asyncio.timeout(RECHECK_SECONDS):
                    await self._check.wait()
            except TimeoutError:
                pass
            self._check.clear()
            if not self.sessions:
                continue
            try:
                async with asyncio.timeout(RECHECK_SECONDS), self.engine.connect() as db:
                    alive = await accounts.living_sessions(db, list(self.sessions))
            except (SQLAlchemyError, OSError, TimeoutError):
                continue  # PostgreSQL is away: no fact can be read, so none is sent
            for session in tuple(self.sessions):
                if session not in alive:
                    self._end(session)
                else:
                    self._rights(session, alive[session])

    def _rights(self, session: UUID, now: Session) -> None:
        """Other rights than before: the client says again what it watches (its screens reconnect by themselves)."""
        for listener in tuple(self.sessions[session]):
            if listener.viewer != now.viewer:
                self.hub.forget(listener)
                listener.close(COME_BACK, at_once=True)

    # -- presence

    def _note_presence(self, dossier: UUID) -> None:
        self._presence.add(dossier)
        self._presence_due.set()

    async def _tell_presence(self) -> None:
        while True:
            await self._presence_due.wait()
            await asyncio.sleep(GATHER_SECONDS)
            self._presence_due.clear()
            dossiers, self._presence = list(self._presence), set()
            try:
                async with reading(self.engine) as db:
                    rows = await queries.rows_of(db, dossiers)
            except (SQLAlchemyError, OSError, TimeoutError):
                continue
            for dossier in dossiers:
                listeners = self.hub.watchers(dossier, rows.get(dossier))
                if listeners:
                    text = encode(await self.leases.who(dossier))
                    for listener in listeners:
                        listener.offer(text)

    async def presence(self, dossier: UUID) -> Presence:
        """Who is there now, for a screen that has just opened."""
        return await self.leases.who(dossier)
