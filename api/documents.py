"""Supporting documents: stored first, unattached; answers refer to them; read by whoever sees their dossier."""

import hashlib
import secrets
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import puremagic
from sqlalchemy.ext.asyncio import AsyncConnection

from api import once
from api.door import reading, transaction
from api.once import Once
from api.problems import TooLarge, WrongMediaType
from api.representations import Document
from api.state import State
from casework.access import Viewer
from casework.documents import queries
from casework.forms.judging import Documents
from casework.forms.model import FILE_MAX, MEDIA_TYPES
from casework.ids import new_id

FILENAME_MAX = 200  # characters
DEEPEST = 5  # answers, a block, its rows, a question, its files
MOST_READ = 200  # ids looked for in answers; more can only be a mistake


@dataclass(frozen=True, slots=True)
class Download:
    """A file on its way to a reader."""

    filename: str
    media_type: str
    size: int  # bytes
    pieces: AsyncIterator[bytes]


async def store(
    state: State, viewer: Viewer, *, filename: str, content: bytes, attempt: Once | None = None
) -> Document:
    """Keep a file. Its type is read from its bytes. Raises TooLarge, WrongMediaType."""
    if len(content) > FILE_MAX:
        raise TooLarge(detail=f"{FILE_MAX} bytes")
    media_type = media_type_of(content)
    id_, claim = new_id(), secrets.token_urlsafe(24) if viewer.account_id is None else None
    await state.documents.keep(id_, content)
    async with transaction(state) as db:
        before = await once.begin(db, attempt, id_)
        if before is None:
            found = await queries.add(
                db,
                id_,
                filename=clean_name(filename),
                media_type=media_type,
                size=len(content),
                sha256=hashlib.sha256(content).digest(),
                uploaded_by=viewer.account_id,
                claim=claim,
            )
        else:
            # The first claim is nowhere kept: a person without an account who asks again gets a new one.
            found = await queries.one(db, before.subject)
            claim = await queries.claim_again(db, before.subject, claim) if found.dossier_id is None else None
    if before is not None:
        await state.documents.drop(id_)
    return representation(found, claim=claim)


async def download(state: State, viewer: Viewer, document_id: UUID) -> Download:
    """A file of a dossier that the viewer sees, or that the viewer stored. Raises NotFound."""
    async with reading(state) as db:
        found = await queries.visible(db, document_id, viewer)
    if found.dossier_id is not None:
        state.looks.note(viewer.account_id, found.dossier_id, "document")
    return Download(found.filename, found.media_type, found.size, await state.documents.read(document_id))


async def attachable(
    db: AsyncConnection, viewer: Viewer, answers: Any, claims: Mapping[UUID, str], *, dossier_id: UUID | None = None
) -> Documents:
    """Of the documents that the answers name, those that this person may attach: own, claimed, or the draft's."""
    ids = list(dict.fromkeys(_ids(answers)))[:MOST_READ]
    if not ids:
        return {}
    found = await queries.attachable(db, ids, viewer=viewer.account_id, claims=claims, dossier_id=dossier_id)
    return {each.id: (each.media_type, each.size) for each in found}


def _ids(answers: Any, depth: int = 0) -> Iterator[UUID]:
    if isinstance(answers, str) and len(answers) in (32, 36):
        try:
            yield UUID(answers)
        except ValueError:
            return
    elif isinstance(answers, UUID):
        yield answers
    elif isinstance(answers, Mapping) and depth < DEEPEST:
        for value in answers.values():
            yield from _ids(value, depth + 1)
    elif isinstance(answers, list | tuple) and depth < DEEPEST:
        for value in answers:
            yield from _ids(value, depth + 1)


def media_type_of(content: bytes) -> str:
    """The type that the bytes say, of the types that are taken. Raises WrongMediaType."""
    try:
        found = [match.mime_type for match in puremagic.magic_string(content)]
    except (puremagic.PureError, ValueError):
        found = []
    for media_type in MEDIA_TYPES:
        if media_type in found and content.startswith(_BEGINNINGS[media_type]):
            return media_type
    raise WrongMediaType(allowed=MEDIA_TYPES)


_BEGINNINGS = {"application/pdf": b"%PDF-", "image/jpeg": b"\xff\xd8\xff", "image/png": b"\x89PNG\r\n\x1a\n"}


def clean_name(filename: str) -> str:
    """The file's own name: no folder, no control character, not longer than screens and disks take."""
    name = filename.replace("\\", "/").rpartition("/")[2]
    name = "".join(c for c in name if c.isprintable()).strip(". ")
    stem, dot, ending = name.rpartition(".")
    if len(name) > FILENAME_MAX:
        name = (
            f"{stem[: FILENAME_MAX - len(ending) - 1]}{dot}{ending}"
            if dot and len(ending) < 10
            else name[:FILENAME_MAX]
        )
    return name or "document"


def representation(found: queries.Document, *, claim: str | None = None) -> Document:
    """A stored file as the doors give it."""
    return Document(
        id=found.id,
        filename=found.filename,
        media_type=found.media_type,
        size=found.size,
        sha256=found.sha256.hex(),
        created_at=found.created_at,
        claim=claim,
    )
