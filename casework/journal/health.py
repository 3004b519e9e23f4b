"""How the journal's readers and clock are: what readiness and alerts look at."""

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection


@dataclass(frozen=True, slots=True)
class Health:
    """Seconds. `readers`: since each reader last moved; `schedule`: how late the oldest due entry is; `xmin`: the age of
    the oldest transaction of the cluster, which holds every reader back."""

    readers: dict[str, float]
    schedule: float
    xmin: float
    migration: str | None


_HEALTH = text(
    """
    select coalesce((select jsonb_object_agg(name, extract(epoch from clock_timestamp() - moved_at)) from readers), '{}')
               as readers,
           coalesce((select extract(epoch from clock_timestamp() - min(due_at)) from schedule
                     where due_at < clock_timestamp()), 0)::float8 as schedule,
           coalesce((select extract(epoch from clock_timestamp() - min(xact_start)) from pg_stat_activity
                     where backend_xmin is not null), 0)::float8 as xmin,
           (select version_num from alembic_version) as migration
    """
)


async def health(db: AsyncConnection) -> Health:
    """One statement, so that asking costs nothing."""
    row = (await db.execute(_HEALTH)).one()
    return Health({name: float(lag) for name, lag in row.readers.items()}, row.schedule, row.xmin, row.migration)
