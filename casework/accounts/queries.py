"""Who somebody is: accounts, their roles, and the session that a request bears."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from casework.access import Viewer
from casework.forms.rule_reading import NOBODY, Profile
from casework.ids import AccountId, DossierId, SessionId
from infra.database import Statement


@dataclass(frozen=True, slots=True)
class Account:
    """A person as pages and mails name them."""

    id: AccountId
    kind: str
    email: str | None
    given_name: str
    family_name: str
    locale: str
    password_hash: str | None

    @property
    def name(self) -> str:
        return f"{self.given_name} {self.family_name}"


@dataclass(frozen=True, slots=True)
class Session:
    """A session that is alive at `now`, and whose it is."""

    id: SessionId
    viewer: Viewer
    name: str
    locale: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Colleague:
    """An agent, as a list of people to choose from shows them."""

    id: UUID
    name: str
    role: str
    away_until: datetime | None


_ACCOUNT = "select id, kind, email, given_name, family_name, locale, password_hash from accounts"
_BY_EMAIL = text(f"{_ACCOUNT} where email = :email and disabled_at is null")
_BY_ID = text(f"{_ACCOUNT} where id = :id")
_PROFILE = text(
    """
    select a.commune, (select s.slug from roles r join services s on s.id = r.service_id
                       where r.account_id = a.id and r.role in ('agent', 'manager') order by s.slug limit 1) as service
    from accounts a where a.id = :id
    """
)
_CONTACT = text(
    """
    select given_name as "given-name", family_name as "family-name", given_name || ' ' || family_name as name, email,
           phone as tel from accounts where id = :id
    """
)
_DEMO = text(f"{_ACCOUNT} where demo and disabled_at is null order by kind desc, created_at, email")

_ALIVE = """
    s.ended_at is null and now() < s.expires_at and now() < s.seen_at + make_interval(secs => s.idle_seconds)
    and a.disabled_at is null
"""
_SESSION = """
    select s.id, s.account_id, s.dossier_id, s.expires_at, a.kind, a.given_name, a.family_name, a.locale,
           coalesce((select jsonb_agg(jsonb_build_array(r.role, r.service_id, r.directorate_id))
                     from roles r where r.account_id = s.account_id), '[]') as roles
    from sessions s left join accounts a on a.id = s.account_id
"""
_BY_TOKEN = text(f"{_SESSION} where s.token_hash = :token_hash and {_ALIVE}")
_BY_SESSION_IDS = text(f"{_SESSION} where s.id = any(:ids) and {_ALIVE}")
_CHANGED = Statement(
    f"""
    select k.id, held.rights from unnest(cast(:ids as uuid[]), cast(:known as bigint[])) as k(id, known)
    left join lateral (
        select coalesce(bit_xor(hashtextextended(concat_ws(':', r.role, r.service_id, r.directorate_id), 0)), 0) rights
        from sessions s left join accounts a on a.id = s.account_id left join roles r on r.account_id = s.account_id
        where s.id = k.id and {_ALIVE} group by s.id
    ) held on true
    where k.known is null or held.rights is distinct from k.known
    """
)
_SEEN = text("update sessions set seen_at = now() where id = any(:ids) and ended_at is null")
_OF_SERVICE = text(
    """
    select a.id, a.given_name || ' ' || a.family_name as name, min(r.role) as role,
           (select max(b.ends_at) from absences b where b.agent_id = a.id and b.state in ('declared', 'begun')
            and b.starts_at <= now() and now() < b.ends_at) as away_until
    from accounts a join roles r on r.account_id = a.id
    where r.service_id = any(:services) and r.role in ('agent', 'manager') and a.disabled_at is null
    group by a.id
    """
)
_NAMES = text("select id, given_name || ' ' || family_name as name from accounts where id = any(:ids)")


def token_hash(token: str) -> bytes:
    """What the database keeps of a session's token: it has 256 bits of chance, so a plain SHA-256 is enough."""
    return hashlib.sha256(token.encode()).digest()


async def by_email(db: AsyncConnection, email: str) -> Account | None:
    """The account that signs in with this address, whatever its capitals."""
    row = (await db.execute(_BY_EMAIL, {"email": email.strip().lower()})).one_or_none()
    return _account(row) if row else None


async def by_id(db: AsyncConnection, account_id: UUID) -> Account | None:
    """One account."""
    row = (await db.execute(_BY_ID, {"id": account_id})).one_or_none()
    return _account(row) if row else None


async def profile(db: AsyncConnection, viewer: Viewer) -> Profile:
    """What rules may read of who asks; nobody known, for whoever has no account."""
    row = (await db.execute(_PROFILE, {"id": viewer.account_id})).one_or_none() if viewer.account_id else None
    if row is None:
        return NOBODY
    return Profile(signed_in=True, agent=viewer.kind == "agent", commune=row.commune, service=row.service)


async def contact(db: AsyncConnection, account_id: UUID) -> Mapping[str, str]:
    """What the account says of its person, by autofill detail token of HTML; what is not known is left out."""
    row = (await db.execute(_CONTACT, {"id": account_id})).mappings().one_or_none()
    return {name: value for name, value in row.items() if value} if row else {}


async def demo_people(db: AsyncConnection) -> tuple[Account, ...]:
    """The named people whose credentials the log-in page of demo mode shows."""
    return tuple(_account(row) for row in await db.execute(_DEMO))


async def find_session(db: AsyncConnection, token: str) -> Session | None:
    """The living session of this token: not ended, not idle too long, not past its day, its account not disabled."""
    row = (await db.execute(_BY_TOKEN, {"token_hash": token_hash(token)})).one_or_none()
    return _session(row) if row else None


async def living_sessions(db: AsyncConnection, ids: Sequence[UUID]) -> dict[UUID, Session]:
    """Those of `ids` that are alive, with the rights of this instant: one query for all open sockets of a process."""
    return {row.id: _session(row) for row in await db.execute(_BY_SESSION_IDS, {"ids": list(ids)})}


async def changed_sessions(db: AsyncConnection, known: Mapping[UUID, int | None]) -> dict[UUID, int | None]:
    """Of the sessions `known`, with the number that stood for their rights when last looked at (None: never was), those
    that have other rights now, with their number; None for those that are over. What did not change costs nothing here.
    """
    rows = await _CHANGED.all(db, {"ids": known.keys(), "known": known.values()})
    return {row["id"]: row["rights"] for row in rows}


async def note_seen(db: AsyncConnection, ids: Sequence[UUID]) -> None:
    """Put off the idle end of these sessions; the door does it at most once a minute a session."""
    await db.execute(_SEEN, {"ids": list(ids)})


async def colleagues(db: AsyncConnection, services: Sequence[UUID]) -> tuple[Colleague, ...]:
    """The agents and managers of these services, by name."""
    rows = await db.execute(_OF_SERVICE, {"services": list(services)})
    return tuple(Colleague(row.id, row.name, row.role, row.away_until) for row in rows)


async def names(db: AsyncConnection, ids: Sequence[UUID]) -> dict[UUID, str]:
    """The names of these people."""
    return {row.id: row.name for row in await db.execute(_NAMES, {"ids": list(ids)})} if ids else {}


def _account(row: Row[Any]) -> Account:
    values: list[Any] = list(row)
    return Account(*values)


def _session(row: Row[Any]) -> Session:
    if row.account_id is None:
        viewer = Viewer(None, "follower", only=DossierId(row.dossier_id))
        return Session(SessionId(row.id), viewer, "", "fr", row.expires_at)

    def held(role: str, place: int) -> frozenset[UUID]:
        return frozenset(UUID(entry[place]) for entry in row.roles if entry[0] == role and entry[place])

    managed = held("manager", 1)
    viewer = Viewer(
        AccountId(row.account_id),
        row.kind,
        services=held("agent", 1) | managed,
        managed=managed,
        directed=held("director", 2),
        designed=held("designer", 2),
        administrator=any(entry[0] == "administrator" for entry in row.roles),
    )
    return Session(SessionId(row.id), viewer, f"{row.given_name} {row.family_name}", row.locale, row.expires_at)
