"""The dashboards, framed from their own origin."""

from starlette.responses import Response

from api import dashboards
from casework.errors import NotAllowed
from web.page import Page


def may_open(page: Page) -> bool:
    """Who has figures to look at: those who direct or manage."""
    return bool(page.viewer.directed or page.viewer.managed)


async def one(page: Page) -> Response:
    """The frame. Raises NotAllowed."""
    if page.session is None or not may_open(page):
        raise NotAllowed
    return page.show("desk/dashboards.html", address=(await dashboards.ticket(page.state, page.session)).url)
