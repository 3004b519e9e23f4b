"""The life of a published procedure, for its designers: what a revision would change, for whom; moving and going back."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Literal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from api.door import reading, transaction
from api.drafts import Noted, Publication, noted
from api.publishing import listing_of, refuse_wrong
from api.representations import Fault, Out
from api.state import State
from api.studio import designers_only, judge
from casework import access
from casework.access import Viewer
from casework.authority import SYSTEM
from casework.dossiers import actions as dossiers
from casework.dossiers import behind
from casework.dossiers.model import OPEN
from casework.dossiers.queries import lock
from casework.errors import Invalid, NotFound, Stale
from casework.forms.check import Fault as Wrong
from casework.ids import AccountId, DossierId
from casework.organisation import queries as organisation
from casework.procedures import actions, drafts, queries
from casework.procedures.coverage import coverage
from casework.procedures.difference import difference
from casework.procedures.difference_words import sentence
from casework.procedures.dry_run import Verdict
from casework.procedures.export import to_yaml
from casework.procedures.opening import opening_of
from casework.procedures.package import BadPackage, Package, load_yaml
from casework.procedures.packages import package_of
from casework.procedures.queries import Published
from casework.procedures.scenarios import play


class Exported(Out, frozen=True, kw_only=True):
    """A revision's package."""

    slug: str
    revision: int
    definition: Mapping[str, Any]


class Coverage(Out, frozen=True, kw_only=True):
    """How much of the rules, fields, routes and process the scenarios reach: whole percents, rounded down."""

    rules: int
    fields: int
    routes: int
    process: int
    unreached: Sequence[Noted]


class Imported(Out, frozen=True, kw_only=True):
    """A package that holds. `red`: what its scenarios find; `draft`: the revision of the draft that was made of it."""

    slug: str
    remarks: Sequence[Noted]
    scenarios: int
    red: Sequence[Noted]
    coverage: Coverage
    draft: int | None


class ChangeTold(Out, frozen=True, kw_only=True):
    """One change, at its place (ids, not ranks), in the reader's language."""

    path: str
    code: str
    params: Mapping[str, Any]
    sentence: str


class Difference(Out, frozen=True, kw_only=True):
    """What changes from the published revision."""

    revision: int
    changes: Sequence[ChangeTold]


class Affected(Out, frozen=True, kw_only=True):
    """What becomes of one open request; never an answer of it. `faults`: what its citizen would be asked; `ask`: in
    words, ready to be sent; `lost`: why it stays; `service`: the slug of the one that gets it.
    """

    id: UUID
    reference: str
    verdict: Literal["impossible", "to_ask", "rerouted", "other_step", "unchanged"]
    faults: Sequence[Fault]
    lost: Sequence[Fault]
    ask: str | None
    service: str | None
    step: str | None


class AffectedPage(Out, frozen=True, kw_only=True):
    """The open requests of earlier revisions, a chunk at a time. `total`: how many there are to judge in all chunks; `next`: the
    id after which the next chunk begins.
    """

    total: int
    items: Sequence[Affected]
    next: UUID | None


async def export(state: State, viewer: Viewer, slug: str, revision: int | None = None) -> Exported:
    """A revision's package, the published one where none is named. Raises NotFound, NotAllowed."""
    async with reading(state) as db:
        published = await _own(db, viewer, slug)
        if revision is not None:
            published = await queries.revision(db, published.id, revision)
    return Exported(slug=slug, revision=published.revision, definition=published.definition)


async def export_yaml(state: State, viewer: Viewer, slug: str) -> str:
    """The published package as a document that is imported elsewhere as it is."""
    return to_yaml((await export(state, viewer, slug)).definition)


async def import_(
    state: State,
    viewer: Viewer,
    *,
    definition: Mapping[str, Any] | None,
    document: str | None,
    keep: bool,
    seen: int | None = None,
) -> Imported:
    """Judge a package, of which every fault is told at once; with `keep`, make the draft of it.

    Raises Invalid with the faults; Stale where a draft of this procedure was changed, unless it is as it was `seen`;
    NotFound where the procedure is another directorate's.
    """
    me = designers_only(viewer)
    asked: Any = definition
    if document is not None:
        try:
            asked = load_yaml(document)
        except BadPackage as bad:
            refuse_wrong(None, bad.faults, refusal=Invalid)
    kept: int | None = None
    async with transaction(state) as db:
        judged = await judge(db, asked)
        package = refuse_wrong(judged.package, judged.faults, refusal=Invalid)
        if keep:
            kept = await _begin(db, viewer, package, seen, me)
    results = play(package)
    reached = coverage(package, results)
    percents = {part: share.percent for part, share in reached.parts.items()}
    return Imported(
        slug=package.slug,
        remarks=[noted(package.definition, each) for each in judged.remarks],
        scenarios=len(results),
        red=[noted(package.definition, each) for result in results for each in result.differences],
        coverage=Coverage(
            rules=percents["rules"],
            fields=percents["fields"],
            routes=percents["routes"],
            process=percents["process"],
            unreached=[noted(package.definition, each) for each in reached.unreached],
        ),
        draft=kept,
    )


async def compare(
    state: State, viewer: Viewer, slug: str, definition: Mapping[str, Any] | None, *, locale: str
) -> Difference:
    """What changes from the published revision to this definition, or to the draft. Raises NotFound, NotAllowed."""
    async with reading(state) as db:
        published = await _own(db, viewer, slug)
        after = await _drafted(db, slug) if definition is None else definition
    changes = difference(published.definition, after)
    told = [
        ChangeTold(path=each.path, code=each.code, params=each.params, sentence=sentence(each, locale))
        for each in changes
    ]
    return Difference(revision=published.revision, changes=told)


async def dry_run(
    state: State, viewer: Viewer, slug: str, *, definition: Mapping[str, Any] | None, draft: bool, after: UUID | None
) -> AffectedPage:
    """What would become of the open requests: by this definition, by the draft, else by the published revision, which is
    what `move` does to those of earlier ones. Nothing is written. Raises Invalid, NotFound, NotAllowed.
    """
    async with reading(state) as db:
        published = await _own(db, viewer, slug)
        candidate, before = package_of(published), published.revision
        if draft or definition is not None:
            judged = await judge(db, await _drafted(db, slug) if definition is None else definition)
            candidate = refuse_wrong(judged.package, judged.faults, refusal=Invalid)
            before = published.revision + 1
        services = await _services(db)
        chunk = await behind.behind(db, published.id, before, after=after)
        items = [
            _affected(id_, reference, candidate, await behind.judge(db, id_, candidate, services))
            for id_, reference in chunk
        ]
        total = await behind.how_many(db, published.id, before)
    return AffectedPage(total=total, items=items, next=_next(chunk))


async def move(state: State, viewer: Viewer, slug: str, *, after: UUID | None, seen: int) -> AffectedPage:
    """Bind the next open requests of earlier revisions to the published one, a chunk in one transaction: each as a dry
    run says. What was done is done: asked again, it goes on with the rest. `seen`: the published revision.

    Raises Stale where another revision was published meanwhile, NotFound, NotAllowed.
    """
    async with transaction(state) as db:
        published = await queries.by_slug(db, slug)
        by = await access.may_design(db, viewer, published.directorate_id)
        if published.revision != seen:
            raise Stale(version=published.revision)
        package, services = package_of(published), await _services(db)
        total = await behind.how_many(db, published.id, published.revision)
        chunk = await behind.behind(db, published.id, published.revision, after=after)
        items = []
        for id_, reference in chunk:
            locked = await lock(db, id_)
            if locked.state not in OPEN or locked.revision is None or locked.revision >= published.revision:
                continue  # decided, or moved by somebody else, since the chunk was read
            verdict = await behind.judge(db, id_, package, services)
            await dossiers.move_revision(db, id_, to=published.revision, verdict=verdict, by=by)
            if verdict.service is not None:
                await dossiers.move(db, id_, to=services[verdict.service], by=SYSTEM)
            items.append(_affected(id_, reference, package, verdict))
    return AffectedPage(total=total, items=items, next=_next(chunk))


async def roll_back(state: State, viewer: Viewer, slug: str, *, to: int, seen: int) -> Publication:
    """Publish what a former revision was, as a new one: nothing is deleted. `seen`: the published revision.

    Raises Stale, NotPublishable where it does not hold any more, NotFound, NotAllowed.
    """
    async with transaction(state) as db:
        published = await queries.by_slug(db, slug)
        by = await access.may_design(db, viewer, published.directorate_id)
        if published.revision != seen:
            raise Stale(version=published.revision)
        former = await queries.revision(db, published.id, to)
        judged = await judge(db, former.definition)
        package = refuse_wrong(judged.package, judged.faults, played=True)
        recorded = await actions.publish(
            db,
            slug,
            definition=former.definition,
            listing=listing_of(package),
            service_id=(await _services(db))[package.service],
            opening=opening_of(package),
            by=by,
            again=to,
        )
        draft = await drafts.find(db, slug)
        if draft is not None and not draft.changed:
            await drafts.discard(db, slug)  # it is what was published before
        in_force = (await queries.by_slug(db, slug)).revision
    return Publication(slug=slug, revision=in_force, published=recorded is not None)


async def _own(db: AsyncConnection, viewer: Viewer, slug: str) -> Published:
    designers_only(viewer)
    published = await queries.by_slug(db, slug)
    if published.directorate_id not in viewer.designed:
        raise NotFound
    return published


async def _published(db: AsyncConnection, slug: str) -> Published | None:
    try:
        return await queries.by_slug(db, slug)
    except NotFound:
        return None


async def _drafted(db: AsyncConnection, slug: str) -> Mapping[str, Any]:
    draft = await drafts.find(db, slug)
    if draft is None:
        raise NotFound
    return draft.definition


async def _begin(db: AsyncConnection, viewer: Viewer, package: Package, seen: int | None, me: AccountId) -> int:
    """The draft that this package is now: a new one, or in place of what was in it."""
    service = await organisation.service_by_slug(db, package.service)
    if service is None:
        raise NotFound
    await access.may_design(db, viewer, service.directorate_id)
    published = await _published(db, package.slug)
    if published is not None:  # a slug is its procedure's for ever, whoever writes it into a package
        await access.may_design(db, viewer, published.directorate_id)
    base = published.revision if published is not None else None
    if await drafts.find(db, package.slug) is None:
        draft = await drafts.begin(db, package.slug, service.directorate_id, package.definition, base=base, by=me)
    else:
        locked = await drafts.lock(db, package.slug)
        await access.may_design(db, viewer, locked.directorate_id)
        if locked.changed and locked.revision != seen:
            raise Stale(version=locked.revision)
        draft = await drafts.replace(db, locked, service.directorate_id, package.definition, base=base, by=me)
    return draft.revision


async def _services(db: AsyncConnection) -> dict[str, UUID]:
    return {each.slug: each.id for each in await organisation.every_service(db)}


def _next(chunk: Collection[tuple[DossierId, str]]) -> UUID | None:
    return [*chunk][-1][0] if len(chunk) == behind.CHUNK else None


def _affected(id_: DossierId, reference: str, package: Package, verdict: Verdict) -> Affected:
    return Affected(
        id=id_,
        reference=reference,
        verdict=verdict.code,
        faults=[_fault(each) for each in verdict.faults],
        lost=[_fault(each) for each in verdict.lost],
        ask=ask(package, verdict.faults) if verdict.code == "to_ask" else None,
        service=verdict.service,
        step=verdict.step,
    )


def _fault(each: Wrong) -> Fault:
    return Fault(field=each.field, code=each.code, params=dict(each.params))


def ask(package: Package, faults: Sequence[Wrong]) -> str:
    """What an agent may send to the citizen for what these answers lack: French, each question by its label (PURE)."""
    asked = {each.of for each in faults}
    labels = [field.label.fr for field in package.form.fields if field.id in asked]
    lines = "\n".join(f"- {label}" for label in labels)
    return f"Bonjour,\n\nPour traiter votre demande, nous avons besoin des éléments suivants\u00a0:\n{lines}\n"
