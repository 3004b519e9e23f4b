"""What becomes of a scenario's request after it is filed: acts, time that passes, what its process does by itself (PURE).

The clock's own look (`casework.dossiers.progress.look`) is followed, over facts that are made here as the actions make
them: what is green here is what the process does.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any

from casework.dossiers import progress
from casework.dossiers.model import DECIDED
from casework.dossiers.progress import DID, Due, Happening, Standing
from casework.forms.rule_reading import Profile
from casework.forms.strict import NAME, DefinitionFault, Reader
from casework.procedures.automatic import Close, GoTo
from casework.procedures.process import Process, Silence
from casework.procedures.steps import STATES
from casework.terms import PARIS, add_working_days

THEN_MAX = 30
DAYS_MAX = 730
_AT = time(10)  # the local time at which scenarios file and act
_EVENTS_MAX = 200  # of one scenario: a process that goes on for ever is not followed further
# The usual acts: from which states, to which one.
ACTS: Mapping[str, tuple[tuple[str, ...], str]] = {
    "start_review": (("submitted",), "under_review"),
    "ask_completion": (("under_review",), "awaiting_citizen"),
    "complete": (("awaiting_citizen",), "under_review"),
    "accept": (("under_review", "awaiting_citizen"), "accepted"),
    "refuse": (("under_review", "awaiting_citizen"), "refused"),
    "close": (("under_review", "awaiting_citizen"), "closed_without_action"),
}


@dataclass(frozen=True, slots=True)
class Later:
    """Something that happens after the filing, and where the request must stand then; None: not looked at."""

    days: int = 0  # working days that pass first
    do: str | None = None  # one of ACTS, or an action of the process
    state: str | None = None
    step: str | None = None
    did: tuple[str, ...] = ()  # automatic steps that must have happened in this time
    silence: bool | None = None  # whether the law's silence decided


@dataclass(slots=True)
class Course:
    """How far a scenario has come. `taken`: the actions and automatic steps, for coverage."""

    process: Process
    standing: Standing
    now: datetime
    taken: set[str] = field(default_factory=set)
    silent: bool = False

    @classmethod
    def begun(cls, process: Process, on: date, answers: Mapping[str, Any], who: Profile, service: str) -> "Course":
        """A request that is filed on this day, with what happens at once."""
        now = datetime.combine(on, _AT, PARIS)
        filed = {"state": "submitted", "step": process.first("submitted"), "service_id": service}
        past = (Happening(1, now, filed, {}),)
        course = cls(process, Standing(past, answers, {service: service}, "online", who), now)
        course.pass_to(now)
        return course

    @property
    def here(self) -> dict[str, Any]:
        """The columns as they are now."""
        return {"step": None} | {name: value for each in self.standing.past for name, value in each.set.items()}

    def happen(self, at: datetime, columns: Mapping[str, Any], details: Mapping[str, Any]) -> None:
        past, here = self.standing.past, self.here
        changed = {key: value for key, value in columns.items() if here.get(key) != value}  # as facts have it
        happening = Happening(past[-1].version + 1, max(at, past[-1].at), changed, details)
        known = self.standing
        self.standing = Standing((*past, happening), known.answers, known.services, known.channel, known.profile)

    def pass_to(self, moment: datetime) -> None:
        """Let everything happen that happens by itself until then."""
        while len(self.standing.past) < _EVENTS_MAX:
            found = progress.look(self.process, self.standing, now=self.now)
            if found.due is not None:
                self.take(found.due)
            elif found.next is not None and found.next <= moment:
                self.now = found.next
            else:
                break
        self.now = max(self.now, moment)

    def take(self, due: Due) -> None:
        details: dict[str, Any] = {"automatic": due.automatic, "cause": due.cause}
        columns: dict[str, Any] = {}
        match due.do:
            case GoTo(step=to):
                there = self.process.step(to)
                columns = {"step": to, "state": there.state if there else self.here["state"]}
            case Close(outcome=outcome):
                columns = {"state": outcome, "step": None}
            case Silence(outcome=outcome):
                columns, self.silent = {"state": outcome, "step": None}, True
            case _:
                details["did"] = DID[type(due.do)]
                columns = {"late": True} if details["did"] == "late" else {}
        self.taken.add(due.automatic)
        self.happen(self.now, columns, details)

    def do(self, name: str) -> bool:
        """Do an act, by whoever may; False where it is not possible here."""
        if name in ACTS:
            states, to = ACTS[name]
            if self.here["state"] not in states:
                return False
            columns: dict[str, Any] = {"state": to}
            if to in DECIDED:
                columns["step"] = None
            elif name == "start_review":
                columns["step"] = self.process.first(to)
            self.happen(self.now, columns, {})
        else:
            action = self.process.action(name)
            there = self.process.step(action.to) if action else None
            if action is None or there is None or self.here["step"] not in action.from_:
                return False
            if self.here["state"] == "awaiting_citizen":
                return False
            if action.when is not None and not progress.holds(action.when, self.standing, at=self.now):
                return False
            self.taken.add(name)
            self.happen(self.now, {"step": there.id, "state": there.state}, {"action": name})
        self.pass_to(self.now)
        return True

    def wait(self, days: int) -> None:
        """So many working days later, at the same time of day."""
        day = add_working_days(self.now.astimezone(PARIS).date(), days)
        self.pass_to(datetime.combine(day, _AT, PARIS))


def differences(course: Course, then: Sequence[Later], path: str, name: str) -> list[DefinitionFault]:
    """Play what comes later; whatever differs from what is expected. `course` is moved to the end."""
    told: list[DefinitionFault] = []
    for i, later in enumerate(then):
        at, before = f"{path}.then[{i}]", len(course.standing.past)
        if later.days:
            course.wait(later.days)
        if later.do is not None and not course.do(later.do):
            params = {"name": name, "act": later.do, "state": course.here["state"], "step": course.here["step"]}
            told.append(DefinitionFault(f"{at}.do", "scenario_not_possible", params))
            continue
        happened = {each.details.get("automatic") for each in course.standing.past[before:]}
        for key, expected, found in (
            ("state", later.state, course.here["state"]),
            ("step", later.step, course.here["step"]),
            ("silence", later.silence, course.silent),
        ):
            if expected is not None and expected != found:
                params = {"name": name, "key": key, "expected": expected, "found": found}
                told.append(DefinitionFault(f"{at}.expect.{key}", "scenario_stands_elsewhere", params))
        told += [
            DefinitionFault(f"{at}.expect.did", "scenario_did_not", {"name": name, "automatic": each})
            for each in later.did
            if each not in happened
        ]
    return told


def read_then(source: Reader, process: Process) -> tuple[Later, ...]:
    """The part `then` of a scenario. Faults are noted: an act, a step or an automatic step that there is not, above all."""
    acts = (*ACTS, *(each.id for each in process.actions))
    steps = tuple(each.id for each in process.steps)
    automatic = tuple(each.id for each in process.automatic)
    found = []
    for reader in source.objects("then", least=1, most=THEN_MAX, optional=True):
        days = 0
        if reader.get("after", optional=True) is not None:
            inner = reader.object("after")
            days = inner.integer("working_days", least=1, most=DAYS_MAX) or 0
            inner.close()
        do = _one(reader, "do", acts)
        expect = reader.object("expect")
        did = []
        for i, each in enumerate(expect.items("did", least=1, most=len(automatic) or 1, optional=True)):
            if each not in automatic:
                expect.fault(f"did[{i}]", "not_one_of", values=list(automatic))
            else:
                did.append(each)
        silence = expect.boolean("silence", default=False) if expect.get("silence", optional=True) is not None else None
        found.append(Later(days, do, _one(expect, "state", STATES), _one(expect, "step", steps), tuple(did), silence))
        expect.close()
        reader.close()
    return tuple(found)


def _one(reader: Reader, key: str, values: Sequence[str]) -> str | None:
    if reader.get(key, optional=True) is None:
        return None
    value = reader.slug(key, NAME)
    if value and value not in values:
        reader.fault(key, "not_one_of", values=list(values))
        return None
    return value or None
