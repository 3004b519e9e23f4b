"""Documents: keeping the row of a stored file, finding those that a person may attach or read."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from casework.access import VISIBLE, Viewer
from casework.errors import NotFound


@dataclass(frozen=True, slots=True)
class Document:
    """A stored file. `size` in bytes."""

    id: UUID
    filename: str
    media_type: str
    size: int
    sha256: bytes
    created_at: datetime
    dossier_id: UUID | None


_COLUMNS = "f.id, f.filename, f.media_type, f.size, f.sha256, f.created_at, f.dossier_id"
_ADD = text(
    f"""
    insert into documents as f (id, uploaded_by, claim_hash, filename, media_type, size, sha256)
    values (:id, :uploaded_by, :claim_hash, :filename, :media_type, :size, :sha256) returning {_COLUMNS}
    """
)
_ONE = text(f"select {_COLUMNS} from documents f where f.id = :id")
_OF_DOSSIER = text(f"select {_COLUMNS} from documents f where f.dossier_id = :id order by f.created_at, f.id")
_CLAIM_AGAIN = text(
    "update documents set claim_hash = :claim_hash where id = :id and dossier_id is null and uploaded_by is null"
)
_ATTACHABLE = text(
    f"""
    select {_COLUMNS} from documents f
    where f.id = any(:ids) and (f.dossier_id is null or f.dossier_id = cast(:dossier as uuid))
      and (f.uploaded_by = cast(:viewer as uuid) or f.dossier_id = cast(:dossier as uuid)
           or (f.uploaded_by is null and (f.id, f.claim_hash) in (
               select c.id, c.hash from unnest(cast(:claimed as uuid[]), cast(:hashes as bytea[])) as c(id, hash))))
    """
)
_VISIBLE = text(
    f"""
    select {_COLUMNS} from documents f left join dossiers d on d.id = f.dossier_id
    where f.id = :id and ((f.dossier_id is null and f.uploaded_by = cast(:viewer as uuid)) or {VISIBLE})
    """
)


def claim_hash(claim: str) -> bytes:
    """What is kept of the secret that lets a person without an account attach the file (192 bits of chance)."""
    return hashlib.sha256(claim.encode()).digest()


async def add(
    db: AsyncConnection,
    document_id: UUID,
    *,
    filename: str,
    media_type: str,
    size: int,
    sha256: bytes,
    uploaded_by: UUID | None,
    claim: str | None,
) -> Document:
    """Keep the row of a file whose bytes are stored; swept after 24 h when no dossier has it."""
    row = {"id": document_id, "filename": filename, "media_type": media_type, "size": size, "sha256": sha256}
    owner = {"uploaded_by": uploaded_by, "claim_hash": claim_hash(claim) if claim else None}
    return _document((await db.execute(_ADD, {**row, **owner})).one())


async def one(db: AsyncConnection, document_id: UUID) -> Document:
    """One document, whoever may see it. Raises NotFound."""
    return _found((await db.execute(_ONE, {"id": document_id})).one_or_none())


async def of_dossier(db: AsyncConnection, dossier_id: UUID) -> tuple[Document, ...]:
    """The dossier's documents, oldest first."""
    return tuple(_document(row) for row in await db.execute(_OF_DOSSIER, {"id": dossier_id}))


async def claim_again(db: AsyncConnection, document_id: UUID, claim: str | None) -> str | None:
    """Change the claim of a document that nobody attached; the new one."""
    if claim is not None:
        await db.execute(_CLAIM_AGAIN, {"id": document_id, "claim_hash": claim_hash(claim)})
    return claim


async def attachable(
    db: AsyncConnection,
    ids: Sequence[UUID],
    *,
    viewer: UUID | None,
    claims: Mapping[UUID, str],
    dossier_id: UUID | None,
) -> tuple[Document, ...]:
    """Of `ids`, those that the person may attach to the dossier: stored by the account, claimed, or attached already."""
    binds = {
        "ids": list(ids),
        "viewer": viewer,
        "dossier": dossier_id,
        "claimed": list(claims),
        "hashes": [claim_hash(claim) for claim in claims.values()],
    }
    return tuple(_document(row) for row in await db.execute(_ATTACHABLE, binds))


async def visible(db: AsyncConnection, document_id: UUID, viewer: Viewer) -> Document:
    """A document of a dossier that the viewer sees, or that the viewer stored. Raises NotFound."""
    return _found((await db.execute(_VISIBLE, {"id": document_id, **viewer.binds})).one_or_none())


def _found(row: Row[Any] | None) -> Document:
    if row is None:
        raise NotFound
    return _document(row)


def _document(row: Row[Any]) -> Document:
    return Document(row.id, row.filename, row.media_type, row.size, bytes(row.sha256), row.created_at, row.dossier_id)
