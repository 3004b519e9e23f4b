"""One relay at a time, by an advisory lock of a session: PostgreSQL gives it up the moment its holder is gone.

The lock spares work, it does not keep order: were two relays to lead for a second, the locked rows of `readers`,
`effects` and `schedule` would still let each thing happen once.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

RELAY = 0x72656C616973  # "relais"
# A relay that is cut off (not ended) keeps its session for these 20 s at most; without them, two hours. Sockets only.
_KEEPALIVE = text(
    """
    select set_config('tcp_keepalives_idle', '10', false), set_config('tcp_keepalives_interval', '5', false),
           set_config('tcp_keepalives_count', '2', false)
    """
)
_TRY = text("select pg_try_advisory_lock(:key)")
_ALIVE = text("select 1")


class SeatLost(Exception):
    """The session that held the lock is gone."""


class Seat:
    """The lock, while the session that took it lives."""

    def __init__(self, db: AsyncConnection) -> None:
        self._db = db

    async def check(self) -> None:
        """Raises SeatLost when the session is gone."""
        try:
            await self._db.execute(_ALIVE)
        except Exception as error:
            raise SeatLost from error


@asynccontextmanager
async def seat(engine: AsyncEngine, key: int = RELAY) -> AsyncIterator[Seat | None]:
    """The seat if it is free at this instant, else None. Leaving the block closes the session, and with it the lock."""
    async with engine.connect() as db:
        await db.execution_options(isolation_level="AUTOCOMMIT")  # held for days: no snapshot, no open transaction
        await db.execute(_KEEPALIVE)
        taken = (await db.execute(_TRY, {"key": key})).scalar_one()
        try:
            yield Seat(db) if taken else None
        finally:
            if taken:
                with suppress(Exception):
                    await db.invalidate()
