"""What happened to a dossier, as each audience may see it (PURE). One journal, two readings; words are the doors'."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from casework.dossiers.facts import KINDS
from casework.journal.fact import Recorded

Audience = Literal["citizen", "agent"]

# What an audience reads of a fact's columns: the citizen sees where the request stands, not who holds it inside.
_COLUMNS: Mapping[Audience, frozenset[str]] = {
    "citizen": frozenset({"state", "step", "submitted_at", "due_at", "decided_at"}),
    "agent": frozenset(
        {
            "state",
            "step",
            "submitted_at",
            "due_at",
            "decided_at",
            "holder_id",
            "cover_id",
            "uncovered_since",
            "service_id",
        }
    ),
}
_DETAILS: Mapping[Audience, frozenset[str]] = {
    "citizen": frozenset({"outcome", "silence", "did", "author", "documents"}),
    "agent": frozenset(
        {
            "asks",
            "outcome",
            "silence",
            "did",
            "automatic",
            "author",
            "documents",
            "absence",
            "page",
            "batch_id",
            "by_hand",
            "action",
        }
    ),
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One step. For a citizen, `actor` is None unless the citizen did it: an administration answers, not a person."""

    version: int
    kind: str
    at: datetime
    actor: UUID | None
    on_behalf_of: UUID | None
    side: Literal["citizen", "agent", "system"]
    set: Mapping[str, tuple[Any, Any]]
    details: Mapping[str, Any]


def entry_of(fact: Recorded, audience: Audience, *, citizen_id: UUID | None) -> Entry | None:
    """The entry of a fact for this audience; None where it is not told of it."""
    if audience == "citizen" and not _told_to_citizen(fact):
        return None
    by_citizen = _is_citizens(fact, citizen_id)
    side: Literal["citizen", "agent", "system"] = (
        "citizen" if by_citizen else "system" if fact.actor is None else "agent"
    )
    named = audience == "agent" or by_citizen
    return Entry(
        version=fact.version,
        kind=fact.kind,
        at=fact.at,
        actor=fact.actor if named else None,
        on_behalf_of=fact.on_behalf_of if audience == "agent" else None,
        side=side,
        set={name: change for name, change in fact.set.items() if name in _COLUMNS[audience]},
        details={name: value for name, value in fact.details.items() if name in _DETAILS[audience]},
    )


def _told_to_citizen(fact: Recorded) -> bool:
    """Of automatic steps, those alone that wrote to them."""
    inside = fact.kind == "dossier.step_taken" and fact.details.get("did") != "mail"
    return KINDS[fact.kind].told_to_citizen and not inside


def timeline(facts: Iterable[Recorded], audience: Audience, *, citizen_id: UUID | None) -> tuple[Entry, ...]:
    """Every step that the audience may see, in order."""
    entries = (entry_of(fact, audience, citizen_id=citizen_id) for fact in facts)
    return tuple(entry for entry in entries if entry is not None)


_CITIZENS = frozenset({"dossier.draft_opened", "dossier.draft_page_reached", "dossier.submitted", "dossier.completed"})


def _is_citizens(fact: Recorded, citizen_id: UUID | None) -> bool:
    if fact.kind == "dossier.message_posted":
        return fact.details.get("author") == "citizen"
    return fact.kind in _CITIZENS or (fact.actor is not None and fact.actor == citizen_id)
