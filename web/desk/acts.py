"""What agents do to a dossier, from its page or from its row in a queue."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from uuid import UUID

from starlette.datastructures import FormData
from starlette.responses import Response

from api import acting, once, process
from api.inputs import Asked, Assignment, Decision, NewMessage, Rerouting
from api.once import Once
from api.process import Chosen, Done
from api.representations import Acted, Problem
from casework.errors import Invalid, NotAllowed, NotFound, Refused
from casework.ids import Version
from web import timeline, wording
from web.desk import dossier
from web.desk.dossier import Refusal
from web.page import Page, local_path
from web.portal.dossiers import dossier_id

_WORDS_MAX = 10_000
_OUTCOMES = ("accepted", "refused", "closed_without_action")


async def do(page: Page) -> Response:
    """One act. Done: the dossier's page, or where it was done. Refused: that page too, with why and the words kept."""
    act, id_, form = page.param("act"), dossier_id(page), await page.form()
    if act not in ACTS:
        raise NotFound
    try:
        await ACTS[act](page, form, _attempt(page, form, act))
    except (NotFound, NotAllowed):
        raise
    except Refused as refused:
        refusal = await _refusal(page, act, refused, form)
        if refusal is None:
            raise
        return await dossier.show(page, refusal)
    back = _text(form, "back")
    if act == "reroute":  # it may be out of sight now
        back = back or "/agent/files/service"
    here = "/agent" if back == "queue" else f"/agent/dossiers/{id_}"
    return page.go(local_path(back, here) if back.startswith("/agent/") else here)


async def _refusal(page: Page, act: str, refused: Refused, form: FormData) -> Refusal | None:
    """The refusal in words; None for what is no answer to this act (a server that is down)."""
    told = await page.problem(refused)
    if told.status not in (409, 412, 422):
        return None
    typed = {name: _text(form, name) for name in ("message", "reason", "outcome", "agent", "service") if form.get(name)}
    return Refusal(told.title, _sentences(page, told), act, typed, told.status)


def _sentences(page: Page, told: Problem) -> list[str]:
    _ = page.t.gettext
    missed = [
        timeline.missed(each.kind, each.actor.name if each.actor else None, page.t.hour(each.at), page.t)
        for each in told.facts
    ]
    if told.held_by is not None and not missed:
        mine = told.held_by.id == page.viewer.account_id
        held = _("Vous suivez déjà ce dossier.") if mine else _("{name} suit maintenant ce dossier.")
        missed.append(held.format(name=told.held_by.name))
    return missed + [wording.fault(each.code, each.params, page.t) for each in told.faults]


def _seen(form: FormData) -> Version:
    """The version that the page showed. Raises Invalid where the form does not say it: nothing is done blindly."""
    written = _text(form, "version")
    if not (written.isascii() and written.isdigit() and len(written) < 10):
        raise Invalid(faults=[{"field": "version", "code": "wrong_type"}])
    return Version(int(written))


def _attempt(page: Page, form: FormData, act: str) -> Once | None:
    key = _text(form, "key")
    if not 16 <= len(key) <= 200:
        return None
    said = "\n".join(f"{name}={value}" for name, value in form.multi_items() if name != "key")
    route = f"desk {act} {page.param('id')}"
    return Once(once.principal_of(page.session), key, route, once.body_hash(said.encode()))


def _text(form: FormData, name: str) -> str:
    value = form.get(name)
    return value.strip()[:_WORDS_MAX] if isinstance(value, str) else ""


Do = Callable[[Page, FormData, Once | None], Awaitable[Acted]]


def _plain(call: Callable[..., Awaitable[Acted]]) -> Do:
    """An act without particulars."""

    async def do(page: Page, form: FormData, attempt: Once | None) -> Acted:
        return await call(page.state, page.viewer, dossier_id(page), seen=_seen(form), attempt=attempt)

    return do


def _with(call: Callable[..., Awaitable[Acted]], asked: Callable[[FormData], Any]) -> Do:
    """An act with what `asked` makes of the form."""

    async def do(page: Page, form: FormData, attempt: Once | None) -> Acted:
        return await call(page.state, page.viewer, dossier_id(page), asked(form), seen=_seen(form), attempt=attempt)

    return do


def _assignment(form: FormData) -> Assignment:
    try:
        return Assignment(agent=UUID(_text(form, "agent")))
    except ValueError as error:
        raise Invalid(faults=[{"field": "agent", "code": "no_such_agent"}]) from error


def _rerouting(form: FormData) -> Rerouting:
    try:
        return Rerouting(service=UUID(_text(form, "service")), reason=_text(form, "reason"))
    except ValueError as error:
        raise Invalid(faults=[{"field": "service", "code": "no_such_service"}]) from error


def _task(form: FormData) -> Done:
    written = _text(form, "task")
    if not (written.isascii() and written.isdigit() and int(written[:9]) > 0):
        raise Invalid(faults=[{"field": "task", "code": "no_such_task"}])
    return Done(task=int(written[:9]))


def _decision(form: FormData) -> Decision:
    outcome, reason = _text(form, "outcome"), _text(form, "reason")
    if outcome not in _OUTCOMES:
        raise Invalid(faults=[{"field": "outcome", "code": "not_a_choice"}])
    if outcome != "accepted" and not reason:
        raise Invalid(faults=[{"field": "reason", "code": "reason_needed"}])
    return Decision(outcome=outcome, reason=reason)  # type: ignore[arg-type] # one of _OUTCOMES


# As `api.acts` names them: the pages offer what it allows.
ACTS: Mapping[str, Do] = {
    "claim": _plain(acting.claim),
    "release": _plain(acting.release),
    "start_review": _plain(acting.start_review),
    "take_over": _plain(acting.take_over),
    "hand_back": _plain(acting.hand_back),
    "act": _with(process.act, lambda form: Chosen(action=_text(form, "action"))),
    "do_task": _with(process.do_task, _task),
    "assign": _with(acting.assign, _assignment),
    "reroute": _with(acting.reroute, _rerouting),
    "ask_completion": _with(acting.ask_completion, lambda form: Asked(reason=_text(form, "reason"))),
    "decide": _with(acting.decide, _decision),
    "post_message": _with(acting.write, lambda form: NewMessage(message=_text(form, "message"))),
}
