"""Filling a request in, page by page. Works with plain HTML; htmx only spares the whole page's reload."""

import secrets
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
from starlette.responses import Response

from api import documents, dossiers, filing, once, sessions
from api.answers import shown
from api.documents import FILENAME_MAX
from api.inputs import DraftChange, NewDossier, Submission
from api.once import Once
from api.prefill import prefill
from api.procedures import Judged, judge, procedure
from api.representations import Answer, Fault, Filed, Procedure
from casework.errors import Invalid, NotFound, ProcedureClosed, Refused, Stale, WrongState
from casework.forms.blocks import BlockField, row_path
from casework.forms.kinds import KINDS
from casework.forms.model import FILE_MAX, ROWS_MAX
from casework.ids import DossierId
from web import wording
from web.page import Page, set_session
from web.portal.answers import (
    Carried,
    File,
    Posted,
    Row,
    all_fields,
    by_place,
    carried_of,
    given,
    packed,
    posted,
    questions_shown,
    rows,
    rows_of,
)
from web.portal.filling import Filling, question_of
from web.render import countries, said

CHECK = "verification"
MODULES = {"point": "point.js", "signature": "signature.js"}  # what a kind of question gains from JavaScript


async def begin(page: Page) -> Response:
    """The first page of the form, or the page of a draft where its author left it."""
    filling = await _filling(page, Carried(secrets.token_urlsafe(24)))
    draft, until = page.query.get("brouillon"), filling.procedure.drafts_until
    if not filling.procedure.open and not (draft and until and page.now < until):
        raise ProcedureClosed
    if draft:
        filling = await _resumed(page, filling, draft)
    else:
        begun = await prefill(page.state, page.viewer, filling.procedure.slug, page.query.get("lien", ""))
        filling.carried.answers = dict(begun.answers)
        filling = await _filling(page, filling.carried)
    known = bool(filling.carried.answers) and filling.carried.draft is None
    return _questions(page, filling, filling.page(page.query.get("page")), known=known)


async def step(page: Page) -> Response:
    """One submitted page: the answers are kept, then whatever its button says is done."""
    form = await page.form()
    carried = carried_of(form.get("carried"), secrets.token_urlsafe(24))
    filling = await _filling(page, carried)
    act, _, target = str(form.get("act") or "next").partition(":")
    here = str(form.get("page") or "")
    refused: list[Fault] = []
    focus = ""
    if here != CHECK:
        current = filling.page(here)
        found = posted(current["fields"], form, carried.answers)
        refused = await _store(page, carried, found)
        carried.answers |= found.answers
        if act == "remove":
            carried.answers = _without(carried.answers, target)
            carried.files.pop(target, None)
        focus = _change_rows(carried.answers, act, target)
        filling = await _filling(page, carried, filling.basis)
        await _keep(page, filling, here)
    match act:
        case "update" | "remove" | "add" | "drop":
            return _questions(page, filling, filling.page(here), refused, focus=focus)
        case "back":
            return _questions(page, filling, filling.page(filling.beside(filling.page(here), -1)))
        case "edit":
            return _questions(page, filling, filling.page(target))
        case "file":
            return await _file(page, filling)
    current = filling.page(here)
    faults = refused + filling.faults_on(current)
    if faults:
        return _questions(page, filling, current, faults, told=True)
    following = filling.beside(current, +1)
    if following is None:
        return _check(page, filling)
    return _questions(page, filling, filling.page(following))


async def _filling(page: Page, carried: Carried, before: Judged | None = None) -> Filling:
    """`before`: what was judged of the answers before this page's; only what they change is judged again."""
    found = await procedure(page.state, page.viewer, page.param("slug"))
    basis = await _judged(page, found, carried, before)
    # A block that must be answered is asked at once, as often as it must be.
    blocks = [each for each in basis.form.fields if isinstance(each, BlockField) and each.id in basis.checked.required]
    asked: dict[str, Any] = {
        each.id: [{} for _ in range(each.least)] for each in blocks if not rows_of(carried.answers.get(each.id))
    }
    if asked:
        carried.answers |= asked
        basis = await _judged(page, found, carried, basis)
    return Filling(found, carried, basis)


async def _judged(page: Page, found: Procedure, carried: Carried, before: Judged | None) -> Judged:
    answers = given(carried.answers)
    return await judge(page.state, page.viewer, found.slug, answers, _claims(carried), before=before)


def _claims(carried: Carried) -> dict[UUID, str]:
    claims = {}
    for id_, claim in carried.claims.items():
        try:
            claims[UUID(id_)] = claim
        except ValueError:
            continue
    return claims


async def _store(page: Page, carried: Carried, found: Posted) -> list[Fault]:
    """Keep the files that were chosen, before anything refers to them; what is refused is told at its question."""
    refused = []
    for upload in found.uploads:
        content = await upload.file.read()
        if not content:
            refused.append(Fault(field=upload.field, code="empty_file"))
            continue
        try:
            name = (upload.file.filename or "")[:FILENAME_MAX]
            kept = await documents.store(page.state, page.viewer, filename=name, content=content)
        except Refused as error:
            params: dict[str, Any] = {"file_too_big": {"most": FILE_MAX}}
            code = {"too_large": "file_too_big", "wrong_media_type": "wrong_media_type"}.get(error.code)
            if code is None:
                raise
            types = {"types": ("application/pdf", "image/jpeg", "image/png")}
            refused.append(Fault(field=upload.field, code=code, params=params.get(code, types)))
            continue
        carried.files[str(kept.id)] = File(kept.filename, kept.size, kept.claim)
        upload.into.append(str(kept.id))
    return refused


def _without(answer: Any, file: str) -> Any:
    """The answers without this file, wherever it is attached."""
    if isinstance(answer, dict):
        return {name: _without(each, file) for name, each in answer.items()}
    if isinstance(answer, list):
        return [_without(each, file) for each in answer if each != file]
    return answer


def _change_rows(answers: dict[str, Any], act: str, target: str) -> str:
    """A row more of a block, or one less. Gives the place to go on from."""
    block, _, index = target.partition("[")
    kept = rows_of(answers.get(block))
    match act:
        case "add" if len(kept) < ROWS_MAX:
            answers[block] = [*kept, {}]
            return row_path(block, len(kept))
        case "drop" if index.removesuffix("]").isdecimal():
            dropped = int(index.removesuffix("]"))
            answers[block] = [row for i, row in enumerate(kept) if i != dropped]
            return block
    return ""


def _questions(
    page: Page,
    filling: Filling,
    current: Mapping[str, Any],
    faults: Sequence[Fault] = (),
    *,
    told: bool = False,
    focus: str = "",
    known: bool = False,
) -> Response:
    wrong = {each.field: wording.fault(each.code, each.params, page.t) for each in reversed(faults)}
    return page.show(
        "portal/form.html",
        status=422 if told else 200,
        filling=filling,
        procedure=filling.procedure,
        current=current,
        questions=questions_shown(current, filling.judged.visible),
        rows=_rows(filling, current),
        focus=focus,
        required=frozenset(filling.judged.required),
        answers=by_place(filling.carried.answers),
        files=filling.carried.files,
        carried=packed(filling.carried),
        communes=filling.procedure.communes,
        countries=countries(page.t),
        wrong=dict(reversed(wrong.items())),
        labels={each.field: _label(page, filling, current, each.field) for each in faults},
        told=told,
        known=known,
        refusals=[wording.fault(each.code, each.params, page.t) for each in filling.refusals],
        number=filling.pages.index(current) + 1,
        count=len(filling.pages) + 1,
        modules=sorted({MODULES[each["kind"]] for each in all_fields(current) if each["kind"] in MODULES}),
        branches=_branches(filling, current),
        answered=_worded(page, filling),
    )


def _rows(filling: Filling, current: Mapping[str, Any]) -> dict[str, list[Row]]:
    """The rows of the page's blocks, by block."""
    answers, visible = filling.carried.answers, filling.basis.checked.visible
    return {each["id"]: rows(each, answers, visible) for each in current["fields"] if each["kind"] == "block"}


def _label(page: Page, filling: Filling, current: Mapping[str, Any], place: str) -> str:
    """What the person reads of the question at this place, short: “Enfant 2 – Prénom”."""
    block = next(each for each in current["fields"] if each["id"] == question_of(place))
    for number, row in enumerate(_rows(filling, current).get(block["id"], []), start=1):
        if place == row.id or place.startswith(f"{row.id}."):
            asked = [each for each in row.questions if place == each["id"] or place.startswith(f"{each['id']}.")]
            words = [f"{said(block['row'], page.t)} {number}", *(_short(each, page) for each in asked[:1])]
            return " – ".join(words)
    return _short(block, page)


def _short(field: Mapping[str, Any], page: Page) -> str:
    return said(field["label"], page.t).rstrip(":?… \u00a0\u202f")


def _entries(page: Page, filling: Filling, current: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """What is read back of a page: id, kind and label of each question, those of rows one by one."""
    entries: list[Mapping[str, Any]] = []
    visible = filling.basis.checked.visible
    for each in questions_shown(current, visible):
        made = rows(each, filling.carried.answers, visible) if each["kind"] == "block" else []
        for number, row in enumerate(made, start=1):
            named = f"{said(each['row'], page.t)} {number}"
            entries += [{**inside, "label": f"{named} – {said(inside['label'], page.t)}"} for inside in row.questions]
        if not made:
            entries.append({**each, "label": said(each["label"], page.t)})
    return [each for each in entries if KINDS[each["kind"]].has_answer]


def _worded(page: Page, filling: Filling) -> dict[str, Answer]:
    """The answers that hold, in words, by question."""
    return {each.field: each for each in shown(filling.basis.form, filling.judged.answers, (), locale=page.t.locale)}


def _branches(filling: Filling, current: Mapping[str, Any]) -> bool:
    """Whether an answer on this page can show, hide or fill a question, or a file be stored at once."""
    filled = {*filling.judged.looked_up, *filling.judged.waiting, *filling.judged.declared}
    return any(
        "visible_if" in each or each["kind"] in ("attachment", "computed") or each["id"] in filled
        for each in all_fields(current)
    )


def _check(page: Page, filling: Filling, status: int = 200) -> Response:
    return page.show(
        "portal/check.html",
        status=status,
        filling=filling,
        procedure=filling.procedure,
        sections=[(each, _entries(page, filling, each)) for each in filling.pages],
        answered=_worded(page, filling),
        files=filling.carried.files,
        carried=packed(filling.carried),
        number=len(filling.pages) + 1,
        count=len(filling.pages) + 1,
    )


async def _resumed(page: Page, filling: Filling, draft: str) -> Filling:
    """The draft's answers in the form. Raises NotFound for somebody else's draft, or another procedure's."""
    found = await dossiers.view(page.state, page.viewer, _dossier_id(draft), locale=page.t.locale)
    if found.state != "draft" or found.procedure.slug != filling.procedure.slug:
        raise NotFound
    carried = filling.carried
    carried.draft, carried.answers = str(found.id), dict(found.draft_answers or {})
    return await _filling(page, carried)


async def _keep(page: Page, filling: Filling, here: str) -> None:
    """Save what was typed as the person's draft; without an account it stays in the page alone."""
    carried = filling.carried
    if page.viewer.account_id is None:
        return
    if carried.draft is None:
        asked = NewDossier(procedure=filling.procedure.slug, answers=given(carried.answers), draft=True)
        attempt = Once(once.principal_of(page.session), f"{carried.key}-draft", "draft", b"")
        made = await filing.file(page.state, page.viewer, asked, attempt=attempt)
        carried.draft = str(made.id)
        if made.state == "draft":
            return
    dossier_id = _dossier_id(carried.draft)
    try:
        kept = await dossiers.view(page.state, page.viewer, dossier_id)
        number = next((i for i, each in enumerate(filling.pages) if each["id"] == here), 0)
        change = DraftChange(answers=given(carried.answers), page=number)
        await filing.change(
            page.state, page.viewer, dossier_id, change, seen=kept.scratch.revision if kept.scratch else 0
        )
    except (Stale, WrongState, NotFound):
        return  # typed in another window, or filed already: filing tells it, and nothing typed here is lost


def _dossier_id(raw: str) -> DossierId:
    try:
        return DossierId(UUID(raw))
    except ValueError as error:
        raise NotFound from error


async def _file(page: Page, filling: Filling) -> Response:
    carried, answers = filling.carried, given(filling.carried.answers)
    # Filing without an account opens a session: the same key must be known before and after it.
    principal = once.principal_of(page.session if page.viewer.account_id is not None else None)
    attempt = Once(principal, carried.key, f"file {filling.procedure.slug}", _hash(answers))
    try:
        if carried.draft is not None:
            submission = Submission(answers=answers, claims=_claims(carried))
            filed = await filing.submit(
                page.state, page.viewer, _dossier_id(carried.draft), submission, attempt=attempt
            )
        else:
            asked = NewDossier(procedure=filling.procedure.slug, answers=answers, claims=_claims(carried))
            filed = await filing.file(page.state, page.viewer, asked, attempt=attempt)
    except Invalid:  # judged there and not here: a repeated click finds its files attached, by itself
        for each in filling.pages:
            if faults := filling.faults_on(each):
                return _questions(page, filling, each, faults, told=True)
        return _check(page, filling, 422)
    response = page.go(f"/dossiers/{filed.id}/recu")
    if page.viewer.account_id is None:
        await _let_follow(page, response, filed)
    return response


def _hash(answers: Mapping[str, Any]) -> bytes:
    return once.body_hash(msgspec.json.encode(answers, order="sorted"))


async def _let_follow(page: Page, response: Response, filed: Filed) -> None:
    """Without an account, the browser that filed may follow that request for a day, as with its tracking code."""
    opened = await sessions.follow(page.state, DossierId(filed.id))
    set_session(page, response, opened.token)
