"""Who reads: a ticket of the desk becomes a cookie of our own, and the desk is asked each second who still may.

This process has no database. What it knows of a reader is what the desk answered less than a second ago; when the desk
does not answer for GRACE seconds, nobody may.
"""

import asyncio
import hashlib
import hmac
import time
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

import httpx

from analytics.access import Reader
from infra.logs import logger
from infra.settings import Settings

log = logger(__name__)

EVERY = 1.0  # seconds between two questions
GRACE = 5.0  # seconds without an answer after which every page closes
PROCESS_HEADER = "x-relais-process"
_API = "/api/v1/dashboards/readers"


@dataclass(frozen=True, slots=True)
class Known:
    """A reader as the desk last told."""

    session: UUID
    name: str
    locale: str
    rights: Reader


class Readers:
    """The readers of this process, by the desk's session."""

    def __init__(self, settings: Settings) -> None:
        self._cookie_key = hmac.digest(settings.secret_key.encode(), b"relais dashboards cookie", hashlib.sha256)
        process = hmac.digest(settings.secret_key.encode(), b"relais dashboards process", hashlib.sha256).hex()
        self._desk = httpx.AsyncClient(base_url=settings.public_url, headers={PROCESS_HEADER: process}, timeout=3)
        self._known: dict[UUID, Known] = {}
        self._answered = time.monotonic()
        self.closes: Callable[[UUID], None] = lambda _: None  # what to do when a reader may read no more

    def cookie(self, session: UUID) -> str:
        """The value of the cookie of this session."""
        return f"{session}.{hmac.digest(self._cookie_key, session.bytes, hashlib.sha256).hex()}"

    def session_of(self, cookie: str | None) -> UUID | None:
        """The session that a cookie of ours names; None for any other. It says who comes, not that they may enter."""
        try:
            session = UUID((cookie or "").partition(".")[0])
        except ValueError:
            return None
        return session if hmac.compare_digest((cookie or "").encode(), self.cookie(session).encode()) else None

    def known(self, session: UUID | None) -> Known | None:
        """The reader, while the desk says so."""
        return self._known.get(session) if session is not None else None

    async def enter(self, ticket: str) -> Known | None:
        """Change a ticket, once. None when it is worth nothing, or the desk does not answer."""
        try:
            answer = await self._desk.post(_API, json={"ticket": ticket[:100]})
        except httpx.HTTPError:
            return None
        if answer.status_code != 200:
            return None
        return self._keep(answer.json())

    async def admit(self, session: UUID | None) -> Known | None:
        """The reader, asked now if they are not among those asked about each second."""
        if session is not None and session not in self._known:
            await self._ask([session])
        return self.known(session)

    async def watch_forever(self) -> None:
        """Ask each second; whoever may read no more is closed."""
        while True:
            await asyncio.sleep(EVERY)
            if not self._known:
                self._answered = time.monotonic()
                continue
            before = set(self._known)
            await self._ask(list(self._known))
            for session in before - set(self._known):
                self.closes(session)

    async def close(self) -> None:
        """Ends the connections to the desk."""
        await self._desk.aclose()

    def forget(self, session: UUID) -> None:
        """Nothing of theirs is open any more: no need to ask."""
        self._known.pop(session, None)

    async def _ask(self, sessions: list[UUID]) -> None:
        try:
            answer = await self._desk.post(f"{_API}/alive", json={"sessions": [str(each) for each in sessions]})
            answer.raise_for_status()
            living = answer.json()["items"]
        except (httpx.HTTPError, ValueError, KeyError) as error:
            log.warning("desk.silent", error=f"{type(error).__name__}: {error}"[:200])
            if time.monotonic() - self._answered > GRACE:
                self._known.clear()
            return
        self._answered = time.monotonic()
        for session in sessions:
            self._known.pop(session, None)
        for each in living:
            self._keep(each)

    def _keep(self, told: dict[str, object]) -> Known:
        def ids(name: str) -> frozenset[str]:
            listed = told[name]
            return frozenset(str(each) for each in listed) if isinstance(listed, list) else frozenset()

        rights = Reader(ids("directorates"), ids("services"))
        known = Known(UUID(str(told["session"])), str(told["name"]), str(told["locale"]), rights)
        self._known[known.session] = known
        return known
