"""A tracking code finds its dossier by index, among ten million."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
_FILED_WITHOUT_ACCOUNT = sa.text("tracking_hash is not null")


def upgrade() -> None:
    op.create_index(
        "ix_dossiers_tracking_hash", "dossiers", ["tracking_hash"], unique=True, postgresql_where=_FILED_WITHOUT_ACCOUNT
    )


def downgrade() -> None:
    op.drop_index("ix_dossiers_tracking_hash", table_name="dossiers", postgresql_where=_FILED_WITHOUT_ACCOUNT)
