"""Absences as pages show them, and what happened to an absent agent's dossiers meanwhile."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from casework.continuity.queries import ASKED
from casework.errors import NotFound
from casework.journal.fact import Recorded
from casework.journal.read import FACT_COLUMNS, recorded


@dataclass(frozen=True, slots=True)
class AbsenceRow:
    """An absence and how much of it is covered."""

    id: UUID
    agent_id: UUID
    agent_name: str
    state: str
    starts_at: datetime
    ends_at: datetime
    from_date: date
    from_half: str
    until_date: date
    until_half: str
    reason: str
    declared_by: UUID | None
    substitutes: Sequence[str]
    version: int
    to_take_over: int  # dossiers that the viewer is asked to take over


@dataclass(frozen=True, slots=True)
class DigestLine:
    """One dossier that was uncovered during the absence, and what was done to it meanwhile, oldest first."""

    dossier_id: UUID
    reference: str
    state: str
    holder_id: UUID | None
    holder_name: str | None
    handed_over: bool  # held in the returned agent's place: it can be handed back
    due_at: datetime | None
    citizen_wrote_at: datetime | None
    facts: tuple[Recorded, ...]


_ABSENCE = f"""
    select b.id, b.agent_id, a.given_name || ' ' || a.family_name as agent_name, b.state, b.starts_at, b.ends_at,
           b.from_date, b.from_half, b.until_date, b.until_half, b.reason, b.declared_by,
           array(select s.given_name || ' ' || s.family_name from mandates m join accounts s on s.id = m.substitute_id
                 where m.absence_id = b.id order by m.rank) as substitutes,
           b.version,
           (select count(*) from dossiers d where d.absence_id = b.id and {ASKED}) as to_take_over
    from absences b join accounts a on a.id = b.agent_id
"""
_VISIBLE = """
    (b.agent_id = :viewer or b.agent_id in (select c.account_id from roles c
     where c.role in ('agent', 'manager') and c.service_id = any(:services)))
"""
_LIST = text(
    f"{_ABSENCE} where {_VISIBLE} and (b.ends_at > now() - interval '30 days') order by b.starts_at desc limit 200"
)
_ONE = text(f"{_ABSENCE} where b.id = :id and {_VISIBLE}")
_BACK = text(
    f"""{_ABSENCE} where b.agent_id = :viewer and b.state = 'ended' and b.ends_at > now() - interval '7 days'
    order by b.ends_at desc limit 1"""
)
_TOUCHED = text(
    """
    select d.id, d.reference, d.state, d.holder_id, h.given_name || ' ' || h.family_name as holder_name,
           d.taken_over_from = :agent as handed_over, d.due_at, d.citizen_wrote_at
    from dossiers d left join accounts h on h.id = d.holder_id
    where d.id in (select subject_id from journal where kind = 'dossier.uncovered' and payload ->> 'absence' = :absence)
    order by d.citizen_wrote_at is null, d.due_at nulls last, d.id
    """
)
_FACTS = text(
    f"""
    select {FACT_COLUMNS} from journal
    where stream = 'dossier' and subject_id = any(:ids) and at >= :starts_at and at < :ends_at order by subject_id, version
    """
)


async def absences(db: AsyncConnection, viewer: UUID, services: Sequence[UUID]) -> tuple[AbsenceRow, ...]:
    """The viewer's own absences and their services' agents', running, to come, or over since less than 30 days."""
    rows = (list(row) for row in await db.execute(_LIST, {"viewer": viewer, "services": list(services)}))
    return tuple(AbsenceRow(*row) for row in rows)


async def absence(db: AsyncConnection, absence_id: UUID, viewer: UUID, services: Sequence[UUID]) -> AbsenceRow:
    """One absence that the viewer may know of. Raises NotFound."""
    binds = {"id": absence_id, "viewer": viewer, "services": list(services)}
    row = (await db.execute(_ONE, binds)).one_or_none()
    if row is None:
        raise NotFound
    values: list[Any] = list(row)
    return AbsenceRow(*values)


async def just_back(db: AsyncConnection, viewer: UUID) -> AbsenceRow | None:
    """The viewer's last absence if it ended less than a week ago: the desk offers its digest."""
    row = (await db.execute(_BACK, {"viewer": viewer})).one_or_none()
    values: list[Any] = list(row) if row else []
    return AbsenceRow(*values) if row else None


async def digest(db: AsyncConnection, row: AbsenceRow) -> tuple[DigestLine, ...]:
    """What happened to the dossiers that this absence left uncovered; first those where the citizen waits."""
    touched = (await db.execute(_TOUCHED, {"agent": row.agent_id, "absence": str(row.id)})).all()
    span = {"ids": [line.id for line in touched], "starts_at": row.starts_at, "ends_at": row.ends_at}
    facts: dict[UUID, list[Recorded]] = {}
    for fact in await db.execute(_FACTS, span):
        facts.setdefault(fact.subject_id, []).append(recorded(fact))
    return tuple(
        DigestLine(
            line.id, line.reference, line.state, line.holder_id, line.holder_name, bool(line.handed_over), line.due_at,
            line.citizen_wrote_at, tuple(facts.get(line.id, ())),
        )
        for line in touched
    )  # fmt: skip
