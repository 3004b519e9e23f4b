"""Tracking codes: what a person without an account keeps to follow a request (PURE).

A code is made from the dossier's id and the installation's secret, so that an answer that was lost can be built again;
the database holds its hash alone.
"""

import hashlib
import hmac
from uuid import UUID

# 32 signs without those that are read as another (0 O, 1 I): 16 of them are 80 bits.
_SIGNS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
LENGTH = 16


def code_of(dossier_id: UUID, secret: str) -> str:
    """`K7QM-2XRT-9DBN-4HWP`."""
    mac = hmac.digest(secret.encode(), b"tracking:" + dossier_id.bytes, "sha256")
    number = int.from_bytes(mac[:10], "big")
    signs = "".join(_SIGNS[number >> 5 * place & 31] for place in range(LENGTH))
    return "-".join(signs[place : place + 4] for place in range(0, LENGTH, 4))


def hash_of(code: str) -> bytes:
    """What is kept of a code, however it was typed: capitals, spaces and dashes do not count."""
    return hashlib.sha256("".join(code.split()).replace("-", "").upper().encode()).digest()
