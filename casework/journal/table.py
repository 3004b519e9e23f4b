"""The journal: what happened, once, in order. Append-only: a trigger refuses UPDATE and DELETE."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import UserDefinedType

from infra.database import metadata

STREAMS = ("dossier", "agent", "absence", "mandate", "account", "session", "procedure", "service", "share", "mailbox")


class Xid8(UserDefinedType[int]):
    """PostgreSQL's 64-bit transaction number. Read it as `tx::text::bigint`: the driver does not know it."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        return "xid8"


journal = Table(
    "journal",
    metadata,
    Column("epoch", Integer, nullable=False, server_default=text("journal_epoch()")),
    Column("tx", Xid8, nullable=False, server_default=text("pg_current_xact_id()")),
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("stream", Text, CheckConstraint(f"stream in {STREAMS}", name="stream"), nullable=False),
    Column("subject_id", Uuid, nullable=False),
    Column("version", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("v", SmallInteger, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("actor", Uuid),
    Column("on_behalf_of", Uuid),
    Column("mandate_id", Uuid),
    Column("payload", JSONB, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    UniqueConstraint("stream", "subject_id", "version"),
    Index("ix_journal_position", "epoch", "tx", "id"),
    # The dossiers that an absence touched: the digest on return.
    Index("ix_journal_absence", text("(payload ->> 'absence')"), postgresql_where=text("kind = 'dossier.uncovered'")),
)
# The trigger (see migrations/): before update or delete or truncate → "the journal is append-only".

readers = Table(
    "readers",
    metadata,
    Column("name", Text, primary_key=True),
    Column("epoch", Integer, nullable=False),
    Column("tx", BigInteger, nullable=False),
    Column("id", BigInteger, nullable=False),
    Column("moved_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
)

effects = Table(
    "effects",
    metadata,
    Column("journal_id", BigInteger, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("state", Text, nullable=False, server_default="pending"),  # pending → sending → done | dead
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("crashes", Integer, nullable=False, server_default="0"),  # workers that died under it
    Column("due_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    Column("message_id", Text),
    Column("last_error", Text),
    Column("done_at", DateTime(timezone=True)),
    CheckConstraint("state in ('pending', 'sending', 'done', 'dead')", name="state"),
    Index("ix_effects_due", "due_at", postgresql_where=text("state in ('pending', 'sending')")),
)

schedule = Table(
    "schedule",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("subject", Uuid, primary_key=True),
    Column("due_at", DateTime(timezone=True), nullable=False),
    Index("ix_schedule_due_at", "due_at"),
)
