"""Supporting documents: the row here, the bytes in the object store under the id."""

from sqlalchemy import BigInteger, Column, DateTime, Index, LargeBinary, Table, Text, Uuid, text

from infra.database import metadata

documents = Table(
    "documents",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("uploaded_by", Uuid),  # an account; null: filed without one
    Column("claim_hash", LargeBinary),  # SHA-256 of the secret that lets a person without an account attach it
    Column("dossier_id", Uuid),  # null: not attached yet; swept after 24 h
    Column("filename", Text, nullable=False),
    Column("media_type", Text, nullable=False),  # from the bytes, not from what the browser said
    Column("size", BigInteger, nullable=False),  # bytes
    Column("sha256", LargeBinary, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    Index("ix_documents_dossier_id", "dossier_id"),
    Index("ix_documents_unattached", "created_at", postgresql_where=text("dossier_id is null")),
)
