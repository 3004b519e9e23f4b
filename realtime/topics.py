"""Topics: what a client may ask to watch, read into what the hub listens to (PURE)."""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from casework.access import Viewer
from casework.dossiers.queues import PERSONAL, VIEWS, Queue, watched


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic for one viewer. `queues` for a queue topic, `dossier` for a dossier's, neither for the inbox."""

    name: str
    kind: Literal["queue", "dossier", "inbox"]
    view: str | None = None
    queues: frozenset[Queue] = frozenset()
    dossier: UUID | None = None


def topic_of(name: str, viewer: Viewer) -> Topic | None:
    """The topic called `name`, as this viewer may watch it; None for what is no topic, or is not theirs.

    Whether a viewer sees the dossier of `dossier:<id>` is the database's to say (the socket asks it).
    """
    kind, _, rest = name.partition(":")
    if kind == "inbox" and not rest and viewer.account_id is not None:
        return Topic(name, "inbox")
    if kind == "dossier":
        dossier = _uuid(rest)
        return Topic(name, "dossier", dossier=dossier) if dossier else None
    if kind == "queue" and viewer.kind == "agent" and viewer.account_id is not None:
        return _queue(name, rest, viewer, viewer.account_id)
    return None


def _queue(name: str, rest: str, viewer: Viewer, agent: UUID) -> Topic | None:
    view, colon, owner = rest.partition(":")
    if view not in VIEWS:
        return None
    services = viewer.services
    if colon:
        service = _uuid(owner)
        if view in PERSONAL or service is None or service not in viewer.services:
            return None
        services = frozenset({service})
    return Topic(name, "queue", view, watched(view, agent=agent, services=services))


def _uuid(written: str) -> UUID | None:
    """Only the canonical form: one topic, one name."""
    try:
        value = UUID(written)
    except ValueError:
        return None
    return value if str(value) == written else None
