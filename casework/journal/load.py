"""Writing many facts at once, by COPY: the demo community and imports. Same digests, rules and laws as `append`.

The caller makes each fact with the pure rules and folds it as `append` would (`record`), then hands the rows over in
the order of time, beside the state rows that they fold to. An empty platform only: nobody reads it meanwhile.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from casework.authority import Authority
from casework.journal.fact import Fact, canonical, digest_of, payload_of
from casework.journal.stream import Stream, Subject

PATIENCE_S = 1800.0  # for one statement of an import; the doors' statements have 5 s


class Row(NamedTuple):
    """One row of the journal, ready for COPY; `epoch`, `tx` and `id` are the database's."""

    stream: str
    subject_id: UUID
    version: int
    kind: str
    v: int
    at: datetime
    actor: UUID | None
    on_behalf_of: UUID | None
    mandate_id: UUID | None
    payload: str
    digest: bytes


def record(stream: Stream, subject: Subject, fact: Fact, *, by: Authority) -> Row:
    """The row that `append` would write for this fact, at the subject's `now` (PURE).

    The caller folds: the subject then has `fact.changes`, version + 1 and the row's digest.
    """
    version = subject.version + 1
    payload = payload_of(fact, subject.columns())
    digest = digest_of(subject.digest, stream.name, subject.id, version, fact, subject.now, by, payload)
    return Row(
        stream.name, subject.id, version, fact.kind, fact.v, subject.now, by.actor, by.on_behalf_of, by.mandate_id,
        canonical(payload).decode(), digest,
    )  # fmt: skip


async def load(db: AsyncConnection, rows: Sequence[Row]) -> None:
    """Write the facts down, in this order, in the caller's transaction."""
    await copy(db, "journal", Row._fields, rows)


async def copy(db: AsyncConnection, table: str, columns: Iterable[str], rows: Sequence[Sequence[Any]]) -> None:
    """COPY rows into a table, in the caller's transaction. JSON columns take text, times are aware."""
    if rows:
        driver = await _driver(db)
        await driver.copy_records_to_table(table, records=rows, columns=list(columns), timeout=PATIENCE_S)


async def analyze(db: AsyncConnection) -> None:
    """Tell PostgreSQL's planner what was loaded, before the first query rather than a minute after it."""
    await (await _driver(db)).execute("analyze", timeout=PATIENCE_S)


async def _driver(db: AsyncConnection) -> Any:
    """asyncpg's own connection: COPY and a patience of its own are not SQLAlchemy's."""
    driver = (await db.get_raw_connection()).driver_connection
    if driver is None:
        raise RuntimeError("the connection is closed")
    return driver
