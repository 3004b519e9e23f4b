"""What a citizen does: file at once, keep a draft, file it, answer a request for completion."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from api import once, tracking
from api.acting import acted, already
from api.documents import attachable
from api.door import reading, transaction
from api.inputs import Completion, DraftChange, NewDossier, Submission
from api.lookups import filled
from api.once import Once
from api.problems import AccountNeeded
from api.procedures import package_of, published_to, today
from api.references import dossiers_named, known_dossiers
from api.representations import Acted, Filed, Scratch
from api.state import State
from casework import access
from casework.access import Viewer
from casework.accounts import queries as accounts
from casework.dossiers import actions, contents, particulars
from casework.dossiers.actions import new_dossier_id
from casework.dossiers.particulars import Particulars
from casework.dossiers.search import fold
from casework.errors import Invalid, NotFound, ProcedureClosed, Stale, WrongState
from casework.forms.blocks import answered
from casework.forms.check import Checked, check
from casework.forms.kinds import AddressField, CommuneField
from casework.forms.model import Form
from casework.forms.rule_reading import Profile
from casework.ids import DossierId, Version
from casework.organisation import queries as organisation
from casework.procedures import queries as procedures
from casework.procedures.lookups import Answered, Filler
from casework.procedures.package import Package
from casework.procedures.price import price_of
from casework.procedures.queries import Published
from casework.procedures.routing import route


async def file(state: State, viewer: Viewer, asked: NewDossier, *, attempt: Once | None = None) -> Filed:
    """A new dossier, filed or (`asked.draft`) kept. Raises NotFound, ProcedureClosed, AccountNeeded, Invalid."""
    dossier_id = new_dossier_id()
    answered = {} if asked.draft else await _answered_of_new(state, viewer, asked)
    async with transaction(state) as db:
        before = await once.begin(db, attempt, dossier_id)
        if before is not None:
            dossier_id = DossierId(before.subject)
        else:
            published = await _open(db, viewer, asked.procedure)
            if asked.draft:
                version = await _begin(state, db, viewer, dossier_id, published, asked)
            else:
                version = await _file(state, db, viewer, dossier_id, published, asked, answered)
            await once.done(db, attempt, version)
        made = await particulars.one(db, dossier_id, Viewer(viewer.account_id, viewer.kind, only=dossier_id))
    return _filed(state, viewer, made)


async def _answered_of_new(state: State, viewer: Viewer, asked: NewDossier) -> Answered:
    """Raises NotFound: no outside service is asked for whoever may not file it."""
    published = await published_to(state, viewer, asked.procedure)
    return await _answered(state, viewer, package_of(published), asked.answers)


async def _answered(state: State, viewer: Viewer, package: Package, answers: Any) -> Answered:
    """What outside services say to these answers: asked before the transaction, which waits for nobody."""
    if not package.lookups:
        return {}
    async with reading(state) as db:
        profile = await accounts.profile(db, viewer)

    def judged(fills: Filler) -> Checked:
        return check(package.form, answers, documents={}, today=today(), profile=profile, fills=fills)

    return (await filled(state, package.lookups, judged))[1]


async def _open(db: AsyncConnection, viewer: Viewer, slug: str) -> Published:
    published = await procedures.by_slug(db, slug)
    if published.internal and viewer.kind != "agent":
        raise NotFound
    package = package_of(published)
    if not published.is_open or "online" not in package.channels:
        raise ProcedureClosed
    if viewer.account_id is None and package.applicant.email is None:
        raise AccountNeeded
    return published


async def _begin(
    state: State, db: AsyncConnection, viewer: Viewer, dossier_id: DossierId, published: Published, asked: NewDossier
) -> int:
    who = await _applicant(state, db, viewer, package_of(published), dossier_id, {})
    opened = await actions.open_draft(
        db,
        dossier_id,
        procedure_id=published.id,
        revision=published.revision,
        channel="online",
        applicant=who,
        by=access.applicant(viewer),
    )
    owner = viewer.account_id or dossier_id
    await contents.save_scratch(db, dossier_id, "answers", owner, body=asked.answers, seen=0)
    return opened.version


async def _file(
    state: State,
    db: AsyncConnection,
    viewer: Viewer,
    dossier_id: DossierId,
    published: Published,
    asked: NewDossier,
    answered: Answered,
) -> int:
    package, profile = package_of(published), await accounts.profile(db, viewer)
    checked = await _check(db, viewer, profile, package, asked.answers, asked.claims, dossier_id, answered)
    filed = await actions.file(
        db,
        dossier_id,
        answers=checked.answers,
        documents=[UUID(id_) for id_ in checked.documents],
        filing=await _filing(db, viewer, profile, published, package, checked.answers),
        told=_told(profile, package, checked),
        target_days=published.target_days,
        applicant=await _applicant(state, db, viewer, package, dossier_id, checked.answers),
        by=access.applicant(viewer),
    )
    return filed.version


async def change(state: State, viewer: Viewer, dossier_id: DossierId, asked: DraftChange, *, seen: int) -> Scratch:
    """Keep a draft's answers, right or wrong, over the revision that was seen. Raises NotFound, WrongState, Stale."""
    async with transaction(state) as db:
        by = await access.may(db, viewer, "reach_page", dossier_id)
        draft = await particulars.one(db, dossier_id, viewer, keep=True)
        _still(draft)
        if asked.page is not None and asked.page > await particulars.farthest_page(db, dossier_id):
            await actions.reach_page(db, dossier_id, page=asked.page, by=by)
        owner = viewer.account_id or dossier_id
        await contents.save_scratch(db, dossier_id, "answers", owner, body=asked.answers, seen=seen)
        kept = await contents.scratch(db, dossier_id, "answers", owner)
    return Scratch(revision=kept.revision, body=kept.body, updated_at=kept.updated_at)


async def submit(
    state: State,
    viewer: Viewer,
    dossier_id: DossierId,
    asked: Submission,
    *,
    seen: int | None = None,
    attempt: Once | None = None,
) -> Filed:
    """File a draft. `seen`: the revision of its answers that was read. Raises NotFound, WrongState, Stale, Invalid."""
    answered = await _answered_of_draft(state, viewer, dossier_id, asked)
    async with transaction(state) as db:
        before = await once.begin(db, attempt, dossier_id)
        if before is None:
            by = await access.may(db, viewer, "submit", dossier_id)
            draft = await particulars.one(db, dossier_id, viewer)
            _still(draft)
            kept = await contents.scratch(db, dossier_id, "answers", viewer.account_id or dossier_id)
            if seen is not None and seen != kept.revision:
                raise Stale(facts=(), held_by=None, version=kept.revision)
            published = await procedures.revision(db, draft.procedure_id, draft.revision)
            if not published.takes_drafts:
                raise ProcedureClosed
            package, profile = package_of(published), await accounts.profile(db, viewer)
            answers = kept.body or {} if asked.answers is None else asked.answers
            checked = await _check(db, viewer, profile, package, answers, asked.claims, dossier_id, answered)
            filed = await actions.submit(
                db,
                dossier_id,
                answers=checked.answers,
                documents=[UUID(id_) for id_ in checked.documents],
                filing=await _filing(db, viewer, profile, published, package, checked.answers),
                told=_told(profile, package, checked),
                target_days=published.target_days,
                applicant=await _applicant(state, db, viewer, package, dossier_id, checked.answers),
                seen=Version(draft.version),
                by=by,
            )
            await once.done(db, attempt, filed.version)
        made = await particulars.one(db, dossier_id, viewer)
    return _filed(state, viewer, made)


async def complete(
    state: State,
    viewer: Viewer,
    dossier_id: DossierId,
    asked: Completion,
    *,
    seen: Version | None = None,
    attempt: Once | None = None,
) -> Acted:
    """The citizen's answer to a request for completion. Raises NotFound, NotAllowed, WrongState, Invalid."""
    async with transaction(state) as db:
        if before := await once.begin(db, attempt, dossier_id):
            return await already(db, viewer, before)
        by = await access.may(db, viewer, "complete", dossier_id)
        found = await attachable(db, viewer, list(asked.documents), asked.claims, dossier_id=dossier_id)
        if unknown := [id_ for id_ in asked.documents if id_ not in found]:
            raise Invalid(
                faults=[{"field": "documents", "code": "unknown_document", "id": str(id_)} for id_ in unknown]
            )
        done = await actions.complete(
            db, dossier_id, message=asked.message, documents=asked.documents, seen=seen, by=by
        )
        await once.done(db, attempt, done.version)
    return acted(viewer, done)


async def _answered_of_draft(state: State, viewer: Viewer, dossier_id: DossierId, asked: Submission) -> Answered:
    async with reading(state) as db:
        draft = await particulars.one(db, dossier_id, viewer)
        published = await procedures.revision(db, draft.procedure_id, draft.revision)
        if not package_of(published).lookups:
            return {}
        kept = await contents.scratch(db, dossier_id, "answers", viewer.account_id or dossier_id)
    return await _answered(
        state, viewer, package_of(published), kept.body or {} if asked.answers is None else asked.answers
    )


async def _check(
    db: AsyncConnection,
    viewer: Viewer,
    profile: Profile,
    package: Package,
    answers: Any,
    claims: Mapping[UUID, str],
    dossier_id: DossierId,
    answered: Answered,
) -> Checked:
    documents = await attachable(db, viewer, answers, claims, dossier_id=dossier_id)
    fills = Filler(package.lookups, answered)
    checked = check(package.form, answers, documents=documents, today=today(), profile=profile, fills=fills)
    if fills.wanted:  # the answers, or the procedure, changed since the outside services were asked
        raise Stale(facts=(), held_by=None, version=0)
    checked = await known_dossiers(db, viewer, checked, dossiers_named(package.form, checked))
    if checked.faults:
        raise Invalid(faults=checked.faults)
    return checked


def _told(profile: Profile, package: Package, checked: Checked) -> dict[str, Any]:
    """What the fact of filing remembers of where answers came from, and what they cost then; what there is none of is
    left out (a price of zero is one)."""
    cents = price_of(package, checked.answers, today=today(), profile=profile)
    told = {"looked_up": sorted(checked.looked_up), "declared": sorted(checked.declared), "price": cents}
    return {name: value for name, value in told.items() if value not in (None, [])}


def _still(draft: Particulars) -> None:
    if draft.state != "draft":
        raise WrongState(state=draft.state, allowed=["draft"])


async def _filing(
    db: AsyncConnection,
    viewer: Viewer,
    profile: Profile,
    published: Published,
    package: Package,
    answers: Mapping[str, Any],
) -> dict[str, Any]:
    """What the one fact of filing says of the request: by which procedure, and to whom."""
    slug = route(package, answers, today=today(), profile=profile)
    chosen = await organisation.service_by_slug(db, slug) if slug != package.service else None
    return {
        "procedure_id": published.id,
        "revision": published.revision,
        # A service that the organisation no longer has loses no request: its procedure's own answers.
        "service_id": chosen.id if chosen else published.service_id,
        "directorate_id": chosen.directorate_id if chosen else published.directorate_id,
        "citizen_id": viewer.account_id,
        "channel": "online",
        "commune": _commune(package.form, answers),
    }


def _commune(form: Form, answers: Mapping[str, Any]) -> str | None:
    """The first commune that the answers name: where the request is about."""
    for each in answered(form, answers):
        if isinstance(each.field, CommuneField):
            return str(each.value)
        if isinstance(each.field, AddressField) and "citycode" in each.value:
            return str(each.value["citycode"])
    return None


async def _applicant(
    state: State,
    db: AsyncConnection,
    viewer: Viewer,
    package: Package,
    dossier_id: DossierId,
    answers: Mapping[str, Any],
) -> dict[str, Any]:
    """Who asks: the account, or what the form's own fields say of a person without one, who gets a tracking code."""
    account = await accounts.by_id(db, viewer.account_id) if viewer.account_id is not None else None
    if account is not None:
        name, email, code = account.name, account.email, None
    else:
        name = " ".join(str(answers[each]) for each in package.applicant.name if each in answers)
        email = answers.get(package.applicant.email or "")
        code = tracking.hash_of(tracking.code_of(dossier_id, state.settings.secret_key))
    search = fold(f"{name} {email or ''} {package.title.fr}")
    return {"applicant": name, "applicant_email": email, "search": search, "tracking_hash": code}


def _filed(state: State, viewer: Viewer, made: Particulars) -> Filed:
    code = tracking.code_of(made.id, state.settings.secret_key) if viewer.account_id is None else None
    return Filed(
        id=made.id,
        reference=made.reference,
        version=made.version,
        state=made.state,  # type: ignore[arg-type] # a check constraint of the table
        tracking_code=code,
    )
