"""Trying a draft: the whole form on one page, what the answers make of it, and the trial kept as a scenario."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from starlette.datastructures import FormData
from starlette.responses import Response

from api import services, studio
from api.drafts import DraftView
from api.procedures import today
from casework.errors import EditConflict, Invalid, Stale
from casework.forms.check import Checked, check
from casework.forms.kinds import KINDS
from casework.forms.rule_reading import Profile
from casework.organisation.communes import communes
from casework.procedures import drafting
from casework.procedures.editing import fields, pages
from casework.procedures.edits import ChangeHead
from casework.procedures.routing import route
from web import wording
from web.page import Page
from web.portal.answers import by_place, given, posted, rows
from web.render import countries, said
from web.studio.preview import first_rows, more_rows, presentable

NAME_MAX = 120
_STAND_IN = ("application/pdf", 1024 * 1024)  # media type and bytes of the file that stands for a supporting document


async def show(page: Page) -> Response:
    """The form, empty."""
    draft = await studio.draft(page.state, page.viewer, page.param("slug"))
    return await _show(page, draft, FormData())


async def judge(page: Page) -> Response:
    """What these answers make of the form; the trial is kept as a scenario where that is asked."""
    slug, form = page.param("slug"), await page.form()
    draft = await studio.draft(page.state, page.viewer, slug)
    if form.get("act") != "keep":
        return await _show(page, draft, form, told=form.get("act") == "judge")
    name = " ".join(str(form.get("name") or "").split())[:NAME_MAX]
    kept = draft.definition.get("scenarios")
    before = kept if isinstance(kept, list) else []
    if not name or name in [each.get("name") for each in before if isinstance(each, Mapping)]:
        return await _show(page, draft, form, told=True, unnamed=True)
    try:
        edit = ChangeHead(set={"scenarios": [*before, _scenario(draft, name, form)]})
        draft = await studio.edit(page.state, page.viewer, slug, edit, seen=_seen(form, draft))
    except (EditConflict, Stale, Invalid):
        return await _show(page, draft, form, told=True, unkept=True)
    return await _show(page, draft, form, told=True, kept=name)


def _seen(form: FormData, draft: DraftView) -> int:
    raw = str(form.get("seen") or "")
    return int(raw) if raw.isdecimal() and len(raw) < 10 else draft.revision


def _questions(definition: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [presentable(each) for page in pages(definition) for each in fields(page) if each.get("kind") in KINDS]


def _answers(questions: list[dict[str, Any]], form: FormData) -> tuple[dict[str, Any], dict[UUID, tuple[str, int]]]:
    """The answers as typed, and the stand-ins of the documents that they attach."""
    answers = posted([each for each in questions if each["kind"] != "attachment"], form, {}).answers
    more_rows(answers, str(form.get("act") or ""))
    documents = {}
    for number, each in enumerate(each for each in questions if each["kind"] == "attachment"):
        if form.get(each["id"]):
            documents[UUID(int=number + 1)] = _STAND_IN
            answers[each["id"]] = [str(UUID(int=number + 1))]
    return given(answers), documents


def _who(form: FormData) -> Profile:
    return Profile(signed_in=bool(form.get("as.signed_in")))


def _judged(
    definition: Mapping[str, Any], form: FormData, *, to_show: bool = False
) -> tuple[Checked, dict[str, Any], str]:
    """The verdict, the answers as typed, and the service that the request would go to."""
    answers, documents = _answers(_questions(definition), form)
    if to_show:
        answers |= first_rows(_questions(definition), answers)
    shape = drafting.form_of(definition)
    checked = check(shape, answers, documents=documents, today=today(), profile=_who(form))
    routed = drafting.destination(definition, shape)
    return checked, answers, route(routed, checked.answers, today=today(), profile=_who(form))


def _scenario(draft: DraftView, name: str, form: FormData) -> dict[str, Any]:
    """The trial as the package keeps it: what was answered, and that what came of it must come again."""
    checked, answers, service = _judged(draft.definition, form)
    asked = [each["id"] for each in _questions(draft.definition)]
    files = {each["id"] for each in _questions(draft.definition) if each["kind"] == "attachment"}
    expect = {
        "shown": [each for each in asked if each in checked.visible],
        "hidden": [each for each in asked if each not in checked.visible],
        "required": [each for each in asked if each in checked.required],
        "faults": [{"field": each.field, "code": each.code} for each in checked.faults],
    }
    kept = {
        "name": name,
        "on": today().isoformat(),
        "answers": {
            id_: [{"document": "pdf"}] if id_ in files else value
            for id_, value in answers.items()
            if id_ in checked.visible
        },
        "expect": {**{key: value for key, value in expect.items() if value}, "service": service},
    }
    return {**kept, "as": {"signed_in": True}} if form.get("as.signed_in") else kept


async def _show(
    page: Page,
    draft: DraftView,
    form: FormData,
    *,
    told: bool = False,
    kept: str = "",
    unnamed: bool = False,
    unkept: bool = False,
) -> Response:
    checked, answers, service = _judged(draft.definition, form, to_show=True)
    places = (await services.services(page.state, page.viewer)).items
    place = next((each for each in places if each.slug == service), None)
    sections = []
    for each in pages(draft.definition):
        shown = [presentable(field) for field in fields(each) if field.get("id") in checked.visible]
        if shown:
            sections.append((presentable({"kind": "title", "label": each.get("title")})["label"], shown))
    blocks = [each for _, shown in sections for each in shown if each["kind"] == "block"]
    wrong = {each.field: wording.fault(each.code, each.params, page.t) for each in checked.faults} if told else {}
    labels = {each["id"]: said(each["label"], page.t) for each in _questions(draft.definition)}
    return page.show(
        "studio/trial.html",
        status=422 if unnamed else 409 if unkept else 200,
        draft=draft,
        sections=sections,
        service=place.name if place else service,
        faults=[(each.field, labels.get(each.field.partition(".")[0], each.field)) for each in checked.faults],
        told=told,
        kept=kept,
        unnamed=unnamed,
        unkept=unkept,
        name=str(form.get("name") or ""),
        signed_in=bool(form.get("as.signed_in")),
        required=checked.required,
        answers=by_place(answers),
        rows={each["id"]: rows(each, answers, sorted(checked.visible)) for each in blocks},
        focus="",
        files={},
        communes=list(communes().values()),
        countries=countries(page.t),
        answered={},
        wrong=wrong,
    )
