"""Absences: saying that one will be away, who goes on meanwhile, and what happened on the return."""

from collections.abc import Mapping
from datetime import date
from typing import Literal, cast
from uuid import UUID

from starlette.datastructures import FormData
from starlette.responses import Response

from api import absences, once, queues
from api.inputs import FromHalfDay, NewAbsence, UntilHalfDay
from api.once import Once
from api.procedures import today
from api.representations import Colleague
from casework.dossiers.search import fold
from casework.errors import AbsencesOverlap, Invalid, NotFound, WrongState
from casework.ids import new_id
from web import timeline, wording
from web.page import Page

SUBSTITUTES = 3  # that the page asks for; the API takes more


async def every(page: Page) -> Response:
    """One's own absences and those of one's services, and the form for a new one."""
    return await _show(page)


async def declare(page: Page) -> Response:
    """A new absence, of one's own or (a manager) of an agent."""
    form = await page.form()
    typed = {name: value for name, value in form.multi_items() if isinstance(value, str)}
    attempt = _attempt(page, form, "declare")
    try:
        await absences.declare(page.state, page.viewer, _asked(form), attempt=attempt)
    except Invalid as refused:
        told = await page.problem(refused)
        wrong = {
            _FIELDS.get(each.field, each.field): wording.fault(each.code, each.params, page.t) for each in told.faults
        }
        return await _show(page, wrong=wrong, typed=typed)
    except AbsencesOverlap:
        return await _show(page, wrong={"du": page.t("Une autre absence couvre déjà ces dates.")}, typed=typed)
    return page.go("/agent/absences")


async def cancel(page: Page) -> Response:
    """It will not be, or it stops now. What is over already stays as it is, and the page shows it."""
    try:
        await absences.cancel(page.state, page.viewer, _id(page))
    except WrongState:
        pass
    return page.go("/agent/absences")


async def take_over_all(page: Page) -> Response:
    """Every dossier of an absence that the agent is asked to take over, and what became of each."""
    form = await page.form()
    attempt = _attempt(page, form, f"take over {page.param('id')}")
    done = await absences.take_over_all(page.state, page.viewer, _id(page), attempt=attempt)
    absence = await absences.absence(page.state, page.viewer, _id(page))
    left = [each for each in done.items if each.code is not None]
    taken = [each for each in done.items if each.code is None]
    return page.show("desk/taken_over.html", absence=absence, taken=taken, left=left)


async def returned(page: Page) -> Response:
    """What happened to one's dossiers meanwhile."""
    found = await absences.returned(page.state, page.viewer, _id(page))
    lines = [(each, [timeline.for_agent(entry, page.t) for entry in each.entries]) for each in found.items]
    own = found.absence.agent.id == page.viewer.account_id
    return page.show("desk/returned.html", absence=found.absence, lines=lines, own=own)


async def _show(
    page: Page, *, wrong: Mapping[str, str] | None = None, typed: Mapping[str, str] | None = None
) -> Response:
    listed = await absences.absences(page.state, page.viewer)
    known = (await queues.colleagues(page.state, page.viewer)).items
    managed = await _managed(page)
    return page.show(
        "desk/absences.html",
        status=422 if wrong else 200,
        absences=listed.items,
        colleagues=[each for each in known if each.id != page.viewer.account_id or managed],
        managed=managed,
        wrong=wrong or {},
        typed=typed or {},
        today=today().isoformat(),
        substitutes=range(1, SUBSTITUTES + 1),
        key=str(new_id()),
    )


async def _managed(page: Page) -> list[Colleague]:
    """The agents for whom this manager may say it; nobody for others."""
    found: dict[UUID, Colleague] = {}
    for service in sorted(page.viewer.managed):
        for each in (await queues.colleagues(page.state, page.viewer, service)).items:
            if each.id != page.viewer.account_id:
                found[each.id] = each
    return sorted(found.values(), key=lambda each: fold(each.name))


# The API's names of fields → the page's.
_FIELDS = {"from": "du", "until": "au", "reason": "motif", "substitutes": "remplacant-1", "agent": "agent"}


def _asked(form: FormData) -> NewAbsence:
    """What the form says. Raises Invalid for what is no date, no half-day, nobody."""
    faults = []
    start, end = _date(form, "du"), _date(form, "au")
    begins, ends = _text(form, "du-demi"), _text(form, "au-demi")
    if begins != "now" and start is None:
        faults.append({"field": "from", "code": "bad_date"})
    if end is None:
        faults.append({"field": "until", "code": "bad_date"})
    if begins not in ("am", "pm", "now"):
        faults.append({"field": "from", "code": "not_a_choice"})
    if ends not in ("am", "pm"):
        faults.append({"field": "until", "code": "not_a_choice"})
    if not _text(form, "motif"):
        faults.append({"field": "reason", "code": "required"})
    agent = _uuid(form, "agent")
    substitutes = [each for rank in range(1, SUBSTITUTES + 1) if (each := _uuid(form, f"remplacant-{rank}"))]
    if faults or end is None:
        raise Invalid(faults=faults)
    since = None
    if begins != "now" and start is not None:
        since = FromHalfDay(day=start, half=cast('Literal["am", "pm"]', begins))
    return NewAbsence(
        agent=agent,
        from_=since,
        until=UntilHalfDay(day=end, half=cast('Literal["am", "pm"]', ends)),
        reason=_text(form, "motif")[:500],
        substitutes=substitutes,
    )


def _date(form: FormData, name: str) -> date | None:
    try:
        return date.fromisoformat(_text(form, name))
    except ValueError:
        return None


def _uuid(form: FormData, name: str) -> UUID | None:
    try:
        return UUID(_text(form, name))
    except ValueError:
        return None


def _text(form: FormData, name: str) -> str:
    value = form.get(name)
    return value.strip() if isinstance(value, str) else ""


def _id(page: Page) -> UUID:
    try:
        return UUID(page.param("id"))
    except ValueError as error:
        raise NotFound from error


def _attempt(page: Page, form: FormData, route: str) -> Once | None:
    key = _text(form, "key")
    if not 16 <= len(key) <= 200:
        return None
    said = "\n".join(f"{name}={value}" for name, value in form.multi_items() if name != "key")
    return Once(once.principal_of(page.session), key, f"desk {route}", once.body_hash(said.encode()))
