"""What pages need of one dossier beside its queue row: its form's revision, and drafts, which no queue shows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from casework.access import VISIBLE, Viewer
from casework.errors import NotFound
from casework.ids import DossierId


@dataclass(frozen=True, slots=True)
class Particulars:
    """A dossier in any state, drafts included."""

    id: DossierId
    reference: str
    version: int
    state: str
    procedure_id: UUID
    revision: int
    citizen_id: UUID | None
    channel: str
    applicant: str
    applicant_email: str | None
    absence_id: UUID | None
    last_at: datetime | None
    step: str | None

    @property
    def filed(self) -> bool:
        return self.state not in ("draft", "expired")


_COLUMNS = """d.id, d.reference, d.version, d.state, d.procedure_id, d.revision, d.citizen_id, d.channel, d.applicant,
    d.applicant_email, d.absence_id, d.last_at, d.step"""
_ONE = text(f"select {_COLUMNS} from dossiers d where d.id = :id and {VISIBLE}")
# A submission takes the row's lock: while this one holds it, the draft stays a draft.
_KEPT = text(f"select {_COLUMNS} from dossiers d where d.id = :id and {VISIBLE} for no key update of d")
_DRAFTS = text(
    f"select {_COLUMNS} from dossiers d where d.citizen_id = :citizen and d.state = 'draft' order by d.id desc limit 100"
)
_REFERENCES = text(
    f"""
    select d.reference from dossiers d
    where d.reference = any(cast(:references as text[])) and d.state not in ('draft', 'expired') and {VISIBLE}
    """
)
_PAGE = text(
    """
    select max((payload ->> 'page')::int) from journal
    where stream = 'dossier' and subject_id = :id and kind = 'dossier.draft_page_reached'
    """
)
_BY_CODE = text("select id, applicant_email from dossiers where tracking_hash = :hash")
_DRAFTS_OF = text("select id from dossiers where state = 'draft' and procedure_id = :procedure order by id")


async def one(db: AsyncConnection, dossier_id: DossierId, viewer: Viewer, *, keep: bool = False) -> Particulars:
    """A dossier that the viewer sees; `keep`: as it is until the transaction ends. Raises NotFound."""
    row = (await db.execute(_KEPT if keep else _ONE, {"id": dossier_id, **viewer.binds})).one_or_none()
    if row is None:
        raise NotFound
    return _particulars(row)


async def drafts(db: AsyncConnection, citizen: UUID) -> tuple[Particulars, ...]:
    """What a citizen began and did not file, newest first."""
    return tuple(_particulars(row) for row in await db.execute(_DRAFTS, {"citizen": citizen}))


async def seen_references(db: AsyncConnection, references: Sequence[str], viewer: Viewer) -> frozenset[str]:
    """Of these references, those of filed dossiers that the viewer sees."""
    rows = await db.execute(_REFERENCES, {"references": list(references), **viewer.binds})
    return frozenset(rows.scalars())


async def drafts_of(db: AsyncConnection, procedure_id: UUID) -> tuple[UUID, ...]:
    """The drafts of a procedure, by ascending id."""
    return tuple((await db.execute(_DRAFTS_OF, {"procedure": procedure_id})).scalars())


async def farthest_page(db: AsyncConnection, dossier_id: DossierId) -> int:
    """The last page that the draft's author reached, from 0; -1 before the first was noted."""
    page: int | None = (await db.execute(_PAGE, {"id": dossier_id})).scalar_one()
    return -1 if page is None else page


async def by_tracking_hash(db: AsyncConnection, hash_: bytes) -> tuple[DossierId, str | None] | None:
    """The dossier that a tracking code opens, and the e-mail that it was filed with."""
    row = (await db.execute(_BY_CODE, {"hash": hash_})).one_or_none()
    return (DossierId(row.id), row.applicant_email) if row else None


def _particulars(row: Row[Any]) -> Particulars:
    values: list[Any] = list(row)
    return Particulars(*values)
