"""The connection to PostgreSQL: one engine a process, one transaction a door.

`transaction` is the only place of the project where a transaction begins and ends (see docs/decisions): an
architecture test looks for `commit`, `rollback` and `begin_nested` everywhere else.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import msgspec
from sqlalchemy import MetaData, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Ring = Callable[[str], Awaitable[None]]
_WRITTEN = "relais_written"
STATEMENT_TIMEOUT_MS = 5_000
LOCK_TIMEOUT_MS = 2_000  # under the client's patience: a refused lock is told, a hung one is not
IDLE_TIMEOUT_MS = 10_000


def _dump(value: object) -> str:
    return msgspec.json.encode(value).decode()


def async_url(url: str) -> str:
    """`postgresql://…` or `postgres://…`, as everybody writes it, made into SQLAlchemy's asyncpg address."""
    scheme, _, rest = url.partition("://")
    if scheme not in ("postgres", "postgresql", "postgresql+asyncpg"):
        raise ValueError(f"DATABASE_URL: {scheme!r} is not PostgreSQL")
    return f"postgresql+asyncpg://{rest}"


def engine(url: str, *, pool_size: int = 10, application: str = "relais") -> AsyncEngine:
    """An engine whose every wait is bounded: 2 s for a connection or a lock, 5 s for a statement."""
    made = create_async_engine(
        async_url(url),
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=2,
        json_serializer=_dump,
        json_deserializer=msgspec.json.decode,
        connect_args={
            "timeout": 3,
            "command_timeout": STATEMENT_TIMEOUT_MS / 1000 + 1,
            "server_settings": {
                "application_name": application,
                "timezone": "UTC",
                "jit": "off",
                "statement_timeout": str(STATEMENT_TIMEOUT_MS),
                "lock_timeout": str(LOCK_TIMEOUT_MS),
                "idle_in_transaction_session_timeout": str(IDLE_TIMEOUT_MS),
            },
        },
    )
    event.listen(made.sync_engine, "checkout", _refuse_the_dead)
    return made


def _refuse_the_dead(connection: DBAPIConnection, record: object, proxy: object) -> None:
    """A connection whose server is gone knows it already: asking costs no round trip, as a ping would."""
    if connection.driver_connection.is_closed():
        raise DisconnectionError("the server is gone")


@asynccontextmanager
async def transaction(engine: AsyncEngine, *, ring: Ring | None = None) -> AsyncIterator[AsyncConnection]:
    """One connection, one transaction: committed when the block ends well, rolled back when it raises.

    After a commit that wrote facts, `ring` is given the last position written (see `note_written`): the bell.
    """
    async with engine.connect() as db:
        db.info.pop(_WRITTEN, None)
        async with db.begin():
            yield db
        written = db.info.pop(_WRITTEN, None)
    if written and ring:
        await ring(written)


@asynccontextmanager
async def reading(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """One snapshot for several statements: what a page shows and the position that it shows agree."""
    async with engine.connect() as db:
        await db.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        async with db.begin():
            yield db


def note_written(db: AsyncConnection, position: str) -> None:
    """Remember on the connection that its transaction wrote a fact, so that its end rings the bell."""
    db.info[_WRITTEN] = position
