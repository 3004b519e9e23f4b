"""In which queues is a dossier? (PURE; the SQL of each view stands beside it and a law holds them together.)"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from casework.dossiers.model import OPEN

VIEWS = ("mine", "service", "to-take-over", "awaiting-citizen", "late")
# Views that are the agent's own: their topic has no service.
PERSONAL = frozenset({"mine"})


class Queue(NamedTuple):
    """One list of dossiers: a view, and whose: an agent (mine; to take over by name) or a service."""

    view: str
    owner: UUID


@dataclass(frozen=True, slots=True)
class Keys:
    """The routing keys of a dossier: what says where it is and who sees it."""

    state: str
    service_id: UUID | None
    directorate_id: UUID | None
    citizen_id: UUID | None
    holder_id: UUID | None
    uncovered_since: datetime | None
    cover_id: UUID | None
    late: bool


def queues_of(keys: Keys) -> frozenset[Queue]:
    """Every queue that shows a dossier with these keys; none once it is decided, none while it is a draft."""
    if keys.state not in OPEN or keys.service_id is None:
        return frozenset()
    queues = {Queue("service", keys.service_id)}
    if keys.holder_id:
        queues.add(Queue("mine", keys.holder_id))
    if keys.uncovered_since:
        queues.add(Queue("to-take-over", keys.cover_id or keys.service_id))
    if keys.state == "awaiting_citizen":
        queues.add(Queue("awaiting-citizen", keys.service_id))
    if keys.late:
        queues.add(Queue("late", keys.service_id))
    return frozenset(queues)


def keys_before(after: Keys, changed: Mapping[str, tuple[Any, Any]]) -> Keys:
    """The keys as they were before a fact whose `set` is `changed` (before and after, as JSON values)."""

    def was(name: str, parse: Any) -> Any:
        if name not in changed:
            return getattr(after, name)
        before = changed[name][0]
        return None if before is None else parse(before)

    return Keys(
        state=was("state", str),
        service_id=was("service_id", UUID),
        directorate_id=was("directorate_id", UUID),
        citizen_id=was("citizen_id", UUID),
        holder_id=was("holder_id", UUID),
        uncovered_since=was("uncovered_since", datetime.fromisoformat),
        cover_id=was("cover_id", UUID),
        late=was("late", bool),
    )


def watched(view: str, *, agent: UUID, services: frozenset[UUID]) -> frozenset[Queue]:
    """The queues that make the view `view` of an agent over `services` (all of theirs, or the one they chose)."""
    if view == "mine":
        return frozenset({Queue("mine", agent)})
    queues = frozenset(Queue(view, service) for service in services)
    return queues | {Queue("to-take-over", agent)} if view == "to-take-over" else queues


# The same, as WHERE clauses over `dossiers d`; binds: viewer (the agent), services (uuid[]).
_OPEN = "d.state in ('submitted', 'under_review', 'awaiting_citizen')"
WHERE: Mapping[str, str] = {
    "mine": f"{_OPEN} and d.holder_id = :viewer",
    "service": f"{_OPEN} and d.service_id = any(:services)",
    "to-take-over": f"{_OPEN} and d.uncovered_since is not null and d.holder_id is distinct from :viewer"
    " and (d.cover_id = :viewer or (d.cover_id is null and d.service_id = any(:services)))",
    "awaiting-citizen": "d.state = 'awaiting_citizen' and d.service_id = any(:services)",
    "late": f"{_OPEN} and d.late and d.service_id = any(:services)",
}
