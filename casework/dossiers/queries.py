"""Reading dossiers: under the lock for the actions, as rows for pages and queues."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Row, TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

from casework.access import VISIBLE, Viewer
from casework.authority import Authority
from casework.dossiers.model import LOCKED, Dossier, Happened
from casework.dossiers.queues import WHERE, Keys
from casework.errors import NotFound
from casework.ids import DossierId, Version
from casework.journal.fact import Position
from casework.journal.read import AFTER, FACT_WIDTH, Batch, batch_of, binds_after
from infra.database import Statement

_BY_HAND = text(
    """
    select exists (select from journal where stream = 'dossier' and subject_id = :id and kind = 'dossier.rerouted'
                   and (payload ->> 'by_hand')::boolean)
    """
)
_LOCK = Statement(f"select {LOCKED} from dossiers d where d.id = :id for no key update")
_SINCE = text(
    """
    select version, kind, at, actor from journal
    where stream = 'dossier' and subject_id = :id and version > :seen order by version
    """
)


async def lock(
    db: AsyncConnection, dossier_id: DossierId, *, seen: Version | None = None, by: Authority | None = None
) -> Dossier:
    """The dossier under its row lock, with what happened since `seen`. Where there are several, by ascending id.

    `by`: whoever acts; `access.may` judged it under this lock already, and it is not read again. Raises NotFound.
    """
    dossier = by.over if by is not None else None
    if dossier is None or dossier.id != dossier_id:
        row = await _LOCK.first(db, {"id": dossier_id})
        if row is None:
            raise NotFound
        dossier = Dossier(*row)
    if seen is not None and seen < dossier.version:
        missed = await db.execute(_SINCE, {"id": dossier_id, "seen": seen})
        return msgspec.structs.replace(
            dossier, since=tuple(Happened(fact.version, fact.kind, fact.at, fact.actor) for fact in missed)
        )
    return dossier


async def rerouted_by_hand(db: AsyncConnection, dossier_id: DossierId) -> bool:
    """Whether somebody chose the service of this dossier: rules do not move it any more."""
    return bool((await db.execute(_BY_HAND, {"id": dossier_id})).scalar_one())


class QueueRow(msgspec.Struct, frozen=True):
    """A dossier as a queue shows it, and as the hub sends it. Its fields are the columns of `_ROW`, in their order."""

    id: UUID
    reference: str
    version: int
    state: str
    procedure_id: UUID
    procedure_slug: str
    procedure_fr: str
    procedure_en: str
    service_id: UUID
    service_name: str
    directorate_id: UUID
    citizen_id: UUID | None
    applicant: str
    commune: str | None
    channel: str
    holder_id: UUID | None
    holder_name: str | None
    taken_over_from: UUID | None
    taken_over_from_name: str | None
    uncovered_since: datetime | None
    cover_id: UUID | None
    absence_reason: str | None
    absence_until: datetime | None
    submitted_at: datetime
    due_at: datetime | None
    late: bool
    awaiting_since: datetime | None
    decided_at: datetime | None
    message_count: int
    citizen_wrote_at: datetime | None
    last_at: datetime

    @property
    def keys(self) -> Keys:
        return Keys(
            self.state, self.service_id, self.directorate_id, self.citizen_id, self.holder_id, self.uncovered_since,
            self.cover_id, self.late,
        )  # fmt: skip


_ROW = """
    select d.id, d.reference, d.version, d.state, d.procedure_id, p.slug as procedure_slug, v.title_fr as procedure_fr,
           v.title_en as procedure_en, d.service_id, s.name as service_name, d.directorate_id, d.citizen_id, d.applicant,
           d.commune, d.channel, d.holder_id, h.given_name || ' ' || h.family_name as holder_name, d.taken_over_from,
           o.given_name || ' ' || o.family_name as taken_over_from_name, d.uncovered_since, d.cover_id,
           a.reason as absence_reason, a.ends_at as absence_until, d.submitted_at, d.due_at, d.late, d.awaiting_since,
           d.decided_at, d.message_count, d.citizen_wrote_at, d.last_at
    from dossiers d
    join procedures p on p.id = d.procedure_id
    join procedure_revisions v on v.procedure_id = d.procedure_id and v.revision = d.revision
    join services s on s.id = d.service_id
    left join accounts h on h.id = d.holder_id
    left join accounts o on o.id = d.taken_over_from
    left join absences a on a.id = d.absence_id
"""
# The first page comes before the end of time; no word is in every text. So one statement serves every page of a view.
_CHOSEN = """
    and (d.submitted_at, d.id) < (coalesce(cast(:before_at as timestamptz), 'infinity'),
                                  coalesce(cast(:before_id as uuid), 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
    and d.search like all(cast(:words as text[]))
    order by d.submitted_at desc, d.id desc limit :most
"""
_OF_SERVICES = "d.service_id = any(:services)"


def _page(where: str) -> TextClause:
    """The newest rows first, and only then the names beside them: each service's are read in its index's order."""
    if where.endswith(_OF_SERVICES):
        one = where.replace(_OF_SERVICES, "d.service_id = o.id")
        newest = f"""select each.* from unnest(cast(:services as uuid[])) o(id)
            cross join lateral (select d.* from dossiers d where {one} {_CHOSEN}) each"""
    else:
        newest = f"select d.* from dossiers d where {where} {_CHOSEN}"
    rows = _ROW.replace("from dossiers d", f"from ({newest}) d")
    return text(f"{rows} order by d.submitted_at desc, d.id desc limit :most")


_PAGES = {view: _page(where) for view, where in WHERE.items()}
_SOME_IN = {view: text(f"{_ROW} where d.id = any(:ids) and {where}") for view, where in WHERE.items()}
# The views over services are parts of the view "service": they are counted in one pass.
_PARTS = [view for view, where in WHERE.items() if where.endswith(_OF_SERVICES)]
_COUNTS = text(
    "select "
    + ", ".join(
        f'(select count(*) from dossiers d where {WHERE[view]}) as "{view}"' for view in WHERE if view not in _PARTS
    )
    + ", parts.* from (select "
    + ", ".join(f'count(*) filter (where {WHERE[view].removesuffix(_OF_SERVICES)} true) as "{view}"' for view in _PARTS)
    + f" from dossiers d where {WHERE['service']}) parts"
)
# One dossier is the everyday case, and has one plan: for an array PostgreSQL plans each time, which costs ten times more.
# `offset 0` keeps each dossier's row a look by its id, whatever the planner thinks of `limit`.
_FACTS_AND_ROWS = Statement(
    f"""
    select f.*, r.* from ({AFTER}) f
    left join lateral ({_ROW} where f.stream = 'dossier' and f.released and d.id = f.subject_id offset 0) r on true
    order by f.epoch, f.tx, f.id
    """
)
_ROW_OF = Statement(f"{_ROW} where d.id = :id")
_ROWS_OF = Statement(f"{_ROW} where d.id = any(:ids)")
_ONE = text(f"{_ROW} where d.id = :id and {VISIBLE}")
_VISIBLE = text(f"select exists (select from dossiers d where d.id = :id and {VISIBLE})")
_OF_CITIZEN = text(
    f"""{_ROW} where d.citizen_id = :citizen and d.state not in ('draft', 'expired')
    order by d.submitted_at desc, d.id desc limit :most"""
)


async def queue(
    db: AsyncConnection,
    view: str,
    *,
    agent: UUID,
    services: Sequence[UUID],
    words: Sequence[str] = (),
    before: tuple[datetime, UUID] | None = None,
    most: int = 50,
) -> tuple[QueueRow, ...]:
    """One page of a view, newest first, after the mark `before`; `words` (folded) must all be in the search column."""
    at, id_ = before or (None, None)
    like = [f"%{word.replace('%', '').replace('_', '')}%" for word in words]
    rows = await db.execute(
        _PAGES[view],
        {"viewer": agent, "services": list(services), "before_at": at, "before_id": id_, "words": like, "most": most},
    )
    return tuple(_queue_row(row) for row in rows)


async def in_queue(
    db: AsyncConnection, view: str, *, agent: UUID, services: Sequence[UUID], ids: Sequence[UUID]
) -> tuple[QueueRow, ...]:
    """Those of `ids` that the view holds now."""
    rows = await db.execute(_SOME_IN[view], {"viewer": agent, "services": list(services), "ids": list(ids)})
    return tuple(_queue_row(row) for row in rows)


async def counts(db: AsyncConnection, *, agent: UUID, services: Sequence[UUID]) -> dict[str, int]:
    """How many dossiers each view holds, for an agent of these services."""
    row = (await db.execute(_COUNTS, {"viewer": agent, "services": list(services)})).one()
    return dict(row._mapping)


async def facts_after(db: AsyncConnection, position: Position, *, most: int) -> tuple[Batch, dict[UUID, QueueRow]]:
    """The next facts, as `journal.read.after`, with the rows of the dossiers that they are of: one round trip."""
    rows = await _FACTS_AND_ROWS.all(db, binds_after(position, most))
    width = FACT_WIDTH + 1
    return batch_of(rows, position), {row[width]: QueueRow(*row[width:]) for row in rows if row[width] is not None}


async def rows_of(db: AsyncConnection, ids: Sequence[UUID]) -> dict[UUID, QueueRow]:
    """The rows of these dossiers, for whoever was judged to see them (the hub)."""
    rows = await (_ROW_OF.all(db, {"id": ids[0]}) if len(ids) == 1 else _ROWS_OF.all(db, {"ids": list(ids)}))
    return {row["id"]: QueueRow(*row) for row in rows}


async def row(db: AsyncConnection, dossier_id: DossierId, viewer: Viewer) -> QueueRow:
    """One filed dossier, if the viewer sees it. Raises NotFound (a draft too: it has no row yet)."""
    found = (await db.execute(_ONE, {"id": dossier_id, **viewer.binds})).one_or_none()
    if found is None:
        raise NotFound
    return _queue_row(found)


async def is_visible(db: AsyncConnection, dossier_id: DossierId, viewer: Viewer) -> bool:
    """Whether the viewer sees the dossier; a draft too, if it is theirs."""
    return bool((await db.execute(_VISIBLE, {"id": dossier_id, **viewer.binds})).scalar_one())


async def of_citizen(db: AsyncConnection, citizen: UUID, *, most: int = 100) -> tuple[QueueRow, ...]:
    """What a citizen filed, newest first."""
    return tuple(_queue_row(row) for row in await db.execute(_OF_CITIZEN, {"citizen": citizen, "most": most}))


def _queue_row(row: Row[Any]) -> QueueRow:
    values: list[Any] = list(row)
    return QueueRow(*values)
