"""Marks of keyset pages: opaque, signed, good for the list that gave them (PURE)."""

import base64
import binascii
import hmac
import struct
from datetime import UTC, datetime, timedelta
from uuid import UUID

from casework.errors import BadPosition

PAGE = 50  # rows
_ZERO = datetime(1970, 1, 1, tzinfo=UTC)
_MAC = 8  # bytes: a mark opens nothing, its signature only tells a forged one from ours


def mark_of(at: datetime, id_: UUID, *, of: str, secret: str) -> str:
    """The mark after the row (at, id) of the list `of`."""
    body = struct.pack(">q16s", (at - _ZERO) // timedelta(microseconds=1), id_.bytes)
    return base64.urlsafe_b64encode(body + _mac(body, of, secret)).decode()


def read_mark(mark: str, *, of: str, secret: str) -> tuple[datetime, UUID]:
    """What `mark_of` was given. Raises BadPosition for anything else."""
    try:
        raw = base64.b64decode(mark.encode("ascii"), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadPosition from error
    body, mac = raw[:-_MAC], raw[-_MAC:]
    if len(body) != 24 or not hmac.compare_digest(mac, _mac(body, of, secret)):
        raise BadPosition
    microseconds, id_ = struct.unpack(">q16s", body)
    return _ZERO + timedelta(microseconds=microseconds), UUID(bytes=id_)


def _mac(body: bytes, of: str, secret: str) -> bytes:
    return hmac.digest(secret.encode(), b"page:" + of.encode() + b":" + body, "sha256")[:_MAC]
