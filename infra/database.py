"""The connection to PostgreSQL: one engine a process, one transaction a door.

`transaction` is the only place of the project where a transaction begins and ends (see docs/decisions): an
architecture test looks for `commit`, `rollback` and `begin_nested` everywhere else.
"""

from asyncio import CancelledError
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from asyncpg import InterfaceError, InternalClientError, PostgresError, Record
from sqlalchemy import MetaData, event, text
from sqlalchemy.dialects.postgresql import asyncpg
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, DisconnectionError, OperationalError
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


def engine(url: str, *, pool_size: int = 10, application: str = "relais", planned_once: bool = False) -> AsyncEngine:
    """An engine whose every wait is bounded: 2 s for a connection or a lock, 5 s for a statement.

    `planned_once`: for whoever says the same few statements for ever, all by key. PostgreSQL would plan the follower's
    anew each time (its guess for any `limit` looks dear to it), at ten times the cost of running it.
    """
    made = create_async_engine(
        async_url(url),
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=2,
        isolation_level="AUTOCOMMIT",  # SQLAlchemy begins nothing by itself: `transaction` and `reading` do
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
                "plan_cache_mode": "force_generic_plan" if planned_once else "auto",
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
    db, driver = await _begin(engine, "begin")
    try:
        yield db
    except BaseException:
        await _end(db, driver, "rollback")
        raise
    written = db.info.pop(_WRITTEN, None)
    await _end(db, driver, "commit")
    if written and ring:
        await ring(written)


@asynccontextmanager
async def reading(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """One snapshot for several statements: what a page shows and the position that it shows agree."""
    db, driver = await _begin(engine, "begin isolation level repeatable read read only")
    try:
        yield db
    finally:
        await _end(db, driver, "rollback")


async def _begin(engine: AsyncEngine, how: str) -> tuple[AsyncConnection, Any]:
    """One of the pool's connections. `async with engine.connect()` gives it back in a task of its own, lest a
    cancellation come between; nothing is waited for when `_end` gives it back, so none can.
    """
    db = await engine.connect().start()
    driver = _driver(db)
    db.info.pop(_WRITTEN, None)
    try:
        await driver.execute(how)
    except BaseException as error:
        await _give_back(db, driver)
        if isinstance(error, _OF_DRIVER):
            raise _as_sqlalchemy(error) from error
        raise
    return db, driver


async def _end(db: AsyncConnection, driver: Any, how: str) -> None:
    try:
        if how == "commit" or not driver.is_closed():
            await driver.execute(how)
    except _OF_DRIVER as error:
        raise _as_sqlalchemy(error) from error
    finally:
        await _give_back(db, driver)


async def _give_back(db: AsyncConnection, driver: Any) -> None:
    if not driver.is_closed() and driver.is_in_transaction():
        driver.terminate()  # something came between: nobody may go on in it
    await db.close()


def note_written(db: AsyncConnection, position: str) -> None:
    """Remember on the connection that its transaction wrote a fact, so that its end rings the bell."""
    db.info[_WRITTEN] = position


class Statement:
    """A statement that every action or fact runs: compiled once, executed by the driver, no result object in between.

    Through SQLAlchemy's execution such a statement costs twice as much Python; there are three of every action (what
    relation, lock, append) and two of every fact on its way to the sockets (the facts, their rows). Everything else
    goes through SQLAlchemy. Errors are SQLAlchemy's all the same.
    """

    def __init__(self, sql: str) -> None:
        compiled = text(sql).compile(dialect=asyncpg.dialect())  # type: ignore[no-untyped-call]
        self._sql = str(compiled)
        self._names = tuple(compiled.positiontup or ())

    async def first(self, db: AsyncConnection, binds: Mapping[str, Any]) -> Record | None:
        """The first row, in the transaction of `db`."""
        try:
            row: Record | None = await _driver(db).fetchrow(self._sql, *[binds[name] for name in self._names])
        except _OF_DRIVER as error:
            raise _as_sqlalchemy(error) from error
        return row

    async def all(self, db: AsyncConnection, binds: Mapping[str, Any]) -> list[Record]:
        """Every row."""
        try:
            rows: list[Record] = await _driver(db).fetch(self._sql, *[binds[name] for name in self._names])
        except _OF_DRIVER as error:
            raise _as_sqlalchemy(error) from error
        return rows


# The third: a connection whose server was killed under it.
_OF_DRIVER = (PostgresError, InterfaceError, InternalClientError, OSError)


def _as_sqlalchemy(error: Exception) -> BaseException:
    """The driver's error as SQLAlchemy's, so that a door knows one family.

    A statement that is cancelled may close its connection: the complaint about that must not hide the cancellation.
    """
    hidden: BaseException = error
    while hidden.__context__ is not None:
        hidden = hidden.__context__
        if isinstance(hidden, CancelledError):
            return hidden
    if isinstance(error, (PostgresError, InterfaceError)):
        return DBAPIError(None, None, error)
    return OperationalError(None, None, error)


def _driver(db: AsyncConnection) -> Any:
    """asyncpg's connection: it holds the transaction (SQLAlchemy's own is off, see `engine`)."""
    connection = db.sync_connection
    assert connection is not None
    return connection.connection.driver_connection
