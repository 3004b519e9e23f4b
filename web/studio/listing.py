"""The procedures of one's directorate, and beginning one: empty, from a template, or as another one is."""

from starlette.responses import Response

from api import procedures as catalogue
from api import studio
from casework.errors import Invalid, Stale
from casework.procedures.catalogue import load
from web import wording
from web.page import Page


async def every(page: Page) -> Response:
    """Drafts and published procedures, with their open requests."""
    found = await studio.procedures(page.state, page.viewer)
    return page.show("studio/list.html", procedures=found.items)


async def new(page: Page) -> Response:
    """What the new procedure is called, and what it begins as."""
    return await _new(page)


async def begin(page: Page) -> Response:
    """Begin it, and write on."""
    form = await page.form()
    title, source = str(form.get("title") or "").strip(), str(form.get("source") or "")
    try:
        made = await studio.begin(page.state, page.viewer, title=title, source=source or None)
    except Invalid as refused:
        told = await page.problem(refused)
        return await _new(page, title, source, wording.fault(told.faults[0].code, told.faults[0].params, page.t))
    return page.go(f"/agent/studio/{made.slug}")


async def revise(page: Page) -> Response:
    """Go on with the draft of a published procedure, begun where there is none."""
    made = await studio.revise(page.state, page.viewer, page.param("slug"))
    return page.go(f"/agent/studio/{made.slug}")


async def discard(page: Page) -> Response:
    """Throw a draft away, as it was seen."""
    form = await page.form()
    slug, seen = page.param("slug"), str(form.get("seen") or "")
    try:
        await studio.discard(page.state, page.viewer, slug, seen=int(seen) if seen.isdecimal() else 0)
    except Stale:
        return page.go(f"/agent/studio/{slug}")
    return page.go("/agent/studio")


async def _new(page: Page, title: str = "", source: str | None = None, wrong: str = "") -> Response:
    studio.designers_only(page.viewer)
    known = load()
    published = (await catalogue.procedures(page.state, page.viewer)).items
    by_slug = {each.slug: each for each in published}
    templates = [by_slug[each.slug] for each in known.templates if each.slug in by_slug]
    said = {each.slug: each.name for each in known.templates}
    chosen = source if source is not None else page.query.get("source", "")
    return page.show(
        "studio/new.html",
        status=422 if wrong else 200,
        templates=templates,
        template_names=said,
        others=[each for each in published if each.slug not in said],
        title=title,
        source=chosen,
        wrong=wrong,
    )
