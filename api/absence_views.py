"""What the doors give of absences: as they were declared, what is to be taken over, what happened meanwhile."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from api.representations import Out, Person, TimelineEntry
from casework.dossiers.model import State


class HalfDay(Out, frozen=True, kw_only=True, rename={"day": "date"}):
    day: date
    half: Literal["am", "pm", "now"]


class AbsenceView(Out, frozen=True, kw_only=True, rename={"from_": "from"}):
    """An absence. `from` and `until` as it was said; `to_take_over`: dossiers that the reader may take over."""

    id: UUID
    agent: Person
    state: Literal["declared", "begun", "ended", "cancelled"]
    from_: HalfDay
    until: HalfDay
    starts_at: datetime
    ends_at: datetime
    reason: str
    substitutes: Sequence[str]
    version: int
    to_take_over: int
    may_cancel: bool


class AbsencePage(Out, frozen=True, kw_only=True):
    items: Sequence[AbsenceView]
    next: str | None = None
    just_back: AbsenceView | None = None


class TakenOver(Out, frozen=True, kw_only=True):
    """What became of one dossier of a batch: `code` is null where it was taken over, else why not."""

    dossier: UUID
    reference: str
    version: int | None
    code: str | None
    held_by: Person | None = None


class TakeOverAll(Out, frozen=True, kw_only=True):
    batch_id: UUID
    taken_over: int
    items: Sequence[TakenOver]


class DigestLine(Out, frozen=True, kw_only=True):
    """A dossier that the absence left uncovered, what was done to it meanwhile, and whether it can be handed back."""

    dossier: UUID
    reference: str
    state: State
    holder: Person | None
    may_hand_back: bool
    due_at: datetime | None
    citizen_wrote_at: datetime | None
    version: int
    entries: Sequence[TimelineEntry]


class Digest(Out, frozen=True, kw_only=True):
    absence: AbsenceView
    items: Sequence[DigestLine]
    next: str | None = None
