"""The doors of the dashboards' origin: whoever the desk does not know gets nothing, by page or by socket."""

from collections import defaultdict
from typing import Any
from urllib.parse import urlencode, urlsplit
from uuid import UUID

from bokeh.application.handlers.handler import Handler
from bokeh.server import urls
from bokeh.server.auth_provider import AuthProvider
from bokeh.util.token import check_token_signature, generate_session_id, get_token_payload
from panel.io import server as panel_server
from tornado.httputil import HTTPServerRequest
from tornado.web import RequestHandler

from dashboards.blocks import LANGUAGE
from dashboards.readers import Readers
from infra.i18n import LOCALES, Translator, preferred, translator
from infra.settings import Settings

FIRST = "/vue-d-ensemble"
CLOSED = "/fermee"
MOST_PAGES = 50  # open documents in this process: each holds its own
MOST_A_READER = 4

_PAGE = """<!doctype html><html lang="{lang}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>{title} – Relais</title></head>
<body style="font-family: system-ui, sans-serif; margin: 3rem; max-width: 40rem"><main><h1>{title}</h1><p>{text}</p>
<p><a href="{desk}" target="_top">{back}</a></p></main></body></html>"""


class House:
    """What the handlers share: made once by `dashboards.serve`."""

    def __init__(self, settings: Settings, readers: Readers) -> None:
        self.readers = readers
        self.secure = settings.dashboards_url.startswith("https://")
        self.cookie_name = "__Host-relais-tableaux" if self.secure else "relais-tableaux"
        self.own = _origin(settings.dashboards_url)
        self.desk = settings.public_url
        self.sockets: dict[UUID, set[Any]] = defaultdict(set)
        readers.closes = self.close
        self.headers = {
            # Vega compiles its expressions: hence unsafe-eval, on this origin alone.
            "Content-Security-Policy": "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; "
            "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
            f"worker-src 'self' blob:; connect-src 'self' {self.own.replace('http', 'ws', 1)}; "
            "object-src 'none'; base-uri 'none'; "
            f"form-action 'none'; frame-ancestors {_origin(settings.public_url)}",
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Cache-Control": "no-store",
        }

    def session_of(self, request: HTTPServerRequest) -> UUID | None:
        """The desk's session that the request's cookie names."""
        cookie = request.cookies.get(self.cookie_name)
        return self.readers.session_of(cookie.value if cookie is not None else None)

    def close(self, session: UUID) -> None:
        """The reader may read no more: their sockets end, and their documents with them."""
        for socket in list(self.sockets.pop(session, ())):
            socket.end()


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


class Gate(AuthProvider):
    """Bokeh's own hook: who the request's user is. Without one its pages redirect, and its socket answers 403."""

    def __init__(self, house: House) -> None:
        self._house = house
        super().__init__()

    @property
    def get_user_async(self) -> Any:
        async def user(handler: RequestHandler) -> str | None:
            known = await self._house.readers.admit(self._house.session_of(handler.request))
            return str(known.session) if known is not None else None

        return user

    @property
    def get_user(self) -> None:
        return None

    @property
    def login_url(self) -> str:
        return CLOSED

    @property
    def get_login_url(self) -> None:
        return None

    @property
    def login_handler(self) -> None:
        return None

    @property
    def logout_url(self) -> None:
        return None

    @property
    def logout_handler(self) -> None:
        return None


class Named(Handler):
    """Writes into the signed token of a page whose page it is: the socket compares."""

    def __init__(self, house: House) -> None:
        super().__init__()
        self._house = house

    def modify_document(self, doc: Any) -> None:
        """Nothing: the notebook does that."""

    def process_request(self, request: HTTPServerRequest) -> dict[str, Any]:
        session = self._house.session_of(request)
        return {"reader": str(session) if session is not None else ""}


def close_the_doors(house: House) -> None:
    """Put our page and socket in the place of Bokeh's. Only ours begin a session. Once a process."""

    class Page(panel_server.DocHandler):
        def set_default_headers(self) -> None:
            for name, value in house.headers.items():
                self.set_header(name, value)

        async def prepare(self) -> None:
            await super().prepare()
            if self.current_user is None:
                return  # `authenticated` sends them to CLOSED
            if self.get_arguments("bokeh-token") or self.get_arguments("bokeh-session-id"):
                self.send_error(403)
                return
            documents = len(self.application.get_sessions(self.request.path.rstrip("/")))
            if documents >= MOST_PAGES or len(house.sockets[UUID(self.current_user)]) >= MOST_A_READER:
                self.set_status(503)
                t = language_of(self)
                self.finish(
                    _page(house, t, t("Trop de tableaux ouverts"), t("Fermez-en un, puis rechargez cette page."))
                )
                return
            self.request.headers["Bokeh-Session-Id"] = generate_session_id(
                secret_key=self.application.secret_key, signed=True
            )

    class Socket(panel_server.WSHandler):
        async def prepare(self) -> None:
            await super().prepare()
            if not self._finished and not self._ours():
                self.set_status(403)
                self.finish()

        def _ours(self) -> bool:
            if self.request.headers.get("Origin") != house.own:
                return False  # Tornado lets a missing one pass
            offered = [each.strip() for each in self.request.headers.get("Sec-WebSocket-Protocol", "").split(",")]
            if len(offered) != 2:
                return False
            application: Any = self.application
            key = application.secret_key
            try:
                signed = check_token_signature(offered[1], secret_key=key, signed=True)
                reader = get_token_payload(offered[1]).get("reader") if signed else None
            except Exception:  # noqa: BLE001 - Bokeh raises what it likes for a token that is none
                return False
            return signed and bool(reader) and reader == self.current_user

        def open(self, *args: Any, **kwargs: Any) -> Any:
            house.sockets[UUID(self.current_user)].add(self)
            return super().open(*args, **kwargs)

        def on_close(self) -> None:
            for sockets in house.sockets.values():
                sockets.discard(self)
            super().on_close()

        def end(self) -> None:
            connection = self.connection
            if connection is not None:
                connection.session.request_expiration()  # discarded once its last socket is gone
            self.close(4401, "session ended")

    urls.per_app_patterns[:] = [(r"/ws", Socket), (r"/?", Page)]


def doors(house: House) -> list[tuple[str, type[RequestHandler]]]:
    """The addresses of our own."""

    class Enter(RequestHandler):
        def set_default_headers(self) -> None:
            for name, value in house.headers.items():
                self.set_header(name, value)

        async def get(self) -> None:
            known = await house.readers.enter(self.get_query_argument("billet", ""))
            language = urlencode({LANGUAGE: language_of(self).locale})
            if known is None:
                self.redirect(f"{CLOSED}?{language}")
                return
            self.set_cookie(
                house.cookie_name, house.readers.cookie(known.session), path="/", httponly=True, secure=house.secure,
                samesite="lax",
            )  # fmt: skip
            self.redirect(f"{FIRST}?{language}")

    class Closed(RequestHandler):
        def set_default_headers(self) -> None:
            for name, value in house.headers.items():
                self.set_header(name, value)

        def get(self) -> None:
            self.set_status(401)
            t = language_of(self)
            self.finish(_page(house, t, t("Tableaux de bord fermés"), t("Rouvrez-les depuis le bureau des agents.")))

    return [("/entrer", Enter), (CLOSED, Closed)]


def language_of(handler: RequestHandler) -> Translator:
    """The words of the language that the address says, else of the browser's."""
    said = handler.get_query_argument(LANGUAGE, "")
    return translator(said if said in LOCALES else preferred(handler.request.headers.get("Accept-Language")))


def _page(house: House, t: Translator, title: str, text: str) -> str:
    desk = f"{house.desk}/agent/tableaux-de-bord"
    return _PAGE.format(lang=t.locale, title=title, text=text, desk=desk, back=t("Revenir au bureau des agents"))
