"""How many workers died under an effect, so that poison is told from bad luck; and the drafts that nobody comes back to."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("effects", sa.Column("crashes", sa.Integer(), server_default="0", nullable=False))
    op.create_index("ix_dossiers_drafts", "dossiers", ["last_at"], postgresql_where=sa.text("state = 'draft'"))


def downgrade() -> None:
    op.drop_index("ix_dossiers_drafts", table_name="dossiers", postgresql_where=sa.text("state = 'draft'"))
    op.drop_column("effects", "crashes")
