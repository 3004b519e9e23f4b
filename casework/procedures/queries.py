"""The catalogue as citizens and doors read it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from casework.errors import NotFound
from casework.procedures.places import TAKEN


@dataclass(frozen=True, slots=True)
class Published:
    """A procedure with one of its revisions: the published one, or the one that a dossier is bound to."""

    id: UUID
    slug: str
    revision: int
    definition: Mapping[str, Any]
    title_fr: str
    title_en: str
    theme: str
    internal: bool
    target_days: int  # working days
    service_id: UUID
    service_name: str
    directorate_id: UUID
    opens_at: datetime | None
    closes_at: datetime | None
    drafts_until: datetime | None
    quota: int | None
    waiting_list: bool
    places_left: int | None  # of its quota; None: as many as come
    is_open: bool
    takes_drafts: bool  # begun before it closed


_PUBLISHED = f"""
    select p.id, p.slug, v.revision, v.definition, v.title_fr, v.title_en, v.theme, v.internal, v.target_days,
           p.service_id, s.name as service_name, s.directorate_id, p.opens_at, p.closes_at,
           p.drafts_until, p.quota, p.waiting_list, case when p.quota is not null then greatest(0, p.quota - {TAKEN}) end,
           coalesce(p.opens_at <= now(), true) and coalesce(now() < p.closes_at, true) as is_open,
           coalesce(p.opens_at <= now(), true) and coalesce(now() < p.drafts_until, true) as takes_drafts
    from procedures p join procedure_revisions v on v.procedure_id = p.id join services s on s.id = p.service_id
"""
_ALL = text(f"{_PUBLISHED} where v.revision = p.revision order by v.theme, v.title_fr")
_BY_SLUG = text(f"{_PUBLISHED} where v.revision = p.revision and p.slug = :slug")
_REVISION = text(f"{_PUBLISHED} where p.id = :id and v.revision = :revision")


# By index on (directorate, state): open requests are few beside those that ended.
_OPEN = text(
    """
    select p.slug, count(*) as number from dossiers d join procedures p on p.id = d.procedure_id
    where d.directorate_id = any(:directorates) and d.state in ('submitted', 'under_review', 'awaiting_citizen')
    group by p.slug
    """
)


async def open_dossiers(db: AsyncConnection, directorates: Collection[UUID]) -> dict[str, int]:
    """How many requests these directorates have under way, by the slug of their procedure."""
    rows = await db.execute(_OPEN, {"directorates": list(directorates)})
    return {row.slug: row.number for row in rows}


async def published(db: AsyncConnection) -> tuple[Published, ...]:
    """Every published procedure, by theme and title (some forty: lists are cut and searched at the door)."""
    return tuple(_row(row) for row in await db.execute(_ALL))


async def by_slug(db: AsyncConnection, slug: str) -> Published:
    """The published revision. Raises NotFound."""
    return _one((await db.execute(_BY_SLUG, {"slug": slug})).one_or_none())


async def revision(db: AsyncConnection, procedure_id: UUID, number: int) -> Published:
    """The revision that a dossier is bound to. Raises NotFound."""
    return _one((await db.execute(_REVISION, {"id": procedure_id, "revision": number})).one_or_none())


def _one(row: Row[Any] | None) -> Published:
    if row is None:
        raise NotFound
    return _row(row)


def _row(row: Row[Any]) -> Published:
    values: list[Any] = list(row)
    return Published(*values)
