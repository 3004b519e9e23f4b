"""Reading a dossier: its page, its timeline, its conversation, its brief, what is typed there; and one's own list."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from api import documents as files
from api import process
from api.acts import acts
from api.answers import shown
from api.door import reading, transaction
from api.people import audience_of, entry, named, person
from api.procedures import package_of, summary_of
from api.representations import (
    Brief,
    DossierPage,
    DossierSummary,
    DossierView,
    Message,
    MessagePage,
    OpenPoint,
    Person,
    Scratch,
    Service,
    Timeline,
    ToTakeOver,
)
from api.state import State
from casework.access import Viewer
from casework.continuity.queries import cover_of
from casework.documents import queries as documents
from casework.dossiers import brief as briefs
from casework.dossiers import contents, particulars, queries
from casework.dossiers.contents import Message as Said
from casework.dossiers.particulars import Particulars
from casework.dossiers.queries import QueueRow
from casework.dossiers.timeline import Audience, timeline
from casework.errors import NotAllowed, NotFound, WrongState
from casework.ids import DossierId
from casework.journal import read
from casework.procedures import places
from casework.procedures import queries as procedures


async def view(state: State, viewer: Viewer, dossier_id: DossierId, *, locale: str = "fr") -> DossierView:
    """A dossier, or a draft, as this viewer may see it. Raises NotFound."""
    async with reading(state) as db:
        found = await particulars.one(db, dossier_id, viewer)
        seen = await (_filed(db, viewer, found, locale) if found.filed else _draft(db, viewer, found))
    if viewer.kind == "agent":
        state.looks.note(viewer.account_id, dossier_id, "opened")
    return seen


async def _filed(db: AsyncConnection, viewer: Viewer, found: Particulars, locale: str) -> DossierView:
    row = await queries.row(db, found.id, viewer)
    audience = audience_of(viewer, found.citizen_id)
    inside = audience == "agent"
    published = await procedures.revision(db, found.procedure_id, found.revision)
    answers = await contents.answers(db, found.id)
    filed = await contents.filed_with(db, found.id)
    stored = [files.representation(each) for each in await documents.of_dossier(db, found.id)]
    said = await contents.messages(db, found.id)
    facts = await read.of_subject(db, "dossier", found.id)
    told = timeline(facts, audience, citizen_id=found.citizen_id)
    names = await named(db, told, row.cover_id)
    package = package_of(published)
    typed = await contents.scratch(db, found.id, "reply", viewer.account_id) if viewer.account_id else None
    called = {step.id: step.title[locale] for step in package.process.steps}
    return DossierView(
        id=found.id,
        reference=found.reference,
        version=row.version,
        state=found.state,  # type: ignore[arg-type] # a check constraint of the table
        step=process.step_of(package.process, found.step),
        procedure=summary_of(published),
        revision=found.revision,
        service=Service(id=row.service_id, name=row.service_name),
        applicant=row.applicant,
        applicant_email=found.applicant_email,
        channel=row.channel,
        holder=_holder(row) if inside else None,
        taken_over_from=_origin(row) if inside else None,
        submitted_at=row.submitted_at,
        due_at=row.due_at,
        late=row.late,
        awaiting_since=row.awaiting_since,
        decided_at=row.decided_at,
        citizen_wrote_at=row.citizen_wrote_at,
        last_at=row.last_at,
        to_take_over=_to_take_over(row, names) if inside else None,
        rerouted=await contents.rerouted(db, found.id) if inside else None,
        acts=acts(viewer, row, origin_away=await _origin_away(db, row)),
        tasks=process.tasks(viewer, row, package.process, facts),
        actions=await process.offered(db, viewer, row, found, package.process, facts),
        answers=shown(package.form, answers, stored, locale=locale, origins=filed.origins if inside else {}),
        price=filed.price,
        waiting=await places.rank(db, found.id),
        documents=stored,
        timeline=[entry(each, names, called) for each in told],
        messages=[message(each, audience) for each in said],
        scratch=Scratch(revision=typed.revision, body=typed.body, updated_at=typed.updated_at) if typed else None,
        draft_answers=None,
        position=str(await read.now(db)),
    )


async def _draft(db: AsyncConnection, viewer: Viewer, found: Particulars) -> DossierView:
    published = await procedures.revision(db, found.procedure_id, found.revision)
    typed = await contents.scratch(db, found.id, "answers", viewer.account_id or found.id)
    told = timeline(await read.of_subject(db, "dossier", found.id), "citizen", citizen_id=found.citizen_id)
    names = await named(db, told)
    return DossierView(
        id=found.id,
        reference=found.reference,
        version=found.version,
        state=found.state,  # type: ignore[arg-type] # a check constraint of the table
        procedure=summary_of(published),
        revision=found.revision,
        service=Service(id=published.service_id, name=published.service_name),
        applicant=found.applicant,
        applicant_email=found.applicant_email,
        channel=found.channel,
        holder=None,
        taken_over_from=None,
        submitted_at=None,
        due_at=None,
        late=False,
        awaiting_since=None,
        decided_at=None,
        citizen_wrote_at=None,
        last_at=found.last_at,
        to_take_over=None,
        acts=("submit",) if found.state == "draft" else (),
        answers=(),
        documents=[files.representation(each) for each in await documents.of_dossier(db, found.id)],
        timeline=[entry(each, names) for each in told],
        messages=(),
        scratch=Scratch(revision=typed.revision, body=None, updated_at=typed.updated_at),
        draft_answers=typed.body or {},
        position=str(await read.now(db)),
    )


async def steps(state: State, viewer: Viewer, dossier_id: DossierId) -> Timeline:
    """What happened, in order, as this viewer may know it. Raises NotFound."""
    async with reading(state) as db:
        found = await particulars.one(db, dossier_id, viewer)
        audience = audience_of(viewer, found.citizen_id)
        told = timeline(await read.of_subject(db, "dossier", found.id), audience, citizen_id=found.citizen_id)
        names = await named(db, told)
    return Timeline(items=[entry(each, names) for each in told])


async def conversation(state: State, viewer: Viewer, dossier_id: DossierId) -> MessagePage:
    """What was written between the citizen and the administration, in order. Raises NotFound."""
    async with reading(state) as db:
        found = await particulars.one(db, dossier_id, viewer)
        said = await contents.messages(db, dossier_id)
    audience = audience_of(viewer, found.citizen_id)
    return MessagePage(items=[message(each, audience) for each in said])


async def brief(state: State, viewer: Viewer, dossier_id: DossierId) -> Brief:
    """One screen before going on with it. For agents. Raises NotFound, NotAllowed; WrongState for what is decided."""
    agents_only(viewer)
    async with reading(state) as db:
        row = await queries.row(db, dossier_id, viewer)
        if row.citizen_id == viewer.account_id:
            raise NotAllowed
        if row.decided_at is not None:
            raise WrongState(state=row.state, allowed=["submitted", "under_review", "awaiting_citizen"])
        said = await contents.messages(db, dossier_id)
        owner = row.holder_id or viewer.account_id or dossier_id
        typed = await contents.scratch(db, dossier_id, "reply", owner)
        offered = acts(viewer, row, origin_away=await _origin_away(db, row))
    state.looks.note(viewer.account_id, dossier_id, "opened")
    made = briefs.brief(row, said, typed)
    return Brief(
        dossier=row,
        next_act=made.next_act,
        due_at=made.due_at,
        exchanges=[message(each, "agent") for each in made.exchanges],
        open_points=[OpenPoint(code=each.code, since=each.since) for each in made.open_points],
        unsent=made.unsent,
        acts=offered,
    )


async def own(state: State, viewer: Viewer) -> DossierPage:
    """What this person filed or began, newest first."""
    async with reading(state) as db:
        if viewer.account_id is not None:
            rows = await queries.of_citizen(db, viewer.account_id)
            begun = await particulars.drafts(db, viewer.account_id)
        else:
            only = await particulars.one(db, viewer.only, viewer) if viewer.only else None
            rows = (await queries.row(db, only.id, viewer),) if only and only.filed else ()
            begun = (only,) if only and not only.filed else ()
        drafts = [await _draft_summary(db, each) for each in begun]
        position = str(await read.now(db))
    return DossierPage(items=[*drafts, *(_summary(row) for row in rows)], position=position)


async def typing(state: State, viewer: Viewer, dossier_id: DossierId) -> Scratch:
    """The reply that this agent has not sent yet. Raises NotFound."""
    agents_only(viewer)
    async with reading(state) as db:
        await queries.row(db, dossier_id, viewer)
        typed = await contents.scratch(db, dossier_id, "reply", _me(viewer))
    return Scratch(revision=typed.revision, body=typed.body, updated_at=typed.updated_at)


async def keep_typing(state: State, viewer: Viewer, dossier_id: DossierId, body: str, *, seen: int) -> Scratch:
    """Keep the reply over the revision that was seen. Raises NotFound, NotAllowed, Stale (typed in another window)."""
    agents_only(viewer)
    async with transaction(state) as db:
        row = await queries.row(db, dossier_id, viewer)
        if row.citizen_id == viewer.account_id:
            raise NotAllowed
        await contents.save_scratch(db, dossier_id, "reply", _me(viewer), body=body, seen=seen)
        typed = await contents.scratch(db, dossier_id, "reply", _me(viewer))
    return Scratch(revision=typed.revision, body=typed.body, updated_at=typed.updated_at)


def agents_only(viewer: Viewer) -> None:
    """Raises NotAllowed for whoever is no agent."""
    if viewer.kind != "agent":
        raise NotAllowed


def message(said: Said, audience: Audience) -> Message:
    """One text of the conversation; a citizen reads that the administration wrote it, not who."""
    named_here = audience == "agent" or said.from_citizen
    known = named_here and said.author_name is not None
    return Message(
        version=said.version,
        fact=said.fact,
        at=said.at,
        author=Person(id=said.author, name=said.author_name or "") if known else None,
        on_behalf_of=said.on_behalf_of_name if audience == "agent" else None,
        from_citizen=said.from_citizen,
        body=said.body,
    )


def _me(viewer: Viewer) -> UUID:
    if viewer.account_id is None:
        raise NotFound
    return viewer.account_id


async def _origin_away(db: AsyncConnection, row: QueueRow) -> bool:
    if row.taken_over_from is None:
        return False
    return await cover_of(db, row.taken_over_from, row.service_id) is not None


def _holder(row: QueueRow) -> Person | None:
    return Person(id=row.holder_id, name=row.holder_name) if row.holder_id and row.holder_name else None


def _origin(row: QueueRow) -> Person | None:
    name = row.taken_over_from_name
    return Person(id=row.taken_over_from, name=name) if row.taken_over_from and name else None


def _to_take_over(row: QueueRow, names: dict[UUID, str]) -> ToTakeOver | None:
    holder = _holder(row)
    if row.uncovered_since is None or holder is None:
        return None
    return ToTakeOver(
        reason=row.absence_reason or "",
        since=row.uncovered_since,
        until=row.absence_until,
        from_=holder,
        cover=person(row.cover_id, names),
    )


def _summary(row: QueueRow) -> DossierSummary:
    return DossierSummary(
        id=row.id,
        reference=row.reference,
        version=row.version,
        state=row.state,  # type: ignore[arg-type] # a check constraint of the table
        procedure={"fr": row.procedure_fr, "en": row.procedure_en},
        procedure_slug=row.procedure_slug,
        service=Service(id=row.service_id, name=row.service_name),
        submitted_at=row.submitted_at,
        due_at=row.due_at,
        decided_at=row.decided_at,
        last_at=row.last_at,
    )


async def _draft_summary(db: AsyncConnection, draft: Particulars) -> DossierSummary:
    published = await procedures.revision(db, draft.procedure_id, draft.revision)
    return DossierSummary(
        id=draft.id,
        reference=draft.reference,
        version=draft.version,
        state=draft.state,  # type: ignore[arg-type] # a check constraint of the table
        procedure={"fr": published.title_fr, "en": published.title_en},
        procedure_slug=published.slug,
        service=None,
        submitted_at=None,
        due_at=None,
        decided_at=None,
        last_at=draft.last_at,
    )
