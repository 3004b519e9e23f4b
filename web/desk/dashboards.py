"""The dashboards, framed from their own origin."""

from starlette.responses import Response

from api import dashboards
from casework.errors import NotAllowed
from web.page import Page


async def one(page: Page) -> Response:
    """The frame, opened by a ticket for this session. Raises NotAllowed for who has no figures to look at."""
    if page.session is None:
        raise NotAllowed
    ticket = await dashboards.ticket(page.state, page.session, locale=page.t.locale)
    return page.show("desk/dashboards.html", address=ticket.url)
