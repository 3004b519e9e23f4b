"""Keeping the journal: a new epoch after a restore, and the check of its chain of digests."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from casework.journal.fact import digest
from casework.journal.read import FACT_COLUMNS, epoch, recorded

CHUNK = 5_000  # facts read at once: some megabytes

_COUNT = text("select count(*) from journal")
_CHAIN = text(
    f"""
    select {FACT_COLUMNS}, digest from journal
    where (stream, subject_id, version) > (:stream, :subject_id, :version)
    order by stream, subject_id, version limit :most
    """
)


@dataclass(frozen=True, slots=True)
class Break:
    """A fact that does not follow from the one before it."""

    stream: str
    subject_id: UUID
    version: int
    journal_id: int
    what: str  # "gap": a version is missing before it; "digest": it or one before it was altered


async def new_epoch(db: AsyncConnection) -> int:
    """Make every position known outside worth nothing, because the database went back in time. The new epoch.

    For the owner of the schema, after any restore or failover, before the processes start again.
    """
    following = await epoch(db) + 1
    # A function's body takes no bind parameter; `following` is an integer that PostgreSQL itself gave.
    await db.execute(
        text(
            "create or replace function journal_epoch() returns integer language sql stable parallel safe "
            f"as 'select {following:d}'"
        )
    )
    return following


async def verify(db: AsyncConnection, *, told: Callable[[int, int], None] = lambda _done, _all: None) -> list[Break]:
    """Every break of every subject's chain; `told` gets how many facts were read, and of how many."""
    total = int((await db.execute(_COUNT)).scalar_one())
    breaks: list[Break] = []
    key: tuple[str, UUID, int] = ("", UUID(int=0), 0)
    subject, version, previous = None, 0, b""
    done = 0
    while True:
        rows = (
            await db.execute(_CHAIN, {"stream": key[0], "subject_id": key[1], "version": key[2], "most": CHUNK})
        ).all()
        for row in rows:
            fact = recorded(row)
            if subject != (fact.stream, fact.subject_id):
                subject, version, previous = (fact.stream, fact.subject_id), 0, b""
            what = None
            if fact.version != version + 1:
                what = "gap"
            elif row.digest != digest(
                previous, fact.stream, fact.subject_id, fact.version, fact.kind, fact.v, fact.at,
                fact.actor, fact.on_behalf_of, fact.mandate_id, fact.payload,
            ):  # fmt: skip
                what = "digest"
            if what:
                breaks.append(Break(fact.stream, fact.subject_id, fact.version, fact.position.id, what))
            version, previous = fact.version, row.digest
            key = (fact.stream, fact.subject_id, fact.version)
        done += len(rows)
        told(done, total)
        if len(rows) < CHUNK:
            return breaks
