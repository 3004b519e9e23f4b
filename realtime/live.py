"""What a web process runs for its sockets: the follower, the hub, presence, and the watch over sessions."""

import asyncio
import gc
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from uuid import UUID

from redis.asyncio import Redis
from sqlalchemy.ext.asyncio import AsyncEngine

from casework.access import Viewer
from casework.accounts import queries as accounts
from casework.accounts.queries import Session
from casework.dossiers import queries
from casework.ids import DossierId
from infra.bell import Bell
from infra.logs import logger
from realtime.follow import Follower
from realtime.hub import Hub, Listener
from realtime.leases import Leases
from realtime.presence import Presences
from realtime.protocol import COME_BACK, NO_SESSION

RECHECK_SECONDS = 0.7
STALE_SECONDS = 0.9  # with the query's time, nothing is sent 1 s after a session ended, Valkey dead or not
BEHIND_SECONDS = 5.0  # a reader that was resynced and still does not read is cut
AT_ONCE = 2  # questions of sockets under way: after a restart everybody comes back in the same second

log = logger(__name__)


class Live:
    """One for each web process, in its lifespan: `async with live.running(): ...`."""

    def __init__(self, engine: AsyncEngine, redis: Redis, bell: Bell) -> None:
        self.engine = engine
        self.bell = bell
        self.hub = Hub()
        self.sessions: dict[UUID, set[Listener]] = {}  # those with an open socket
        self._rights: dict[UUID, int | None] = {}  # of each of them, the number that stands for its rights, once known
        self.follower = Follower(
            engine,
            self.hub,
            wanted=lambda: bool(self.sessions),
            session_ended=self._end,
            before_delivery=self._sure_of_sessions,
            delivered=lambda seen: self.presences.moved(seen),
        )
        self.presences = Presences(engine, self.hub, Leases(redis), bell, before_telling=self._sure_of_sessions)
        self._asking = asyncio.Semaphore(AT_ONCE)
        self._suspects: set[UUID] = set()
        self._suspected = asyncio.Event()
        self._sure_until = 0.0

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Live"]:
        """Follow, listen and watch over sessions until the block ends."""
        # Hundreds of thousands of objects stay here, and almost none is part of a cycle: the collector's default pace
        # (after 700 objects) took a sixth of the processor's time.
        gc.set_threshold(50_000, 20, 20)
        loops = (self.follower.run(), self.bell.listen(self._hear), self._watch_over_sessions(), self.presences.run())
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
        self._rights.setdefault(listener.session_id, None)
        self.follower.look()

    def remove(self, listener: Listener) -> None:
        """It is not any more."""
        self.hub.forget(listener)
        others = self.sessions.get(listener.session_id)
        if others is not None:
            others.discard(listener)
            if not others:
                del self.sessions[listener.session_id]
                del self._rights[listener.session_id]

    async def find_session(self, token: str) -> Session | None:
        """The living session of this token. Raises what the database raises."""
        async with self._asking, self.engine.connect() as db:
            session = await accounts.find_session(db, token)
        if session is not None and session.viewer.kind == "agent" and session.viewer.account_id is not None:
            self.follower.knows(session.viewer.account_id, session.name)
        return session

    async def sees(self, viewer: Viewer, dossier: UUID) -> bool:
        """Whether the viewer sees the dossier, a draft of theirs too. Raises what the database raises."""
        async with self._asking, self.engine.connect() as db:
            return await queries.is_visible(db, DossierId(dossier), viewer)

    async def _hear(self, message: str) -> None:
        kind, _, subject = message.partition(":")
        match kind:
            case "p":
                self.follower.look()
            case "v":
                self.presences.note(UUID(subject) if subject else None)
            case "s":
                self._suspects |= {UUID(subject)} & self.sessions.keys() if subject else set(self.sessions)
                if self._suspects:
                    self._suspected.set()

    # -- sessions

    def _end(self, session: UUID) -> None:
        """Close what a session has open: its sockets get nothing from this instant."""
        for listener in tuple(self.sessions.get(session, ())):
            self.hub.forget(listener)
            listener.close(NO_SESSION, at_once=True)

    async def _watch_over_sessions(self) -> None:
        """Every session with an open socket, in one query, within a second; at once those that the bell names."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            try:
                async with asyncio.timeout_at(due):
                    await self._suspected.wait()
            except TimeoutError:
                pass
            self._suspected.clear()
            suspects, self._suspects = self._suspects, set()
            try:
                if loop.time() >= due:
                    due = loop.time() + RECHECK_SECONDS
                    self._cut_those_who_do_not_read(loop.time())
                    await self._check_all()
                else:
                    await self._check({session: self._rights[session] for session in suspects & self._rights.keys()})
            except Exception as error:  # noqa: BLE001 - PostgreSQL is away: no fact can be read, so none is sent
                log.info("sessions.unchecked", error=type(error).__name__)

    async def _sure_of_sessions(self) -> None:
        """Before anything is sent: that every open session was alive less than a second ago. Raises when unknown."""
        if asyncio.get_running_loop().time() > self._sure_until:
            await self._check_all()

    async def _check_all(self) -> None:
        began = asyncio.get_running_loop().time()
        await self._check(self._rights)
        self._sure_until = began + STALE_SECONDS

    async def _check(self, known: Mapping[UUID, int | None]) -> None:
        """Ended, or with other rights than a moment ago?"""
        if not known:
            return
        async with asyncio.timeout(STALE_SECONDS), self.engine.connect() as db:
            changed = await accounts.changed_sessions(db, known)
            now = await accounts.living_sessions(db, list(changed)) if changed else {}
        for session, rights in changed.items():
            if session not in now:
                self._end(session)
                continue
            if session in self.sessions and rights is not None:
                self._rights[session] = rights
            self._judge(session, now[session])

    def _judge(self, session: UUID, now: Session) -> None:
        """Other rights than before: the client comes back and says again what it watches."""
        for listener in tuple(self.sessions.get(session, ())):
            if listener.viewer != now.viewer:
                self.hub.forget(listener)
                listener.close(COME_BACK, at_once=True)

    def _cut_those_who_do_not_read(self, now: float) -> None:
        for listener in [one for listeners in self.sessions.values() for one in listeners]:
            if listener.behind_since is not None and now - listener.behind_since > BEHIND_SECONDS:
                listener.cut()
