"""Every table of the project, so that `infra.database.metadata` knows them all (migrations, tests)."""

from casework.accounts.model import accounts, sessions
from casework.continuity.model import absences, mandates
from casework.documents.model import documents
from casework.dossiers.model import access_log, contents, dossiers, idempotency_keys, scratch
from casework.journal.table import effects, journal, readers, schedule
from casework.organisation.model import community, directorates, roles, services
from casework.procedures.model import draft_changes, drafts, procedures, revisions

__all__ = [
    "absences", "access_log", "accounts", "community", "contents", "directorates", "documents", "dossiers", "draft_changes",
    "drafts", "effects",
    "idempotency_keys", "journal", "mandates", "procedures", "readers", "revisions", "roles", "schedule", "scratch",
    "services", "sessions",
]  # fmt: skip
