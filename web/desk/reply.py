"""What an agent is typing: kept on the server a moment after each word, so that nothing is lost with the page."""

import msgspec
from starlette.responses import JSONResponse, Response

from api import dossiers
from api.inputs import In
from casework.errors import Stale
from web.page import Page
from web.portal.dossiers import dossier_id

_MOST_BYTES = 100_000


class Typing(In, frozen=True, kw_only=True):
    """The text, and the revision that it was typed over."""

    body: str
    revision: int


async def keep(page: Page) -> Response:
    """Keep it. 412 where another window of the same agent kept something else meanwhile: with that revision."""
    raw = await page.request.body()
    try:
        typed = msgspec.json.decode(raw[:_MOST_BYTES], type=Typing)
    except (msgspec.DecodeError, msgspec.ValidationError):
        return JSONResponse({"code": "wrong_shape"}, 422)
    id_ = dossier_id(page)
    try:
        kept = await dossiers.keep_typing(page.state, page.viewer, id_, typed.body[:20_000], seen=typed.revision)
    except Stale:
        now = await dossiers.typing(page.state, page.viewer, id_)
        told = page.t("Ce texte a changé dans une autre de vos fenêtres.")
        return JSONResponse({"revision": now.revision, "told": told}, 412)
    hour = page.t.hour(kept.updated_at) if kept.updated_at else ""
    told = page.t("Brouillon enregistré à {hour}").format(hour=hour)
    return JSONResponse({"revision": kept.revision, "told": told})
