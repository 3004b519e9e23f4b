"""What can happen to a dossier: one table, one screen (PURE).

Each function reads a locked dossier and returns the fact, or raises a Refused. `seen` is checked first: what
happened since then and is in the act's conflict set makes the act stale; harmless facts do not.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Literal
from uuid import UUID

from casework.authority import Authority
from casework.dossiers.facts import HOLDING, PROGRESS
from casework.dossiers.model import DECIDED, Dossier
from casework.dossiers.progress import Due
from casework.errors import (
    AlreadyHeld,
    Invalid,
    NotAllowed,
    NotAtThisStep,
    NothingToTakeOver,
    NotTheHolder,
    Stale,
    WrongState,
)
from casework.ids import Version
from casework.journal.fact import Fact
from casework.procedures.dry_run import Verdict
from casework.procedures.process import Action, Process

Holder = Literal["nobody", "actor", "actor or manager", "actor, manager or nobody", "another", "anybody"]


@dataclass(frozen=True, slots=True)
class Act:
    """When an act is possible, and which facts since `seen` it must not overlook."""

    states: frozenset[str]
    holder: Holder
    conflicts: frozenset[str]


_DRAFT = frozenset({"draft"})
_OPEN = frozenset({"submitted", "under_review", "awaiting_citizen"})
_FILED = _OPEN | DECIDED
_WORKED = frozenset({"submitted", "under_review"})
_DECISION = frozenset({"dossier.decided"})

ACTS: Mapping[str, Act] = {
    # act                   in these states                              held by                     stale after
    "reach_page": Act(_DRAFT, "anybody", frozenset()),
    "submit": Act(_DRAFT, "anybody", frozenset({"dossier.submitted"})),
    "expire_draft": Act(_DRAFT, "anybody", frozenset()),
    "claim": Act(_OPEN, "nobody", HOLDING | _DECISION),
    "release": Act(_OPEN, "actor or manager", HOLDING | _DECISION),
    "assign": Act(_OPEN, "actor, manager or nobody", HOLDING | _DECISION),
    "start_review": Act(frozenset({"submitted"}), "actor", HOLDING | PROGRESS),
    "act": Act(_WORKED, "anybody", HOLDING | PROGRESS),  # by whom: the action says
    "do_task": Act(_OPEN, "anybody", frozenset()),
    "go_to": Act(_WORKED, "anybody", frozenset()),  # as act, by the clock
    "take_step": Act(_FILED, "anybody", frozenset()),
    "close": Act(_OPEN, "anybody", frozenset()),  # as decide, by the clock
    "ask_completion": Act(frozenset({"under_review"}), "actor", HOLDING | PROGRESS),
    "complete": Act(frozenset({"awaiting_citizen"}), "anybody", PROGRESS),
    "write": Act(_FILED, "actor", HOLDING),  # an agent's message
    "reply": Act(_FILED, "anybody", frozenset()),  # a citizen's
    "decide": Act(frozenset({"under_review", "awaiting_citizen"}), "actor", HOLDING | PROGRESS),
    "take_over": Act(_OPEN, "another", HOLDING | _DECISION | {"dossier.covered"}),
    "hand_back": Act(_OPEN, "anybody", HOLDING | _DECISION),
    "reroute": Act(_OPEN, "actor, manager or nobody", HOLDING | _DECISION),
    "move": Act(_OPEN, "anybody", frozenset()),  # as reroute, by a rule
    "move_revision": Act(_OPEN, "anybody", frozenset()),  # to what is published now, by a designer
    "uncover": Act(_OPEN, "anybody", frozenset()),
    "cover": Act(_OPEN, "anybody", frozenset()),
    "give_place": Act(_OPEN, "anybody", frozenset()),
    "become_late": Act(_OPEN, "anybody", frozenset()),
}


def _admit(act: str, dossier: Dossier, *, seen: Version | None, by: Authority) -> None:
    """Raises Stale, WrongState, AlreadyHeld or NotTheHolder; `seen` None is the clock's, who saw the row itself."""
    rule = ACTS[act]
    if seen is not None:
        missed = tuple(fact for fact in dossier.since if fact.kind in rule.conflicts)
        if missed or seen > dossier.version:
            raise Stale(facts=missed, held_by=dossier.holder_id, version=dossier.version)
    if dossier.state not in rule.states:
        raise WrongState(state=dossier.state, allowed=sorted(rule.states))
    holder, actor, manager = dossier.holder_id, by.actor, by.capacity == "manager"
    match rule.holder:
        case "nobody" if holder is not None:
            raise AlreadyHeld(held_by=holder)
        case "actor" if holder != actor:
            raise NotTheHolder(held_by=holder)
        case "actor or manager" if holder is None or (holder != actor and not manager):
            raise NotTheHolder(held_by=holder)
        case "actor, manager or nobody" if holder not in (None, actor) and not manager:
            raise NotTheHolder(held_by=holder)
        case "another" if holder is None or holder == actor:
            raise NothingToTakeOver(held_by=holder)


_NOBODY_ASKED: Mapping[str, Any] = {"uncovered_since": None, "cover_id": None, "absence_id": None}
_FREE: Mapping[str, Any] = {"holder_id": None, "taken_over_from": None, "mandate_id": None, **_NOBODY_ASKED}


def open_draft(*, procedure_id: UUID, revision: int, citizen_id: UUID | None, channel: str, at: datetime) -> Fact:
    """Somebody began to fill a form in."""
    return Fact(
        "dossier.draft_opened",
        {"state": "draft", "procedure_id": procedure_id, "revision": revision, "citizen_id": citizen_id,
         "channel": channel, "last_at": at},
    )  # fmt: skip


def reach_page(dossier: Dossier, *, page: int, by: Authority, at: datetime) -> Fact:
    """The draft got to a page that it had not reached: figures of abandonment are read from these."""
    _admit("reach_page", dossier, seen=None, by=by)
    return Fact("dossier.draft_page_reached", {"last_at": at}, {"page": page})


def expire_draft(dossier: Dossier, *, by: Authority, at: datetime) -> Fact:
    """Nobody came back to it."""
    _admit("expire_draft", dossier, seen=None, by=by)
    return Fact("dossier.draft_expired", {"state": "expired", "last_at": at})


def submit(
    dossier: Dossier,
    *,
    seen: Version | None,
    filing: Mapping[str, Any],
    due_at: datetime,
    content: str,
    documents: tuple[UUID, ...],
    told: Mapping[str, Any] = MappingProxyType({}),
    waits: bool = False,
    by: Authority,
    at: datetime,
    step: str | None = None,
) -> Fact:
    """The citizen files. Where it goes is known at once, and in the same fact (`filing`: procedure, service, …; `told`:
    what else is to be remembered of that moment, by name, no personal data; `waits`: for a place)."""
    _admit("submit", dossier, seen=seen, by=by)
    return Fact(
        "dossier.submitted",
        {
            **filing,
            "state": "submitted",
            "submitted_at": at,
            "due_at": due_at,
            "step": step,
            "last_at": at,
            "waiting_since": at if waits else None,
        },
        {"content": content, "documents": documents, **told},
    )


def claim(dossier: Dossier, *, seen: Version | None, by: Authority, at: datetime) -> Fact:
    """The agent becomes the holder of a dossier that nobody holds."""
    _admit("claim", dossier, seen=seen, by=by)
    return Fact("dossier.claimed", {"holder_id": by.actor, "last_at": at})


def release(dossier: Dossier, *, seen: Version | None, by: Authority, at: datetime) -> Fact:
    """Nobody holds it any more; its service sees it as free."""
    _admit("release", dossier, seen=seen, by=by)
    return Fact("dossier.released", {**_FREE, "last_at": at})


def assign(
    dossier: Dossier, *, to: UUID, cover: Mapping[str, Any], seen: Version | None, batch_id: UUID | None, by: Authority, at: datetime
) -> Fact:  # fmt: skip
    """A manager, or the holder, gives it to somebody; `cover` says who is asked if that person is away now."""
    _admit("assign", dossier, seen=seen, by=by)
    batch = {"batch_id": batch_id} if batch_id else {}
    return Fact("dossier.assigned", {**_FREE, "holder_id": to, **cover, "last_at": at}, batch)


def start_review(
    dossier: Dossier, *, seen: Version | None, by: Authority, at: datetime, step: str | None = None
) -> Fact:
    """The holder begins to examine it, at the first `step` of the examination where its process has any."""
    _admit("start_review", dossier, seen=seen, by=by)
    return Fact("dossier.review_started", {"state": "under_review", "step": step, "last_at": at})


def act(
    dossier: Dossier,
    action: Action,
    process: Process,
    *,
    holds: bool,
    seen: Version | None,
    by: Authority,
    at: datetime,
) -> Fact:
    """An action of the process: the dossier goes to its step. `holds`: its condition does."""
    _admit("act", dossier, seen=seen, by=by)
    to = process.step(action.to)
    if to is None or dossier.step not in action.from_ or not holds:
        here = [each.id for each in process.actions if dossier.step in each.from_]
        raise NotAtThisStep(step=dossier.step, allowed=here)
    holder = dossier.holder_id is not None and dossier.holder_id == by.actor
    is_ = {"service": True, "manager": by.capacity == "manager", "holder": holder}  # whoever may act is of the service
    if not any(is_[doer] for doer in action.by):
        raise NotTheHolder(held_by=dossier.holder_id) if "holder" in action.by else NotAllowed
    changes = {"state": to.state, "step": to.id, "last_at": at}
    return Fact("dossier.step_changed", changes, {"action": action.id})


def ask_completion(dossier: Dossier, *, content: str, seen: Version | None, by: Authority, at: datetime) -> Fact:
    """Something is missing: the clock stops until the citizen answers (CRPA, article L114-5)."""
    _admit("ask_completion", dossier, seen=seen, by=by)
    changes = {"state": "awaiting_citizen", "awaiting_since": at, "citizen_wrote_at": None, "last_at": at}
    return Fact("dossier.completion_asked", changes, {"content": content})


def complete(
    dossier: Dossier, *, content: str, documents: tuple[UUID, ...], seen: Version | None, by: Authority, at: datetime
) -> Fact:
    """The citizen answers: the dossier goes back under review, its deadline later by the time awaited."""
    _admit("complete", dossier, seen=seen, by=by)
    awaited = at - dossier.awaiting_since if dossier.awaiting_since else None
    due_at = dossier.due_at + awaited if dossier.due_at and awaited and not dossier.late else dossier.due_at
    return Fact(
        "dossier.completed",
        {"state": "under_review", "awaiting_since": None, "due_at": due_at, "citizen_wrote_at": at, "last_at": at},
        {"content": content, "documents": documents},
    )


def post_message(dossier: Dossier, *, content: str, seen: Version | None, by: Authority, at: datetime) -> Fact:
    """One more message of the conversation with the citizen, from either side."""
    citizen = by.capacity == "citizen"
    _admit("reply" if citizen else "write", dossier, seen=seen, by=by)
    return Fact(
        "dossier.message_posted",
        {"message_count": dossier.message_count + 1, "citizen_wrote_at": at if citizen else None, "last_at": at},
        {"content": content, "author": "citizen" if citizen else "agent"},
    )


def decide(dossier: Dossier, *, outcome: str, content: str, seen: Version | None, by: Authority, at: datetime) -> Fact:
    """The answer to the request, once. The holder stays known; the dossier leaves every queue."""
    _admit("decide", dossier, seen=seen, by=by)
    return _decided(dossier, outcome, {"content": content}, at)


def _decided(dossier: Dossier, outcome: str, told: Mapping[str, Any], at: datetime) -> Fact:
    return Fact(
        "dossier.decided",
        {**_NOBODY_ASKED, "state": outcome, "step": None, "waiting_since": None, "decided_at": at, "awaiting_since": None,
         "citizen_wrote_at": None,
         "last_at": at},
        {**told, "outcome": outcome},
    )  # fmt: skip


def do_task(
    dossier: Dossier, task: int, *, asked: Collection[int], seen: Version | None, by: Authority, at: datetime
) -> Fact:
    """Somebody of the service did what the process asked for. `asked`: the versions whose task is not done yet."""
    _admit("do_task", dossier, seen=seen, by=by)
    if task not in asked:
        raise Invalid(faults=[{"field": "task", "code": "no_such_task"}])
    return Fact("dossier.task_done", {"last_at": at}, {"task": task})


def go_to(dossier: Dossier, to: str, process: Process, *, due: Due, by: Authority, at: datetime) -> Fact:
    """The clock: to another step."""
    _admit("go_to", dossier, seen=None, by=by)
    step = process.step(to)
    if step is None:
        raise NotAtThisStep(step=dossier.step, allowed=[])
    changes = {"state": step.state, "step": step.id, "last_at": at}
    return Fact("dossier.step_changed", changes, {"automatic": due.automatic, "cause": due.cause})


def take_step(dossier: Dossier, *, did: str, due: Due, by: Authority, at: datetime) -> Fact:
    """The clock: an automatic step that leaves the dossier where it is. `did`: as progress.DID has it."""
    _admit("take_step", dossier, seen=None, by=by)
    changes = {"late": True} if did == "late" else {}
    return Fact("dossier.step_taken", changes, {"did": did, "automatic": due.automatic, "cause": due.cause})


def close(dossier: Dossier, *, outcome: str, content: str | None, due: Due, by: Authority, at: datetime) -> Fact:
    """The clock: the decision that the process makes; without `content` that of the law, which has no words."""
    _admit("close", dossier, seen=None, by=by)
    told = {"content": content} if content is not None else {"silence": True}
    return _decided(dossier, outcome, {**told, "automatic": due.automatic, "cause": due.cause}, at)


def take_over(dossier: Dossier, *, seen: Version | None, batch_id: UUID | None, by: Authority, at: datetime) -> Fact:
    """A substitute goes on with the dossier of somebody who is away, in that person's place."""
    _admit("take_over", dossier, seen=seen, by=by)
    if dossier.uncovered_since is None:
        raise NothingToTakeOver(held_by=dossier.holder_id)
    changes = {
        **_NOBODY_ASKED,
        "holder_id": by.actor,
        "taken_over_from": by.on_behalf_of,
        "mandate_id": by.mandate_id,
        "last_at": at,
    }
    batch = {"batch_id": batch_id} if batch_id else {}
    return Fact("dossier.taken_over", changes, {"absence": dossier.absence_id, **batch})


def hand_back(dossier: Dossier, *, away: bool, seen: Version | None, by: Authority, at: datetime) -> Fact:
    """The dossier returns to the one in whose place it was held: asked by the substitute, the manager or the returned."""
    _admit("hand_back", dossier, seen=seen, by=by)
    if dossier.taken_over_from is None or away:
        raise NothingToTakeOver(held_by=dossier.holder_id)
    if by.actor not in (dossier.holder_id, dossier.taken_over_from) and by.capacity != "manager":
        raise NotTheHolder(held_by=dossier.holder_id)
    return Fact("dossier.handed_back", {**_FREE, "holder_id": dossier.taken_over_from, "last_at": at})


def reroute(
    dossier: Dossier,
    *,
    service_id: UUID,
    directorate_id: UUID,
    content: str,
    seen: Version | None,
    by: Authority,
    at: datetime,
) -> Fact:
    """It is another service's to answer, says somebody who has it: nobody holds it there yet (CRPA, article L114-2)."""
    _admit("reroute", dossier, seen=seen, by=by)
    return _rerouted(dossier, service_id, directorate_id, at, {"content": content, "by_hand": True})


def move(
    dossier: Dossier, *, service_id: UUID, directorate_id: UUID, by_hand: bool, by: Authority, at: datetime
) -> Fact | None:
    """It is another service's to answer, says a rule; None where it has it, or where somebody chose by hand before."""
    _admit("move", dossier, seen=None, by=by)
    if by_hand or dossier.service_id == service_id:
        return None
    return _rerouted(dossier, service_id, directorate_id, at, {"by_hand": False})


def move_revision(dossier: Dossier, *, revision: int, verdict: Verdict, by: Authority, at: datetime) -> Fact | None:
    """It goes on by a later revision of its procedure, as its `verdict` says; None where it does so already, or where
    it ends by its own. What the citizen is then to be asked for is told by the ids of the fields.
    """
    _admit("move_revision", dossier, seen=None, by=by)
    if not verdict.moves or dossier.revision is None or dossier.revision >= revision:
        return None
    asks = sorted({fault.of for fault in verdict.faults})
    return Fact("dossier.revision_changed", {"revision": revision, "step": verdict.step, "last_at": at}, {"asks": asks})


def _rerouted(dossier: Dossier, service_id: UUID, directorate_id: UUID, at: datetime, told: Mapping[str, Any]) -> Fact:
    if dossier.service_id == service_id:
        raise Invalid(faults=[{"field": "service", "code": "same_service"}])
    return Fact(
        "dossier.rerouted",
        {**_FREE, "service_id": service_id, "directorate_id": directorate_id, "last_at": at},
        told,
    )


def uncover(dossier: Dossier, *, absence_id: UUID, cover_id: UUID | None, by: Authority, at: datetime) -> Fact | None:
    """The holder's absence has begun, or another substitute is now the one to ask; None when nothing changes."""
    _admit("uncover", dossier, seen=None, by=by)
    changes = {"uncovered_since": dossier.uncovered_since or at, "cover_id": cover_id, "absence_id": absence_id}
    if all(getattr(dossier, name) == value for name, value in changes.items()):
        return None
    return Fact("dossier.uncovered", changes, {"absence": absence_id})


def cover(dossier: Dossier, *, by: Authority, at: datetime) -> Fact | None:
    """The holder is back, or was never away; None when nothing changes."""
    _admit("cover", dossier, seen=None, by=by)
    if dossier.uncovered_since is None:
        return None
    return Fact("dossier.covered", _NOBODY_ASKED, {"absence": dossier.absence_id})


def give_place(dossier: Dossier, *, by: Authority, at: datetime) -> Fact | None:
    """A place of its procedure's quota became free; None where it does not wait for one (any more)."""
    _admit("give_place", dossier, seen=None, by=by)
    return Fact("dossier.place_given", {"waiting_since": None, "last_at": at}) if dossier.waiting_since else None


def become_late(dossier: Dossier, *, by: Authority, at: datetime) -> Fact | None:
    """The deadline is past and nobody decided; None when it is not so (any more)."""
    awaited = dossier.late or dossier.state not in _OPEN or dossier.awaiting_since
    if awaited or not dossier.due_at or dossier.due_at > at:
        return None
    return Fact("dossier.became_late", {"late": True})
