"""What every answer and request of a web process goes through, in one pure ASGI layer: nothing here holds a body back."""

import asyncio
from functools import lru_cache
from urllib.parse import urlsplit

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import problems
from api.http import respond
from infra.settings import Settings

_SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
# Read by machines that call this process by its network address.
_BY_ADDRESS = frozenset({"/healthz", "/readyz", "/metrics"})


def security_headers(settings: Settings) -> dict[str, str]:
    """What browsers are told with every answer (OWASP ASVS 5.0, 3.4), unless the answer itself says otherwise."""
    headers = {
        "content-security-policy": "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; "
        f"frame-ancestors 'none'; frame-src {origin_of(settings.dashboards_url)}",
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "referrer-policy": "same-origin",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
        "permissions-policy": "camera=(), geolocation=(self), microphone=(), payment=()",
        "cache-control": "no-store",
    }
    if settings.secure:
        headers["strict-transport-security"] = "max-age=31536000; includeSubDomains"
    return headers


def origin_of(url: str) -> str:
    """Scheme, host and port of an address."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


class Door:
    """Known hosts, our own pages' requests, bounded bodies, security headers; and an answer when the process must end.

    A request from another site's page is refused as Go's net/http.CrossOriginProtection does it: `Sec-Fetch-Site`
    decides where the browser sends it, else `Origin` against our own; a client without either is no browser, and bears
    no cookie that it was not given.
    """

    def __init__(self, app: ASGIApp, settings: Settings, most: int) -> None:
        """`most`: bytes of a body."""
        self._app = app
        self._most = most
        self._own = origin_of(settings.public_url)
        self._hosts = {urlsplit(settings.public_url).hostname, settings.host, "localhost", "127.0.0.1", "::1"}
        self._headers = [
            (name.encode("latin-1"), value.encode("latin-1")) for name, value in security_headers(settings).items()
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        size, started = 0, False

        async def piece() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            if size > self._most:
                raise HTTPException(413)
            return message

        async def answer(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                said = {name.lower() for name, _ in message["headers"]}
                extra = (header for header in self._headers if header[0] not in said)
                message["headers"] = [*message["headers"], *extra]
            await send(message)

        if code := self._refuses(scope, headers):
            await _tell(code, headers, scope, receive, answer)
            return
        try:
            await self._app(scope, piece, answer)
        except asyncio.CancelledError:
            # The process ends before the request did: its client comes back to another one.
            if started:
                raise
            await _tell("unavailable", headers, scope, receive, answer, retry_after=problems.RETRY_SECONDS)

    def _refuses(self, scope: Scope, headers: dict[bytes, str]) -> str | None:
        host = headers.get(b"host", "")
        if _hostname(host) not in self._hosts and scope["path"] not in _BY_ADDRESS:
            return "wrong_host"
        if scope["method"] in _SAFE:
            return None
        origin, site = headers.get(b"origin"), headers.get(b"sec-fetch-site")
        if origin == self._own:
            return None
        if site is not None:
            return None if site in ("same-origin", "none") else "foreign_origin"
        return None if origin is None or origin == f"{scope['scheme']}://{host}" else "foreign_origin"


@lru_cache(maxsize=64)
def _hostname(host: str) -> str | None:
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None


async def _tell(
    code: str, headers: dict[bytes, str], scope: Scope, receive: Receive, send: Send, *, retry_after: int | None = None
) -> None:
    told = problems.plain(code, problems.locale_of(headers.get(b"accept-language")), retry_after=retry_after)
    await respond(told)(scope, receive, send)
