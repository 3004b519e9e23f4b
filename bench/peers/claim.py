"""What every peer of the actions writes: the same fact as ours, over the product's own tables.

The transaction is: lock the dossier's row FOR NO KEY UPDATE, see that it is at the version that the agent saw and free,
give it its holder, version and digest, insert one row into the journal, commit. Peers judge no rights, keep no session
and no Idempotency-Key: in all that they are cheaper than ours.
"""

import hashlib
import json
from datetime import datetime
from typing import Any
from uuid import UUID

STREAM = "dossier"
KIND = "dossier.claimed"


def payload_of(holder: UUID, before: datetime | None, at: datetime) -> dict[str, Any]:
    return {"set": {"holder_id": [None, str(holder)], "last_at": [before and before.isoformat(), at.isoformat()]}}


def digest_of(
    previous: bytes, dossier: UUID, version: int, at: datetime, holder: UUID, payload: dict[str, Any]
) -> bytes:
    body = json.dumps([STREAM, str(dossier), version, KIND, 1, at.isoformat(), str(holder), None, None, payload])
    return hashlib.sha256(bytes(previous) + body.encode()).digest()
