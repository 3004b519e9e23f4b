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

_ENSURE = text("insert into procedures (id, slug) values (:id, :slug) on conflict (slug) do nothing")
_LOCK = text(
    """
    select id, version, digest, clock_timestamp() as now, service_id, revision, opens_at, closes_at
    from procedures where slug = :slug for no key update
    """
)
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
    fact = Fact("procedure.published", {"service_id": service_id, "revision": revision}, told)

    listed = {name: getattr(listing, name) for name in Listing.__slots__}
    await db.execute(
        _REVISION,
        {"id": procedure.id, "revision": revision, "definition": canonical(definition).decode(), **listed},
    )
    return await append(db, PROCEDURE, procedure, fact, by=by)
