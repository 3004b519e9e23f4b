"""Services by name."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection


@dataclass(frozen=True, slots=True)
class ServiceName:
    """A service as lists name it."""

    id: UUID
    slug: str
    name: str


@dataclass(frozen=True, slots=True)
class ServicePlace:
    """A service and its directorate."""

    id: UUID
    slug: str
    name: str
    directorate_id: UUID
    directorate_name: str
    directorate_slug: str


_PLACES = """
    select s.id, s.slug, s.name, s.directorate_id, d.name as directorate_name, d.slug as directorate_slug
    from services s join directorates d on d.id = s.directorate_id
"""
_EVERY = text(f"{_PLACES} order by d.name, s.name, s.id")
_BY_SLUG = text(f"{_PLACES} where s.slug = :slug")
_BY_ID = text(f"{_PLACES} where s.id = :id")
_REVIEWED = text("select review from directorates where id = :id")
_SERVICES = text("select id, slug, name from services where id = any(:ids) order by name, id")


async def services(db: AsyncConnection, ids: Sequence[UUID]) -> tuple[ServiceName, ...]:
    """These services, by name."""
    return tuple(ServiceName(row.id, row.slug, row.name) for row in await db.execute(_SERVICES, {"ids": list(ids)}))


async def every_service(db: AsyncConnection) -> tuple[ServicePlace, ...]:
    """All services, by directorate and name."""
    return tuple(_place(row) for row in await db.execute(_EVERY))


async def service_by_slug(db: AsyncConnection, slug: str) -> ServicePlace | None:
    """The service that packages call so; None where the organisation has none of this name (any more)."""
    row = (await db.execute(_BY_SLUG, {"slug": slug})).one_or_none()
    return None if row is None else _place(row)


async def service(db: AsyncConnection, service_id: UUID) -> ServicePlace | None:
    """The service of this id, if there is one."""
    row = (await db.execute(_BY_ID, {"id": service_id})).one_or_none()
    return None if row is None else _place(row)


async def wants_review(db: AsyncConnection, directorate_id: UUID) -> bool:
    """Whether another designer must read this directorate's procedures before they are published."""
    return bool((await db.execute(_REVIEWED, {"id": directorate_id})).scalar_one_or_none())


def _place(row: Row[Any]) -> ServicePlace:
    return ServicePlace(row.id, row.slug, row.name, row.directorate_id, row.directorate_name, row.directorate_slug)
