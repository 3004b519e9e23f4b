"""The studio's door: drafts of procedures, edited by the designers of their directorate, and their publication."""

from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from api.door import reading, transaction
from api.drafts import (
    DraftPage,
    DraftView,
    Glance,
    PastEditPage,
    Played,
    Publication,
    change_of,
    noted,
    person,
    summary_of,
)
from api.publishing import listing_of, refuse_wrong
from api.representations import Person
from api.state import State
from casework import access
from casework.access import Viewer
from casework.accounts import queries as accounts
from casework.authority import Authority
from casework.errors import EditConflict, Invalid, NeedsApproval, NotAllowed, NotFound, NotPublishable
from casework.ids import AccountId
from casework.organisation import queries as organisation
from casework.organisation.queries import ServicePlace
from casework.procedures import actions, drafting, drafts, queries
from casework.procedures.catalogue import load
from casework.procedures.drafting import Judged
from casework.procedures.drafts import Draft
from casework.procedures.edits import Edit
from casework.procedures.opening import opening_of
from casework.procedures.queries import Published
from casework.procedures.scenarios import play

TITLE_MAX = 120


def designers_only(viewer: Viewer) -> AccountId:
    """Raises NotAllowed for everybody else."""
    if not viewer.designed or viewer.account_id is None:
        raise NotAllowed
    return viewer.account_id


async def procedures(state: State, viewer: Viewer) -> DraftPage:
    """The procedures of one's directorates, published or not, by title. Raises NotAllowed."""
    designers_only(viewer)
    async with reading(state) as db:
        published = [each for each in await queries.published(db) if each.directorate_id in viewer.designed]
        found = {each.slug: each for each in await drafts.of_directorates(db, viewer.designed)}
        opened = await queries.open_dossiers(db, viewer.designed)
        names = await accounts.names(db, [each.updated_by for each in found.values() if each.updated_by])
        directorates = await _directorates(db)
    by_slug = {each.slug: each for each in published}
    items = [
        summary_of(by_slug.get(slug), found.get(slug), opened.get(slug, 0), names, directorates)
        for slug in {*by_slug, *found}
    ]
    return DraftPage(items=sorted(items, key=lambda each: (each.title["fr"].casefold(), each.slug)))


async def begin(
    state: State, viewer: Viewer, *, title: str, source: str | None = None, directorate: UUID | None = None
) -> DraftView:
    """A new procedure, empty or as the procedure `source` is (a published one, whoever's). Raises Invalid."""
    me = designers_only(viewer)
    title = " ".join(title.split())
    if not title or len(title) > TITLE_MAX:
        code, params = ("too_long", {"most": TITLE_MAX}) if title else ("required", {})
        raise Invalid(faults=[{"field": "title", "code": code, "params": params}])
    async with transaction(state) as db:
        place = await _place(db, viewer, directorate)
        await access.may_design(db, viewer, place.directorate_id)
        slug = await drafts.free_slug(db, title)
        if source is None:
            theme = await _usual_theme(db, place.directorate_id)
            definition = drafting.blank(
                slug, title, directorate=place.directorate_slug, service=place.slug, theme=theme
            )
        else:
            definition = drafting.copied((await _readable(db, viewer, source)).definition, slug, title)
            home = await organisation.service_by_slug(db, str(definition.get("service")))
            if home is None or home.directorate_id != place.directorate_id:
                definition |= {"directorate": place.directorate_slug, "service": place.slug}
        draft = await drafts.begin(db, slug, place.directorate_id, definition, base=None, by=me)
        return await _view(db, draft)


async def revise(state: State, viewer: Viewer, slug: str) -> DraftView:
    """The draft of a procedure of one's directorate; begun from what is published where there is none, or where nobody
    has written in it since another revision came into force.

    Raises NotFound.
    """
    me = designers_only(viewer)
    async with transaction(state) as db:
        draft = await drafts.find(db, slug)
        published = await _in_force(db, slug)
        if draft is not None and published is not None and not draft.changed and draft.base != published.revision:
            await access.may_design(db, viewer, draft.directorate_id)
            await drafts.discard(db, slug)  # nobody wrote in it, and something else is in force
            draft = None
        if draft is None:
            if published is None:
                raise NotFound
            await access.may_design(db, viewer, published.directorate_id)
            directorate, definition = published.directorate_id, published.definition
            draft = await drafts.begin(db, slug, directorate, definition, base=published.revision, by=me)
        await access.may_design(db, viewer, draft.directorate_id)
        return await _view(db, draft)


async def draft(state: State, viewer: Viewer, slug: str) -> DraftView:
    """The draft as it is. Raises NotFound."""
    designers_only(viewer)
    async with reading(state) as db:
        return await _view(db, await _own(db, viewer, slug))


async def glance(state: State, viewer: Viewer, slug: str) -> Glance:
    """How far the draft is, and who changed it last: what an open editor asks every few seconds. Raises NotFound."""
    designers_only(viewer)
    async with reading(state) as db:
        found = await _own(db, viewer, slug)
        names = await accounts.names(db, [found.updated_by] if found.updated_by else [])
    return Glance(revision=found.revision, updated_by=person(found.updated_by, names))


async def edit(state: State, viewer: Viewer, slug: str, asked: Edit, *, seen: int) -> DraftView:
    """Apply an edit on top of what others did since `seen`. Raises EditConflict, Stale, Invalid, NotFound."""
    async with transaction(state) as db:
        locked, by = await _locked(db, viewer, slug)
        try:
            return await _view(db, await drafts.change(db, locked, asked, seen=seen, by=by))
        except EditConflict as conflict:
            raise _told(conflict) from conflict


async def undo(state: State, viewer: Viewer, slug: str) -> DraftView:
    """Take one's own last change back. Raises NothingToUndo, EditConflict, NotFound."""
    async with transaction(state) as db:
        locked, by = await _locked(db, viewer, slug)
        try:
            return await _view(db, await drafts.undo(db, locked, by=by))
        except EditConflict as conflict:
            raise _told(conflict) from conflict


async def changes(state: State, viewer: Viewer, slug: str) -> PastEditPage:
    """Who changed what, the last first; what is over two hundred changes ago is forgotten. Raises NotFound."""
    designers_only(viewer)
    async with reading(state) as db:
        await _own(db, viewer, slug)
        found = await drafts.changes(db, slug)
        names = await accounts.names(db, [each.actor for each in found if each.actor])
    return PastEditPage(items=[change_of(each, names) for each in found])


async def approve(state: State, viewer: Viewer, slug: str, *, seen: int) -> DraftView:
    """This designer read the draft as it is, and agrees to its publication by another one. Raises Stale, NotFound."""
    async with transaction(state) as db:
        locked, by = await _locked(db, viewer, slug)
        drafts.refuse_stale(locked, seen)
        return await _view(db, await drafts.approve(db, slug, by=by))


async def discard(state: State, viewer: Viewer, slug: str, *, seen: int) -> None:
    """Throw the draft away; what is published stays. Raises Stale, NotFound."""
    async with transaction(state) as db:
        locked, _ = await _locked(db, viewer, slug)
        drafts.refuse_stale(locked, seen)
        await drafts.discard(db, slug)


async def publish(state: State, viewer: Viewer, slug: str, *, seen: int) -> Publication:
    """Make the draft, as it was seen, the published revision.

    Raises NotPublishable with every fault, NeedsApproval, Stale, NotFound.
    """
    async with transaction(state) as db:
        locked, by = await _locked(db, viewer, slug)
        drafts.refuse_stale(locked, seen)
        judged = await judge(db, locked.definition)
        package = refuse_wrong(judged.package, judged.faults, played=True)
        if await organisation.wants_review(db, locked.directorate_id) and not _approved(locked, by):
            raise NeedsApproval
        service = await organisation.service_by_slug(db, package.service)
        if service is None or service.directorate_id != locked.directorate_id:
            raise NotPublishable(faults=[{"field": "service", "code": "unknown_service"}])
        recorded = await actions.publish(
            db,
            slug,
            definition=locked.definition,
            listing=listing_of(package),
            service_id=service.id,
            opening=opening_of(package),
            by=Authority(by, "agent"),
        )
        in_force = (await queries.by_slug(db, slug)).revision
        await drafts.settle(db, slug, base=in_force)
    return Publication(slug=slug, revision=in_force, published=recorded is not None)


async def judge(db: AsyncConnection, definition: Any) -> Judged:
    """What does not hold in this definition, in this community."""
    services = {each.slug: each.directorate_slug for each in await organisation.every_service(db)}
    return drafting.judge(definition, services, load().themes)


def _approved(draft_: Draft, publisher: UUID) -> bool:
    return draft_.approved_revision == draft_.revision and draft_.approved_by not in (None, publisher)


async def _own(db: AsyncConnection, viewer: Viewer, slug: str) -> Draft:
    found = await drafts.find(db, slug)
    if found is None or found.directorate_id not in viewer.designed:
        raise NotFound
    return found


async def _locked(db: AsyncConnection, viewer: Viewer, slug: str) -> tuple[Draft, AccountId]:
    me = designers_only(viewer)
    locked = await drafts.lock(db, slug)
    await access.may_design(db, viewer, locked.directorate_id)
    return locked, me


async def _readable(db: AsyncConnection, viewer: Viewer, slug: str) -> Published | Draft:
    """What may be copied: what is published, and one's own drafts."""
    try:
        return await queries.by_slug(db, slug)
    except NotFound:
        return await _own(db, viewer, slug)


async def _place(db: AsyncConnection, viewer: Viewer, directorate: UUID | None) -> ServicePlace:
    """Where a new procedure goes: the first service of the directorate, else of the first of the designer's."""
    every = [each for each in await organisation.every_service(db) if each.directorate_id in viewer.designed]
    place = next((each for each in every if directorate in (None, each.directorate_id)), None)
    if place is None:
        raise Invalid(faults=[{"field": "directorate", "code": "not_a_choice"}])
    return place


async def _usual_theme(db: AsyncConnection, directorate: UUID) -> str:
    """The theme of most of the directorate's procedures."""
    themes = [each.theme for each in await queries.published(db) if each.directorate_id == directorate]
    return max(themes, key=themes.count) if themes else next(iter(load().themes))


async def _in_force(db: AsyncConnection, slug: str) -> Published | None:
    try:
        return await queries.by_slug(db, slug)
    except NotFound:
        return None


async def _directorates(db: AsyncConnection) -> dict[UUID, str]:
    return {each.directorate_id: each.directorate_name for each in await organisation.every_service(db)}


async def _view(db: AsyncConnection, found: Draft) -> DraftView:
    judged = await judge(db, found.definition)
    published = await _in_force(db, found.slug)
    approved = found.approved_by if found.approved_revision == found.revision else None
    names = await accounts.names(db, [each for each in (found.updated_by, approved) if each])
    directorate = (await _directorates(db)).get(found.directorate_id, "")
    return DraftView(
        slug=found.slug,
        directorate=Person(id=found.directorate_id, name=directorate),
        definition=found.definition,
        revision=found.revision,
        base=found.base,
        published=published.revision if published else None,
        changed=found.changed,
        review=await organisation.wants_review(db, found.directorate_id),
        approved_by=person(approved, names),
        faults=[noted(found.definition, each) for each in judged.faults],
        remarks=[noted(found.definition, each) for each in judged.remarks],
        scenarios=[
            Played(name=each.scenario.name, differences=[noted(found.definition, told) for told in each.differences])
            for each in (play(judged.package) if judged.package else ())
        ],
        updated_at=found.updated_at,
        updated_by=person(found.updated_by, names),
    )


def _told(conflict: EditConflict) -> EditConflict:
    """The conflict with what every problem can tell: the elements, who changed them, the revision now."""
    facts = conflict.facts
    faults = [{"field": each, "code": "changed_since"} for each in facts["elements"]]
    return EditConflict(**facts, faults=faults, held_by=facts["change"].actor)
