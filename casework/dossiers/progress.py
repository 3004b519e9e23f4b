"""Where a dossier stands in its procedure's process, read from its facts (PURE).

A process looks back: since when the dossier is at a step, how long the citizen was awaited, what happened by itself
already. All of it is in the journal, so none of it is kept a second time: a step that was taken is known by its fact,
which names it and the version that caused it, and is never taken again for that version.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any, NamedTuple

from casework.dossiers.model import OPEN
from casework.forms import rule_reading
from casework.forms.rule_language import Rule
from casework.forms.rule_reading import Profile
from casework.journal.fact import Recorded
from casework.procedures.automatic import DAYS_MAX, Automatic, Do, Late, Mail, Remind, Task
from casework.procedures.process import Process, Silence
from casework.terms import PARIS, add_working_days

MORNING = time(8)  # when an automatic step of that day is taken
A_DAY_MOST = 100  # automatic steps of one dossier in 24 hours; then it stops, and says so, until an agent acts
SILENCE = "silence"


class Happening(NamedTuple):
    """A fact as a process looks at it: the columns that it changed, as they were afterwards, and its details."""

    version: int
    at: datetime
    set: Mapping[str, Any]
    details: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Standing:
    """All that the rules of a process read. `services`: slugs by id, of every service that had the dossier."""

    past: Sequence[Happening]
    answers: Mapping[str, Any]
    services: Mapping[str, str]
    channel: str | None
    profile: Profile


def happened(facts: Iterable[Recorded]) -> tuple[Happening, ...]:
    """The facts of a dossier, in their order."""
    return tuple(
        Happening(fact.version, fact.at, {name: after for name, (_, after) in fact.set.items()}, fact.details)
        for fact in facts
    )


def holds(rule: Rule, standing: Standing, *, at: datetime) -> bool:
    """Whether the rule holds as the dossier stood at that instant."""
    return rule_reading.holds(rule, _known(standing, at), at.astimezone(PARIS).date(), standing.profile)


def _known(standing: Standing, at: datetime) -> dict[str, Any]:
    """The answers, and where the dossier stood: its state and step, its service, the days since it came into its state."""
    columns: dict[str, Any] = {}
    since: datetime | None = None
    for each in standing.past:
        if each.at > at:
            break
        columns.update(each.set)
        if "state" in each.set:
            since = each.at
    days = (at.astimezone(PARIS).date() - since.astimezone(PARIS).date()).days if since else None
    stood = {
        "state": columns.get("state"),
        "step": columns.get("step"),
        "service": standing.services.get(str(columns.get("service_id"))),
        "channel": standing.channel,
        "days_in_state": days,
    }
    return {**standing.answers, **{name: value for name, value in stood.items() if value is not None}}


@dataclass(frozen=True, slots=True)
class Stop:
    """Too many steps in a day: nothing more happens by itself until an agent does an action."""


# What the fact of a step that leaves the dossier where it is says that it did.
DID: Mapping[type, str] = {Mail: "mail", Remind: "remind", Late: "late", Task: "task", Stop: "stopped"}


@dataclass(frozen=True, slots=True)
class Due:
    """What is to be done now: by which automatic step, and the version that caused it."""

    automatic: str
    cause: int
    do: Do | Silence | Stop
    at: datetime  # when it became due


@dataclass(frozen=True, slots=True)
class Look:
    """What a look at a dossier finds: what is due, the earliest first, or else when to look again (None: never)."""

    due: Due | None
    next: datetime | None


def tasks(past: Iterable[Happening]) -> dict[int, str]:
    """What is still to be done of what the process asked for: the version that asked, and its automatic step's id."""
    asked: dict[int, str] = {}
    for each in past:
        if each.details.get("did") == "task":
            asked[each.version] = str(each.details["automatic"])
        asked.pop(each.details.get("task", 0), None)
    return asked


def look(process: Process, standing: Standing, *, now: datetime) -> Look:
    """What is due at `now`. Never raises, whatever the process and the past are; the same past gives the same answer."""
    here = _columns(standing.past)
    coming = [*_steps(process, standing, here, now), *_silence(process, standing, here)]
    due = [
        each for each in coming if each.at <= now and (isinstance(each.do, Silence) or _may(process, each, standing))
    ]
    if not due:
        return Look(None, min((each.at for each in coming if each.at > now), default=None))
    first = min(due, key=lambda each: each.at)  # of several at one instant, the first of the package
    if not isinstance(first.do, Silence) and _too_many(standing.past, now):
        first = Due("", standing.past[-1].version, Stop(), now)
    return Look(first, None)


def _steps(process: Process, standing: Standing, here: Mapping[str, Any], now: datetime) -> Iterator[Due]:
    """Each automatic step for each time that it was caused, if it was not taken and can still be."""
    if _stopped(standing.past):
        return
    taken = {
        (each.details["automatic"], each.details.get("cause")) for each in standing.past if "automatic" in each.details
    }
    bound = max((each.version for each in standing.past if "revision" in each.set), default=0)
    for automatic in process.automatic:
        for entry in standing.past:
            if (automatic.id, entry.version) in taken or not _enters(entry, automatic.on):
                continue
            if automatic.after is None and entry.version < bound:
                continue  # a later revision of the procedure does not do at once what its own moment is long past for
            if not _lasts(automatic, entry, standing.past, here):
                continue
            at = _moment(automatic, entry, standing)
            if at is not None:
                yield Due(automatic.id, entry.version, automatic.do, at)


def _silence(process: Process, standing: Standing, here: Mapping[str, Any]) -> Iterator[Due]:
    """The end of the legal term of a request that nobody answered."""
    filed = next((each for each in standing.past if _enters(each, "submitted")), None)
    if process.silence is None or filed is None or here.get("state") not in OPEN:
        return
    last = filed.at.astimezone(PARIS).date() + timedelta(days=process.silence.days)
    at = _paused(datetime.combine(last + timedelta(days=1), time(), PARIS), filed, standing.past)
    if at is not None:
        yield Due(SILENCE, filed.version, process.silence, at)


def _enters(happening: Happening, on: str) -> bool:
    return on in (happening.set.get("state"), happening.set.get("step"))


def _lasts(automatic: Automatic, entry: Happening, past: Sequence[Happening], here: Mapping[str, Any]) -> bool:
    """Whether it is still to be done: a mail of the very moment in any case, the rest while the dossier is still there."""
    if automatic.after is None and not automatic.moves:
        return True
    if automatic.moves and automatic.on != "awaiting_citizen" and here.get("state") == "awaiting_citizen":
        return False  # looked at again when the citizen has answered
    if isinstance(automatic.do, Late) and here.get("late"):
        return False
    column = "state" if automatic.on == entry.set.get("state") else "step"
    return not any(column in each.set for each in past if each.version > entry.version)


def _moment(automatic: Automatic, entry: Happening, standing: Standing) -> datetime | None:
    """When it is due; None while the citizen is awaited, or where the rule gives no number."""
    if automatic.after is None:
        return entry.at
    days: Any = automatic.after
    if isinstance(days, Rule):
        days = rule_reading.value(days, _known(standing, entry.at), entry.at.astimezone(PARIS).date(), standing.profile)
        if isinstance(days, bool) or not isinstance(days, int | float):
            return None
    day = add_working_days(entry.at.astimezone(PARIS).date(), int(min(max(days, 0), DAYS_MAX)))
    if automatic.deadline:
        at = datetime.combine(day + timedelta(days=1), time(), PARIS)
    else:
        at = max(datetime.combine(day, MORNING, PARIS), entry.at)
    return at if automatic.on == "awaiting_citizen" else _paused(at, entry, standing.past)


def _paused(at: datetime, entry: Happening, past: Sequence[Happening]) -> datetime | None:
    """The term, later by the time for which the citizen was awaited within it; None while that lasts."""
    since: datetime | None = None
    for each in past:
        state = each.set.get("state")
        if state is None or each.version <= entry.version:
            continue
        if state == "awaiting_citizen":
            since = each.at
        elif since is not None:
            at += each.at - since if since < at else timedelta()
            since = None
    return None if since is not None and since < at else at


def _may(process: Process, due: Due, standing: Standing) -> bool:
    """Whether its condition held when it became due: judged then, whenever the clock comes to it."""
    automatic = process.by_itself(due.automatic)
    if automatic is None or automatic.when is None:
        return True
    return holds(automatic.when, standing, at=due.at)


def _stopped(past: Sequence[Happening]) -> bool:
    stopped = False
    for each in past:
        stopped = each.details.get("did") == "stopped" or (stopped and "action" not in each.details)
    return stopped


def _too_many(past: Sequence[Happening], now: datetime) -> bool:
    """Whether the day's automatic steps are all taken; those before the last action of an agent do not count."""
    count = 0
    for each in past:
        if "action" in each.details:
            count = 0
        elif "automatic" in each.details and each.at > now - timedelta(days=1):
            count += 1
    return count >= A_DAY_MOST


def _columns(past: Sequence[Happening]) -> dict[str, Any]:
    return {name: value for each in past for name, value in each.set.items()}
