"""The erasable texts of a dossier: answers, messages, reasons, and what is being typed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from casework.dossiers.model import Dossier
from casework.errors import Stale
from casework.journal.fact import canonical


@dataclass(frozen=True, slots=True)
class Message:
    """One text of the conversation with the citizen: a message, a request for completion, a decision's reason."""

    version: int
    fact: str
    kind: str  # message | reason
    at: datetime
    author: UUID | None
    author_name: str | None
    on_behalf_of_name: str | None
    from_citizen: bool
    body: str


@dataclass(frozen=True, slots=True)
class Rerouted:
    """How the dossier came to its service from another one, the last time. For agents: the reason is theirs."""

    at: datetime
    actor: UUID | None  # None: a rule moved it
    actor_name: str | None
    from_service: str | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Scratch:
    """What somebody is typing. `revision` is its ETag: 0 when there is nothing yet."""

    revision: int
    body: Any
    updated_at: datetime | None


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """A supporting document of the dossier."""

    id: UUID
    filename: str
    media_type: str
    size: int  # bytes
    created_at: datetime


@dataclass(frozen=True, slots=True)
class FiledWith:
    """`origins`, by field: `looked_up` where an outside service gave the answer, `declared` where it should have and was
    down; `price` in cents."""

    origins: Mapping[str, str]
    price: int | None


_KEEP = text(
    """
    insert into contents (dossier_id, version, kind, body, salt)
    values (:dossier_id, :version, :kind, cast(:body as jsonb), :salt)
    """
)
_ANSWERS = text("select body from contents where dossier_id = :id and kind = 'answers' order by version desc limit 1")
_LAST_ANSWERS = text(
    """
    select c.body from dossiers d join contents c on c.dossier_id = d.id and c.kind = 'answers'
    where d.citizen_id = :citizen and d.procedure_id = :procedure and d.submitted_at is not null
    order by d.submitted_at desc, c.version desc limit 1
    """
)
_FILED_WITH = text(
    """
    select coalesce(payload -> 'looked_up', '[]') as looked_up, coalesce(payload -> 'declared', '[]') as declared,
           cast(payload ->> 'price' as integer) as price
    from journal where stream = 'dossier' and subject_id = :id and kind = 'dossier.submitted'
    """
)
_MESSAGES = text(
    """
    select c.version, j.kind as fact, c.kind, j.at, j.actor, a.given_name || ' ' || a.family_name as author_name,
           o.given_name || ' ' || o.family_name as on_behalf_of_name,
           coalesce(j.payload ->> 'author', case when j.kind = 'dossier.completed' then 'citizen' else 'agent' end)
               = 'citizen' as from_citizen,
           c.body
    from contents c
    join journal j on j.stream = 'dossier' and j.subject_id = c.dossier_id and j.version = c.version
    left join accounts a on a.id = j.actor left join accounts o on o.id = j.on_behalf_of
    where c.dossier_id = :id and c.kind in ('message', 'reason') and j.kind <> 'dossier.rerouted' order by c.version
    """
)
_REROUTED = text(
    """
    select j.at, j.actor, a.given_name || ' ' || a.family_name as actor_name, s.name as from_service, c.body as reason
    from journal j
    left join contents c on c.dossier_id = j.subject_id and c.version = j.version and c.kind = 'reason'
    left join accounts a on a.id = j.actor
    left join services s on s.id = (j.payload #>> '{set,service_id,0}')::uuid
    where j.stream = 'dossier' and j.subject_id = :id and j.kind = 'dossier.rerouted' order by j.version desc limit 1
    """
)
_DOCUMENTS = text(
    "select id, filename, media_type, size, created_at from documents where dossier_id = :id order by created_at, id"
)
_SCRATCH = text(
    "select revision, body, updated_at from scratch where dossier_id = :id and kind = :kind and owner_id = :owner"
)
# A new scratch (seen 0) or the next revision of the one that was seen: anything else writes nothing.
_SAVE = text(
    """
    insert into scratch (dossier_id, kind, owner_id, revision, body)
    select :id, :kind, :owner, 1, cast(:body as jsonb)
    where :seen = 0 or exists (select from scratch where dossier_id = :id and kind = :kind and owner_id = :owner)
    on conflict (dossier_id, kind, owner_id) do update
        set body = excluded.body, revision = scratch.revision + 1, updated_at = now()
        where scratch.revision = :seen
    returning revision
    """
)


async def keep(db: AsyncConnection, dossier: Dossier, kind: str, body: Any, salt: bytes) -> None:
    """Keep the text of the fact that comes next, under the dossier's lock."""
    row = {"dossier_id": dossier.id, "version": dossier.version + 1, "kind": kind, "salt": salt}
    await db.execute(_KEEP, {**row, "body": canonical(body).decode()})


async def answers(db: AsyncConnection, dossier_id: UUID) -> Mapping[str, Any]:
    """What was answered when filing; empty once erased."""
    body: Mapping[str, Any] | None = (await db.execute(_ANSWERS, {"id": dossier_id})).scalar_one_or_none()
    return body or {}


async def last_answers(db: AsyncConnection, citizen_id: UUID, procedure_id: UUID) -> Mapping[str, Any]:
    """What this person answered when they last filed this procedure; empty where never, or erased."""
    asked = {"citizen": citizen_id, "procedure": procedure_id}
    body: Mapping[str, Any] | None = (await db.execute(_LAST_ANSWERS, asked)).scalar_one_or_none()
    return body or {}


async def filed_with(db: AsyncConnection, dossier_id: UUID) -> FiledWith:
    """What the fact of filing remembers beside the answers."""
    row = (await db.execute(_FILED_WITH, {"id": dossier_id})).one_or_none()
    if row is None:
        return FiledWith({}, None)
    origins = {**dict.fromkeys(row.looked_up, "looked_up"), **dict.fromkeys(row.declared, "declared")}
    return FiledWith(origins, row.price)


async def messages(db: AsyncConnection, dossier_id: UUID) -> tuple[Message, ...]:
    """The conversation, in order."""
    rows = (list(row) for row in await db.execute(_MESSAGES, {"id": dossier_id}))
    return tuple(Message(*row) for row in rows)


async def rerouted(db: AsyncConnection, dossier_id: UUID) -> Rerouted | None:
    """Where it came from, and why; None where it is still with the service that it was filed to."""
    row = (await db.execute(_REROUTED, {"id": dossier_id})).one_or_none()
    return Rerouted(row.at, row.actor, row.actor_name, row.from_service, row.reason) if row else None


async def documents(db: AsyncConnection, dossier_id: UUID) -> tuple[StoredDocument, ...]:
    """Its supporting documents, oldest first."""
    rows = (list(row) for row in await db.execute(_DOCUMENTS, {"id": dossier_id}))
    return tuple(StoredDocument(*row) for row in rows)


async def scratch(db: AsyncConnection, dossier_id: UUID, kind: str, owner: UUID) -> Scratch:
    """What `owner` is typing there (kind: answers or reply)."""
    row = (await db.execute(_SCRATCH, {"id": dossier_id, "kind": kind, "owner": owner})).one_or_none()
    return Scratch(row.revision, row.body, row.updated_at) if row else Scratch(0, None, None)


async def save_scratch(db: AsyncConnection, dossier_id: UUID, kind: str, owner: UUID, *, body: Any, seen: int) -> int:
    """Keep what is typed over the revision that was seen; the new revision. Raises Stale: it was typed in elsewhere."""
    binds = {"id": dossier_id, "kind": kind, "owner": owner, "body": canonical(body).decode(), "seen": seen}
    revision: int | None = (await db.execute(_SAVE, binds)).scalar_one_or_none()
    if revision is None:
        now = await scratch(db, dossier_id, kind, owner)
        raise Stale(facts=(), held_by=None, version=now.revision)
    return revision
