"""The choice of a language, kept in a cookie: it says nothing of who one is."""

from starlette.responses import Response

from infra.i18n import LOCALES
from web.page import LANGUAGE_COOKIE, YEAR, Page, local_path


async def choose(page: Page) -> Response:
    """Keep the choice, and come back to the page."""
    response = page.go(local_path(page.query.get("retour")))
    if page.param("language") in LOCALES:
        response.set_cookie(
            LANGUAGE_COOKIE,
            page.param("language"),
            max_age=YEAR,
            httponly=True,
            samesite="lax",
            secure=page.state.settings.secure,
        )
    return response


async def accessibility(page: Page) -> Response:
    """What holds, what does not yet, and whom to tell (Loi n° 2005-102, article 47)."""
    return page.show("portal/accessibility.html")
