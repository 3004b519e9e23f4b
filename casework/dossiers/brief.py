"""The one-screen brief of a dossier to take over (PURE): what is awaited, by when, and what was said last."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from casework.dossiers.contents import Message, Scratch
from casework.dossiers.queries import QueueRow

LAST_EXCHANGES = 3


@dataclass(frozen=True, slots=True)
class OpenPoint:
    """Something that waits for somebody, since when (a code; the sentence is the door's)."""

    code: str
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Brief:
    """What a colleague must know before going on with a dossier."""

    next_act: str  # an act of casework.dossiers.rules, or "wait"
    due_at: datetime | None
    exchanges: tuple[Message, ...]  # the last ones, oldest first
    open_points: tuple[OpenPoint, ...]
    unsent: str | None  # what the absent colleague was typing


def next_act(row: QueueRow) -> str:
    """The act that the dossier awaits from its holder."""
    if row.citizen_wrote_at is not None and row.state != "submitted":
        return "write"
    return {"submitted": "start_review", "under_review": "decide", "awaiting_citizen": "wait"}.get(row.state, "wait")


def brief(row: QueueRow, messages: Sequence[Message], scratch: Scratch) -> Brief:
    """The brief of an open dossier; `scratch` is its absent holder's."""
    points: list[OpenPoint] = []
    if row.citizen_wrote_at is not None:
        points.append(OpenPoint("citizen_waits_for_an_answer", row.citizen_wrote_at))
    if row.awaiting_since is not None:
        points.append(OpenPoint("citizen_must_complete", row.awaiting_since))
    if row.late:
        points.append(OpenPoint("late", row.due_at))
    unsent = scratch.body if isinstance(scratch.body, str) and scratch.body.strip() else None
    if unsent is not None:
        points.append(OpenPoint("reply_not_sent", scratch.updated_at))
    return Brief(next_act(row), row.due_at, tuple(messages[-LAST_EXCHANGES:]), tuple(points), unsent)
