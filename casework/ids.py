"""Identities. Made by the application, in order of time (UUIDv7, RFC 9562, 5.7), so that an index stays compact."""

import os
import time
from typing import NewType
from uuid import UUID

AccountId = NewType("AccountId", UUID)
DossierId = NewType("DossierId", UUID)
ServiceId = NewType("ServiceId", UUID)
DirectorateId = NewType("DirectorateId", UUID)
ProcedureId = NewType("ProcedureId", UUID)
AbsenceId = NewType("AbsenceId", UUID)
MandateId = NewType("MandateId", UUID)
DocumentId = NewType("DocumentId", UUID)
SessionId = NewType("SessionId", UUID)
Version = NewType("Version", int)


def new_id(milliseconds: int | None = None) -> UUID:
    """A UUIDv7 of this instant, or of `milliseconds` since 1970 (imports)."""
    at = time.time_ns() // 1_000_000 if milliseconds is None else milliseconds
    bits = int.from_bytes(os.urandom(10), "big")
    high = (at & 0xFFFFFFFFFFFF) << 80
    return UUID(int=high | 0x7 << 76 | (bits >> 68) << 64 | 0b10 << 62 | (bits & ((1 << 62) - 1)))
