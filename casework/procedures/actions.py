"""Publishing a revision of a procedure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from casework.authority import Authority
from casework.ids import new_id
from casework.journal.append import append
from casework.journal.fact import Fact, Recorded, canonical
from casework.procedures.model import PROCEDURE
from casework.procedures.opening import ALWAYS, Opening

_ENSURE = text("insert into procedures (id, slug) values (:id, :slug) on conflict (slug) do nothing")
_LOCKED = """
    select id, version, digest, clock_timestamp() as now, service_id, revision, opens_at, closes_at, drafts_until, quota,
           waiting_list
    from procedures where {} for no key update
    """
_LOCK = text(_LOCKED.format("slug = :slug"))
_LOCK_BY_ID = text(_LOCKED.format("id = :id"))
_SCHEDULE = text(
    """
    insert into schedule (kind, subject, due_at) values (:kind, :id, :due_at)
    on conflict (kind, subject) do update set due_at = excluded.due_at
    """
)
_UNSCHEDULE = text("delete from schedule where subject = :id and kind in ('procedure.closed', 'procedure.drafts')")
_LAST = text(
    "select revision, definition from procedure_revisions where procedure_id = :id order by revision desc limit 1"
)
_REVISION = text(
    """
    insert into procedure_revisions
        (procedure_id, revision, definition, title_fr, title_en, theme, internal, target_days)
    values (:id, :revision, cast(:definition as jsonb), :title_fr, :title_en, :theme, :internal, :target_days)
    """
)


@dataclass(frozen=True, slots=True)
class LockedProcedure:
    """A procedure under its row lock."""

    id: UUID
    version: int
    digest: bytes
    now: datetime
    service_id: UUID | None
    revision: int | None
    opens_at: datetime | None
    closes_at: datetime | None
    drafts_until: datetime | None
    quota: int | None
    waiting_list: bool

    def columns(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in PROCEDURE.owned}


@dataclass(frozen=True, slots=True)
class Listing:
    """What lists show of a revision, read from its definition by the door."""

    title_fr: str
    title_en: str
    theme: str
    internal: bool
    target_days: int  # working days


async def publish(
    db: AsyncConnection,
    slug: str,
    *,
    definition: Mapping[str, Any],
    listing: Listing,
    service_id: UUID,
    by: Authority,
    opening: Opening = ALWAYS,
    again: int | None = None,
) -> Recorded | None:
    """Make `definition` the published revision; None when it is already. Open dossiers stay bound to their own.

    `again`: the former revision that this is once more, where a publication is rolled back.
    """
    await db.execute(_ENSURE, {"id": new_id(), "slug": slug})
    row: list[Any] = list((await db.execute(_LOCK, {"slug": slug})).one())
    procedure = LockedProcedure(*row)
    last = (await db.execute(_LAST, {"id": procedure.id})).one_or_none()

    if last and canonical(last.definition) == canonical(definition) and procedure.service_id == service_id:
        return None
    revision = last.revision + 1 if last else 1
    told = {} if again is None else {"again": again}
    changes = {"service_id": service_id, "revision": revision, **opening.columns}
    fact = Fact("procedure.published", changes, told)

    listed = {name: getattr(listing, name) for name in Listing.__slots__}
    await db.execute(
        _REVISION,
        {"id": procedure.id, "revision": revision, "definition": canonical(definition).decode(), **listed},
    )
    await _reschedule(db, procedure, opening)
    return await append(db, PROCEDURE, procedure, fact, by=by)


async def close(db: AsyncConnection, procedure_id: UUID, *, by: Authority) -> Recorded | None:
    """Its closing moment is past; None where it was put off, or the procedure is gone."""
    row = (await db.execute(_LOCK_BY_ID, {"id": procedure_id})).one_or_none()
    if row is None or row.closes_at is None or row.closes_at > row.now:
        return None
    values: list[Any] = list(row)
    return await append(db, PROCEDURE, LockedProcedure(*values), Fact("procedure.closed"), by=by)


async def _reschedule(db: AsyncConnection, procedure: LockedProcedure, opening: Opening) -> None:
    """What the clock is to do: close it, let its last drafts go, give places that are new."""
    await db.execute(_UNSCHEDULE, {"id": procedure.id})
    if opening.closes_at is not None and (
        opening.closes_at > procedure.now or opening.closes_at != procedure.closes_at
    ):
        await db.execute(_SCHEDULE, {"kind": "procedure.closed", "id": procedure.id, "due_at": opening.closes_at})
        await db.execute(_SCHEDULE, {"kind": "procedure.drafts", "id": procedure.id, "due_at": opening.drafts_until})
    if procedure.quota is not None:
        await db.execute(_SCHEDULE, {"kind": "procedure.places", "id": procedure.id, "due_at": procedure.now})
