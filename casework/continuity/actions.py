"""Declaring an absence, and what the clock does with it. The dossiers follow, in chunks, by `dossiers.actions.uncover`."""

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from casework.authority import Authority
from casework.continuity import queries, rules
from casework.continuity.model import ABSENCE
from casework.continuity.rules import Span
from casework.errors import AbsencesOverlap, Invalid
from casework.ids import AbsenceId, AccountId, new_id
from casework.journal.append import append
from casework.journal.fact import Recorded
from casework.journal.seal import seal

_NEW = text(
    """
    insert into absences (id, agent_id, from_date, from_half, until_date, until_half, reason, salt)
    values (:id, :agent_id, :from_date, :from_half, :until_date, :until_half, :reason, :salt)
    """
)
_MANDATE = text(
    """
    insert into mandates (id, absence_id, agent_id, substitute_id, rank, starts_at, ends_at)
    values (:id, :absence_id, :agent_id, :substitute_id, :rank, :starts_at, :ends_at)
    """
)
_END_MANDATES = text("update mandates set ends_at = least(ends_at, :at) where absence_id = :absence_id")
_SCHEDULE = text("insert into schedule (kind, subject, due_at) values (:kind, :subject, :due_at)")
_UNSCHEDULE = text("delete from schedule where subject = :subject and kind in ('absence.begin', 'absence.end')")
_END_NOW = text("insert into schedule (kind, subject, due_at) values ('absence.end', :subject, :due_at)")
_AGENTS = text("select count(*) from accounts where id = any(:ids) and kind = 'agent' and disabled_at is null")


async def declare_absence(
    db: AsyncConnection,
    agent_id: AccountId,
    *,
    span: Span,
    reason: str,
    substitutes: Sequence[AccountId],
    by: Authority,
) -> Recorded:
    """The agent will be away, or is from now on. `substitutes` are asked in their order, then the dossier's service.

    Raises NotFound (no such agent), Invalid (dates, substitutes) and AbsencesOverlap.
    """
    await queries.lock_agent(db, agent_id)
    absence_id, (salt, content) = AbsenceId(new_id()), seal(reason)
    await db.execute(
        _NEW,
        {"id": absence_id, "agent_id": agent_id, "from_date": span.from_date, "from_half": span.from_half,
         "until_date": span.until_date, "until_half": span.until_half, "reason": reason, "salt": salt},
    )  # fmt: skip
    absence = await queries.lock(db, absence_id)

    starts_at, ends_at = span.bounds(absence.now)
    if len(set(substitutes)) < len(substitutes) or agent_id in substitutes:
        raise Invalid(faults=[{"field": "substitutes", "code": "same_person_twice"}])
    if (await db.execute(_AGENTS, {"ids": list(substitutes)})).scalar_one() < len(substitutes):
        raise Invalid(faults=[{"field": "substitutes", "code": "no_such_agent"}])
    if other := await queries.overlapping(db, agent_id, starts_at, ends_at):
        raise AbsencesOverlap(absence=other)
    fact = rules.declare(
        starts_at=starts_at, ends_at=ends_at, declared_by=by.actor, substitutes=tuple(substitutes), content=content
    )

    for rank, substitute in enumerate([*substitutes, None], start=1):
        row = {"id": new_id(), "absence_id": absence_id, "agent_id": agent_id, "substitute_id": substitute}
        await db.execute(_MANDATE, {**row, "rank": rank, "starts_at": starts_at, "ends_at": ends_at})
    await db.execute(_SCHEDULE, {"kind": "absence.begin", "subject": absence_id, "due_at": starts_at})
    await db.execute(_SCHEDULE, {"kind": "absence.end", "subject": absence_id, "due_at": ends_at})
    return await append(db, ABSENCE, absence, fact, by=by)


async def begin_absence(db: AsyncConnection, absence_id: AbsenceId, *, by: Authority) -> Recorded | None:
    """The clock: its first minute has come."""
    absence = await queries.lock(db, absence_id)
    fact = rules.begin(absence)
    return await append(db, ABSENCE, absence, fact, by=by) if fact else None


async def end_absence(db: AsyncConnection, absence_id: AbsenceId, *, by: Authority) -> Recorded | None:
    """The clock: its last minute is past."""
    absence = await queries.lock(db, absence_id)
    fact = rules.end(absence)
    return await append(db, ABSENCE, absence, fact, by=by) if fact else None


async def cancel_absence(db: AsyncConnection, absence_id: AbsenceId, *, by: Authority) -> Recorded:
    """It will not be, or it stops now: the mandates end with it, and its dossiers are looked at again at once."""
    absence = await queries.lock(db, absence_id)
    fact = rules.cancel(absence)
    await db.execute(_END_MANDATES, {"absence_id": absence_id, "at": absence.now})
    await db.execute(_UNSCHEDULE, {"subject": absence_id})
    await db.execute(_END_NOW, {"subject": absence_id, "due_at": absence.now})
    return await append(db, ABSENCE, absence, fact, by=by)
