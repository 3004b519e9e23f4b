"""The editor: the structure of the form, the element that is worked on, and the form as citizens see it.

Every change is an edit of the draft, posted by a plain form; htmx only spares the reload and saves at each change.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.datastructures import FormData
from starlette.responses import Response

from api import services, studio
from api.drafts import DraftView, Noted
from casework.errors import EditConflict, Invalid, NotFound, NothingToUndo, Stale
from casework.forms.kinds import KINDS
from casework.forms.rule_rows import WITHOUT_VALUE
from casework.procedures import drafting, editing
from casework.procedures.catalogue import load
from casework.procedures.editing import every_field, fields, pages
from casework.procedures.edits import (
    AddField,
    AddPage,
    ChangeField,
    ChangeHead,
    ChangePage,
    CopyField,
    Edit,
    MoveField,
    MovePage,
    RemoveField,
    RemovePage,
    Several,
)
from infra.i18n import translator
from web import wording
from web.page import Page
from web.studio import diagram, panels, rules
from web.studio.words import of

HEADS = ("presentation", "suite", "conditions", "aiguillage", "messages")  # panels of what is beside the questions
_HEAD_OF = {
    "target_days": "suite", "statutory_days": "suite", "silence": "suite", "receipt": "suite", "applicant": "suite",
    "routing": "aiguillage", "price": "conditions", "eligibility": "conditions",
    "process": "messages",
}  # fmt: skip


@dataclass(slots=True)
class Told:
    """What went otherwise than the designer wanted: a sentence, and what they typed, which is still there."""

    sentence: str = ""
    typed: Mapping[str, Any] = field(default_factory=dict)
    theirs: Mapping[str, Any] = field(default_factory=dict)  # key → what a colleague put there


async def show(page: Page) -> Response:
    """The draft, at one of its elements."""
    draft = await studio.draft(page.state, page.viewer, page.param("slug"))
    return await _show(page, draft, _element(draft.definition, page.query.get("element", "")))


async def do(page: Page) -> Response:
    """One edit, as the button that was pressed says it."""
    slug, form = page.param("slug"), await page.form()
    draft = await studio.draft(page.state, page.viewer, slug)
    element = str(form.get("element") or "")
    act, _, target = str(form.get("act") or "save").partition(":")
    raw = str(form.get("seen") or "")
    seen = int(raw) if raw.isdecimal() and len(raw) < 10 else draft.revision
    edit, following = _asked(page, draft, form, act, target, element)
    if edit is None:
        return page.go(_path(slug, following))
    try:
        await studio.edit(page.state, page.viewer, slug, edit, seen=seen)
    except (EditConflict, Stale, Invalid) as refused:
        return await _refused(page, refused, edit, element)
    return page.go(_path(slug, following))


async def undo(page: Page) -> Response:
    """Take one's own last change back."""
    slug, form = page.param("slug"), await page.form()
    element = str(form.get("element") or "")
    try:
        await studio.undo(page.state, page.viewer, slug)
    except NothingToUndo:
        pass
    except (EditConflict, Invalid) as refused:
        return await _refused(page, refused, None, element)
    return page.go(_path(slug, element))


async def history(page: Page) -> Response:
    """Who changed what."""
    slug = page.param("slug")
    draft = await studio.draft(page.state, page.viewer, slug)
    found = await studio.changes(page.state, page.viewer, slug)
    return page.show("studio/history.html", draft=draft, changes=found.items, studio=of(page.t))


def _path(slug: str, element: str) -> str:
    return f"/agent/studio/{slug}" + (f"?element={element}" if element else "")


def _element(definition: Mapping[str, Any], asked: str) -> str:
    """The element that is asked for if it is there; else the first page, where questions are added."""
    known = [f"page:{each.get('id')}" for each in pages(definition)]
    known += [f"field:{id_}" for id_ in every_field(definition)]
    if asked in HEADS or asked in known:
        return asked
    return known[0] if known else "presentation"


def _value(definition: Mapping[str, Any], element: str) -> Mapping[str, Any]:
    """The element itself, as the forms show it."""
    kind, _, id_ = element.partition(":")
    if kind == "field":
        return every_field(definition).get(id_, {})
    if kind == "page":
        found = next((each for each in pages(definition) if each.get("id") == id_), {})
        return {key: value for key, value in found.items() if key != "fields"}
    form = definition.get("form")
    beside = {key: value for key, value in form.items() if key != "pages"} if isinstance(form, Mapping) else {}
    return {**{key: value for key, value in definition.items() if key != "form"}, **beside}


def _asked(
    page: Page, draft: DraftView, form: FormData, act: str, target: str, element: str
) -> tuple[Edit | None, str]:
    """The edit that a posted form asks for (None: nothing differs), and which element is shown after it."""
    definition = draft.definition
    match act:
        case "add-field":
            label, kind, on = (
                panels.text(form, "new.label")[:200],
                panels.text(form, "new.kind"),
                panels.text(form, "page"),
            )
            if not label or kind not in of(page.t).kind:
                return None, element
            made = drafting.new_field(definition, label, kind)
            return AddField(page=on, field=made), f"field:{made['id']}"
        case "add-page":
            title = panels.text(form, "new.title")[:200]
            added = drafting.new_page(definition, title)
            return (added, f"page:{added.page['id']}") if title else (None, element)
        case "contacts":
            several = drafting.contacts(definition)
            return several, f"page:{several.edits[0].page['id']}" if isinstance(several.edits[0], AddPage) else ""
        case "copy":
            copy = editing.id_of(target.rstrip("_0123456789") or target, every_field(definition))
            return CopyField(field=target, copy=copy), f"field:{copy}"
        case "remove":
            what, _, id_ = target.partition(":")
            home = _home_of(definition, target)
            on = home.replace(editing.BLOCK, "field:") if home.startswith(editing.BLOCK) else f"page:{home}"
            return (RemovePage(page=id_), "") if what == "page" else (RemoveField(field=id_), on)
        case "up" | "down":
            return _stepped(definition, target, -1 if act == "up" else 1), element
        case "place":
            before = panels.text(form, "before") or None
            what, _, id_ = panels.text(form, "moved").partition(":")
            if what == "page":
                return MovePage(page=id_, before=before), element
            return MoveField(field=id_, page=panels.text(form, "page"), before=before), element
    return _saved(page, draft, form, element), element


def _saved(page: Page, draft: DraftView, form: FormData, element: str) -> Edit | None:
    was = panels.was_of(form)
    askable = rules.questions(drafting.form_of(draft.definition), element, page.t)
    kind, _, id_ = element.partition(":")
    if kind == "conditions":
        several = panels.conditions_edit(form, was, askable)
        return several if several.edits else None
    edit: ChangeField | ChangePage | ChangeHead
    if kind == "field":
        edit = panels.field_edit(id_, form, was, askable)
    elif kind == "page":
        edit = panels.page_edit(id_, form, was, askable)
    elif kind == "messages":
        edit = panels.mails_edit(form, was)
    elif kind == "aiguillage":
        edit = panels.routing_edit(form, was, askable)
    else:
        edit = panels.head_edit(form, was)
    return edit if edit.set else None


def _stepped(definition: Mapping[str, Any], element: str, step: int) -> Edit | None:
    """One place up or down; a question goes from the end of a page to the beginning of the next."""
    what, _, id_ = element.partition(":")
    found = pages(definition)
    ids = [str(each.get("id")) for each in found]
    if what == "page":
        if id_ not in ids or not 0 <= (place := ids.index(id_) + step) < len(ids):
            return None
        return MovePage(page=id_, before=_at(ids, place + (step > 0)))
    home = _home_of(definition, element)
    around = editing.homes(definition)
    inside = [str(each.get("id")) for each in around.get(home, [])]
    if id_ not in inside:
        return None
    place = inside.index(id_) + step
    if 0 <= place < len(inside):
        return MoveField(field=id_, page=home, before=_at(inside, place + (step > 0)))
    if home in ids and 0 <= (other := ids.index(home) + step) < len(ids):
        there = [str(each.get("id")) for each in around[ids[other]]]
        return MoveField(field=id_, page=ids[other], before=None if step < 0 else _at(there, 0))
    return None


def _at(ids: list[str], place: int) -> str | None:
    return ids[place] if place < len(ids) else None


async def _refused(page: Page, refused: EditConflict | Stale | Invalid, edit: Edit | None, element: str) -> Response:
    """The editor as the draft is now, with what happened and what was typed: nothing is lost, nothing is overwritten."""
    told = await page.problem(refused)
    try:
        draft = await studio.draft(page.state, page.viewer, page.param("slug"))
    except NotFound:
        raise refused from None
    edits = edit.edits if isinstance(edit, Several) else [edit]
    typed: dict[str, Any] = {}
    for each in edits:
        typed |= getattr(each, "set", {})
    current = _value(draft.definition, element)
    if isinstance(refused, Invalid):
        sentence = page.t.gettext("Cette modification n’est plus possible : l’élément n’est plus là.")
    elif isinstance(refused, Stale):
        sentence = page.t.gettext(
            "Cette page était trop ancienne. Vérifiez vos modifications, puis enregistrez-les de nouveau."
        )
    else:
        who = told.held_by.name if told.held_by else page.t.gettext("Quelqu’un")
        sentence = page.t.gettext(
            "{name} a modifié la même chose entre-temps. Rien n’est perdu : comparez, puis enregistrez."
        ).format(name=who)
    theirs = {key: current.get(key) for key in typed if current.get(key) != typed[key]}
    gone = bool(element.partition(":")[2]) and not current
    shown = Told(sentence, typed, theirs)
    return await _show(page, draft, _element(draft.definition, element), shown, status=409, gone=gone)


async def _show(
    page: Page, draft: DraftView, element: str, told: Told | None = None, *, status: int = 200, gone: bool = False
) -> Response:
    definition, told = draft.definition, told or Told()
    current = _value(definition, element)
    values = current if gone else {k: v for k, v in {**current, **told.typed}.items() if v is not None}
    form = drafting.form_of(definition)
    askable = rules.questions(form, element, page.t)
    kind, _, id_ = element.partition(":")
    on = _page_of(definition, element)
    faults, remarks = _by_panel(draft.faults), _by_panel(draft.remarks)
    every = (await services.services(page.state, page.viewer)).items if kind in HEADS else ()
    routes = values.get("routing")
    response = page.show(
        "studio/editor.html",
        status=status,
        draft=draft,
        definition=definition,
        pages=[(each, fields(each)) for each in pages(definition)],
        element=element,
        kind=kind,
        id=id_,
        on=on,
        values=values,
        was=current,
        told=told,
        gone=gone,
        faults=faults,
        remarks=remarks,
        adds_to=_adds_to(definition, element),
        kinds=[each for each in of(page.t).kind if each in KINDS],
        studio=of(page.t),
        french=of(translator("fr")),
        askable=askable,
        visible=rules.shown(values.get("visible_if"), askable, page.t),
        required=rules.shown(
            values["required"] if isinstance(values.get("required"), Mapping) else None, askable, page.t
        ),
        routes=[
            (each, rules.shown(each.get("when"), askable, page.t)) for each in routes or [] if isinstance(each, Mapping)
        ]
        if isinstance(routes, list)
        else [],
        refusals=[
            (each, rules.shown(each.get("refuse_if"), askable, page.t))
            for each in _listed(values.get("eligibility"))
            if isinstance(each, Mapping)
        ],
        mails=_mails(values.get("process")),
        moments=_moments(values.get("process"), page),
        nothing=rules.shown(None, askable, page.t),
        price=rules.shown(values["price"], askable, page.t) if isinstance(values.get("price"), Mapping) else None,
        valueless=WITHOUT_VALUE,
        services=every,
        themes=load().themes.values(),
        channels=wording.of(page.t).channel,
        texts=[(each.id, each.label) for each in form.fields if each.kind == "text"],
        emails=[(each.id, each.label) for each in form.fields if each.kind == "email"],
        where=f"page={on}&v={draft.revision}",
        asked=kind == "field" and KINDS[str(values.get("kind"))].is_asked if values.get("kind") in KINDS else True,
        slug=draft.slug,
        revision=draft.revision,
    )
    csp = "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    response.headers["Content-Security-Policy"] = f"{csp}; frame-src 'self'"  # the form as citizens see it
    return response


def _mails(process: Any) -> list[tuple[int, Mapping[str, Any], Mapping[str, Any]]]:
    """The automatic steps that send a mail: their place, themselves, the mail."""
    found = _listed(process.get("automatic")) if isinstance(process, Mapping) else []
    steps = [(place, each) for place, each in enumerate(found) if isinstance(each, Mapping)]
    return [(place, each, panels.mail_of(each)) for place, each in steps if panels.mail_of(each)]


def _moments(process: Any, page: Page) -> list[tuple[str, str]]:
    """When a mail may leave: at the states, and at the steps of the draft's own process."""
    nodes, _ = diagram.course(
        process if isinstance(process, Mapping) else {}, wording.of(page.t).state, {}, page.t.locale
    )
    states = [(state, wording.of(page.t).state[state]) for state in diagram.STATES]
    return [*states, *((node.id, node.label) for node in nodes if node.id not in diagram.STATES)]


def _listed(found: Any) -> list[Any]:
    return found if isinstance(found, list) else []


def _by_panel(noted: Iterable[Noted]) -> dict[str, list[Noted]]:
    """What is told in each panel; the same of one key (a list to be translated) is told once."""
    found: dict[str, dict[tuple[str, str], Noted]] = {}
    for each in noted:
        panel = each.element
        if panel in ("head", "form"):
            panel = "form" if each.key == "form" else _HEAD_OF.get(each.key, "presentation")
        found.setdefault(panel, {}).setdefault((each.key, each.sentence), each)
    return {panel: list(told.values()) for panel, told in found.items()}


def _page_of(definition: Mapping[str, Any], element: str) -> str:
    """The id of the page that the element is on; the first one's for what is on none."""
    home = _home_of(definition, element)
    if home.startswith(editing.BLOCK):
        return _page_of(definition, f"field:{home.removeprefix(editing.BLOCK)}")
    return home or (str(pages(definition)[0].get("id")) if pages(definition) else "")


def _home_of(definition: Mapping[str, Any], element: str) -> str:
    """The page of a question, `block:<id>` of one in a block; "" for what is no part of the form."""
    what, _, id_ = element.partition(":")
    if what == "page":
        return id_
    homes = editing.homes(definition).items()
    return next((home for home, inside in homes if id_ in [each.get("id") for each in inside]), "")


def _adds_to(definition: Mapping[str, Any], element: str) -> str:
    """Where a new question goes: into the block that is worked on, else on its page."""
    if f"{editing.BLOCK}{element.partition(':')[2]}" in editing.homes(definition):
        return f"{editing.BLOCK}{element.partition(':')[2]}"
    home = _home_of(definition, element)
    return home if home.startswith(editing.BLOCK) else _page_of(definition, element)
