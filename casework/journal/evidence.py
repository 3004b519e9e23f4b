"""The journal as evidence: every chain of digests computed again, and the epoch raised after a restore."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from casework.journal.fact import digest
from casework.journal.read import FACT_COLUMNS, epoch


@dataclass(frozen=True, slots=True)
class Break:
    """The first fact of a subject that does not agree with what came before it."""

    stream: str
    subject_id: UUID
    version: int
    why: str  # digest | gap


@dataclass(frozen=True, slots=True)
class Verdict:
    """How much was read, and what was found broken."""

    subjects: int
    facts: int
    breaks: tuple[Break, ...]


_EVERY = text(f"select {FACT_COLUMNS}, digest from journal order by stream, subject_id, version")


async def verify(db: AsyncConnection) -> Verdict:
    """Read the whole journal, subject by subject, and compute each digest again: a changed or missing fact shows."""
    subjects = facts = 0
    breaks: list[Break] = []
    subject: tuple[str, UUID] | None = None
    previous, expected, broken = b"", 1, False
    async for row in await db.stream(_EVERY):
        facts += 1
        if (row.stream, row.subject_id) != subject:
            subject, previous, expected, broken = (row.stream, row.subject_id), b"", 1, False
            subjects += 1
        if not broken:
            computed = digest(  # over the payload as it was written, whatever its version
                previous, row.stream, row.subject_id, row.version, row.kind, row.v, row.at, row.actor,
                row.on_behalf_of, row.mandate_id, row.payload,
            )  # fmt: skip
            if row.version != expected or computed != row.digest:
                broken = True
                why = "gap" if row.version != expected else "digest"
                breaks.append(Break(row.stream, row.subject_id, row.version, why))
        previous, expected = row.digest, expected + 1
    return Verdict(subjects, facts, tuple(breaks))


async def new_epoch(db: AsyncConnection) -> int:
    """Raise the epoch: after a restore or a failover, every position given out before means nothing any more.

    No row is touched. Clients are told to reload (`resync`), and figures are built again.
    """
    number = await epoch(db) + 1
    await db.execute(
        text(
            f"create or replace function journal_epoch() returns integer language sql stable parallel safe as 'select {number:d}'"
        )
    )
    return number
