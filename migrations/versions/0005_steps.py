"""The step of a dossier inside its state, where its procedure has a process."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("dossiers", sa.Column("step", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("dossiers", "step")
