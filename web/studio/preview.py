"""The form of a draft as citizens see it, in a frame of its own: answers show and hide its questions, nothing is kept."""

from collections.abc import Iterable, Mapping
from typing import Any

from starlette.datastructures import FormData
from starlette.responses import Response

from api import studio
from api.procedures import today
from casework.forms.check import check
from casework.forms.kinds import KINDS
from casework.organisation.communes import communes
from casework.procedures import drafting
from casework.procedures.editing import fields, pages
from web.page import Page
from web.portal.answers import by_place, posted, questions_shown, rows
from web.render import countries

_FRAMED = "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'; frame-src 'none'"


async def show(page: Page) -> Response:
    """One page of the form, with the answers that were just given."""
    draft = await studio.draft(page.state, page.viewer, page.param("slug"))
    found = pages(draft.definition)
    asked = page.query.get("page", "")
    current = next((each for each in found if each.get("id") == asked), found[0] if found else {})
    shown = {**current, "fields": [presentable(each) for each in fields(current) if each.get("kind") in KINDS]}
    answers: dict[str, Any] = {}
    if page.request.method == "POST":
        form: FormData = await page.form()
        answers = posted(shown["fields"], form, {}).answers
        more_rows(answers, str(form.get("act") or ""))
    answers |= first_rows(shown["fields"], answers)
    judged = check(drafting.form_of(draft.definition), answers, documents={}, today=today())
    response = page.show(
        "studio/preview.html",
        draft=draft,
        title=words(current.get("title")),
        questions=questions_shown(shown, sorted(judged.visible)),
        hidden=len(shown["fields"]) - len([each for each in shown["fields"] if each["id"] in judged.visible]),
        required=judged.required,
        answers=by_place(answers),
        rows={
            each["id"]: rows(each, answers, sorted(judged.visible))
            for each in shown["fields"]
            if each["kind"] == "block"
        },
        focus="",
        files={},
        communes=list(communes().values()),
        countries=countries(page.t),
        answered={},
        wrong={},
        where=f"page={asked}",
    )
    response.headers["Content-Security-Policy"] = _FRAMED
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    return response


def presentable(field: Mapping[str, Any]) -> dict[str, Any]:
    """A field that may be unfinished, with what a page needs to show it."""
    shown = {**field, "label": words(field.get("label"))}
    if "help" in field:
        shown["help"] = words(field["help"])
    if field["kind"] == "block":
        inside = field.get("fields")
        shown["fields"] = [
            presentable(each)
            for each in (inside if isinstance(inside, list) else [])
            if isinstance(each, Mapping) and each.get("kind") in KINDS and isinstance(each.get("id"), str)
        ]
        shown["row"] = words(field.get("row"))
    if field["kind"] in ("choice", "choices", "linked_choice"):
        shown["choices"] = _choices(field.get("choices"))
    return {
        key: value for key, value in shown.items() if key not in ("max_length", "max_count") or isinstance(value, int)
    }


def first_rows(questions: Iterable[Mapping[str, Any]], answers: Mapping[str, Any]) -> dict[str, Any]:
    """A first row for each block that has none: what it asks is seen at once."""
    return {each["id"]: [{}] for each in questions if each["kind"] == "block" and not answers.get(each["id"])}


def more_rows(answers: dict[str, Any], act: str) -> None:
    """One row more where the button of a block asks for it."""
    verb, _, block = act.partition(":")
    if verb == "add" and isinstance(answers.get(block), list):
        answers[block] = [*answers[block], {}]


def _choices(found: Any) -> list[dict[str, Any]]:
    return [
        {"value": str(each.get("value")), "label": words(each.get("label")), "choices": _choices(each.get("choices"))}
        for each in (found if isinstance(found, list) else [])
        if isinstance(each, Mapping)
    ]


def words(wording: Any) -> dict[str, str]:
    """A wording that may be missing or half written."""
    found = wording if isinstance(wording, Mapping) else {}
    return {"fr": str(found.get("fr") or "…"), "en": str(found.get("en") or "…")}
