"""Moments of closing for drafts, quotas and waiting lists of procedures."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column("procedures", sa.Column("drafts_until", sa.DateTime(timezone=True)))
    op.add_column("procedures", sa.Column("quota", sa.Integer))
    op.add_column("procedures", sa.Column("waiting_list", sa.Boolean, nullable=False, server_default=sa.text("false")))
    op.add_column("dossiers", sa.Column("waiting_since", sa.DateTime(timezone=True)))
    op.create_index(
        "ix_dossiers_places",
        "dossiers",
        ["procedure_id", "waiting_since"],
        postgresql_where=sa.text("submitted_at is not null"),
    )


def downgrade() -> None:
    op.drop_index("ix_dossiers_places", "dossiers")
    op.drop_column("dossiers", "waiting_since")
    for column in ("waiting_list", "quota", "drafts_until"):
        op.drop_column("procedures", column)
