"""The journal, the state beside it, and the triggers that keep append-only what is append-only."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from casework.journal.table import Xid8

revision = "0001"
down_revision = None


# `relais journal new-epoch` replaces it by one that returns the next number, after a restore or a failover.
_EPOCH = "create function journal_epoch() returns integer language sql stable parallel safe as 'select 1'"
_APPEND_ONLY = """
create function refuse_change() returns trigger language plpgsql as $$
begin
    raise exception '% is append-only', tg_table_name using errcode = 'restrict_violation';
end $$
"""


def upgrade() -> None:
    op.execute(_EPOCH)
    op.execute(_APPEND_ONLY)
    op.execute("create sequence dossier_reference")
    op.create_table(
        "access_log",
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Uuid(), nullable=True),
        sa.Column("dossier_id", sa.Uuid(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
    )
    op.create_index("ix_access_log_dossier_id", "access_log", ["dossier_id", "at"], unique=False)
    op.create_table(
        "accounts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("given_name", sa.Text(), nullable=False),
        sa.Column("family_name", sa.Text(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("commune", sa.Text(), nullable=True),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("locale", sa.Text(), server_default="fr", nullable=False),
        sa.Column("demo", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accounts")),
        sa.UniqueConstraint("email", name=op.f("uq_accounts_email")),
    )
    op.create_table(
        "community",
        sa.Column("only", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("demo", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("only", name=op.f("pk_community")),
    )
    op.create_table(
        "directorates",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_directorates")),
        sa.UniqueConstraint("slug", name=op.f("uq_directorates_slug")),
    )
    op.create_table(
        "documents",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("uploaded_by", sa.Uuid(), nullable=True),
        sa.Column("claim_hash", sa.LargeBinary(), nullable=True),
        sa.Column("dossier_id", sa.Uuid(), nullable=True),
        sa.Column("filename", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_documents")),
    )
    op.create_index("ix_documents_dossier_id", "documents", ["dossier_id"], unique=False)
    op.create_index(
        "ix_documents_unattached",
        "documents",
        ["created_at"],
        unique=False,
        postgresql_where=sa.text("dossier_id is null"),
    )
    op.create_table(
        "effects",
        sa.Column("journal_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="pending", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state in ('pending', 'sending', 'done', 'dead')", name=op.f("ck_effects_state")),
        sa.PrimaryKeyConstraint("journal_id", "name", name=op.f("pk_effects")),
    )
    op.create_index(
        "ix_effects_due",
        "effects",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("state in ('pending', 'sending')"),
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("principal", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("route", sa.Text(), nullable=False),
        sa.Column("body_hash", sa.LargeBinary(), nullable=False),
        sa.Column("subject", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("principal", "key", name=op.f("pk_idempotency_keys")),
    )
    op.create_index("ix_idempotency_keys_at", "idempotency_keys", ["at"], unique=False)
    op.create_table(
        "journal",
        sa.Column("epoch", sa.Integer(), server_default=sa.text("journal_epoch()"), nullable=False),
        sa.Column("tx", Xid8(), server_default=sa.text("pg_current_xact_id()"), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("v", sa.SmallInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Uuid(), nullable=True),
        sa.Column("on_behalf_of", sa.Uuid(), nullable=True),
        sa.Column("mandate_id", sa.Uuid(), nullable=True),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_journal")),
        sa.UniqueConstraint("stream", "subject_id", "version", name=op.f("uq_journal_stream_subject_id_version")),
    )
    op.create_index(
        "ix_journal_absence",
        "journal",
        [sa.literal_column("(payload ->> 'absence')")],
        unique=False,
        postgresql_where=sa.text("kind = 'dossier.uncovered'"),
    )
    op.create_index("ix_journal_position", "journal", ["epoch", "tx", "id"], unique=False)
    op.create_table(
        "readers",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("tx", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("moved_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_readers")),
    )
    op.create_table(
        "schedule",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Uuid(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("kind", "subject", name=op.f("pk_schedule")),
    )
    op.create_index("ix_schedule_due_at", "schedule", ["due_at"], unique=False)
    op.create_table(
        "absences",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("agent_id", sa.Uuid(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("state", sa.Text(), server_default="declared", nullable=False),
        sa.Column("declared_by", sa.Uuid(), nullable=True),
        sa.Column("from_date", sa.Date(), nullable=True),
        sa.Column("from_half", sa.Text(), nullable=True),
        sa.Column("until_date", sa.Date(), nullable=True),
        sa.Column("until_half", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=True),
        sa.Column("version", sa.Integer(), server_default="0", nullable=False),
        sa.Column("digest", sa.LargeBinary(), server_default=sa.text("''::bytea"), nullable=False),
        sa.CheckConstraint("state in ('declared', 'begun', 'ended', 'cancelled')", name=op.f("ck_absences_state")),
        sa.ForeignKeyConstraint(["agent_id"], ["accounts.id"], name=op.f("fk_absences_agent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_absences")),
    )
    op.create_index("ix_absences_agent_id", "absences", ["agent_id", "starts_at"], unique=False)
    op.create_index(
        "ix_absences_running",
        "absences",
        ["ends_at"],
        unique=False,
        postgresql_where=sa.text("state in ('declared', 'begun')"),
    )
    op.create_table(
        "services",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("directorate_id", sa.Uuid(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["directorate_id"], ["directorates.id"], name=op.f("fk_services_directorate_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_services")),
        sa.UniqueConstraint("slug", name=op.f("uq_services_slug")),
    )
    op.create_index("ix_services_directorate_id", "services", ["directorate_id"], unique=False)
    op.create_table(
        "sessions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("dossier_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("idle_seconds", sa.Integer(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), server_default="0", nullable=False),
        sa.Column("digest", sa.LargeBinary(), server_default=sa.text("''::bytea"), nullable=False),
        sa.CheckConstraint("(account_id is null) <> (dossier_id is null)", name=op.f("ck_sessions_one_owner")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_sessions_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sessions")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_sessions_token_hash")),
    )
    op.create_index("ix_sessions_account_id", "sessions", ["account_id"], unique=False)
    op.create_table(
        "mandates",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("absence_id", sa.Uuid(), nullable=False),
        sa.Column("agent_id", sa.Uuid(), nullable=False),
        sa.Column("substitute_id", sa.Uuid(), nullable=True),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["absence_id"], ["absences.id"], name=op.f("fk_mandates_absence_id")),
        sa.ForeignKeyConstraint(["agent_id"], ["accounts.id"], name=op.f("fk_mandates_agent_id")),
        sa.ForeignKeyConstraint(["substitute_id"], ["accounts.id"], name=op.f("fk_mandates_substitute_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mandates")),
    )
    op.create_index("ix_mandates_absence_id", "mandates", ["absence_id", "rank"], unique=False)
    op.create_index("ix_mandates_agent_id", "mandates", ["agent_id", "ends_at"], unique=False)
    op.create_index("ix_mandates_substitute_id", "mandates", ["substitute_id", "ends_at"], unique=False)
    op.create_table(
        "procedures",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("service_id", sa.Uuid(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=True),
        sa.Column("opens_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), server_default="0", nullable=False),
        sa.Column("digest", sa.LargeBinary(), server_default=sa.text("''::bytea"), nullable=False),
        sa.ForeignKeyConstraint(["service_id"], ["services.id"], name=op.f("fk_procedures_service_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_procedures")),
        sa.UniqueConstraint("slug", name=op.f("uq_procedures_slug")),
    )
    op.create_table(
        "roles",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("service_id", sa.Uuid(), nullable=True),
        sa.Column("directorate_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_roles_account_id")),
        sa.ForeignKeyConstraint(["directorate_id"], ["directorates.id"], name=op.f("fk_roles_directorate_id")),
        sa.ForeignKeyConstraint(["service_id"], ["services.id"], name=op.f("fk_roles_service_id")),
        sa.UniqueConstraint(
            "account_id",
            "role",
            "service_id",
            "directorate_id",
            name=op.f("uq_roles_account_id_role_service_id_directorate_id"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_index("ix_roles_directorate_id", "roles", ["directorate_id"], unique=False)
    op.create_index("ix_roles_service_id", "roles", ["service_id"], unique=False)
    op.create_table(
        "procedure_revisions",
        sa.Column("procedure_id", sa.Uuid(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("definition", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("title_fr", sa.Text(), nullable=False),
        sa.Column("title_en", sa.Text(), nullable=False),
        sa.Column("theme", sa.Text(), nullable=False),
        sa.Column("internal", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("target_days", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["procedure_id"], ["procedures.id"], name=op.f("fk_procedure_revisions_procedure_id")),
        sa.PrimaryKeyConstraint("procedure_id", "revision", name=op.f("pk_procedure_revisions")),
    )
    op.create_index("ix_procedure_revisions_theme", "procedure_revisions", ["theme"], unique=False)
    op.create_table(
        "dossiers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="0", nullable=False),
        sa.Column("digest", sa.LargeBinary(), server_default=sa.text("''::bytea"), nullable=False),
        sa.Column("state", sa.Text(), server_default="draft", nullable=False),
        sa.Column("procedure_id", sa.Uuid(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=True),
        sa.Column("service_id", sa.Uuid(), nullable=True),
        sa.Column("directorate_id", sa.Uuid(), nullable=True),
        sa.Column("citizen_id", sa.Uuid(), nullable=True),
        sa.Column("channel", sa.Text(), nullable=True),
        sa.Column("commune", sa.Text(), nullable=True),
        sa.Column("holder_id", sa.Uuid(), nullable=True),
        sa.Column("taken_over_from", sa.Uuid(), nullable=True),
        sa.Column("mandate_id", sa.Uuid(), nullable=True),
        sa.Column("uncovered_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cover_id", sa.Uuid(), nullable=True),
        sa.Column("absence_id", sa.Uuid(), nullable=True),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("late", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("awaiting_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("message_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("citizen_wrote_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("applicant", sa.Text(), server_default="", nullable=False),
        sa.Column("applicant_email", sa.Text(), nullable=True),
        sa.Column("search", sa.Text(), server_default="", nullable=False),
        sa.Column("tracking_hash", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["absence_id"], ["absences.id"], name=op.f("fk_dossiers_absence_id")),
        sa.ForeignKeyConstraint(["citizen_id"], ["accounts.id"], name=op.f("fk_dossiers_citizen_id")),
        sa.ForeignKeyConstraint(["cover_id"], ["accounts.id"], name=op.f("fk_dossiers_cover_id")),
        sa.ForeignKeyConstraint(["directorate_id"], ["directorates.id"], name=op.f("fk_dossiers_directorate_id")),
        sa.ForeignKeyConstraint(["holder_id"], ["accounts.id"], name=op.f("fk_dossiers_holder_id")),
        sa.ForeignKeyConstraint(["mandate_id"], ["mandates.id"], name=op.f("fk_dossiers_mandate_id")),
        sa.ForeignKeyConstraint(
            ["procedure_id", "revision"],
            ["procedure_revisions.procedure_id", "procedure_revisions.revision"],
            name=op.f("fk_dossiers_procedure_id_revision"),
        ),
        sa.ForeignKeyConstraint(["procedure_id"], ["procedures.id"], name=op.f("fk_dossiers_procedure_id")),
        sa.ForeignKeyConstraint(["service_id"], ["services.id"], name=op.f("fk_dossiers_service_id")),
        sa.ForeignKeyConstraint(["taken_over_from"], ["accounts.id"], name=op.f("fk_dossiers_taken_over_from")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dossiers")),
        sa.UniqueConstraint("reference", name=op.f("uq_dossiers_reference")),
    )
    op.create_index(
        "ix_dossiers_absence_id",
        "dossiers",
        ["absence_id"],
        unique=False,
        postgresql_where=sa.text("absence_id is not null"),
    )
    op.create_index("ix_dossiers_citizen_id", "dossiers", ["citizen_id", sa.literal_column("id desc")], unique=False)
    op.create_index("ix_dossiers_directorate_id", "dossiers", ["directorate_id", "state"], unique=False)
    op.create_index(
        "ix_dossiers_late",
        "dossiers",
        ["service_id", sa.literal_column("submitted_at desc")],
        unique=False,
        postgresql_where=sa.text("late and state in ('submitted', 'under_review', 'awaiting_citizen')"),
    )
    op.create_index(
        "ix_dossiers_queue_mine",
        "dossiers",
        ["holder_id", sa.literal_column("submitted_at desc"), sa.literal_column("id desc")],
        unique=False,
        postgresql_where=sa.text("state in ('submitted', 'under_review', 'awaiting_citizen')"),
    )
    op.create_index(
        "ix_dossiers_queue_service",
        "dossiers",
        ["service_id", sa.literal_column("submitted_at desc"), sa.literal_column("id desc")],
        unique=False,
        postgresql_where=sa.text("state in ('submitted', 'under_review', 'awaiting_citizen')"),
    )
    op.create_index(
        "ix_dossiers_to_take_over",
        "dossiers",
        ["service_id", "cover_id", sa.literal_column("submitted_at desc")],
        unique=False,
        postgresql_where=sa.text("uncovered_since is not null"),
    )
    op.create_table(
        "contents",
        sa.Column("dossier_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["dossier_id"], ["dossiers.id"], name=op.f("fk_contents_dossier_id")),
        sa.PrimaryKeyConstraint("dossier_id", "version", name=op.f("pk_contents")),
    )
    op.create_table(
        "scratch",
        sa.Column("dossier_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("revision", sa.Integer(), server_default="1", nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["dossier_id"], ["dossiers.id"], name=op.f("fk_scratch_dossier_id")),
        sa.PrimaryKeyConstraint("dossier_id", "kind", "owner_id", name=op.f("pk_scratch")),
    )
    for table in ("journal", "access_log"):
        op.execute(
            f"create trigger append_only before update or delete or truncate on {table} "
            "for each statement execute function refuse_change()"
        )


def downgrade() -> None:
    op.drop_table("scratch")
    op.drop_table("contents")
    op.drop_index(
        "ix_dossiers_to_take_over", table_name="dossiers", postgresql_where=sa.text("uncovered_since is not null")
    )
    op.drop_index(
        "ix_dossiers_queue_service",
        table_name="dossiers",
        postgresql_where=sa.text("state in ('submitted', 'under_review', 'awaiting_citizen')"),
    )
    op.drop_index(
        "ix_dossiers_queue_mine",
        table_name="dossiers",
        postgresql_where=sa.text("state in ('submitted', 'under_review', 'awaiting_citizen')"),
    )
    op.drop_index(
        "ix_dossiers_late",
        table_name="dossiers",
        postgresql_where=sa.text("late and state in ('submitted', 'under_review', 'awaiting_citizen')"),
    )
    op.drop_index("ix_dossiers_directorate_id", table_name="dossiers")
    op.drop_index("ix_dossiers_citizen_id", table_name="dossiers")
    op.drop_index("ix_dossiers_absence_id", table_name="dossiers", postgresql_where=sa.text("absence_id is not null"))
    op.drop_table("dossiers")
    op.drop_index("ix_procedure_revisions_theme", table_name="procedure_revisions")
    op.drop_table("procedure_revisions")
    op.drop_index("ix_roles_service_id", table_name="roles")
    op.drop_index("ix_roles_directorate_id", table_name="roles")
    op.drop_table("roles")
    op.drop_table("procedures")
    op.drop_index("ix_mandates_substitute_id", table_name="mandates")
    op.drop_index("ix_mandates_agent_id", table_name="mandates")
    op.drop_index("ix_mandates_absence_id", table_name="mandates")
    op.drop_table("mandates")
    op.drop_index("ix_sessions_account_id", table_name="sessions")
    op.drop_table("sessions")
    op.drop_index("ix_services_directorate_id", table_name="services")
    op.drop_table("services")
    op.drop_index(
        "ix_absences_running", table_name="absences", postgresql_where=sa.text("state in ('declared', 'begun')")
    )
    op.drop_index("ix_absences_agent_id", table_name="absences")
    op.drop_table("absences")
    op.drop_index("ix_schedule_due_at", table_name="schedule")
    op.drop_table("schedule")
    op.drop_table("readers")
    op.drop_index("ix_journal_position", table_name="journal")
    op.drop_index("ix_journal_absence", table_name="journal", postgresql_where=sa.text("kind = 'dossier.uncovered'"))
    op.drop_table("journal")
    op.drop_index("ix_idempotency_keys_at", table_name="idempotency_keys")
    op.drop_table("idempotency_keys")
    op.drop_index("ix_effects_due", table_name="effects", postgresql_where=sa.text("state in ('pending', 'sending')"))
    op.drop_table("effects")
    op.drop_index("ix_documents_unattached", table_name="documents", postgresql_where=sa.text("dossier_id is null"))
    op.drop_index("ix_documents_dossier_id", table_name="documents")
    op.drop_table("documents")
    op.drop_table("directorates")
    op.drop_table("community")
    op.drop_table("accounts")
    op.drop_index("ix_access_log_dossier_id", table_name="access_log")
    op.drop_table("access_log")
    op.execute("drop sequence dossier_reference")
    op.execute("drop function refuse_change")
    op.execute("drop function journal_epoch")
