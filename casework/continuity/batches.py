"""What a batch of take-overs has done, so that a lost attempt goes on where it stopped."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

# The dossiers that an absence left uncovered are few, and indexed: the batch is looked for among them alone.
_DONE = text(
    """
    select t.subject_id, d.reference, t.version from journal t join dossiers d on d.id = t.subject_id
    where t.stream = 'dossier' and t.kind = 'dossier.taken_over' and t.payload ->> 'batch_id' = :batch
      and t.subject_id in (select u.subject_id from journal u
                           where u.kind = 'dossier.uncovered' and u.payload ->> 'absence' = :absence)
    order by t.subject_id
    """
)
_ONE = text("select id, reference, version from dossiers where id = :id")


@dataclass(frozen=True, slots=True)
class Line:
    """A dossier of a batch; `version`: after its take-over, or now where it was refused."""

    dossier_id: UUID
    reference: str
    version: int


async def done(db: AsyncConnection, batch_id: UUID, absence_id: UUID) -> tuple[Line, ...]:
    """The dossiers of the absence that this batch took over."""
    rows = await db.execute(_DONE, {"batch": str(batch_id), "absence": str(absence_id)})
    return tuple(Line(row.subject_id, row.reference, row.version) for row in rows)


async def line(db: AsyncConnection, dossier_id: UUID) -> Line:
    """A dossier that was not taken over."""
    row = (await db.execute(_ONE, {"id": dossier_id})).one()
    return Line(row.id, row.reference, row.version)
