"""Open dossiers that are bound to an older revision of their procedure, and what another one makes of them."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from casework.dossiers import standing
from casework.ids import DossierId
from casework.procedures import queries as procedures
from casework.procedures.dry_run import Kept, Verdict, verdict
from casework.procedures.package import Package
from casework.procedures.packages import package_of
from casework.terms import PARIS

CHUNK = 32  # dossiers of one transaction

_OPEN = "d.state in ('submitted', 'under_review', 'awaiting_citizen')"
_BEHIND = text(
    f"""
    select d.id, d.reference from dossiers d
    where d.procedure_id = :procedure and {_OPEN} and d.revision < :revision
      and d.id > coalesce(cast(:after as uuid), '00000000-0000-0000-0000-000000000000') order by d.id limit :most
    """
)
_COUNT = text(
    f"select count(*) from dossiers d where d.procedure_id = :procedure and {_OPEN} and d.revision < :revision"
)
_KEPT = text(
    """
    select d.procedure_id, d.revision, d.state, d.step, d.citizen_id, d.submitted_at, s.slug as service,
           exists (select from journal j where j.stream = 'dossier' and j.subject_id = d.id
                   and j.kind = 'dossier.rerouted' and (j.payload ->> 'by_hand')::boolean) as by_hand,
           (select c.body from contents c where c.dossier_id = d.id and c.kind = 'answers'
            order by c.version desc limit 1) as answers
    from dossiers d join services s on s.id = d.service_id where d.id = :id
    """
)
_FILES = text("select id, media_type, size from documents where dossier_id = :id")


async def behind(
    db: AsyncConnection, procedure: UUID, revision: int, *, after: UUID | None
) -> tuple[tuple[DossierId, str], ...]:
    """The next open dossiers of a revision before this one, by ascending id: id and reference, CHUNK at most."""
    binds = {"procedure": procedure, "revision": revision, "after": after, "most": CHUNK}
    return tuple((DossierId(row.id), row.reference) for row in await db.execute(_BEHIND, binds))


async def how_many(db: AsyncConnection, procedure: UUID, revision: int) -> int:
    """How many open dossiers are bound to a revision before this one."""
    return int((await db.execute(_COUNT, {"procedure": procedure, "revision": revision})).scalar_one())


async def judge(db: AsyncConnection, dossier_id: DossierId, after: Package, services: Collection[str]) -> Verdict:
    """What `after` makes of this dossier as it is now: under its lock, what the move then does."""
    row = (await db.execute(_KEPT, {"id": dossier_id})).one()
    before = package_of(await procedures.revision(db, row.procedure_id, row.revision))
    files = {each.id: (each.media_type, each.size) for each in await db.execute(_FILES, {"id": dossier_id})}
    return verdict(before, after, await _kept(db, row, files), services=services)


async def _kept(db: AsyncConnection, row: Row[tuple[object, ...]], files: dict[UUID, tuple[str, int]]) -> Kept:
    return Kept(
        answers=row.answers or {},
        documents=files,
        on=row.submitted_at.astimezone(PARIS).date(),
        who=await standing.applicant(db, row.citizen_id),
        service=row.service,
        by_hand=row.by_hand,
        state=row.state,
        step=row.step,
    )
