"""Reading the journal in commit order. Every reader keeps a `Position` of its own and comes back to it.

`tx < pg_snapshot_xmin(...)` hides facts of transactions that are not all finished: an identity alone is not
commit order, and a reader that trusts it loses facts for good.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from asyncpg import Record
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from casework.errors import BadPosition
from casework.facts import upcast
from casework.journal.fact import Position, Recorded
from infra.database import Statement

START = Position(0, 0, 0)

FACT_COLUMNS = "epoch, tx::text::bigint as tx, id, stream, subject_id, version, kind, v, at, actor, on_behalf_of, mandate_id, payload"
# Binds: epoch, tx, id, most. `released` is false for what a slower transaction holds back; in this order it comes last.
AFTER = f"""
    select {FACT_COLUMNS}, epoch < journal_epoch() or tx < pg_snapshot_xmin(pg_current_snapshot()) as released from journal
    where (epoch, tx, id) > (:epoch, cast(cast(:tx as text) as xid8), :id)
    order by journal.epoch, journal.tx, journal.id limit :most
"""
FACT_WIDTH = 13  # columns of a fact in AFTER, before `released`
_AFTER = Statement(AFTER)
_NOW = text(
    """
    select epoch, tx::text::bigint as tx, id from journal
    where epoch < journal_epoch() or tx < pg_snapshot_xmin(pg_current_snapshot())
    order by journal.epoch desc, journal.tx desc, journal.id desc limit 1
    """
)
_LAST = text(
    f"""
    select {FACT_COLUMNS} from journal
    where epoch < journal_epoch() or tx < pg_snapshot_xmin(pg_current_snapshot())
    order by journal.epoch desc, journal.tx desc, journal.id desc limit :most
    """
)
_OF_SUBJECT = text(
    f"""
    select {FACT_COLUMNS} from journal
    where stream = :stream and subject_id = :subject_id and version > :after order by version
    """
)
_BY_ID = text(f"select {FACT_COLUMNS} from journal where id = :id")
_READER = text("select epoch, tx, id from readers where name = :name for update")
_ADVANCE = text(
    """
    insert into readers (name, epoch, tx, id) values (:name, :epoch, :tx, :id)
    on conflict (name) do update set epoch = :epoch, tx = :tx, id = :id, moved_at = now()
    """
)
_EPOCH = text("select journal_epoch()")
_MORE_THAN = text(
    """
    select exists (select from journal where (epoch, tx, id) > (:epoch, cast(cast(:tx as text) as xid8), :id) offset :most)
    """
)
_COUNT = text(
    """
    select count(*) from journal where stream = :stream
    and (:whole or (epoch, tx, id) <= (:epoch, cast(cast(:tx as text) as xid8), :id))
    """
)


@dataclass(frozen=True, slots=True)
class Batch:
    """Facts in commit order, the position after them, and whether committed facts wait for a slower transaction."""

    facts: tuple[Recorded, ...]
    position: Position
    held_back: bool


def parse_position(opaque: str) -> Position:
    """Raises BadPosition for anything that `str(position)` did not make."""
    if not re.fullmatch(r"[0-9a-f]{1,8}-[0-9a-f]{1,16}-[0-9a-f]{1,16}", opaque):
        raise BadPosition
    epoch, tx, id_ = (int(part, 16) for part in opaque.split("-"))
    if epoch >= 2**31 or tx >= 2**63 or id_ >= 2**63:
        raise BadPosition
    return Position(epoch, tx, id_)


async def after(db: AsyncConnection, position: Position, *, most: int = 1_000) -> Batch:
    """The next facts after `position`, at most `most` of them."""
    return batch_of(await _AFTER.all(db, binds_after(position, most)), position)


def binds_after(position: Position, most: int) -> dict[str, Any]:
    """What AFTER needs."""
    return {"epoch": position.epoch, "tx": str(position.tx), "id": position.id, "most": most}


def batch_of(rows: Sequence[Record], position: Position) -> Batch:
    """The rows of AFTER (more columns may follow its own), read after `position`."""
    facts = tuple(_released(row) for row in rows if row[FACT_WIDTH])
    return Batch(facts, facts[-1].position if facts else position, held_back=len(facts) < len(rows))


async def last(db: AsyncConnection, *, most: int) -> tuple[Recorded, ...]:
    """The newest facts that are released, oldest first."""
    return tuple(recorded(row) for row in reversed((await db.execute(_LAST, {"most": most})).all()))


async def now(db: AsyncConnection) -> Position:
    """The position of this transaction's snapshot: read it beside the rows, in `infra.database.reading`."""
    row = (await db.execute(_NOW)).one_or_none()
    return Position(row.epoch, row.tx, row.id) if row else START


async def epoch(db: AsyncConnection) -> int:
    """Raised by `relais journal new-epoch` after a restore; a position of another epoch means nothing any more."""
    return int((await db.execute(_EPOCH)).scalar_one())


async def more_than(db: AsyncConnection, most: int, *, after: Position) -> bool:
    """Whether over `most` facts were written after a position."""
    return bool((await db.execute(_MORE_THAN, binds_after(after, most))).scalar_one())


async def count(db: AsyncConnection, stream: str, *, until: Position | None = None) -> int:
    """How many facts of a stream there are, up to a position."""
    at = until or START
    binds = {"stream": stream, "whole": until is None, "epoch": at.epoch, "tx": str(at.tx), "id": at.id}
    return int((await db.execute(_COUNT, binds)).scalar_one())


async def of_subject(db: AsyncConnection, stream: str, subject_id: UUID, *, after: int = 0) -> tuple[Recorded, ...]:
    """The facts of one subject above version `after`, in order."""
    rows = (await db.execute(_OF_SUBJECT, {"stream": stream, "subject_id": subject_id, "after": after})).all()
    return tuple(recorded(row) for row in rows)


async def by_id(db: AsyncConnection, journal_id: int) -> Recorded | None:
    """One fact, for the effect that it causes."""
    row = (await db.execute(_BY_ID, {"id": journal_id})).one_or_none()
    return recorded(row) if row else None


async def reader_position(db: AsyncConnection, name: str) -> Position:
    """Where the reader `name` stands, its row locked; START for a new one."""
    row = (await db.execute(_READER, {"name": name})).one_or_none()
    return Position(row.epoch, row.tx, row.id) if row else START


async def advance(db: AsyncConnection, name: str, position: Position) -> None:
    """Remember how far the reader `name` is: in the transaction that holds what it made of the facts."""
    await db.execute(_ADVANCE, {"name": name, "epoch": position.epoch, "tx": position.tx, "id": position.id})


def _released(row: Record) -> Recorded:
    epoch, tx, id_, stream, subject_id, version, kind, v, at, actor, on_behalf_of, mandate_id, payload = row[
        :FACT_WIDTH
    ]
    return Recorded(
        Position(epoch, tx, id_), stream, subject_id, version, kind, v, at, actor, on_behalf_of, mandate_id,
        upcast(kind, v, payload),
    )  # fmt: skip


def recorded(row: Row[Any]) -> Recorded:
    """A row of the journal, typed."""
    return Recorded(
        Position(row.epoch, row.tx, row.id), row.stream, row.subject_id, row.version, row.kind, row.v, row.at,
        row.actor, row.on_behalf_of, row.mandate_id, upcast(row.kind, row.v, row.payload),
    )  # fmt: skip
