"""The facts of a dossier: the closed list of what can have happened, and what each may change and say.

`set` (the columns changed, before and after) belongs to every fact. `details` are ids and facts, never personal data: a
text is named by `content`, the SHA-256 of its salt and itself. docs/facts.md tells them in words, and is tested.
"""

from collections.abc import Mapping

from casework.journal.fact import Kind

_COVER = ("uncovered_since", "cover_id", "absence_id")
_HOLD = ("holder_id", "taken_over_from", "mandate_id")
_FILING = ("procedure_id", "revision", "service_id", "directorate_id", "citizen_id", "channel", "commune")


def _kind(*changes: str, details: tuple[str, ...] = (), told: bool = False) -> Kind:
    return Kind(frozenset(changes), frozenset(details), told)


KINDS: Mapping[str, Kind] = {
    "dossier.draft_opened": _kind(
        "state", "procedure_id", "revision", "citizen_id", "channel", "last_at", told=True
    ),
    "dossier.draft_page_reached": _kind("last_at", details=("page",)),
    "dossier.draft_expired": _kind("state", "last_at"),
    "dossier.submitted": _kind(
        *_FILING, "state", "submitted_at", "due_at", "last_at", "step", "waiting_since",
        details=("content", "documents", "looked_up", "declared", "price"), told=True,
    ),
    "dossier.claimed": _kind("holder_id", "last_at", told=True),
    "dossier.released": _kind(*_HOLD, *_COVER, "last_at"),
    "dossier.assigned": _kind(*_HOLD, *_COVER, "last_at", details=("batch_id",)),
    "dossier.review_started": _kind("state", "last_at", "step", told=True),
    "dossier.step_changed": _kind("state", "step", "last_at", details=("action", "automatic", "cause"), told=True),
    "dossier.step_taken": _kind("late", details=("did", "automatic", "cause"), told=True),
    "dossier.task_done": _kind("last_at", details=("task",)),
    "dossier.completion_asked": _kind(
        "state", "awaiting_since", "citizen_wrote_at", "last_at", details=("content",), told=True
    ),
    "dossier.completed": _kind(
        "state", "awaiting_since", "due_at", "citizen_wrote_at", "last_at", details=("content", "documents"), told=True
    ),
    "dossier.message_posted": _kind(
        "message_count", "citizen_wrote_at", "last_at", details=("content", "author"), told=True
    ),
    "dossier.decided": _kind(
        *_COVER, "state", "waiting_since", "step", "decided_at", "awaiting_since", "citizen_wrote_at", "last_at",
        details=("content", "outcome", "silence", "automatic", "cause"), told=True,
    ),
    "dossier.uncovered": _kind(*_COVER, details=("absence",)),
    "dossier.covered": _kind(*_COVER, details=("absence",)),
    "dossier.taken_over": _kind(*_HOLD, *_COVER, "last_at", details=("absence", "batch_id")),
    "dossier.handed_back": _kind(*_HOLD, *_COVER, "last_at"),
    "dossier.rerouted": _kind(
        "service_id", "directorate_id", *_HOLD, *_COVER, "last_at", details=("content", "by_hand"), told=True
    ),
    "dossier.revision_changed": _kind("revision", "step", "last_at", details=("asks",)),
    "dossier.place_given": _kind("waiting_since", "last_at", told=True),
    "dossier.became_late": _kind("late"),
}  # fmt: skip

# What a fact does to who holds the dossier, and to where it stands: the two families that acts conflict with.
HOLDING = frozenset({
    "dossier.claimed", "dossier.released", "dossier.assigned", "dossier.taken_over", "dossier.handed_back",
    "dossier.rerouted",
})  # fmt: skip
PROGRESS = frozenset({
    "dossier.review_started", "dossier.step_changed", "dossier.completion_asked", "dossier.completed", "dossier.decided",
})  # fmt: skip
