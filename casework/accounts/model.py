"""Accounts (citizens and agents) and their sessions. Identities live here, and nowhere in the journal."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
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

from casework.journal.stream import stream
from infra.database import metadata

accounts = Table(
    "accounts",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("kind", Text, CheckConstraint("kind in ('citizen', 'agent')", name="kind"), nullable=False),
    Column("email", Text, unique=True),  # in lower case; null once erased
    Column("given_name", Text, nullable=False),
    Column("family_name", Text, nullable=False),
    Column("phone", Text),
    Column("commune", Text),  # INSEE code
    Column("password_hash", Text),  # argon2id; null: this account does not sign in by password
    Column("locale", Text, nullable=False, server_default="fr"),
    Column("demo", Boolean, nullable=False, server_default=text("false")),  # named on the log-in page in demo mode
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    Column("disabled_at", DateTime(timezone=True)),
)

sessions = Table(
    "sessions",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("token_hash", LargeBinary, nullable=False, unique=True),  # SHA-256 of a 256-bit random token
    Column("account_id", Uuid, ForeignKey("accounts.id")),  # null: a follower's session, by tracking code
    Column("dossier_id", Uuid),  # the one dossier that a tracking code opens
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    Column("seen_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    Column("expires_at", DateTime(timezone=True), nullable=False),  # absolute: 12 h for agents, 30 days for citizens
    Column("idle_seconds", Integer, nullable=False),  # 30 min for agents, 30 days for citizens
    Column("ended_at", DateTime(timezone=True)),
    Column("version", Integer, nullable=False, server_default="0"),
    Column("digest", LargeBinary, nullable=False, server_default=text("''::bytea")),
    CheckConstraint("(account_id is null) <> (dossier_id is null)", name="one_owner"),
    Index("ix_sessions_account_id", "account_id"),
)

SESSION = stream("session", sessions, owned=("ended_at",))
