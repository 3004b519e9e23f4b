"""The process of a dossier: at which step it is, which of its actions this reader may do now, and doing one."""

from datetime import UTC, datetime
from typing import Annotated

from msgspec import Meta
from sqlalchemy.ext.asyncio import AsyncConnection

from api.acting import do_act
from api.acts import may_act
from api.inputs import In
from api.once import Once
from api.representations import Acted
from api.state import State
from api.titled import Titled, titled
from casework.access import Viewer
from casework.authority import Authority
from casework.dossiers import progress
from casework.dossiers.particulars import Particulars
from casework.dossiers.progress import Standing
from casework.dossiers.queries import QueueRow
from casework.dossiers.rules import ACTS
from casework.dossiers.standing import standing_after
from casework.ids import DossierId, Version
from casework.journal.fact import Recorded
from casework.procedures.automatic import Task
from casework.procedures.process import Action, Process
from casework.process import actions


class Chosen(In, frozen=True, kw_only=True):
    """An action of the procedure's process, by its id."""

    action: Annotated[str, Meta(min_length=1, max_length=60)]


async def act(
    state: State, viewer: Viewer, dossier_id: DossierId, asked: Chosen, *, seen: Version, attempt: Once | None = None
) -> Acted:
    """Do an action of the process. Raises Invalid (there is none of this id) and NotAtThisStep."""

    async def do(db: AsyncConnection, by: Authority) -> Recorded:
        return await actions.act(db, dossier_id, action=asked.action, seen=seen, by=by)

    return await do_act(state, viewer, "act", dossier_id, attempt, do)


class Done(In, frozen=True, kw_only=True):
    """A task of the process, by the version that asked for it."""

    task: Annotated[int, Meta(ge=1)]


async def do_task(
    state: State, viewer: Viewer, dossier_id: DossierId, asked: Done, *, seen: Version, attempt: Once | None = None
) -> Acted:
    """Say that a task is done. Raises Invalid."""

    async def do(db: AsyncConnection, by: Authority) -> Recorded:
        return await actions.do_task(db, dossier_id, task=asked.task, seen=seen, by=by)

    return await do_act(state, viewer, "do_task", dossier_id, attempt, do)


def tasks(viewer: Viewer, row: QueueRow, process: Process, facts: tuple[Recorded, ...]) -> list[Titled]:
    """What is to be done, for those who may do it."""
    if row.state not in ACTS["do_task"].states or not may_act(viewer, row, ("service",)):
        return []
    asked = progress.tasks(progress.happened(facts))
    found = ((version, process.by_itself(id_)) for version, id_ in asked.items())
    return [
        Titled(id=str(version), title={"fr": each.do.title.fr, "en": each.do.title.en})
        for version, each in found
        if each is not None and isinstance(each.do, Task)
    ]


def step_of(process: Process, id_: str | None) -> Titled | None:
    """The step of this id, as it is shown."""
    step = process.step(id_)
    return titled(step) if step else None


async def offered(
    db: AsyncConnection,
    viewer: Viewer,
    row: QueueRow,
    found: Particulars,
    process: Process,
    facts: tuple[Recorded, ...],
) -> list[Titled]:
    """The actions that this viewer may do now: the door accepts these and no other."""
    if row.state not in ACTS["act"].states:
        return []
    mine = [each for each in process.actions if found.step in each.from_ and may_act(viewer, row, each.by)]
    if not mine:
        return []
    past = progress.happened(facts)
    stands = await standing_after(db, found.id, past, channel=found.channel, citizen_id=found.citizen_id)
    return [titled(each) for each in mine if _holds(each, stands)]


def _holds(action: Action, stands: Standing) -> bool:
    return action.when is None or progress.holds(action.when, stands, at=datetime.now(UTC))
