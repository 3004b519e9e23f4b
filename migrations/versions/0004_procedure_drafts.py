"""Procedures are written in drafts, by several designers at once."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("directorates", sa.Column("review", sa.Boolean, nullable=False, server_default=sa.text("false")))
    op.create_table(
        "procedure_drafts",
        sa.Column("slug", sa.Text, nullable=False),
        sa.Column("directorate_id", sa.Uuid, nullable=False),
        sa.Column("definition", JSONB, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("base", sa.Integer),
        sa.Column("clean", sa.Integer, nullable=False),
        sa.Column("approved_revision", sa.Integer),
        sa.Column("approved_by", sa.Uuid),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.Uuid),
        sa.PrimaryKeyConstraint("slug", name="pk_procedure_drafts"),
        sa.ForeignKeyConstraint(
            ["directorate_id"], ["directorates.id"], name="fk_procedure_drafts_directorate_id_directorates"
        ),
        sa.ForeignKeyConstraint(["approved_by"], ["accounts.id"], name="fk_procedure_drafts_approved_by_accounts"),
        sa.ForeignKeyConstraint(["updated_by"], ["accounts.id"], name="fk_procedure_drafts_updated_by_accounts"),
    )
    op.create_index("ix_procedure_drafts_directorate_id", "procedure_drafts", ["directorate_id"])
    op.create_table(
        "procedure_draft_changes",
        sa.Column("slug", sa.Text, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Uuid),
        sa.Column("said", JSONB, nullable=False),
        sa.Column("touched", sa.ARRAY(sa.Text), nullable=False),
        sa.Column("undo", JSONB),
        sa.Column("undone", sa.Boolean, nullable=False, server_default=sa.text("false")),
        sa.PrimaryKeyConstraint("slug", "revision", name="pk_procedure_draft_changes"),
        sa.ForeignKeyConstraint(
            ["slug"],
            ["procedure_drafts.slug"],
            name="fk_procedure_draft_changes_slug_procedure_drafts",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["actor"], ["accounts.id"], name="fk_procedure_draft_changes_actor_accounts"),
    )


def downgrade() -> None:
    op.drop_table("procedure_draft_changes")
    op.drop_table("procedure_drafts")
    op.drop_column("directorates", "review")
