"""Idempotency-Key: a POST that is repeated, by a double click or after a lost answer, is done once.

The key's row is written in the action's transaction. A second request under the same key waits for the first one to
end, finds the row, and its answer is built again from what the database holds, with the rights of now.
"""

import hashlib
import re
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from casework.accounts.queries import Session
from casework.errors import KeyReused

KEY = re.compile(r"[\x21-\x7e]{1,200}")
# Without a session the key is all that names the caller: it must not be guessed.
ANONYMOUS_KEY = re.compile(r"[\x21-\x7e]{16,200}")

_BEGIN = text(
    """
    insert into idempotency_keys (principal, key, route, body_hash, subject, version)
    values (:principal, :key, :route, :body_hash, :subject, 0)
    on conflict (principal, key) do nothing returning 1
    """
)
_FIND = text(
    "select route, body_hash, subject, version from idempotency_keys where principal = :principal and key = :key"
)
_DONE = text(
    """
    update idempotency_keys set version = :version, subject = coalesce(cast(:subject as uuid), subject)
    where principal = :principal and key = :key
    """
)


@dataclass(frozen=True, slots=True)
class Once:
    """One attempt: whose key, for which route, with which body."""

    principal: str
    key: str
    route: str
    body_hash: bytes


@dataclass(frozen=True, slots=True)
class Before:
    """What the same key did before."""

    subject: UUID
    version: int


def principal_of(session: Session | None) -> str:
    """Who a key belongs to."""
    if session is None:
        return "anonymous"
    account = session.viewer.account_id
    return f"account:{account}" if account is not None else f"session:{session.id}"


def body_hash(body: bytes) -> bytes:
    """What must be the same in each attempt."""
    return hashlib.sha256(body).digest()


async def begin(db: AsyncConnection, once: Once | None, subject: UUID) -> Before | None:
    """Take the key for `subject`, or say what it did before. Waits for another request that holds the same key.

    Raises KeyReused where the key was used for something else.
    """
    if once is None:
        return None
    mine = {"principal": once.principal, "key": once.key}
    new = {**mine, "route": once.route, "body_hash": once.body_hash, "subject": subject}
    if (await db.execute(_BEGIN, new)).one_or_none() is not None:
        return None
    row = (await db.execute(_FIND, mine)).one()
    if row.route != once.route or bytes(row.body_hash) != once.body_hash:
        raise KeyReused
    return Before(row.subject, row.version)


async def done(db: AsyncConnection, once: Once | None, version: int, *, subject: UUID | None = None) -> None:
    """Note what the act made (and of what, where only the act knew it), in the same transaction."""
    if once is not None:
        made = {"version": version, "subject": subject}
        await db.execute(_DONE, {"principal": once.principal, "key": once.key, **made})
