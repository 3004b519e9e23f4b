"""Publishing a draft: what does not hold yet, what changes, for which open requests, and the button; going back."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from starlette.responses import Response

from api import revisions, studio
from casework.errors import NeedsApproval, NotFound, NotPublishable, Stale
from casework.procedures.editing import every_field, pages
from infra.i18n import translator
from web.page import Page
from web.render import said
from web.studio.preview import words
from web.studio.words import of

CHUNKS = 20  # of requests that one click moves


async def show(page: Page) -> Response:
    """What stands between the draft and the public."""
    return await _show(page)


async def publish(page: Page) -> Response:
    """Publish the draft as it was seen; where it is not the same any more, it is read again first."""
    form = await page.form()
    slug = page.param("slug")
    try:
        done = await studio.publish(page.state, page.viewer, slug, seen=_seen(form.get("seen")))
    except (NotPublishable, NeedsApproval):
        return await _show(page, status=409)
    except Stale:
        return await _show(page, status=409, stale=True)
    return page.go(f"/agent/studio/{slug}/publication?publiee={done.revision}")


async def approve(page: Page) -> Response:
    """Agree to the publication of the draft as it was seen."""
    form = await page.form()
    slug = page.param("slug")
    try:
        await studio.approve(page.state, page.viewer, slug, seen=_seen(form.get("seen")))
    except Stale:
        return await _show(page, status=409, stale=True)
    return page.go(f"/agent/studio/{slug}/publication")


async def move(page: Page) -> Response:
    """Bind the open requests of earlier revisions to the published one; what is left after a while is asked for again."""
    form = await page.form()
    slug, seen = page.param("slug"), _seen(form.get("seen"))
    after: UUID | None = None
    try:
        for _ in range(CHUNKS):
            after = (await revisions.move(page.state, page.viewer, slug, after=after, seen=seen)).next
            if after is None:
                break
    except Stale:
        return await _show(page, status=409, stale=True)
    return page.go(f"/agent/studio/{slug}/publication")


async def roll_back(page: Page) -> Response:
    """Publish the revision before again, as a new one."""
    form = await page.form()
    slug, seen = page.param("slug"), _seen(form.get("seen"))
    try:
        await revisions.roll_back(page.state, page.viewer, slug, to=seen - 1, seen=seen)
    except (Stale, NotPublishable, NotFound):
        return await _show(page, status=409, stale=True)
    return page.go(f"/agent/studio/{slug}/publication")


async def _show(page: Page, *, status: int = 200, stale: bool = False) -> Response:
    slug = page.param("slug")
    draft = await studio.draft(page.state, page.viewer, slug)
    about = {each.element: _about(draft.definition, each.element, page) for each in (*draft.faults, *draft.remarks)}
    done = page.query.get("publiee", "") == str(draft.published) and not draft.changed
    changes: Sequence[Any] = ()
    affected = None
    if draft.published is not None:
        if draft.changed:
            found = await revisions.compare(page.state, page.viewer, slug, None, locale=page.t.locale)
            changes = found.changes
        if not (draft.changed and draft.faults):
            affected = await revisions.dry_run(
                page.state, page.viewer, slug, definition=None, draft=draft.changed, after=None
            )
    return page.show(
        "studio/publication.html",
        status=status,
        draft=draft,
        stale=stale,
        done=done,
        about=about,
        changes=changes,
        affected=affected,
        verdicts=Counter(each.verdict for each in affected.items) if affected else {},
        french=of(translator("fr")),
        studio=of(page.t),
    )


def _about(definition: Mapping[str, Any], element: str, page: Page) -> tuple[str, str]:
    """Where a fault leads in the editor, and what that is called."""
    kind, _, id_ = element.partition(":")
    if kind == "field":
        return element, said(words(every_field(definition).get(id_, {}).get("label")), page.t)
    if kind == "page":
        found = next((each for each in pages(definition) if each.get("id") == id_), {})
        return element, said(words(found.get("title")), page.t)
    return "presentation", page.t.gettext("Présentation")


def _seen(raw: object) -> int:
    return int(raw) if isinstance(raw, str) and raw.isdecimal() and len(raw) < 10 else 0
