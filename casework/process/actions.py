"""What a procedure's process does to a dossier: an agent's actions, and the steps that the clock takes.

As every action: read under lock, decide, record one fact. The clock calls `advance` until there is nothing more to do.
"""

from dataclasses import replace

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from casework.authority import Authority
from casework.dossiers import alarms, contents, progress, queries, rules
from casework.dossiers.model import DOSSIER, Dossier
from casework.dossiers.progress import DID, Due, Standing
from casework.dossiers.standing import standing
from casework.errors import Invalid
from casework.ids import DossierId, Version
from casework.journal import read
from casework.journal.append import append
from casework.journal.fact import Fact, Recorded
from casework.journal.seal import seal
from casework.procedures import merging, places
from casework.procedures.automatic import Close, GoTo
from casework.procedures.packages import package_of_revision, process_of
from casework.procedures.process import Process, Silence

# In which language the one who filed reads; French for who has no account.
_APPLICANT = text(
    """
    select d.applicant, coalesce(a.locale, 'fr') as locale
    from dossiers d left join accounts a on a.id = d.citizen_id where d.id = :id
    """
)


async def act(
    db: AsyncConnection, dossier_id: DossierId, *, action: str, seen: Version | None, by: Authority
) -> Recorded:
    """An agent does an action of the process. Raises Invalid (no such action) and NotAtThisStep."""
    dossier = await queries.lock(db, dossier_id, seen=seen, by=by)
    process = await process_of(db, dossier.procedure_id, dossier.revision)
    asked = process.action(action)
    if asked is None:
        raise Invalid(faults=[{"field": "action", "code": "no_such_action"}])
    holds = asked.when is None or progress.holds(asked.when, await standing(db, dossier), at=dossier.now)
    fact = rules.act(dossier, asked, process, holds=holds, seen=seen, by=by, at=dossier.now)
    await alarms.wake(db, dossier)
    return await append(db, DOSSIER, dossier, fact, by=by)


async def do_task(
    db: AsyncConnection, dossier_id: DossierId, *, task: int, seen: Version | None, by: Authority
) -> Recorded:
    """Say that a task of the process is done. Raises Invalid (it was never asked for, or is done already)."""
    dossier = await queries.lock(db, dossier_id, seen=seen, by=by)
    asked = progress.tasks(progress.happened(await read.of_subject(db, "dossier", dossier_id)))
    fact = rules.do_task(dossier, task, asked=asked, seen=seen, by=by, at=dossier.now)
    return await append(db, DOSSIER, dossier, fact, by=by)


async def advance(db: AsyncConnection, dossier_id: DossierId, *, by: Authority) -> Recorded | None:
    """The clock: take the one automatic step that is due, or the silence of the law; None where nothing is, and the
    dossier is then looked at again when something can be."""
    dossier = await queries.lock(db, dossier_id)
    process = await process_of(db, dossier.procedure_id, dossier.revision)
    stands = await standing(db, dossier)
    found = progress.look(process, stands, now=dossier.now)
    if found.due is None:
        await alarms.look_at(db, dossier_id, found.next)
        return None
    fact = await _taken(db, dossier, process, stands, found.due, by)
    await places.after(db, dossier.procedure_id, fact)
    recorded = await append(db, DOSSIER, dossier, fact, by=by)
    after = progress.look(
        process, replace(stands, past=(*stands.past, *progress.happened([recorded]))), now=dossier.now
    )
    await alarms.look_at(db, dossier_id, dossier.now if after.due else after.next)
    return recorded


async def _taken(
    db: AsyncConnection, dossier: Dossier, process: Process, stands: Standing, due: Due, by: Authority
) -> Fact:
    match due.do:
        case GoTo(step=to):
            return rules.go_to(dossier, to, process, due=due, by=by, at=dossier.now)
        case Close():
            reason = await _reason(db, dossier, stands, due.do)
            salt, content = seal(reason)
            await contents.keep(db, dossier, "reason", reason, salt)
            await alarms.never_late(db, dossier.id)
            return rules.close(dossier, outcome=due.do.outcome, content=content, due=due, by=by, at=dossier.now)
        case Silence():
            await alarms.never_late(db, dossier.id)
            return rules.close(dossier, outcome=due.do.outcome, content=None, due=due, by=by, at=dossier.now)
        case _:
            return rules.take_step(dossier, did=DID[type(due.do)], due=due, by=by, at=dossier.now)


async def _reason(db: AsyncConnection, dossier: Dossier, stands: Standing, close: Close) -> str:
    """What is told to whoever filed, in their language, with their answers in its places."""
    who = (await db.execute(_APPLICANT, {"id": dossier.id})).one()
    package = await package_of_revision(db, dossier.procedure_id, dossier.revision)
    values = merging.words(
        package.form, stands.answers, who.locale, reference=dossier.reference, applicant=who.applicant
    )
    return merging.merge(close.reason[who.locale], values)
