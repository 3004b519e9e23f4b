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

COPY_TIMEOUT_S = 600.0


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
    if not rows:
        return
    raw = (await db.get_raw_connection()).driver_connection
    if raw is None:
        raise RuntimeError("the connection is closed")
    await raw.copy_records_to_table(table, records=rows, columns=list(columns), timeout=COPY_TIMEOUT_S)
