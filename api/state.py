"""What a web process keeps for its requests: made once in the lifespan of `web.app`, found in every request's scope."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Protocol, cast
from uuid import UUID

from redis.asyncio import Redis
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.requests import HTTPConnection

from api.limits import SignInLimits
from api.looks import Looks
from casework.accounts import queries as accounts
from casework.accounts.queries import Session
from infra.database import reading, transaction
from infra.object_store import Documents
from infra.outside import Outside
from infra.settings import Settings

CACHE_SECONDS = 1.0  # how long a session that was ended elsewhere can still be served here
SEEN_SECONDS = 60.0  # how often using a session puts its idle end off
MOST_CACHED = 10_000


class Rings(Protocol):
    """The bell, as the door uses it: `infra.bell.Bell`."""

    async def ring(self, message: str) -> None: ...


class Follows(Protocol):
    """The journal's reader of this process, as readiness looks at it."""

    @property
    def degraded(self) -> bool: ...


class Sessions:
    """Living sessions by token, kept for a second: one query a second a person, whatever they do."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._found: dict[bytes, tuple[float, Session | None]] = {}
        self._seen: dict[UUID, float] = {}

    async def find(self, token: str) -> Session | None:
        """The living session of this token."""
        key, now = accounts.token_hash(token), time.monotonic()
        cached = self._found.get(key)
        if cached is not None and now < cached[0]:
            return cached[1]
        async with reading(self._engine) as db:
            session = await accounts.find_session(db, token)
        if session is not None and now - self._seen.get(session.id, 0.0) >= SEEN_SECONDS:
            await self._note_seen(session.id, now)
        if len(self._found) >= MOST_CACHED:
            self._found = {each: kept for each, kept in self._found.items() if now < kept[0]}
        self._found[key] = (now + CACHE_SECONDS, session)
        return session

    def forget(self, session_id: UUID | None = None) -> None:
        """Ask the database again: about one session (the bell's `s:`), or about all of them."""
        kept = self._found.items() if session_id is not None else ()
        self._found = {key: value for key, value in kept if value[1] is not None and value[1].id != session_id}

    async def _note_seen(self, session_id: UUID, now: float) -> None:
        async with transaction(self._engine) as db:
            await accounts.note_seen(db, [session_id])
        if len(self._seen) >= MOST_CACHED:
            self._seen = {each: at for each, at in self._seen.items() if now - at < SEEN_SECONDS}
        self._seen[session_id] = now


@dataclass(slots=True)
class State:
    """Everything that a function of `api` needs beside who asks and what for."""

    settings: Settings
    engine: AsyncEngine
    bell: Rings
    redis: Redis
    documents: Documents
    limits: SignInLimits
    outside: Outside
    follower: Follows | None = None
    sessions: Sessions = field(init=False)
    looks: Looks = field(init=False)
    # Polars works beside the event loop, one question at a time: cancelling a request does not stop its thread, and one
    # thread is then still one.
    figures: ThreadPoolExecutor = field(init=False)

    def __post_init__(self) -> None:
        self.sessions = Sessions(self.engine)
        self.looks = Looks(self.engine)
        self.figures = ThreadPoolExecutor(1, thread_name_prefix="figures")

    async def ring(self, position: str) -> None:
        """Tell every process that the journal has grown: a hint, which may be lost, and which no request waits for."""
        await self.bell.ring(f"p:{position}")


def state_of(connection: HTTPConnection) -> State:
    """The process's state, from any request or socket."""
    return cast("State", connection.scope["state"]["relais"])
