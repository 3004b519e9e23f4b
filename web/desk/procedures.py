"""The procedures that agents file for themselves: equipment, vehicles, expenses."""

from starlette.responses import Response

from api.dossiers import own
from api.procedures import procedures
from web.page import Page


async def internal(page: Page) -> Response:
    """What an agent may ask of another service, and what they asked already."""
    found = await procedures(page.state, page.viewer, internal=True)
    asked = await own(page.state, page.viewer)
    return page.show("desk/procedures.html", procedures=found.items, asked=asked.items)
