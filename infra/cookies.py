"""The session's cookie and token, as every door reads them."""

from collections.abc import Mapping


def session_cookie(*, secure: bool) -> str:
    """The cookie's name: over https its prefix makes browsers keep it for this host alone (RFC 6265bis, 4.1.3.2)."""
    return "__Host-relais" if secure else "relais"


def token_of(headers: Mapping[str, str], *, secure: bool) -> str | None:
    """The session token that a request bears: `Authorization: Bearer` of a machine, else the cookie of a browser."""
    scheme, _, credentials = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and credentials.strip():
        return credentials.strip()
    name = session_cookie(secure=secure)
    # Pair by pair (RFC 6265, 4.2.1): another application's odd cookie on this host must not hide ours.
    for pair in headers.get("cookie", "").split(";"):
        named, _, value = pair.partition("=")
        if named.strip() == name:
            return value.strip().strip('"') or None
    return None
