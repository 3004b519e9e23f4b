"""Procedures and their revisions. A published revision never changes, and a dossier stays bound to its own."""

from sqlalchemy import Boolean, Column, DateTime, ForeignKey, Index, Integer, LargeBinary, Table, Text, Uuid, text
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

PROCEDURE = stream("procedure", procedures, owned=("service_id", "revision", "opens_at", "closes_at"))
