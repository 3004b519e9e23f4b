"""Who else has a draft open: a lease in Valkey, held by each open editor as it asks, every few seconds."""

from uuid import NAMESPACE_URL, uuid5

from starlette.responses import Response

from api import studio
from realtime.leases import LEASE_SECONDS, Held, Lease, Leases, Unknown
from web.page import Page

HERE_SECONDS = 15  # three times without asking, and one is not there any more


async def show(page: Page) -> Response:
    """The others, and whether the draft has changed since it was shown."""
    slug = page.param("slug")
    glance = await studio.glance(page.state, page.viewer, slug)
    others: dict[str, str] = {}
    known = True
    if page.session is not None and page.viewer.account_id is not None:
        leases, draft = Leases(page.state.redis, of="drafts"), uuid5(NAMESPACE_URL, f"relais:{slug}")
        element = page.query.get("element", "")[:100]
        mine = Lease(page.viewer.account_id, page.session.name, field=element)
        try:
            await leases.hold([Held(draft, str(page.session.id), mine)])
            there = (await leases.who([draft]))[draft]
        except Unknown:
            there, known = [], False
        others = {
            each.name: each.field or ""
            for each in there
            if each.id != mine.id and leases.seconds_left(each) > LEASE_SECONDS - HERE_SECONDS
        }
    seen = page.query.get("revision", "")
    return page.show(
        "studio/presence.html",
        slug=slug,
        element=page.query.get("element", ""),
        revision=seen if seen.isdecimal() else "0",
        changed=seen.isdecimal() and int(seen[:9]) < glance.revision,
        by=glance.updated_by.name if glance.updated_by and glance.updated_by.id != page.viewer.account_id else "",
        others=others,
        known=known,
    )
