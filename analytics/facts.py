"""From the journal to the Delta tables: each fact once, in the journal's order, whoever dies in between.

A batch of facts becomes two commits, one a table, each with the position after it. The next batch begins at the lower of
the two, and a table is given only what lies beyond its own position: a crash between the commits repeats nothing.
"""

import asyncio
import hashlib
import hmac
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import polars as pl
from deltalake.exceptions import DeltaError
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from analytics.tables import DOSSIERS, FACTS, KEPT, PROCEDURES, SERVICES, Reached, Tables
from casework.journal import read
from casework.journal.fact import Position, Recorded
from casework.journal.read import START
from infra.database import reading
from infra.logs import logger

log = logger(__name__)

CHUNK = 5_000  # facts a statement
BATCH = 50_000  # facts a commit, while catching up
PAUSE = 1.0  # seconds between two looks at the journal
TIDY_EVERY = 200  # commits
FOLD_LOCK = 0x66696775726573  # "figures"

Told = Callable[[int], None]  # how many facts are folded so far

_TRY = text("select pg_try_advisory_lock(:key)")
_SERVICES = text(
    """
    select s.id::text as service_id, s.name as service, d.id::text as directorate_id, d.name as directorate
    from services s join directorates d on d.id = s.directorate_id order by s.id
    """
)
_PROCEDURES = text(
    """
    select p.id::text as procedure_id, p.slug, v.title_fr as procedure
    from procedures p join procedure_revisions v on v.procedure_id = p.id and v.revision = p.revision order by p.id
    """
)


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
            facts, position = await self._next()
            if facts or folded == 0:
                await self._dimension()
            if facts:
                await asyncio.to_thread(self._write, facts, Reached(position, epoch))
            folded += len(facts)
            told(folded)
            if len(facts) < BATCH:
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

    async def _next(self) -> tuple[list[Recorded], Position]:
        position = min(each.position for each in self._reached.values())
        facts: list[Recorded] = []
        while len(facts) < BATCH:
            async with reading(self._engine) as db:
                batch = await read.after(db, position, most=min(CHUNK, BATCH - len(facts)))
            if not batch.facts:
                break
            facts += batch.facts
            position = batch.position
        return facts, position

    def _write(self, facts: Sequence[Recorded], to: Reached) -> None:
        rows = rows_of(facts, self._key)
        for name in ("facts", "dossiers"):
            beyond = rows.filter(_beyond(self._reached[name].position))
            if beyond.is_empty():
                continue  # nothing to say of a dossier: the position may wait for the next one
            if name == "facts":
                self._tables.append(name, beyond, to)
            else:
                before = self._tables.read(name)
                self._tables.upsert(name, fold(before, beyond), to, key="dossier")
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
    """Keep the tables a second behind the journal until `stop`. Several may run: one of them works, by advisory lock."""
    while not stop.is_set():
        try:
            async with engine.connect() as seat:
                if (await seat.execute(_TRY, {"key": FOLD_LOCK})).scalar_one():
                    try:
                        await _fold_while_seated(seat, Fold(engine, tables, secret), stop)
                    finally:
                        await seat.invalidate()
        except Exception as error:  # noqa: BLE001 - figures that lag are no reason to end a worker; readiness tells the lag
            log.warning("figures.lag", error=f"{type(error).__name__}: {error}"[:300])
        await _pause(stop, PAUSE * 3)


async def _fold_while_seated(seat: AsyncConnection, work: Fold, stop: asyncio.Event) -> None:
    while not stop.is_set():
        await seat.execute(text("select 1"))  # raises when the session is gone, and with it the lock
        try:
            await work.once()
        except DeltaError:
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
        dict(DOSSIERS)
    )


def rows_of(facts: Sequence[Recorded], key: bytes) -> pl.DataFrame:
    """The facts of dossiers as rows of the table: what figures need and nothing of anybody (PURE)."""
    return pl.DataFrame([_row(fact, key) for fact in facts if fact.stream == "dossier"], schema=FACTS, orient="row")


def _row(fact: Recorded, key: bytes) -> tuple[Any, ...]:
    changed, position = fact.set, fact.position

    def now(name: str) -> Any:
        return changed[name][1] if name in changed else None

    before, after = changed.get("uncovered_since", (None, None))
    pseudonym = hmac.digest(key, fact.subject_id.bytes, hashlib.sha256).hex()[:24]
    return (
        position.epoch, position.tx, position.id, pseudonym, fact.version, fact.kind, fact.at,
        now("state"), now("procedure_id"), now("service_id"), now("directorate_id"), now("channel"), now("commune"),
        _time(now("submitted_at")), _time(now("decided_at")), _time(now("due_at")), now("late"),
        (after is not None) if "uncovered_since" in changed else None,
        _time(before) if after is None else None,
    )  # fmt: skip


def _time(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value)


def _beyond(position: Position) -> pl.Expr:
    epoch, tx, id_ = pl.col("epoch"), pl.col("tx"), pl.col("id")
    return (
        (epoch > position.epoch)
        | ((epoch == position.epoch) & (tx > position.tx))
        | ((epoch == position.epoch) & (tx == position.tx) & (id_ > position.id))
    )
