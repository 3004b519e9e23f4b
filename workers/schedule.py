"""What the clock causes: due rows of `schedule` become ordinary actions, by the system.

PostgreSQL's clock says what is due. A row goes in the same transaction as its last step, and every step may be done
again: a relay that dies in the middle is finished by the next one.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from time import monotonic
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from casework.authority import SYSTEM
from casework.continuity import actions as absences
from casework.continuity import queries as continuity
from casework.dossiers import actions as dossiers
from casework.dossiers import particulars
from casework.errors import NotFound, Refused
from casework.ids import AbsenceId, DossierId
from casework.procedures import actions as procedures
from casework.procedures import places
from casework.process import actions as process
from infra.database import Ring, reading, transaction
from infra.logs import logger

log = logger(__name__)

CHUNK = 32  # dossiers in one transaction: no transaction lasts over 100 ms while people work
MOST = 500
STEPS_AT_ONCE = 10  # of one dossier, before the others have their turn
LONGEST_PAUSE = 300.0  # seconds between two tries of a row that cannot be done

_DUE = text("select kind, subject from schedule where due_at <= clock_timestamp() order by due_at, kind limit :most")
_DONE = text("delete from schedule where kind = :kind and subject = :subject and due_at <= clock_timestamp()")
_DUE_AT = text("select due_at from schedule where kind = :kind and subject = :subject")
_DONE_AS = text("delete from schedule where kind = :kind and subject = :subject and due_at = :due_at")

Row = tuple[str, UUID]


@dataclass
class Clock:
    """The scan of the schedule. Rows that fail wait longer each time, and hold nobody else up."""

    engine: AsyncEngine
    ring: Ring
    _failures: dict[Row, tuple[int, float]] = field(default_factory=dict)  # how often, and until when to wait

    async def strike(self) -> int:
        """Do all that is due at this instant; how many rows were done. Raises what the first statement raises."""
        async with reading(self.engine) as db:
            due: list[Row] = [(row.kind, row.subject) for row in await db.execute(_DUE, {"most": MOST})]
        self._failures = {row: kept for row, kept in self._failures.items() if row in set(due)}
        done = 0
        for row in due:
            tries, until = self._failures.get(row, (0, 0.0))
            if monotonic() < until:
                continue
            try:
                await CAUSES[row[0]](self.engine, self.ring, row[1])
                self._failures.pop(row, None)
                done += 1
            except Exception as error:  # noqa: BLE001 - one row that cannot be done must not stop the clock
                pause = min(2.0**tries, LONGEST_PAUSE)
                self._failures[row] = (tries + 1, monotonic() + pause)
                log.warning("schedule.failed", kind=row[0], subject=str(row[1]), error=repr(error), tries=tries + 1)
        return done


async def absence_begins(engine: AsyncEngine, ring: Ring, absence_id: UUID) -> None:
    """Its first minute: the absence begins, and its agent's dossiers show as to take over."""
    await _absence(engine, ring, absence_id, "absence.begin", absences.begin_absence)


async def absence_ends(engine: AsyncEngine, ring: Ring, absence_id: UUID) -> None:
    """Its last minute is past, or it was cancelled: the dossiers that nobody took over are their holder's again."""
    await _absence(engine, ring, absence_id, "absence.end", absences.end_absence)


async def becomes_late(engine: AsyncEngine, ring: Ring, dossier_id: UUID) -> None:
    """The deadline of a dossier is past."""
    async with transaction(engine, ring=ring) as db:
        try:
            await dossiers.become_late(db, DossierId(dossier_id), by=SYSTEM)
        except NotFound:
            log.warning("schedule.nothing_there", kind="dossier.late", subject=str(dossier_id))
        await _done(db, "dossier.late", dossier_id)


async def process_advances(engine: AsyncEngine, ring: Ring, dossier_id: UUID) -> None:
    """Something of a dossier's process may be due: one step in each transaction, until nothing is. What a relay that
    dies here leaves is due still, and no step that was taken is taken again."""
    for _ in range(STEPS_AT_ONCE):
        async with transaction(engine, ring=ring) as db:
            try:
                if await process.advance(db, DossierId(dossier_id), by=SYSTEM) is None:
                    return
            except NotFound:
                log.warning("schedule.nothing_there", kind="dossier.process", subject=str(dossier_id))
                await _done(db, "dossier.process", dossier_id)
                return


async def closes(engine: AsyncEngine, ring: Ring, procedure_id: UUID) -> None:
    """A procedure's closing moment is past."""
    async with transaction(engine, ring=ring) as db:
        await procedures.close(db, procedure_id, by=SYSTEM)
        await _done(db, "procedure.closed", procedure_id)


async def drafts_end(engine: AsyncEngine, ring: Ring, procedure_id: UUID) -> None:
    """Drafts of a closed procedure cannot be filed any more: they go."""
    async with reading(engine) as db:
        drafts = await particulars.drafts_of(db, procedure_id)
    for start in range(0, len(drafts), CHUNK):
        async with transaction(engine, ring=ring) as db:
            for dossier_id in drafts[start : start + CHUNK]:
                try:
                    await dossiers.expire_draft(db, DossierId(dossier_id), by=SYSTEM)
                except Refused as refused:  # filed, or gone, since it was listed
                    log.info("schedule.refused", dossier=str(dossier_id), code=refused.code)
    async with transaction(engine) as db:
        await _done(db, "procedure.drafts", procedure_id)


async def places_free(engine: AsyncEngine, ring: Ring, procedure_id: UUID) -> None:
    """Places became free: those who wait longest get them, one in each transaction, so that no second dossier is locked
    after the procedure. The row goes last, and only as it was read: a place that is freed meanwhile moves it."""
    async with reading(engine) as db:
        due_at = (await db.execute(_DUE_AT, {"kind": "procedure.places", "subject": procedure_id})).scalar_one_or_none()
        waiting = await places.queue(db, procedure_id, MOST)
    for dossier_id in waiting:
        async with transaction(engine, ring=ring) as db:
            try:
                if await dossiers.give_place(db, DossierId(dossier_id), by=SYSTEM) is None:
                    break
            except Refused as refused:
                log.info("schedule.refused", dossier=str(dossier_id), code=refused.code)
    else:
        if len(waiting) == MOST:
            return  # more may wait: the row is due still
    async with transaction(engine) as db:
        await db.execute(_DONE_AS, {"kind": "procedure.places", "subject": procedure_id, "due_at": due_at})


CAUSES: Mapping[str, Callable[[AsyncEngine, Ring, UUID], Awaitable[None]]] = {
    "absence.begin": absence_begins,
    "absence.end": absence_ends,
    "dossier.late": becomes_late,
    "dossier.process": process_advances,
    "procedure.closed": closes,
    "procedure.drafts": drafts_end,
    "procedure.places": places_free,
}


async def _absence(
    engine: AsyncEngine,
    ring: Ring,
    absence_id: UUID,
    kind: str,
    step: Callable[..., Awaitable[object]],
) -> None:
    async with transaction(engine, ring=ring) as db:
        try:
            agent_id = (await continuity.lock(db, absence_id)).agent_id
        except NotFound:
            await _done(db, kind, absence_id)
            return
        await step(db, AbsenceId(absence_id), by=SYSTEM)
    async with reading(engine) as db:
        touched = await continuity.touched(db, agent_id)
    for start in range(0, len(touched), CHUNK):
        async with transaction(engine, ring=ring) as db:
            for dossier_id in touched[start : start + CHUNK]:
                await _look_again(db, dossier_id)
    async with transaction(engine) as db:
        await _done(db, kind, absence_id)


async def _look_again(db: AsyncConnection, dossier_id: UUID) -> None:
    try:
        await dossiers.uncover(db, DossierId(dossier_id), by=SYSTEM)
    except Refused as refused:  # decided or gone since it was listed
        log.info("schedule.refused", dossier=str(dossier_id), code=refused.code)


async def _done(db: AsyncConnection, kind: str, subject: UUID) -> None:
    await db.execute(_DONE, {"kind": kind, "subject": subject})
