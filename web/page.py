"""The door of the pages: who asks, in which language, what a refusal becomes. Handlers take a Page."""

import functools
import gzip
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlsplit

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from api.door import ANONYMOUS, session_of
from api.problems import NotSignedIn, SessionExpired, problem, refusal_of
from api.representations import Problem
from api.state import State, state_of
from casework.access import Viewer
from casework.accounts.queries import Session
from casework.errors import NotAllowed, Refused
from infra.cookies import session_cookie
from infra.i18n import LOCALES, Translator, preferred, translator
from web import render

LANGUAGE_COOKIE = "langue"
YEAR = 365 * 24 * 3600
COOKIE_DAYS = 30  # the longest session's; the session itself may end sooner
_log = logging.getLogger("relais.web")


@dataclass(slots=True)
class Page:
    """A request for a page."""

    request: Request
    state: State
    session: Session | None
    t: Translator
    expired: bool = False  # it bore a session that has ended

    @property
    def viewer(self) -> Viewer:
        return self.session.viewer if self.session else ANONYMOUS

    @property
    def now(self) -> datetime:
        """This instant."""
        return datetime.now(UTC)

    @property
    def is_agent(self) -> bool:
        return self.viewer.kind == "agent"

    @property
    def query(self) -> Mapping[str, str]:
        return self.request.query_params

    def param(self, name: str) -> Any:
        """A part of the address."""
        return self.request.path_params[name]

    async def form(self) -> FormData:
        """What was posted."""
        return await self.request.form(max_files=20, max_fields=400)

    def show(self, template: str, *, status: int = 200, **context: Any) -> Response:
        """A page made of this template."""
        common = {"page": self, "path": self.request.url.path, "demo": self.state.settings.demo}
        body = render.page(template, self.t.locale, {**common, **context}).encode()
        headers = {"Content-Language": self.t.locale, "Vary": "Cookie, HX-Request, Accept-Encoding"}
        # Only where there is no session: beside words that somebody else chose, a compressed page tells its secrets by
        # its length (the BREACH attack).
        if self.session is None and "gzip" in self.request.headers.get("accept-encoding", ""):
            return HTMLResponse(gzip.compress(body, 5, mtime=0), status, {**headers, "Content-Encoding": "gzip"})
        return HTMLResponse(body, status, headers)

    def go(self, path: str) -> Response:
        """See that other page: after a POST, so that reloading repeats nothing."""
        return RedirectResponse(path, 303)

    async def problem(self, refused: Refused) -> Problem:
        """The refusal with its sentence and the names that this reader may know."""
        return await problem(self.state, self.viewer, refused, self.t.locale)

    @property
    def from_htmx(self) -> bool:
        return self.request.headers.get("hx-request") == "true"


Handler = Callable[[Page], Awaitable[Response]]


def route(path: str, handler: Handler, *, methods: tuple[str, ...] = ("GET",), agents: bool = False) -> Route:
    """A page's route. `agents`: only for agents who are signed in; others are sent to sign in, or told no."""

    @functools.wraps(handler)
    async def endpoint(request: Request) -> Response:
        page = await open_page(request)
        try:
            if agents:
                _agents_only(page)
            response = await handler(page)
        except Exception as error:  # noqa: BLE001 - the last place that can give the person a page
            response = await failed(page, error)
        finally:
            await request.close()  # the files that were posted
        if page.expired:
            drop_session(page, response)
        return response

    return Route(path, endpoint, methods=list(methods))


async def open_page(request: Request) -> Page:
    """The page that this request asks for; an ended session counts as none, and is told."""
    session, expired = None, False
    try:
        session = await session_of(request)
    except SessionExpired:
        expired = True
    except Exception as error:
        if refusal_of(error) is None:
            raise
    return Page(request, state_of(request), session, translator(_language(request, session)), expired)


def _language(request: Request, session: Session | None) -> str:
    chosen = request.cookies.get(LANGUAGE_COOKIE)
    if chosen in LOCALES:
        return chosen
    return session.locale if session else preferred(request.headers.get("accept-language"))


def _agents_only(page: Page) -> None:
    if page.session is None:
        raise SessionExpired if page.expired else NotSignedIn
    if not page.is_agent:
        raise NotAllowed


async def failed(page: Page, error: Exception) -> Response:
    """The page of a refusal, or of a fault of ours: it is logged, the person reads no code."""
    refused = refusal_of(error)
    if refused is None:
        _log.error("page_failed", exc_info=error, extra={"path": page.request.url.path})
        return error_page(page, 500)
    if isinstance(refused, NotSignedIn | SessionExpired):
        if page.request.method == "GET" and not page.from_htmx:
            return page.go(sign_in_path(page))
        return error_page(page, 401)
    told = await page.problem(refused)
    response = error_page(page, told.status, told)
    if told.retry_after:
        response.headers["Retry-After"] = str(told.retry_after)
    return response


def error_page(page: Page, status: int, told: Problem | None = None) -> Response:
    """404, 403, 500, 503… in plain words, with a way on."""
    return page.show("error.html", status=status, code=status, told=told)


def sign_in_path(page: Page) -> str:
    """Where to sign in, and come back here after."""
    url = page.request.url
    back = url.path + (f"?{url.query}" if url.query else "")
    return f"/connexion?suite={quote(back, safe='/')}"


def local_path(path: str | None, default: str = "/") -> str:
    """`path` if it is one of this site, else `default`: a link of ours sends nobody elsewhere."""
    if not path or not path.startswith("/") or path[1:2] in ("/", "\\") or any(ord(c) < 32 for c in path):
        return default
    parts = urlsplit(path)
    return default if parts.scheme or parts.netloc else path


def set_session(page: Page, response: Response, token: str) -> None:
    """Give the browser the cookie of a session."""
    secure = page.state.settings.secure
    response.set_cookie(
        session_cookie(secure=secure), token, max_age=COOKIE_DAYS * 24 * 3600, path="/", secure=secure, httponly=True,
        samesite="lax",
    )  # fmt: skip


def drop_session(page: Page, response: Response) -> None:
    """Take the session's cookie back."""
    secure = page.state.settings.secure
    response.delete_cookie(session_cookie(secure=secure), path="/", secure=secure, httponly=True, samesite="lax")
