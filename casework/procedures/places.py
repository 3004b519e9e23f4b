"""The places of a procedure with a quota: counted and given under the procedure's row lock, so never one too many.

The lock comes after the dossier's own (ids of procedures and of dossiers are never locked the other way round), and only
where there is a quota: other procedures are filed side by side.
"""

from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from casework.errors import QuotaFull
from casework.journal.fact import Fact

# Those that have a place: filed since this opening, not waiting, not turned down.
TAKEN = """
    (select count(*) from dossiers t where t.procedure_id = p.id and t.submitted_at is not null and t.waiting_since is null
     and t.state not in ('refused', 'closed_without_action') and (p.opens_at is null or t.submitted_at >= p.opens_at))
"""
_LOCK = text("select quota, waiting_list from procedures where id = :id and quota is not null for no key update")
_LEFT = text(f"select p.quota - {TAKEN} as left_ from procedures p where p.id = :id")
_QUEUE = text(
    """
    select id from dossiers where procedure_id = :id and waiting_since is not null
      and state in ('submitted', 'under_review', 'awaiting_citizen') order by waiting_since, id limit :most
    """
)
_RANK = text(
    """
    select count(*) from dossiers d join dossiers o on o.procedure_id = d.procedure_id
    where d.id = :id and d.waiting_since is not null and o.waiting_since is not null
      and o.state in ('submitted', 'under_review', 'awaiting_citizen')
      and (o.waiting_since, o.id) <= (d.waiting_since, d.id)
    """
)
_SOON = text(
    """
    insert into schedule (kind, subject, due_at)
    select 'procedure.places', id, clock_timestamp() from procedures where id = :id and quota is not null
    on conflict (kind, subject) do update set due_at = excluded.due_at
    """
)


async def must_wait(db: AsyncConnection, procedure_id: UUID | None) -> bool:
    """Whether a request filed now has to wait for a place; the procedure is locked from here on where it has a quota.
    Raises QuotaFull where nobody may wait."""
    row = (await db.execute(_LOCK, {"id": procedure_id})).one_or_none()
    if row is None:
        return False
    free = await left(db, procedure_id) > 0
    if not row.waiting_list:
        if not free:
            raise QuotaFull
        return False
    return not free or bool(await queue(db, procedure_id, 1))  # a place that is free is theirs who wait already


async def left(db: AsyncConnection, procedure_id: UUID | None) -> int:
    """How many places are left, of a procedure with a quota (below zero where the quota was lowered)."""
    return int((await db.execute(_LEFT, {"id": procedure_id})).scalar_one())


async def lock(db: AsyncConnection, procedure_id: UUID | None) -> bool:
    """Lock the procedure's places; False where it has no quota (any more)."""
    return (await db.execute(_LOCK, {"id": procedure_id})).one_or_none() is not None


async def queue(db: AsyncConnection, procedure_id: UUID | None, most: int) -> tuple[UUID, ...]:
    """The first that wait for a place, in their order."""
    return tuple((await db.execute(_QUEUE, {"id": procedure_id, "most": most})).scalars())


async def rank(db: AsyncConnection, dossier_id: UUID) -> int:
    """The dossier's place among those that wait: 1 is the next; 0: it does not wait."""
    return int((await db.execute(_RANK, {"id": dossier_id})).scalar_one())


async def after(db: AsyncConnection, procedure_id: UUID | None, fact: Fact) -> None:
    """What the decision `fact` does to the places: a refusal frees one."""
    if fact.kind == "dossier.decided" and fact.changes["state"] != "accepted":
        await freed(db, procedure_id)


async def freed(db: AsyncConnection, procedure_id: UUID | None) -> None:
    """A place may be free: the clock gives it to who waits longest, in a moment."""
    await db.execute(_SOON, {"id": procedure_id})
