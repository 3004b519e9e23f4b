"""What every answer and request of a web process goes through. Pure ASGI: nothing here holds a body back."""

import asyncio
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import problems
from api.http import respond
from infra.settings import Settings

_SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
# Read by machines that call this process by its network address.
_BY_ADDRESS = frozenset({"/healthz", "/readyz", "/metrics"})


def security_headers(settings: Settings) -> dict[str, str]:
    """What browsers are told with every answer (OWASP ASVS 5.0, 3.4)."""
    headers = {
        "Content-Security-Policy": "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; "
        f"frame-ancestors 'none'; frame-src {origin_of(settings.dashboards_url)}",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
    }
    if settings.secure:
        headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
    return headers


def origin_of(url: str) -> str:
    """Scheme, host and port of an address."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


class Secured:
    """Puts the security headers on every answer, and `no-store` where the answer says nothing of caches."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._headers = security_headers(settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self._app(scope, receive, answer)


class Interrupted:
    """A request that is still running when the process must end is told so: its client comes back to another one."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def answer(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receive, answer)
        except asyncio.CancelledError:
            if started:
                raise
            locale = problems.locale_of(Headers(scope=scope).get("accept-language"))
            told = problems.plain("unavailable", locale, retry_after=problems.RETRY_SECONDS)
            await respond(told)(scope, receive, send)


class KnownHosts:
    """Refuses a request for a host that is not ours: its name would find its way into links."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        own = urlsplit(settings.public_url).hostname
        self._known = {own, settings.host, "localhost", "127.0.0.1", "::1"}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] not in _BY_ADDRESS:
            headers = Headers(scope=scope)
            try:
                host = urlsplit(f"//{headers.get('host', '')}").hostname
            except ValueError:
                host = None
            if host not in self._known:
                locale = problems.locale_of(headers.get("accept-language"))
                await respond(problems.plain("wrong_host", locale))(scope, receive, send)
                return
        await self._app(scope, receive, send)


class SameOrigin:
    """Refuses what another site's page makes a browser send (as Go's net/http.CrossOriginProtection does it).

    `Sec-Fetch-Site` decides where the browser sends it, else `Origin` against our own; a client without either is no
    browser, and bears no cookie that it was not given.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._own = origin_of(settings.public_url)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] not in _SAFE:
            headers = Headers(scope=scope)
            if not self._ours(headers, scope["scheme"]):
                locale = problems.locale_of(headers.get("accept-language"))
                await respond(problems.plain("foreign_origin", locale))(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _ours(self, headers: Headers, scheme: str) -> bool:
        origin = headers.get("origin")
        if origin == self._own:
            return True
        site = headers.get("sec-fetch-site")
        if site is not None:
            return site in ("same-origin", "none")
        return origin is None or origin == f"{scheme}://{headers.get('host')}"


class BoundedBodies:
    """No request sends more than `most` bytes, said or not. Told by whoever reads the body: a problem, or a page."""

    def __init__(self, app: ASGIApp, most: int) -> None:
        self._app = app
        self._most = most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        size = 0

        async def piece() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            if size > self._most:
                raise HTTPException(413)
            return message

        await self._app(scope, piece, send)
