"""Who may see the dashboards: a one-use ticket for their origin, and what their process asks each second.

The dashboards process has no database and gets no desk cookie. It proves itself by a key derived from the
installation's secret; what it may ask is here: who reads, and what detail they see.
"""

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from datetime import datetime
from urllib.parse import urlencode
from uuid import UUID

from api.door import reading
from api.representations import Out
from api.state import State
from casework.access import Viewer
from casework.accounts import queries as accounts
from casework.accounts.queries import Session
from casework.errors import NotAllowed, NotFound

TICKET_SECONDS = 60
PROCESS_HEADER = "x-relais-process"
MOST_ASKED = 1_000  # sessions in one question


class DashboardTicket(Out, frozen=True, kw_only=True):
    """Opens the dashboards once, within a minute."""

    url: str


class DashboardReader(Out, frozen=True, kw_only=True):
    """Who reads the dashboards, as their process knows them."""

    session: UUID
    name: str
    locale: str
    directorates: Sequence[UUID]  # whose detail they see, and that of
    services: Sequence[UUID]
    expires_at: datetime


class DashboardReaders(Out, frozen=True, kw_only=True):
    items: Sequence[DashboardReader]


def process_key(secret_key: str) -> str:
    """What the dashboards process proves itself by."""
    return hmac.digest(secret_key.encode(), b"relais dashboards process", hashlib.sha256).hex()


def may_open(viewer: Viewer) -> bool:
    """Figures are for those who direct a directorate or manage a service."""
    return bool(viewer.directed or viewer.managed)


async def ticket(state: State, session: Session, *, locale: str) -> DashboardTicket:
    """A ticket for this session, to dashboards in this language. Raises NotAllowed. Kept as its hash: reading Valkey opens nothing."""
    if not may_open(session.viewer):
        raise NotAllowed
    token = secrets.token_urlsafe(32)
    await state.redis.set(_key(token), str(session.id), ex=TICKET_SECONDS)
    address = urlencode({"billet": token, "langue": locale})
    return DashboardTicket(url=f"{state.settings.dashboards_url}/entrer?{address}")


async def redeem(state: State, key: str | None, token: str) -> DashboardReader:
    """Whose ticket it is: the first time, within its minute. Raises NotAllowed (not our process), NotFound."""
    _ours(state, key)
    kept = await state.redis.getdel(_key(token))
    if kept is None:
        raise NotFound
    readers = await _readers(state, [UUID(kept.decode())])
    if not readers:
        raise NotFound
    return readers[0]


async def alive(state: State, key: str | None, sessions: Sequence[UUID]) -> DashboardReaders:
    """Those of these sessions that live and may still see the dashboards, with their rights now. Raises NotAllowed."""
    _ours(state, key)
    return DashboardReaders(items=await _readers(state, sessions[:MOST_ASKED]))


async def _readers(state: State, sessions: Sequence[UUID]) -> list[DashboardReader]:
    async with reading(state) as db:
        living = await accounts.living_sessions(db, sessions)
    return [
        DashboardReader(
            session=id_, name=each.name, locale=each.locale, directorates=sorted(each.viewer.directed),
            services=sorted(each.viewer.managed),
            expires_at=each.expires_at,
        )
        for id_, each in living.items()
        if may_open(each.viewer)
    ]  # fmt: skip


def _ours(state: State, key: str | None) -> None:
    if key is None or not hmac.compare_digest(key.encode(), process_key(state.settings.secret_key).encode()):
        raise NotAllowed


def _key(token: str) -> str:
    return f"relais:ticket:{hashlib.sha256(token.encode()).hexdigest()}"
