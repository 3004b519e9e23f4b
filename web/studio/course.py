"""The course of a request, drawn, with the same said in a list beside it."""

from collections.abc import Mapping

from starlette.responses import Response

from api import studio
from web import wording
from web.page import Page
from web.studio import diagram
from web.studio.words import of


async def show(page: Page) -> Response:
    """The states of the procedure and its steps inside them; the usual ones where it declares none."""
    draft = await studio.draft(page.state, page.viewer, page.param("slug"))
    process = draft.definition.get("process")
    words = wording.of(page.t)
    nodes, ways = diagram.course(
        process if isinstance(process, Mapping) else {}, words.state, of(page.t).usual, page.t.locale
    )
    return page.show(
        "studio/course.html",
        draft=draft,
        nodes=nodes,
        labels={each.id: each.label for each in nodes},
        ways=ways,
        drawing=diagram.draw(nodes, ways),
        box=(diagram.WIDTH, diagram.HEIGHT),
        states=words.state,
        own=bool(process),
    )
