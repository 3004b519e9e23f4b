"""The facts of a dossier: the closed list of what can have happened, with their payload's version.

`set` (the columns changed, before and after) belongs to every fact and is not repeated here. `details` are ids and
facts, never personal data: a text is named by `content`, the SHA-256 of its salt and itself.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from casework.journal.fact import Recorded


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of fact: its present version, what its details may hold, whether the citizen is told of it."""

    v: int
    details: frozenset[str] = frozenset()
    told_to_citizen: bool = False


def _kind(*details: str, told: bool = False, v: int = 1) -> Kind:
    return Kind(v, frozenset(details), told)


KINDS: Mapping[str, Kind] = {
    "dossier.draft_opened": _kind(told=True),
    "dossier.draft_page_reached": _kind("page"),
    "dossier.draft_expired": _kind(),
    "dossier.submitted": _kind("content", "documents", told=True),
    "dossier.claimed": _kind(told=True),
    "dossier.released": _kind(),
    "dossier.assigned": _kind("batch_id"),
    "dossier.review_started": _kind(told=True),
    "dossier.completion_asked": _kind("content", told=True),
    "dossier.completed": _kind("content", "documents", told=True),
    "dossier.message_posted": _kind("content", "author", told=True),
    "dossier.decided": _kind("content", "outcome", told=True),
    "dossier.uncovered": _kind("absence"),
    "dossier.covered": _kind("absence"),
    "dossier.taken_over": _kind("absence", "batch_id"),
    "dossier.handed_back": _kind(),
    "dossier.became_late": _kind(),
}

# What a fact does to who holds the dossier, and to where it stands: the two families that acts conflict with.
HOLDING = frozenset(
    {"dossier.claimed", "dossier.released", "dossier.assigned", "dossier.taken_over", "dossier.handed_back"}
)
PROGRESS = frozenset({"dossier.review_started", "dossier.completion_asked", "dossier.completed", "dossier.decided"})

# (kind, v) -> the payload one version later. Old facts are never rewritten: they are read as today's.
UPCASTERS: Mapping[tuple[str, int], Callable[[Mapping[str, Any]], Mapping[str, Any]]] = {}


def upcast(fact: Recorded) -> Mapping[str, Any]:
    """The payload of `fact` as its kind's present version has it (PURE)."""
    payload, v = fact.payload, fact.v
    while v < KINDS[fact.kind].v:
        payload = UPCASTERS[fact.kind, v](payload)
        v += 1
    return payload
