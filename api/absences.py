"""Absences: declaring, listing, cancelling; taking all of one's dossiers over; the digest on return."""

from datetime import date
from typing import Literal, cast
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from api import once
from api.absence_views import AbsencePage, AbsenceView, Digest, DigestLine, HalfDay, TakenOver, TakeOverAll
from api.door import reading, transaction
from api.dossiers import agents_only
from api.inputs import NewAbsence
from api.once import Once
from api.people import entry, named, person
from api.procedures import today
from api.representations import Person
from api.state import State
from casework import access
from casework.access import Viewer
from casework.accounts import queries as accounts
from casework.authority import Authority
from casework.continuity import actions, batches, digest, queries
from casework.continuity.digest import AbsenceRow
from casework.continuity.rules import Span
from casework.dossiers import actions as dossiers
from casework.dossiers.timeline import timeline
from casework.errors import Invalid, NotAllowed, NotFound, Refused
from casework.ids import AbsenceId, AccountId, DossierId, new_id

CHUNK = 16  # dossiers in one transaction: under 100 ms, so that no reader of the journal waits for it


async def declare(state: State, viewer: Viewer, asked: NewAbsence, *, attempt: Once | None = None) -> AbsenceView:
    """One's own absence, or (a manager) an agent's. Raises NotAllowed, NotFound, Invalid, AbsencesOverlap."""
    agents_only(viewer)
    agent = AccountId(asked.agent or _me(viewer))
    reason = asked.reason.strip()
    if not reason:
        raise Invalid(faults=[{"field": "reason", "code": "required"}])
    async with transaction(state) as db:
        before = await once.begin(db, attempt, new_id())
        if before is None:
            declared = await actions.declare_absence(
                db,
                agent,
                span=_span(asked),
                reason=reason,
                substitutes=[AccountId(each) for each in asked.substitutes],
                by=await _by(db, viewer, agent),
            )
            await once.done(db, attempt, declared.version, subject=declared.subject_id)
        absence_id = before.subject if before is not None else declared.subject_id
        row = await digest.absence(db, absence_id, _me(viewer), sorted(viewer.services))
    return _view(row, viewer)


async def absences(state: State, viewer: Viewer) -> AbsencePage:
    """One's own and those of one's services' agents, running, to come or just over; and one's last, if one is back."""
    agents_only(viewer)
    async with reading(state) as db:
        rows = await digest.absences(db, _me(viewer), sorted(viewer.services))
        back = await digest.just_back(db, _me(viewer))
    return AbsencePage(
        items=[_view(row, viewer) for row in rows], just_back=_view(back, viewer) if back is not None else None
    )


async def absence(state: State, viewer: Viewer, absence_id: UUID) -> AbsenceView:
    """One absence. Raises NotFound."""
    agents_only(viewer)
    async with reading(state) as db:
        return _view(await digest.absence(db, absence_id, _me(viewer), sorted(viewer.services)), viewer)


async def cancel(state: State, viewer: Viewer, absence_id: UUID) -> AbsenceView:
    """It will not be, or it stops now. Raises NotFound, NotAllowed, WrongState."""
    agents_only(viewer)
    async with transaction(state) as db:
        row = await digest.absence(db, absence_id, _me(viewer), sorted(viewer.services))
        by = await _by(db, viewer, AccountId(row.agent_id))
        await actions.cancel_absence(db, AbsenceId(absence_id), by=by)
        row = await digest.absence(db, absence_id, _me(viewer), sorted(viewer.services))
    return _view(row, viewer)


async def take_over_all(state: State, viewer: Viewer, absence_id: UUID, *, attempt: Once | None = None) -> TakeOverAll:
    """Every dossier of the absence that the viewer is asked to take over, in chunks, answered one by one.

    The same Idempotency-Key goes on where a lost attempt stopped, under the same batch. Raises NotFound, NotAllowed.
    """
    agents_only(viewer)
    async with transaction(state) as db:
        await digest.absence(db, absence_id, _me(viewer), sorted(viewer.services))
        before = await once.begin(db, attempt, batch := new_id())
        batch_id = before.subject if before is not None else batch
        ids = await queries.to_take_over(db, absence_id, _me(viewer))
    refused: list[TakenOver] = []
    for start in range(0, len(ids), CHUNK):
        async with transaction(state) as db:
            for id_ in ids[start : start + CHUNK]:
                refusal = await _take_over(db, viewer, DossierId(id_), batch_id)
                refused += [refusal] if refusal is not None else []
    async with reading(state) as db:
        done = await batches.done(db, batch_id, absence_id)
    taken = [_line(each, None) for each in done]
    return TakeOverAll(batch_id=batch_id, taken_over=len(taken), items=[*taken, *refused])


def _line(line: batches.Line, code: str | None, held_by: Person | None = None) -> TakenOver:
    return TakenOver(
        dossier=line.dossier_id, reference=line.reference, version=line.version, code=code, held_by=held_by
    )


async def _take_over(db: AsyncConnection, viewer: Viewer, id_: DossierId, batch_id: UUID) -> TakenOver | None:
    """None when it was taken over. A refusal writes nothing: the chunk goes on."""
    try:
        by = await access.may(db, viewer, "take_over", id_)
        await dossiers.take_over(db, id_, seen=None, by=by, batch_id=batch_id)
    except Refused as refusal:
        line = await batches.line(db, id_)
        holder = refusal.facts.get("held_by")
        names = await accounts.names(db, [holder]) if holder else {}
        return _line(line, refusal.code, person(holder, names))
    return None


async def returned(state: State, viewer: Viewer, absence_id: UUID) -> Digest:
    """What happened to the dossiers of an absence. For the absent agent, and the managers of their service."""
    agents_only(viewer)
    async with reading(state) as db:
        row = await digest.absence(db, absence_id, _me(viewer), sorted(viewer.services))
        lines = await digest.digest(db, row)
        told = {line.dossier_id: timeline(line.facts, "agent", citizen_id=None) for line in lines}
        holders = [line.holder_id for line in lines]
        names = await named(db, [each for entries in told.values() for each in entries], *holders)
        away = await queries.cover_of(db, row.agent_id, None) is not None
    return Digest(
        absence=_view(row, viewer),
        items=[
            DigestLine(
                dossier=line.dossier_id,
                reference=line.reference,
                state=line.state,  # type: ignore[arg-type] # a check constraint of the table
                holder=person(line.holder_id, names),
                may_hand_back=line.handed_over and not away and row.agent_id == viewer.account_id and _open(line.state),
                due_at=line.due_at,
                citizen_wrote_at=line.citizen_wrote_at,
                version=max((fact.version for fact in line.facts), default=0),
                entries=[entry(each, names) for each in told[line.dossier_id]],
            )
            for line in lines
        ],
    )


async def _by(db: AsyncConnection, viewer: Viewer, agent: AccountId) -> Authority:
    """By what right an absence of `agent` is declared or cancelled: one's own, or one's service's as its manager."""
    if agent == viewer.account_id:
        return Authority(agent, "agent")
    if not any([await queries.works_in(db, agent, service) for service in sorted(viewer.managed)]):
        raise NotAllowed
    return Authority(viewer.account_id, "manager")


def _span(asked: NewAbsence) -> Span:
    if asked.from_ is None:
        return Span(today(), "now", asked.until.day, asked.until.half)
    return Span(asked.from_.day, asked.from_.half, asked.until.day, asked.until.half)


def _view(row: AbsenceRow, viewer: Viewer) -> AbsenceView:
    own = row.agent_id == viewer.account_id
    return AbsenceView(
        id=row.id,
        agent=Person(id=row.agent_id, name=row.agent_name),
        state=cast('Literal["declared", "begun", "ended", "cancelled"]', row.state),
        from_=_half(row.from_date, row.from_half),
        until=_half(row.until_date, row.until_half),
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        reason=row.reason,
        substitutes=tuple(row.substitutes),
        version=row.version,
        to_take_over=row.to_take_over,
        may_cancel=row.state in ("declared", "begun") and (own or bool(viewer.managed)),
    )


def _half(day: date, half: str) -> HalfDay:
    return HalfDay(day=day, half=cast('Literal["am", "pm", "now"]', half))


def _open(state: str) -> bool:
    return state in ("submitted", "under_review", "awaiting_citizen")


def _me(viewer: Viewer) -> UUID:
    if viewer.account_id is None:
        raise NotFound
    return viewer.account_id
