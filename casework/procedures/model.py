"""Procedures and their revisions. A published revision never changes, and a dossier stays bound to its own."""

from sqlalchemy import (
    ARRAY,
    Boolean,
    Column,
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
from sqlalchemy.dialects.postgresql import JSONB

from casework.journal.stream import stream
from infra.database import metadata

procedures = Table(
    "procedures",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("slug", Text, nullable=False, unique=True),
    Column("service_id", Uuid, ForeignKey("services.id")),
    Column("revision", Integer),  # the one published; null: none
    Column("opens_at", DateTime(timezone=True)),
    Column("closes_at", DateTime(timezone=True)),
    Column("drafts_until", DateTime(timezone=True)),  # a draft begun before closing may be filed until then
    Column("quota", Integer),  # how many requests have a place; null: as many as come
    Column("waiting_list", Boolean, nullable=False, server_default=text("false")),
    Column("version", Integer, nullable=False, server_default="0"),
    Column("digest", LargeBinary, nullable=False, server_default=text("''::bytea")),
)

revisions = Table(
    "procedure_revisions",
    metadata,
    Column("procedure_id", Uuid, ForeignKey("procedures.id"), primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("definition", JSONB, nullable=False),  # the package, as casework/procedures/package.py reads it
    Column("title_fr", Text, nullable=False),
    Column("title_en", Text, nullable=False),
    Column("theme", Text, nullable=False),
    Column("internal", Boolean, nullable=False, server_default=text("false")),
    Column("target_days", Integer, nullable=False),  # working days, Europe/Paris
    Index("ix_procedure_revisions_theme", "theme"),
)

PROCEDURE = stream(
    "procedure",
    procedures,
    owned=("service_id", "revision", "opens_at", "closes_at", "drafts_until", "quota", "waiting_list"),
)

# What designers are writing: one draft for each procedure, published or not. It may be unfinished and wrong.
drafts = Table(
    "procedure_drafts",
    metadata,
    Column("slug", Text, primary_key=True),
    Column("directorate_id", Uuid, ForeignKey("directorates.id"), nullable=False),
    Column("definition", JSONB, nullable=False),
    Column("revision", Integer, nullable=False),  # counts its changes
    Column("base", Integer),  # the published revision that it came from; null: never published
    Column("clean", Integer, nullable=False),  # its own revision when it was last the same as `base`
    Column("approved_revision", Integer),
    Column("approved_by", Uuid, ForeignKey("accounts.id")),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    Column("updated_by", Uuid, ForeignKey("accounts.id")),
    Index("ix_procedure_drafts_directorate_id", "directorate_id"),
)

draft_changes = Table(
    "procedure_draft_changes",
    metadata,
    Column("slug", Text, ForeignKey("procedure_drafts.slug", ondelete="CASCADE"), primary_key=True),
    Column("revision", Integer, primary_key=True),  # the draft's, after the change
    Column("at", DateTime(timezone=True), nullable=False),
    Column("actor", Uuid, ForeignKey("accounts.id")),
    Column("said", JSONB, nullable=False),  # casework.procedures.editing.Said
    Column("touched", ARRAY(Text), nullable=False),  # casework.procedures.editing.touches
    Column("undo", JSONB),  # the edit that takes it back; null: it took one back itself
    Column("undone", Boolean, nullable=False, server_default=text("false")),
)
