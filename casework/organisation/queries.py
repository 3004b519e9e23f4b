"""Services by name."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection


@dataclass(frozen=True, slots=True)
class ServiceName:
    """A service as lists name it."""

    id: UUID
    slug: str
    name: str


_SERVICES = text("select id, slug, name from services where id = any(:ids) order by name, id")


async def services(db: AsyncConnection, ids: Sequence[UUID]) -> tuple[ServiceName, ...]:
    """These services, by name."""
    return tuple(ServiceName(row.id, row.slug, row.name) for row in await db.execute(_SERVICES, {"ids": list(ids)}))
