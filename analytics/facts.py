"""From the journal to the Delta tables: each fact once, in the journal's order, whoever dies in between.

A batch of facts becomes two commits, one a table, each with the position after it. The next batch begins at the
lower of the two, and a table is given only what lies beyond its own position: a crash between the commits repeats
nothing.
"""

import asyncio
import hashlib
import hmac
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import polars as pl
from deltalake.exceptions import DeltaError
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from analytics.tables import DOSSIERS, FACTS, KEPT, PROCEDURES, SERVICES, Overtaken, Reached, Tables
from casework.journal import read
from casework.journal.fact import Position
from casework.journal.read import START
from infra.database import reading
from infra.logs import logger

log = logger(__name__)

CHUNK = 5_000  # facts a statement
BATCH = 50_000  # facts a commit, while catching up
PAUSE = 0.5  # seconds between two looks at the journal
TIDY_EVERY = 200  # commits
FOLD_LOCK = 0x66696775726573  # "figures"

Told = Callable[[int], None]  # how many facts are folded so far

# As `casework.journal.read.after`, with the few values that figures need taken out by PostgreSQL: a fifth of the time.
_AFTER = text(
    """
    select j.epoch, j.tx::text::bigint as tx, j.id, j.stream = 'dossier' as counts, j.subject_id, j.version, j.kind,
           j.at, s #>> '{state,1}', s #>> '{procedure_id,1}', s #>> '{service_id,1}', s #>> '{directorate_id,1}',
           s #>> '{channel,1}', s #>> '{commune,1}', cast(s #>> '{submitted_at,1}' as timestamptz),
           cast(s #>> '{decided_at,1}' as timestamptz), cast(s #>> '{due_at,1}' as timestamptz),
           cast(s #>> '{late,1}' as boolean),
           case when s ? 'uncovered_since' then s #>> '{uncovered_since,1}' is not null end,
           case when s #>> '{uncovered_since,1}' is null then cast(s #>> '{uncovered_since,0}' as timestamptz) end
    from (select *, payload -> 'set' as s from journal
          where (epoch, tx, id) > (:epoch, cast(cast(:tx as text) as xid8), :id)
            and (epoch < journal_epoch() or tx < pg_snapshot_xmin(pg_current_snapshot()))
          order by epoch, tx, id limit :most) j
    order by j.epoch, j.tx, j.id
    """
)
_TRY = text("select pg_try_advisory_lock(:key)")
_ALIVE = text("select 1")
_SERVICES = text(
    """
    select s.id::text as service_id, s.name as service, d.id::text as directorate_id, d.name as directorate
    from services s join directorates d on d.id = s.directorate_id order by s.id
    """
)
_PROCEDURES = text(
    """
    select p.id::text as procedure_id, p.slug, v.title_fr as procedure, v.title_en as procedure_en
    from procedures p join procedure_revisions v on v.procedure_id = p.id and v.revision = p.revision order by p.id
    """
)


@dataclass(frozen=True, slots=True)
class _Batch:
    """What the journal holds next: how many facts of any stream, those of dossiers, and the position after them."""

    number: int
    rows: Sequence[tuple[Any, ...]]
    position: Position


class Fold:
    """Brings the tables to where the journal is. One at a time an installation: see `fold_forever`."""

    def __init__(self, engine: AsyncEngine, tables: Tables, secret: str) -> None:
        self._engine = engine
        self._tables = tables
        self._key = hmac.digest(secret.encode(), b"relais figures pseudonyms", hashlib.sha256)
        self._reached: dict[str, Reached] = {}
        self._dimensions: tuple[pl.DataFrame, pl.DataFrame] | None = None
        self._commits = 0

    async def once(self, *, told: Told = lambda _: None) -> int:
        """Fold what the journal holds beyond the tables. How many facts were read, of any stream."""
        async with reading(self._engine) as db:
            epoch = await read.epoch(db)
        if not self._reached:
            self._reached = {
                name: await asyncio.to_thread(self._tables.reached, name) for name in ("facts", "dossiers")
            }
        if any(each.epoch not in (0, epoch) for each in self._reached.values()):
            await self.clear(epoch)
        folded = 0
        while True:
            batch = await self._next()
            if batch.number or self._dimensions is None:
                await self._dimension()
            if batch.number:
                await asyncio.to_thread(self._write, batch, Reached(batch.position, epoch))
            folded += batch.number
            told(folded)
            if batch.number < BATCH:
                return folded

    async def clear(self, epoch: int | None = None) -> None:
        """Empty tables at the journal's start: what follows is a rebuild."""
        if epoch is None:
            async with reading(self._engine) as db:
                epoch = await read.epoch(db)
        for name, schema in (("facts", FACTS), ("dossiers", DOSSIERS)):
            at = Reached(START, epoch)
            await asyncio.to_thread(self._tables.replace, name, pl.DataFrame(schema=schema), at)
            self._reached[name] = at
        self._dimensions = None

    def forget(self) -> None:
        """Read again how far the tables are: after a commit that failed, or that another made."""
        self._reached = {}

    async def _next(self) -> "_Batch":
        position = min(each.position for each in self._reached.values())
        rows: list[tuple[Any, ...]] = []
        number = 0
        while number < BATCH:
            binds = {"epoch": position.epoch, "tx": str(position.tx), "id": position.id, "most": CHUNK}
            async with reading(self._engine) as db:
                found = (await db.execute(_AFTER, binds)).all()
            if not found:
                break
            number += len(found)
            rows += [tuple(row) for row in found if row.counts]
            position = Position(found[-1].epoch, found[-1].tx, found[-1].id)
        return _Batch(number, rows, position)

    def _write(self, batch: "_Batch", to: Reached) -> None:
        rows = rows_of(batch.rows, self._key)
        for name in ("facts", "dossiers"):
            beyond = rows.filter(_beyond(self._reached[name].position))
            if beyond.is_empty():
                continue  # nothing to say of a dossier: the position may wait for the next one
            if name == "facts":
                self._tables.append(name, beyond, to, after=self._reached[name].position)
            else:
                before = self._tables.read(name)
                after = self._reached[name].position
                self._tables.upsert(name, fold(before, beyond), to, key="dossier", after=after)
            self._reached[name] = to
            self._commits += 1
        # In memory both have read as far as this, whether or not there was something to write.
        self._reached = {
            name: Reached(max(each.position, to.position), to.epoch) for name, each in self._reached.items()
        }
        if self._commits >= TIDY_EVERY:
            self._commits = 0
            for name in ("facts", "dossiers"):
                self._tables.tidy(name)

    async def _dimension(self) -> None:
        async with reading(self._engine) as db:
            found = (await _table(db, _SERVICES, SERVICES), await _table(db, _PROCEDURES, PROCEDURES))
        for name, now, known in zip(("services", "procedures"), found, self._dimensions or (None, None), strict=True):
            if known is None or not known.equals(now):
                at = Reached(START, 0)
                await asyncio.to_thread(self._tables.replace, name, now, at)
        self._dimensions = found


async def _table(db: AsyncConnection, statement: Any, schema: pl.Schema) -> pl.DataFrame:
    rows = (await db.execute(statement)).all()
    return pl.DataFrame([tuple(row) for row in rows], schema=schema, orient="row")


async def fold_forever(engine: AsyncEngine, tables: Tables, secret: str, stop: asyncio.Event) -> None:
    """Keep the tables a second behind the journal until `stop`. Several may run: one works, by advisory lock."""
    while not stop.is_set():
        try:
            async with seat(engine) as taken:
                if taken is not None:
                    await _fold_while_seated(taken, Fold(engine, tables, secret), stop)
        except Exception as error:  # noqa: BLE001 - figures that lag are no reason to end a worker; readiness tells the lag
            log.warning("figures.lag", error=f"{type(error).__name__}: {error}"[:300])
        await _pause(stop, PAUSE * 6)


@asynccontextmanager
async def seat(engine: AsyncEngine) -> AsyncIterator[AsyncConnection | None]:
    """The one seat of those who write the tables, as the session that holds it; None when it is taken."""
    async with engine.connect() as db:
        if not (await db.execute(_TRY, {"key": FOLD_LOCK})).scalar_one():
            yield None
            return
        try:
            yield db
        finally:
            await db.invalidate()  # the lock ends with the session


async def _fold_while_seated(seat: AsyncConnection, work: Fold, stop: asyncio.Event) -> None:
    while not stop.is_set():
        await seat.execute(_ALIVE)  # raises when the session is gone, and with it the lock
        try:
            await work.once()
        except (DeltaError, Overtaken):
            work.forget()
            raise
        await _pause(stop, PAUSE)


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        pass


def fold(before: pl.DataFrame, facts: pl.DataFrame) -> pl.DataFrame:
    """The rows of the dossiers that `facts` touched, after them: the last value that each column was given (PURE)."""
    touched = (
        facts.sort("epoch", "tx", "id")
        .group_by("dossier", maintain_order=True)
        .agg(pl.col("version").last(), *(pl.col(name).drop_nulls().last() for name in KEPT))
    )
    known = touched.join(before, on="dossier", how="left", suffix="_before", maintain_order="left")
    return known.select("dossier", "version", *(pl.coalesce(name, f"{name}_before").alias(name) for name in KEPT)).cast(
        DOSSIERS
    )


def rows_of(rows: Sequence[tuple[Any, ...]], key: bytes) -> pl.DataFrame:
    """Facts of dossiers, as `_AFTER` gives them, as rows of the table: each dossier under its pseudonym (PURE)."""
    return pl.DataFrame([(*row[:3], _pseudonym(row[4], key), *row[5:]) for row in rows], schema=FACTS, orient="row")


def _pseudonym(dossier: UUID, key: bytes) -> str:
    return hmac.digest(key, dossier.bytes, hashlib.sha256).hex()[:24]


def _beyond(position: Position) -> pl.Expr:
    epoch, tx, id_ = pl.col("epoch"), pl.col("tx"), pl.col("id")
    return (
        (epoch > position.epoch)
        | ((epoch == position.epoch) & (tx > position.tx))
        | ((epoch == position.epoch) & (tx == position.tx) & (id_ > position.id))
    )
