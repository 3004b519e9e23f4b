"""Who is away, who is asked, and what happened meanwhile."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from casework.continuity.model import ABSENCE, Absence
from casework.errors import NotFound


@dataclass(frozen=True, slots=True)
class Cover:
    """Who is asked to take the dossiers of an absent agent over: a substitute, or (None) the whole service."""

    absence_id: UUID
    substitute_id: UUID | None
    ends_at: datetime


_LOCK = text(
    f"select id, version, digest, clock_timestamp() as now, agent_id, {', '.join(ABSENCE.owned)} from absences"
    " where id = :id for no key update"
)
_LOCK_AGENT = text(
    "select id from accounts where id = :id and kind = 'agent' and disabled_at is null for no key update"
)
# The first substitute, in the mandate's order, who is not away too; else the service (substitute null, last rank).
_COVER = text(
    """
    select m.absence_id, m.substitute_id, m.ends_at from mandates m
    where m.agent_id = :agent and m.starts_at <= clock_timestamp() and clock_timestamp() < m.ends_at
      and (m.substitute_id is null or not exists (
          select from absences a where a.agent_id = m.substitute_id and a.state in ('declared', 'begun')
          and a.starts_at <= clock_timestamp() and clock_timestamp() < a.ends_at))
    order by m.starts_at, m.rank limit 1
    """
)
_WORKS_IN = text(
    "select exists (select from roles where account_id = :agent and service_id = :service and role in ('agent', 'manager'))"
)
_OVERLAPPING = text(
    """
    select id from absences where agent_id = :agent and state in ('declared', 'begun')
      and starts_at < :ends_at and :starts_at < ends_at order by starts_at limit 1
    """
)
# Open dossiers whose cover may change when this agent comes or goes: those held, and those of people they replace.
_TOUCHED = text(
    """
    select id from dossiers where state in ('submitted', 'under_review', 'awaiting_citizen') and holder_id = :agent
    union
    select d.id from dossiers d join mandates m on m.agent_id = d.holder_id and m.substitute_id = :agent
    where d.state in ('submitted', 'under_review', 'awaiting_citizen') and d.uncovered_since is not null
      and m.starts_at <= clock_timestamp() and clock_timestamp() < m.ends_at
    order by id
    """
)
# A dossier `d` that `:viewer` is asked to take over.
ASKED = """
    d.uncovered_since is not null and (d.cover_id = :viewer or (d.cover_id is null and exists (
        select from roles r where r.account_id = :viewer and r.service_id = d.service_id and r.role in ('agent', 'manager'))))
"""
_TO_TAKE_OVER = text(f"select d.id from dossiers d where d.absence_id = :absence and {ASKED} order by d.id")


async def lock(db: AsyncConnection, absence_id: UUID) -> Absence:
    """The absence under its row lock. Raises NotFound."""
    row = (await db.execute(_LOCK, {"id": absence_id})).one_or_none()
    if row is None:
        raise NotFound
    return Absence(*row)


async def lock_agent(db: AsyncConnection, agent_id: UUID) -> None:
    """Keep two absences of one agent from being declared at once. Raises NotFound for somebody who is no agent."""
    if (await db.execute(_LOCK_AGENT, {"id": agent_id})).one_or_none() is None:
        raise NotFound


async def cover_of(db: AsyncConnection, agent_id: UUID, service_id: UUID | None) -> Cover | None:
    """Who is asked at this instant for what `agent_id` holds in `service_id`; None while the agent is there."""
    row = (await db.execute(_COVER, {"agent": agent_id})).one_or_none()
    return Cover(row.absence_id, row.substitute_id, row.ends_at) if row else None


async def works_in(db: AsyncConnection, agent_id: UUID, service_id: UUID | None) -> bool:
    """Whether the agent (or manager) belongs to the service."""
    return bool((await db.execute(_WORKS_IN, {"agent": agent_id, "service": service_id})).scalar_one())


async def overlapping(db: AsyncConnection, agent_id: UUID, starts_at: datetime, ends_at: datetime) -> UUID | None:
    """An absence of the agent that shares an instant with this span."""
    found = await db.execute(_OVERLAPPING, {"agent": agent_id, "starts_at": starts_at, "ends_at": ends_at})
    return found.scalar_one_or_none()


async def touched(db: AsyncConnection, agent_id: UUID) -> tuple[UUID, ...]:
    """The open dossiers to look at again when this agent leaves or comes back, by ascending id."""
    return tuple((await db.execute(_TOUCHED, {"agent": agent_id})).scalars())


async def to_take_over(db: AsyncConnection, absence_id: UUID, viewer: UUID) -> tuple[UUID, ...]:
    """The dossiers of this absence that `viewer` is asked to take over, by ascending id."""
    return tuple((await db.execute(_TO_TAKE_OVER, {"absence": absence_id, "viewer": viewer})).scalars())
