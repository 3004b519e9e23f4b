"""What a person filed: the list, the receipt, the timeline, the conversation, the answer to a request to complete."""

from urllib.parse import quote
from uuid import UUID

from starlette.datastructures import UploadFile
from starlette.responses import Response, StreamingResponse

from api import acting, documents, dossiers, filing, once, tracking
from api.inputs import Completion, NewMessage
from api.once import Once
from api.problems import NotSignedIn, SessionExpired
from api.representations import DossierView
from casework.errors import Invalid, NotFound, Refused, WrongState
from casework.forms.model import FILE_MAX, MEDIA_TYPES
from casework.ids import DossierId, new_id
from web import timeline, wording
from web.page import Page


def dossier_id(page: Page) -> DossierId:
    """The dossier that the address names. Raises NotFound."""
    try:
        return DossierId(UUID(page.param("id")))
    except ValueError as error:
        raise NotFound from error


def _signed_in(page: Page) -> None:
    if page.session is None:
        raise SessionExpired if page.expired else NotSignedIn


async def mine(page: Page) -> Response:
    """Every request of this person, drafts first. Who has a tracking code and no account has one."""
    _signed_in(page)
    topic = "inbox" if page.viewer.account_id else f"dossier:{page.viewer.only}"
    found = await dossiers.own(page.state, page.viewer)
    drafts = [each for each in found.items if each.state == "draft"]
    filed = [each for each in found.items if each.state != "draft"]
    return page.show("portal/mine.html", drafts=drafts, filed=filed, topic=topic, position=found.position)


async def receipt(page: Page) -> Response:
    """The request was filed: its reference, what comes next, and without an account its tracking code."""
    found = await _seen(page)
    code = None
    if page.viewer.account_id is None:
        code = tracking.code_of(found.id, page.state.settings.secret_key)
    return page.show("portal/receipt.html", dossier=found, code=code)


async def one(page: Page) -> Response:
    """Where a request stands: the timeline in plain words, the conversation, what is awaited."""
    return _show(page, await _seen(page))


async def write(page: Page) -> Response:
    """A message to the service."""
    form = await page.form()
    words = str(form.get("message") or "")
    attempt = _attempt(page, str(form.get("key") or ""), "message", words)
    try:
        asked = NewMessage(message=words[:10_000])
        await acting.write(page.state, page.viewer, dossier_id(page), asked, attempt=attempt)
    except Invalid:
        return _show(page, await _seen(page), wrong=page.t("Écrivez votre message."), typed=words)
    return page.go(f"/dossiers/{page.param('id')}#conversation")


async def complete(page: Page) -> Response:
    """The answer to a request to complete, with its files."""
    form = await page.form()
    words = str(form.get("message") or "").strip()
    stored, claims = [], {}
    wrong = None
    for file in form.getlist("documents"):
        if not isinstance(file, UploadFile) or not file.filename:
            continue
        try:
            kept = await documents.store(page.state, page.viewer, filename=file.filename, content=await file.read())
        except Refused as refused:
            code = {"too_large": "file_too_big"}.get(refused.code, refused.code)
            params = {"most": FILE_MAX, "types": MEDIA_TYPES}
            wrong = wording.fault(code, params, page.t)
            continue
        stored.append(kept.id)
        if kept.claim:
            claims[kept.id] = kept.claim
    if not words and not wrong:
        wrong = page.t("Dites en quelques mots ce que vous envoyez.")
    if wrong:
        return _show(page, await _seen(page), wrong=wrong, typed=words)
    asked = Completion(message=words[:10_000], documents=stored, claims=claims)
    attempt = _attempt(page, str(form.get("key") or ""), "complete", words)
    try:
        await filing.complete(page.state, page.viewer, dossier_id(page), asked, attempt=attempt)
    except WrongState:  # answered already, in another window: the page shows it, and keeps these words
        wrong = page.t("Une autre réponse est déjà partie. Vous pouvez encore envoyer ce texte comme message.")
        return _show(page, await _seen(page), wrong=wrong, typed=words)
    return page.go(f"/dossiers/{page.param('id')}")


async def download(page: Page) -> Response:
    """A document, as an attachment: nothing of what people send is opened in our pages."""
    try:
        id_ = UUID(page.param("id"))
    except ValueError as error:
        raise NotFound from error
    found = await documents.download(page.state, page.viewer, id_)
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(found.filename)}",  # RFC 6266
        "Content-Length": str(found.size),
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox",
        "Cache-Control": "private, no-store",
    }
    return StreamingResponse(found.pieces, media_type=found.media_type, headers=headers)


async def _seen(page: Page) -> DossierView:
    """The dossier of this person; agents are shown theirs at the desk. Raises NotSignedIn rather than NotFound."""
    _signed_in(page)
    return await dossiers.view(page.state, page.viewer, dossier_id(page), locale=page.t.locale)


def _show(page: Page, found: DossierView, *, wrong: str | None = None, typed: str = "") -> Response:
    if found.state == "draft":
        return page.go(f"/demarches/{found.procedure.slug}/demande?brouillon={found.id}")
    if page.is_agent and found.holder is not None:
        return page.go(f"/agent/dossiers/{found.id}")
    asked = [each for each in found.messages if each.fact == "dossier.completion_asked"]
    return page.show(
        "portal/dossier.html",
        status=422 if wrong else 200,
        dossier=found,
        steps=[timeline.for_citizen(each, page.t) for each in found.timeline],
        asked=asked[-1] if asked and "complete" in found.acts else None,
        wrong=wrong,
        typed=typed,
        key=str(new_id()),
    )


def _attempt(page: Page, key: str, route: str, body: str) -> Once | None:
    if not 16 <= len(key) <= 200:
        return None
    return Once(once.principal_of(page.session), key, f"{route} {page.param('id')}", once.body_hash(body.encode()))
