"""Who looked at what: noted in memory, written in batches. Losing the last second of it to a kill is accepted."""

import asyncio
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from casework.dossiers.model import access_log
from infra.database import transaction
from infra.logs import logger

EVERY = 1.0  # seconds
MOST_KEPT = 50_000  # while PostgreSQL is away; after that the oldest go, and the log says so

log = logger(__name__)


class Looks:
    """The access log of this process."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._kept: list[dict[str, object]] = []

    def note(self, actor: UUID | None, dossier_id: UUID, what: str) -> None:
        """Somebody read a dossier (`opened`) or one of its files (`document`)."""
        self._kept.append({"at": datetime.now(UTC), "actor": actor, "dossier_id": dossier_id, "what": what})

    async def write_forever(self) -> None:
        """Until cancelled; what is left is written then."""
        try:
            while True:
                await asyncio.sleep(EVERY)
                await self.write()
        finally:
            await self.write()

    async def write(self) -> None:
        """Write what is noted; keep it for the next time where that fails."""
        batch, self._kept = self._kept, []
        if not batch:
            return
        try:
            async with transaction(self._engine) as db:
                await db.execute(insert(access_log), batch)
        except (SQLAlchemyError, OSError):
            self._kept = [*batch, *self._kept]
            if len(self._kept) > MOST_KEPT:
                log.error("access log entries lost", count=len(self._kept) - MOST_KEPT)
                self._kept = self._kept[-MOST_KEPT:]
