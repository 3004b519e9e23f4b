"""The dossier: its row, what the facts own of it, and the erasable texts beside it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec
from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from casework.ids import AccountId, DossierId, Version
from casework.journal.stream import stream
from infra.database import metadata

State = Literal[
    "draft", "submitted", "under_review", "awaiting_citizen", "accepted", "refused", "closed_without_action", "expired"
]
STATES = (
    "draft",
    "submitted",
    "under_review",
    "awaiting_citizen",
    "accepted",
    "refused",
    "closed_without_action",
    "expired",
)
OPEN: frozenset[str] = frozenset({"submitted", "under_review", "awaiting_citizen"})
DECIDED: frozenset[str] = frozenset({"accepted", "refused", "closed_without_action"})
CHANNELS = ("online", "counter", "phone", "mail", "api", "mediator")
_OPEN_SQL = text("state in ('submitted', 'under_review', 'awaiting_citizen')")

dossiers = Table(
    "dossiers",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("reference", Text, nullable=False, unique=True),  # for people; it authorises nothing
    Column("version", Integer, nullable=False, server_default="0"),
    Column("digest", LargeBinary, nullable=False, server_default=text("''::bytea")),
    # Owned by the facts (FACT_COLUMNS): folding the dossier's facts gives these, and nothing else writes them.
    Column("state", Text, CheckConstraint(f"state in {STATES}", name="state"), nullable=False, server_default="draft"),
    Column("procedure_id", Uuid, ForeignKey("procedures.id")),
    Column("revision", Integer),
    Column("service_id", Uuid, ForeignKey("services.id")),
    Column("directorate_id", Uuid, ForeignKey("directorates.id")),
    Column("citizen_id", Uuid, ForeignKey("accounts.id")),  # null: filed without an account
    Column("channel", Text, CheckConstraint(f"channel in {CHANNELS}", name="channel")),
    Column("commune", Text),  # INSEE code of the request, for figures and routing
    Column("holder_id", Uuid, ForeignKey("accounts.id")),
    Column("taken_over_from", Uuid, ForeignKey("accounts.id")),  # in whose place the holder holds it
    Column("mandate_id", Uuid, ForeignKey("mandates.id")),
    Column("uncovered_since", DateTime(timezone=True)),  # its holder is away: it shows as "to take over"
    Column("cover_id", Uuid, ForeignKey("accounts.id")),  # the substitute who is asked; null: the whole service
    Column("absence_id", Uuid, ForeignKey("absences.id")),  # why it is uncovered
    Column("submitted_at", DateTime(timezone=True)),
    Column("due_at", DateTime(timezone=True)),
    Column("late", Boolean, nullable=False, server_default=text("false")),
    Column("awaiting_since", DateTime(timezone=True)),
    Column("decided_at", DateTime(timezone=True)),
    Column("message_count", Integer, nullable=False, server_default="0"),
    Column("citizen_wrote_at", DateTime(timezone=True)),  # a message of the citizen that nobody answered yet
    Column("last_at", DateTime(timezone=True)),  # the last fact
    Column("waiting_since", DateTime(timezone=True)),  # for a place of its procedure's quota
    Column("step", Text),  # of its procedure's process, inside the state; null: it has none here
    # Not owned by the facts.
    Column("applicant", Text, nullable=False, server_default=""),  # the name to show; erasable
    Column("applicant_email", Text),  # where the receipt goes; erasable
    Column("search", Text, nullable=False, server_default=""),  # folded: no accent, lower case
    Column("tracking_hash", LargeBinary),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    ForeignKeyConstraint(["procedure_id", "revision"], ["procedure_revisions.procedure_id", "procedure_revisions.revision"]),
    Index("ix_dossiers_queue_service", "service_id", text("submitted_at desc"), text("id desc"), postgresql_where=_OPEN_SQL),
    Index("ix_dossiers_queue_mine", "holder_id", text("submitted_at desc"), text("id desc"), postgresql_where=_OPEN_SQL),
    Index(
        "ix_dossiers_to_take_over", "service_id", "cover_id", text("submitted_at desc"),
        postgresql_where=text("uncovered_since is not null"),
    ),
    Index(
        "ix_dossiers_late", "service_id", text("submitted_at desc"),
        postgresql_where=text("late and state in ('submitted', 'under_review', 'awaiting_citizen')"),
    ),
    Index("ix_dossiers_citizen_id", "citizen_id", text("id desc")),
    Index("ix_dossiers_places", "procedure_id", "waiting_since", postgresql_where=text("submitted_at is not null")),
    Index("ix_dossiers_directorate_id", "directorate_id", "state"),
    Index("ix_dossiers_drafts", "last_at", postgresql_where=text("state = 'draft'")),  # those to expire
    Index(
        "ix_dossiers_tracking_hash", "tracking_hash", unique=True, postgresql_where=text("tracking_hash is not null")
    ),
    Index("ix_dossiers_absence_id", "absence_id", postgresql_where=text("absence_id is not null")),
)  # fmt: skip

FACT_COLUMNS = (
    "state", "procedure_id", "revision", "service_id", "directorate_id", "citizen_id", "channel", "commune",
    "holder_id", "taken_over_from", "mandate_id", "uncovered_since", "cover_id", "absence_id", "submitted_at", "due_at",
    "late", "awaiting_since", "decided_at", "message_count", "citizen_wrote_at", "last_at", "step", "waiting_since",
)  # fmt: skip
# What a lock reads of `dossiers d`, in the order of `Dossier`'s fields.
LOCKED = (
    f"d.id, d.reference, d.version, d.digest, clock_timestamp() as now, {', '.join(f'd.{c}' for c in FACT_COLUMNS)}"
)
# Those that say in which queues a dossier is, and who may see it.
ROUTING_KEYS = (
    "state",
    "service_id",
    "directorate_id",
    "citizen_id",
    "holder_id",
    "uncovered_since",
    "cover_id",
    "late",
)

DOSSIER = stream("dossier", dossiers, owned=FACT_COLUMNS)

# Everything that somebody wrote: erasable. The journal keeps SHA-256(salt ‖ content), and the salt goes with the text.
contents = Table(
    "contents",
    metadata,
    Column("dossier_id", Uuid, ForeignKey("dossiers.id"), primary_key=True),
    Column("version", Integer, primary_key=True),  # of the fact that it belongs to
    Column("kind", Text, CheckConstraint("kind in ('answers', 'message', 'reason')", name="kind"), nullable=False),
    Column("body", JSONB, nullable=False),  # answers: an object; message, reason: a string
    Column("salt", LargeBinary, nullable=False),
)

# Typing is not an action: what is not sent yet. It has a revision of its own, and goes with the dossier on take-over.
scratch = Table(
    "scratch",
    metadata,
    Column("dossier_id", Uuid, ForeignKey("dossiers.id"), primary_key=True),
    Column("kind", Text, CheckConstraint("kind in ('answers', 'reply')", name="kind"), primary_key=True),
    Column("owner_id", Uuid, primary_key=True),  # who types; an answer's draft without account: the dossier's own id
    Column("revision", Integer, nullable=False, server_default="1"),
    Column("body", JSONB, nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
)

# One row for each POST that made something, under the caller's Idempotency-Key: the answer is built again from it.
idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("principal", Text, primary_key=True),  # account:<id> | session:<id> | anonymous
    Column("key", Text, primary_key=True),
    Column("route", Text, nullable=False),
    Column("body_hash", LargeBinary, nullable=False),
    Column("subject", Uuid, nullable=False),
    Column("version", Integer, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    Index("ix_idempotency_keys_at", "at"),
)

# Who looked at what: not a fact. Append-only, written in batches.
access_log = Table(
    "access_log",
    metadata,
    Column("at", DateTime(timezone=True), nullable=False),
    Column("actor", Uuid),
    Column("dossier_id", Uuid, nullable=False),
    Column("what", Text, nullable=False),  # opened | document | search
    Index("ix_access_log_dossier_id", "dossier_id", "at"),
)


@dataclass(frozen=True, slots=True)
class Happened:
    """A fact after the version that the caller had seen, as a refusal tells it."""

    version: int
    kind: str
    at: datetime
    actor: UUID | None


class Dossier(msgspec.Struct, frozen=True):
    """A dossier under its row lock, with the database's clock at that instant (`now`)."""

    id: DossierId
    reference: str
    version: Version
    digest: bytes
    now: datetime
    state: str
    procedure_id: UUID | None
    revision: int | None
    service_id: UUID | None
    directorate_id: UUID | None
    citizen_id: AccountId | None
    channel: str | None
    commune: str | None
    holder_id: AccountId | None
    taken_over_from: AccountId | None
    mandate_id: UUID | None
    uncovered_since: datetime | None
    cover_id: AccountId | None
    absence_id: UUID | None
    submitted_at: datetime | None
    due_at: datetime | None
    late: bool
    awaiting_since: datetime | None
    decided_at: datetime | None
    message_count: int
    citizen_wrote_at: datetime | None
    last_at: datetime | None
    step: str | None
    waiting_since: datetime | None
    since: tuple[Happened, ...] = ()

    @property
    def is_open(self) -> bool:
        return self.state in OPEN

    def columns(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in FACT_COLUMNS}
