"""What citizens and agents do to a dossier. Every action has the same three paragraphs: read under lock, decide, record.

The transaction is the door's. Nothing here speaks HTTP, sends mail, touches a file or Valkey.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from casework import terms
from casework.authority import Authority
from casework.continuity import queries as continuity
from casework.documents.actions import attach
from casework.dossiers import alarms, contents, queries, rules
from casework.dossiers.model import DOSSIER, Dossier
from casework.dossiers.reference import reference_of
from casework.errors import Invalid
from casework.ids import AccountId, DossierId, Version, new_id
from casework.journal.append import append
from casework.journal.fact import Fact, Recorded
from casework.journal.seal import seal
from casework.organisation import queries as organisation
from casework.procedures import places
from casework.procedures.dry_run import Verdict
from casework.procedures.packages import process_of

_NEW = text(
    """
    insert into dossiers (id, reference, applicant, applicant_email, search, tracking_hash)
    values (:id, :reference, :applicant, :applicant_email, :search, :tracking_hash)
    """
)
_SEQUENCE = text(
    "select nextval('dossier_reference'), extract(year from clock_timestamp() at time zone 'Europe/Paris')::int"
)
_APPLICANT = text(
    "update dossiers set applicant = :applicant, applicant_email = :applicant_email, search = :search where id = :id"
)
_HAND_OVER_SCRATCH = text(
    """
    update scratch set owner_id = :to, revision = revision + 1
    where dossier_id = :dossier_id and kind = 'reply' and owner_id = :from_
      and not exists (select from scratch s where s.dossier_id = :dossier_id and s.kind = 'reply' and s.owner_id = :to)
    """
)
_DROP_SCRATCH = text("delete from scratch where dossier_id = :dossier_id and kind = :kind and owner_id = :owner")
_DROP_ANSWERS = text("delete from scratch where dossier_id = :dossier_id and kind = 'answers'")


async def open_draft(
    db: AsyncConnection,
    dossier_id: DossierId,
    *,
    procedure_id: UUID,
    revision: int,
    channel: str,
    applicant: Mapping[str, Any],
    by: Authority,
) -> Recorded:
    """A new dossier, not filed yet. `applicant`: name, email, search, tracking_hash, as the door knows them."""
    number, year = (await db.execute(_SEQUENCE)).one()
    await db.execute(_NEW, {"id": dossier_id, "reference": reference_of(year, number), **applicant})
    dossier = await queries.lock(db, dossier_id)
    fact = rules.open_draft(
        procedure_id=procedure_id, revision=revision, citizen_id=by.actor, channel=channel, at=dossier.now
    )
    return await append(db, DOSSIER, dossier, fact, by=by)


async def reach_page(db: AsyncConnection, dossier_id: DossierId, *, page: int, by: Authority) -> Recorded:
    """The draft's author got to a page for the first time."""
    dossier = await queries.lock(db, dossier_id, by=by)
    fact = rules.reach_page(dossier, page=page, by=by, at=dossier.now)
    return await append(db, DOSSIER, dossier, fact, by=by)


async def expire_draft(db: AsyncConnection, dossier_id: DossierId, *, by: Authority) -> Recorded:
    """A draft that nobody came back to: its answers go."""
    dossier = await queries.lock(db, dossier_id)
    fact = rules.expire_draft(dossier, by=by, at=dossier.now)
    await db.execute(_DROP_ANSWERS, {"dossier_id": dossier_id})
    return await append(db, DOSSIER, dossier, fact, by=by)


async def submit(
    db: AsyncConnection,
    dossier_id: DossierId,
    *,
    answers: Mapping[str, Any],
    documents: Sequence[UUID],
    filing: Mapping[str, Any],
    told: Mapping[str, Any] = MappingProxyType({}),
    target_days: int,
    applicant: Mapping[str, Any],
    seen: Version | None,
    by: Authority,
) -> Recorded:
    """File a draft, or at once (open_draft just before, in the same transaction is not needed: see `file`)."""
    dossier = await queries.lock(db, dossier_id, seen=seen, by=by)
    return await _submit(db, dossier, answers, documents, filing, told, target_days, applicant, seen, by)


async def file(
    db: AsyncConnection,
    dossier_id: DossierId,
    *,
    answers: Mapping[str, Any],
    documents: Sequence[UUID],
    filing: Mapping[str, Any],
    told: Mapping[str, Any] = MappingProxyType({}),
    target_days: int,
    applicant: Mapping[str, Any],
    by: Authority,
) -> Recorded:
    """A new dossier, filed in one go. `filing`: procedure_id, revision, service_id, directorate_id, channel, commune, citizen_id."""
    number, year = (await db.execute(_SEQUENCE)).one()
    await db.execute(_NEW, {"id": dossier_id, "reference": reference_of(year, number), **applicant})
    dossier = await queries.lock(db, dossier_id)
    return await _submit(db, dossier, answers, documents, filing, told, target_days, applicant, None, by)


async def _submit(
    db: AsyncConnection,
    dossier: Dossier,
    answers: Mapping[str, Any],
    documents: Sequence[UUID],
    filing: Mapping[str, Any],
    told: Mapping[str, Any],
    target_days: int,
    applicant: Mapping[str, Any],
    seen: Version | None,
    by: Authority,
) -> Recorded:
    salt, content = seal(answers)
    due = terms.due_at(dossier.now, target_days)
    procedure = filing.get("procedure_id", dossier.procedure_id), filing.get("revision", dossier.revision)
    process = await process_of(db, *procedure)
    waits = await places.must_wait(db, filing.get("procedure_id") or dossier.procedure_id)
    fact = rules.submit(
        dossier,
        waits=waits,
        seen=seen,
        filing=filing,
        due_at=due,
        content=content,
        documents=tuple(documents),
        told=told,
        by=by,
        at=dossier.now,
        step=process.first("submitted"),
    )
    who = {name: applicant[name] for name in ("applicant", "applicant_email")}
    search = f"{dossier.reference.lower()} {applicant['search']}"
    await db.execute(_APPLICANT, {"id": dossier.id, "search": search, **who})
    await contents.keep(db, dossier, "answers", answers, salt)
    await attach(db, documents, dossier_id=dossier.id)
    await db.execute(_DROP_ANSWERS, {"dossier_id": dossier.id})
    await alarms.late_at(db, dossier.id, due)
    if process.runs:
        await alarms.wake(db, dossier)
    return await append(db, DOSSIER, dossier, fact, by=by)


async def claim(db: AsyncConnection, dossier_id: DossierId, *, seen: Version, by: Authority) -> Recorded:
    """The agent becomes the holder of a dossier that nobody holds."""
    dossier = await queries.lock(db, dossier_id, seen=seen, by=by)
    fact = rules.claim(dossier, seen=seen, by=by, at=dossier.now)
    return await append(db, DOSSIER, dossier, fact, by=by)


async def release(db: AsyncConnection, dossier_id: DossierId, *, seen: Version, by: Authority) -> Recorded:
    """Nobody holds it any more."""
    dossier = await queries.lock(db, dossier_id, seen=seen, by=by)
    fact = rules.release(dossier, seen=seen, by=by, at=dossier.now)
    return await append(db, DOSSIER, dossier, fact, by=by)


async def assign(
    db: AsyncConnection,
    dossier_id: DossierId,
    *,
    to: AccountId,
    seen: Version,
    by: Authority,
    batch_id: UUID | None = None,
) -> Recorded:
    """Give it to an agent of its service; to one who is away, it shows at once as to take over. Raises Invalid."""
    dossier = await queries.lock(db, dossier_id, seen=seen, by=by)
    if not await continuity.works_in(db, to, dossier.service_id):
        raise Invalid(faults=[{"field": "agent", "code": "not_in_service"}])
    cover = await continuity.cover_of(db, to, dossier.service_id)
    asked = (
        {"uncovered_since": dossier.now, "cover_id": cover.substitute_id, "absence_id": cover.absence_id}
        if cover
        else {}
    )
    fact = rules.assign(dossier, to=to, cover=asked, seen=seen, batch_id=batch_id, by=by, at=dossier.now)
    await _hand_over_scratch(db, dossier, to)
    return await append(db, DOSSIER, dossier, fact, by=by)


async def start_review(db: AsyncConnection, dossier_id: DossierId, *, seen: Version, by: Authority) -> Recorded:
    """The holder begins to examine it."""
    dossier = await queries.lock(db, dossier_id, seen=seen, by=by)
    process = await process_of(db, dossier.procedure_id, dossier.revision)
    fact = rules.start_review(dossier, seen=seen, by=by, at=dossier.now, step=process.first("under_review"))
    await _wake(db, dossier)
    return await append(db, DOSSIER, dossier, fact, by=by)


async def ask_completion(
    db: AsyncConnection, dossier_id: DossierId, *, reason: str, seen: Version, by: Authority
) -> Recorded:
    """Ask the citizen for what is missing; the deadline pauses."""
    dossier = await queries.lock(db, dossier_id, seen=seen, by=by)
    salt, content = seal(reason)
    fact = rules.ask_completion(dossier, content=content, seen=seen, by=by, at=dossier.now)
    await contents.keep(db, dossier, "reason", reason, salt)
    await alarms.never_late(db, dossier_id)
    await _wake(db, dossier)
    return await append(db, DOSSIER, dossier, fact, by=by)


async def complete(
    db: AsyncConnection,
    dossier_id: DossierId,
    *,
    message: str,
    documents: Sequence[UUID],
    seen: Version | None,
    by: Authority,
) -> Recorded:
    """The citizen answers a request for completion."""
    dossier = await queries.lock(db, dossier_id, seen=seen, by=by)
    salt, content = seal(message)
    fact = rules.complete(dossier, content=content, documents=tuple(documents), seen=seen, by=by, at=dossier.now)
    await contents.keep(db, dossier, "message", message, salt)
    await attach(db, documents, dossier_id=dossier.id)
    if not dossier.late:
        await alarms.late_at(db, dossier_id, fact.changes["due_at"])
    await _wake(db, dossier)
    return await append(db, DOSSIER, dossier, fact, by=by)


async def post_message(
    db: AsyncConnection, dossier_id: DossierId, *, message: str, seen: Version | None, by: Authority
) -> Recorded:
    """Write to the citizen, or to the agents. What was being typed is sent, so its scratch goes."""
    dossier = await queries.lock(db, dossier_id, seen=seen, by=by)
    salt, content = seal(message)
    fact = rules.post_message(dossier, content=content, seen=seen, by=by, at=dossier.now)
    await contents.keep(db, dossier, "message", message, salt)
    await db.execute(_DROP_SCRATCH, {"dossier_id": dossier_id, "kind": "reply", "owner": by.actor})
    return await append(db, DOSSIER, dossier, fact, by=by)


async def decide(
    db: AsyncConnection, dossier_id: DossierId, *, outcome: str, reason: str, seen: Version, by: Authority
) -> Recorded:
    """The answer to the request. `outcome`: accepted, refused or closed_without_action; the last two say why."""
    dossier = await queries.lock(db, dossier_id, seen=seen, by=by)
    salt, content = seal(reason)
    fact = rules.decide(dossier, outcome=outcome, content=content, seen=seen, by=by, at=dossier.now)
    await places.after(db, dossier.procedure_id, fact)
    await contents.keep(db, dossier, "reason", reason, salt)
    await alarms.never_late(db, dossier_id)
    await _wake(db, dossier)
    return await append(db, DOSSIER, dossier, fact, by=by)


async def take_over(
    db: AsyncConnection, dossier_id: DossierId, *, seen: Version | None, by: Authority, batch_id: UUID | None = None
) -> Recorded:
    """Go on with the dossier of somebody who is away, with what that person was typing."""
    dossier = await queries.lock(db, dossier_id, seen=seen, by=by)
    fact = rules.take_over(dossier, seen=seen, batch_id=batch_id, by=by, at=dossier.now)
    await _hand_over_scratch(db, dossier, by.actor)
    return await append(db, DOSSIER, dossier, fact, by=by)


async def hand_back(db: AsyncConnection, dossier_id: DossierId, *, seen: Version | None, by: Authority) -> Recorded:
    """The dossier returns to the one in whose place it was held."""
    dossier = await queries.lock(db, dossier_id, seen=seen, by=by)
    origin = dossier.taken_over_from
    away = origin is not None and await continuity.cover_of(db, origin, dossier.service_id) is not None
    fact = rules.hand_back(dossier, away=away, seen=seen, by=by, at=dossier.now)
    await _hand_over_scratch(db, dossier, origin)
    return await append(db, DOSSIER, dossier, fact, by=by)


async def reroute(
    db: AsyncConnection, dossier_id: DossierId, *, to: UUID, reason: str, seen: Version, by: Authority
) -> Recorded:
    """Give it to the service that must answer, by hand: no rule moves it afterwards. Raises Invalid."""
    dossier = await queries.lock(db, dossier_id, seen=seen, by=by)
    service = await organisation.service(db, to)
    if service is None:
        raise Invalid(faults=[{"field": "service", "code": "no_such_service"}])
    salt, content = seal(reason)
    place = {"service_id": service.id, "directorate_id": service.directorate_id}
    fact = rules.reroute(dossier, **place, content=content, seen=seen, by=by, at=dossier.now)
    await contents.keep(db, dossier, "reason", reason, salt)
    return await append(db, DOSSIER, dossier, fact, by=by)


async def move(db: AsyncConnection, dossier_id: DossierId, *, to: UUID, by: Authority) -> Recorded | None:
    """Give it to another service because a rule says so; None where somebody chose its service by hand."""
    dossier = await queries.lock(db, dossier_id)
    service = await organisation.service(db, to)
    if service is None:
        raise Invalid(faults=[{"field": "service", "code": "no_such_service"}])
    by_hand = await queries.rerouted_by_hand(db, dossier_id)
    place = {"service_id": service.id, "directorate_id": service.directorate_id}
    fact = rules.move(dossier, **place, by_hand=by_hand, by=by, at=dossier.now)
    return await append(db, DOSSIER, dossier, fact, by=by) if fact else None


async def move_revision(
    db: AsyncConnection, dossier_id: DossierId, *, to: int, verdict: Verdict, by: Authority
) -> Recorded | None:
    """Bind it to a later revision of its procedure, its answers as they are; `verdict`: judged under this lock. None
    where it stays with its own. Another service gets it by `move`, in the same transaction.
    """
    dossier = await queries.lock(db, dossier_id)
    fact = rules.move_revision(dossier, revision=to, verdict=verdict, by=by, at=dossier.now)
    if fact and (await process_of(db, dossier.procedure_id, to)).runs:
        await alarms.wake(db, dossier)
    return await append(db, DOSSIER, dossier, fact, by=by) if fact else None


async def uncover(db: AsyncConnection, dossier_id: DossierId, *, by: Authority) -> Recorded | None:
    """Say who is asked to take the dossier over, as the clock and the absences have it now; covered again if nobody is away."""
    dossier = await queries.lock(db, dossier_id)
    away = await continuity.cover_of(db, dossier.holder_id, dossier.service_id) if dossier.holder_id else None
    fact = _cover_fact(dossier, away, by) if dossier.is_open else None
    return await append(db, DOSSIER, dossier, fact, by=by) if fact else None


def _cover_fact(dossier: Dossier, away: continuity.Cover | None, by: Authority) -> Fact | None:
    if away is None:
        return rules.cover(dossier, by=by, at=dossier.now)
    return rules.uncover(dossier, absence_id=away.absence_id, cover_id=away.substitute_id, by=by, at=dossier.now)


async def give_place(db: AsyncConnection, dossier_id: DossierId, *, by: Authority) -> Recorded | None:
    """The first that waits gets the place that became free; None where there is none, or it does not wait any more."""
    dossier = await queries.lock(db, dossier_id)
    if await places.lock(db, dossier.procedure_id) and await places.left(db, dossier.procedure_id) <= 0:
        return None
    fact = rules.give_place(dossier, by=by, at=dossier.now)
    return await append(db, DOSSIER, dossier, fact, by=by) if fact else None


async def become_late(db: AsyncConnection, dossier_id: DossierId, *, by: Authority) -> Recorded | None:
    """The deadline is past."""
    dossier = await queries.lock(db, dossier_id)
    fact = rules.become_late(dossier, by=by, at=dossier.now)
    return await append(db, DOSSIER, dossier, fact, by=by) if fact else None


async def _wake(db: AsyncConnection, dossier: Dossier) -> None:
    """Where its procedure's process does something by itself, the clock looks whether this is the moment."""
    if (await process_of(db, dossier.procedure_id, dossier.revision)).runs:
        await alarms.wake(db, dossier)


async def _hand_over_scratch(db: AsyncConnection, dossier: Dossier, to: AccountId | None) -> None:
    if dossier.holder_id and to and dossier.holder_id != to:
        await db.execute(_HAND_OVER_SCRATCH, {"dossier_id": dossier.id, "from_": dossier.holder_id, "to": to})


def new_dossier_id() -> DossierId:
    """Made by the door before the transaction, so that a retry under the same Idempotency-Key can find it."""
    return DossierId(new_id())
