"""The session's cookie and token, as every door reads them."""

from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie


def session_cookie(*, secure: bool) -> str:
    """The cookie's name: over https its prefix makes browsers keep it for this host alone (RFC 6265bis, 4.1.3.2)."""
    return "__Host-relais" if secure else "relais"


def token_of(headers: Mapping[str, str], *, secure: bool) -> str | None:
    """The session token that a request bears: `Authorization: Bearer` of a machine, else the cookie of a browser."""
    scheme, _, credentials = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and credentials.strip():
        return credentials.strip()
    cookies = SimpleCookie()
    try:
        cookies.load(headers.get("cookie", ""))
    except CookieError:
        return None
    morsel = cookies.get(session_cookie(secure=secure))
    return morsel.value if morsel is not None and morsel.value else None
