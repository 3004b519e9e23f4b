"""Publishing a draft: what does not hold yet, what should be known, and the button."""

from starlette.responses import Response

from api import studio
from casework.errors import NeedsApproval, NotPublishable, Stale
from web.page import Page


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


async def _show(page: Page, *, status: int = 200, stale: bool = False) -> Response:
    draft = await studio.draft(page.state, page.viewer, page.param("slug"))
    done = page.query.get("publiee", "") == str(draft.published) and not draft.changed
    return page.show("studio/publication.html", status=status, draft=draft, stale=stale, done=done)


def _seen(raw: object) -> int:
    return int(raw) if isinstance(raw, str) and raw.isdecimal() and len(raw) < 10 else 0
