"""What a mail needs to know beyond its fact: whom to write to, and what to call things. Read when it is sent."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from casework.procedures import places


@dataclass(frozen=True, slots=True)
class Filed:
    """A dossier, as a mail to its citizen speaks of it. `email` None: there is nobody to write to."""

    id: UUID
    reference: str
    applicant: str
    email: str | None
    has_account: bool
    locale: str
    procedure_fr: str
    procedure_en: str
    service: str
    submitted_at: datetime | None
    due_at: datetime | None
    waiting: int  # rank on the waiting list; 0: it does not wait

    @property
    def procedure(self) -> str:
        return self.procedure_in(self.locale)

    def procedure_in(self, language: str) -> str:
        return self.procedure_en if language == "en" else self.procedure_fr


@dataclass(frozen=True, slots=True)
class Colleague:
    """An agent to write to."""

    email: str
    locale: str


@dataclass(frozen=True, slots=True)
class Away:
    """An absence, as a mail between colleagues speaks of it. Its reason is not in a mail: it may be about health."""

    id: UUID
    agent_id: UUID
    agent_name: str
    agent_email: str | None
    agent_locale: str
    ends_at: datetime
    running: bool  # by the clock, now
    held: int  # open dossiers of the absent agent


# Where the citizen asked to be written to for this request; else the account's address. Erased means null.
_FILED = text(
    """
    select d.id, d.reference, d.applicant, coalesce(d.applicant_email, a.email), a.id is not null as has_account,
           coalesce(a.locale, 'fr') as locale, v.title_fr, v.title_en, s.name, d.submitted_at, d.due_at
    from dossiers d
    join procedure_revisions v on v.procedure_id = d.procedure_id and v.revision = d.revision
    join services s on s.id = d.service_id
    left join accounts a on a.id = d.citizen_id and a.disabled_at is null
    where d.id = :id
    """
)
_AWAY = text(
    """
    select b.id, b.agent_id, a.given_name || ' ' || a.family_name as agent_name, a.email, a.locale, b.ends_at,
           b.state in ('declared', 'begun') and b.starts_at <= now() and now() < b.ends_at as running,
           (select count(*) from dossiers d where d.holder_id = b.agent_id
            and d.state in ('submitted', 'under_review', 'awaiting_citizen')) as held
    from absences b join accounts a on a.id = b.agent_id
    where b.id = :id
    """
)
_SUBSTITUTES = text(
    """
    select a.email, a.locale from mandates m join accounts a on a.id = m.substitute_id
    where m.absence_id = :id and a.email is not null and a.disabled_at is null order by m.rank
    """
)
# Nobody is named: the whole service is asked, and who runs it is told.
_MANAGERS = text(
    """
    select distinct a.email, a.locale from absences b
    join roles mine on mine.account_id = b.agent_id and mine.role in ('agent', 'manager')
    join roles r on r.service_id = mine.service_id and r.role = 'manager' and r.account_id <> b.agent_id
    join accounts a on a.id = r.account_id
    where b.id = :id and a.email is not null and a.disabled_at is null order by a.email
    """
)


async def filed(db: AsyncConnection, dossier_id: UUID) -> Filed | None:
    """The dossier; None when it is not filed, or gone."""
    row = (await db.execute(_FILED, {"id": dossier_id})).one_or_none()
    if row is None:
        return None
    values: list[Any] = [*row, await places.rank(db, dossier_id)]
    return Filed(*values)


async def away(db: AsyncConnection, absence_id: UUID) -> Away | None:
    """The absence, counted now; None when it is gone."""
    row = (await db.execute(_AWAY, {"id": absence_id})).one_or_none()
    return Away(*row) if row else None


async def asked(db: AsyncConnection, absence_id: UUID) -> tuple[Colleague, ...]:
    """Who is asked to take over: the named substitutes in their order, else the managers of the agent's services."""
    for statement in (_SUBSTITUTES, _MANAGERS):
        rows = (await db.execute(statement, {"id": absence_id})).all()
        if rows:
            return tuple(Colleague(*row) for row in rows)
    return ()
