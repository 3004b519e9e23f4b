"""Documents are stored first, unattached; a fact of a dossier attaches them."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from casework.errors import Invalid

_ATTACH = text(
    "update documents set dossier_id = :dossier_id where id = any(:ids) and (dossier_id is null or dossier_id = :dossier_id) returning id"
)


async def attach(db: AsyncConnection, documents: Sequence[UUID], *, dossier_id: UUID) -> None:
    """Give the stored documents to the dossier. Raises Invalid for one that another dossier has, or that is not there."""
    if not documents:
        return
    attached = (await db.execute(_ATTACH, {"ids": list(documents), "dossier_id": dossier_id})).scalars().all()
    if missing := set(documents) - set(attached):
        raise Invalid(
            faults=[{"field": "documents", "code": "unknown_document", "id": str(id_)} for id_ in sorted(missing)]
        )
