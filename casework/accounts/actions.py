"""Sessions begin and end: both are facts, so that who was there, when, can be shown."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from casework.accounts.model import SESSION
from casework.accounts.queries import Account, token_hash
from casework.authority import Authority
from casework.errors import NotFound
from casework.ids import AccountId, DossierId, SessionId, new_id
from casework.journal.append import append
from casework.journal.fact import Fact, Recorded

MINUTE, HOUR, DAY = 60, 3600, 86400
# Seconds: (without a request, in all). OWASP ASVS 5.0, 7.3.1 and 7.3.2.
LIFETIMES = {"agent": (30 * MINUTE, 12 * HOUR), "citizen": (30 * DAY, 30 * DAY), "follower": (DAY, DAY)}

_NEW = text(
    """
    insert into sessions (id, token_hash, account_id, dossier_id, expires_at, idle_seconds)
    values (:id, :token_hash, :account_id, :dossier_id, now() + make_interval(secs => :lifetime), :idle)
    """
)
_LOCK = text(
    "select id, version, digest, clock_timestamp() as now, account_id, ended_at from sessions where id = :id for no key update"
)


@dataclass(frozen=True, slots=True)
class LockedSession:
    """A session under its row lock."""

    id: SessionId
    version: int
    digest: bytes
    now: datetime
    account_id: AccountId | None
    ended_at: datetime | None

    def columns(self) -> dict[str, Any]:
        return {"ended_at": self.ended_at}


async def open_session(
    db: AsyncConnection, account: Account | None, *, dossier_id: DossierId | None = None
) -> tuple[str, Recorded]:
    """A session for an account, or for the one dossier that a tracking code opens. Returns its token: shown once."""
    kind = account.kind if account else "follower"
    idle, lifetime = LIFETIMES[kind]
    session_id, token = SessionId(new_id()), secrets.token_urlsafe(32)
    row = {"id": session_id, "token_hash": token_hash(token), "account_id": account.id if account else None}
    await db.execute(_NEW, {**row, "dossier_id": dossier_id, "lifetime": lifetime, "idle": idle})

    session = await _lock(db, session_id)
    by = Authority(session.account_id, "agent" if kind == "agent" else "citizen")
    return token, await append(db, SESSION, session, Fact("session.opened", {}, {"kind": kind}), by=by)


async def end_session(db: AsyncConnection, session_id: UUID, *, by: Authority) -> Recorded | None:
    """Nobody gets anything more by it, on any page or socket; None when it had ended already."""
    session = await _lock(db, SessionId(session_id))
    if session.ended_at is not None:
        return None
    return await append(db, SESSION, session, Fact("session.ended", {"ended_at": session.now}), by=by)


async def _lock(db: AsyncConnection, session_id: SessionId) -> LockedSession:
    row = (await db.execute(_LOCK, {"id": session_id})).one_or_none()
    if row is None:
        raise NotFound
    values: list[Any] = list(row)
    return LockedSession(*values)
