"""Absences by half-day and the mandates that they give."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    Uuid,
    text,
)

from casework.journal.stream import stream
from infra.database import metadata

absences = Table(
    "absences",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("agent_id", Uuid, ForeignKey("accounts.id"), nullable=False),
    Column("starts_at", DateTime(timezone=True)),
    Column("ends_at", DateTime(timezone=True)),
    Column("state", Text, nullable=False, server_default="declared"),
    Column("declared_by", Uuid),
    # What was said, as it was said: half-days are dates of Europe/Paris, both ends included, noon at 12:30.
    Column("from_date", Date),
    Column("from_half", Text),  # am | pm | now (unplanned)
    Column("until_date", Date),
    Column("until_half", Text),
    Column("reason", Text, nullable=False, server_default=""),  # free text: erasable, never in the journal
    Column("salt", LargeBinary),
    Column("version", Integer, nullable=False, server_default="0"),
    Column("digest", LargeBinary, nullable=False, server_default=text("''::bytea")),
    CheckConstraint("state in ('declared', 'begun', 'ended', 'cancelled')", name="state"),
    Index("ix_absences_agent_id", "agent_id", "starts_at"),
    Index("ix_absences_running", "ends_at", postgresql_where=text("state in ('declared', 'begun')")),
)

# The right to act in the absent agent's place: judged by the clock at each use, whatever `absences.state` says.
mandates = Table(
    "mandates",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("absence_id", Uuid, ForeignKey("absences.id"), nullable=False),
    Column("agent_id", Uuid, ForeignKey("accounts.id"), nullable=False),  # the absent one
    Column("substitute_id", Uuid, ForeignKey("accounts.id")),  # null: every agent of the dossier's service
    Column("rank", Integer, nullable=False),  # 1 is asked first; the service comes last
    Column("starts_at", DateTime(timezone=True), nullable=False),
    Column("ends_at", DateTime(timezone=True), nullable=False),
    Index("ix_mandates_absence_id", "absence_id", "rank"),
    Index("ix_mandates_agent_id", "agent_id", "ends_at"),
    Index("ix_mandates_substitute_id", "substitute_id", "ends_at"),
)

ABSENCE = stream("absence", absences, owned=("starts_at", "ends_at", "state", "declared_by"))


@dataclass(frozen=True, slots=True)
class Absence:
    """A locked absence."""

    id: UUID
    version: int
    digest: bytes
    now: datetime
    agent_id: UUID
    starts_at: datetime | None
    ends_at: datetime | None
    state: str
    declared_by: UUID | None

    def columns(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in ABSENCE.owned}
