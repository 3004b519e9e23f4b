"""The process of a procedure, the section `process` of its package (PURE): the steps inside the usual states, and what
agents do to go from one to another. A procedure without one has the usual states alone.

Everything else (queues, figures, portal) knows the state, which each step names; the step is finer, for those who work.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

from casework.dossiers.model import CHANNELS
from casework.forms.model import Form, Wording
from casework.forms.rule_language import Known, Rule
from casework.forms.rule_reading import known_in, read_rule
from casework.forms.strict import NAME, Reader

Doer = Literal["holder", "service", "manager"]

STEPS_MAX = 30
ACTIONS_MAX = 60
TITLE_MAX = 120
STEP_STATES = ("submitted", "under_review")  # those in which the administration works
STATES = ("submitted", "under_review", "awaiting_citizen", "accepted", "refused", "closed_without_action")
DOERS: Sequence[Doer] = ("holder", "service", "manager")


@dataclass(frozen=True, slots=True)
class Step:
    """A part of the work inside one of the usual states."""

    id: str
    state: str
    title: Wording


@dataclass(frozen=True, slots=True)
class Action:
    """What an agent may do beside the usual acts: from one of these steps to another."""

    id: str
    title: Wording
    from_: tuple[str, ...]  # ids of steps
    to: str
    by: tuple[Doer, ...]
    when: Rule | None


@dataclass(frozen=True, slots=True)
class Process:
    """The section `process`; empty where a procedure declares none."""

    steps: tuple[Step, ...] = ()
    actions: tuple[Action, ...] = ()

    def step(self, id_: str | None) -> Step | None:
        return next((each for each in self.steps if each.id == id_), None)

    def action(self, id_: str) -> Action | None:
        return next((each for each in self.actions if each.id == id_), None)

    def first(self, state: str) -> str | None:
        """The step that a dossier is at when it comes into this state; None where the state has no steps."""
        return next((each.id for each in self.steps if each.state == state), None)


NONE = Process()


def known_to(form: Form, steps: Sequence[Step]) -> dict[str, Known]:
    """What a rule of the process may read: the answers, the profile, and where the dossier stands."""
    return {
        **known_in(form),
        "state": Known("text", frozenset(STATES)),
        "step": Known("text", frozenset(each.id for each in steps) or None),
        "channel": Known("text", frozenset(CHANNELS)),
        "service": Known("text"),
        "days_in_state": Known("number"),
    }


def read_process(source: Reader, form: Form) -> Process:
    """The section `process`. What does not hold is noted in `source.faults`."""
    if source.get("process", optional=True) is None:
        return NONE
    reader = source.object("process")
    steps = _steps(reader)
    known = known_to(form, steps)
    actions = _actions(reader, steps, known)
    process = Process(steps, actions)
    reader.close()
    _reachable(reader, process)
    return process


def _steps(reader: Reader) -> tuple[Step, ...]:
    steps: list[Step] = []
    for each in reader.objects("steps", least=1, most=STEPS_MAX, optional=True):
        id_ = each.slug("id", NAME)
        if id_ in STATES:
            each.fault("id", "process_named_as_a_state")
        if id_ and id_ in {step.id for step in steps}:
            each.fault("id", "twice")
        steps.append(Step(id_, each.one_of("state", STEP_STATES), each.needed_wording("title", most=TITLE_MAX)))
        each.close()
    return tuple(steps)


def _actions(reader: Reader, steps: Sequence[Step], known: Mapping[str, Known]) -> tuple[Action, ...]:
    actions: list[Action] = []
    for each in reader.objects("actions", least=1, most=ACTIONS_MAX, optional=True):
        id_ = each.slug("id", NAME)
        if id_ and id_ in {action.id for action in actions}:
            each.fault("id", "twice")
        title = each.needed_wording("title", most=TITLE_MAX)
        from_ = _some_steps(each, "from", steps)
        to = a_step(each, "to", steps)
        for i, step in enumerate(from_):
            forward(each, f"from[{i}]", step, to, steps)
        by = cast("tuple[Doer, ...]", each.several_of("by", DOERS, default=("holder",)))
        actions.append(Action(id_, title, from_, to, by, read_rule(each, "when", known, optional=True)))
        each.close()
    return tuple(actions)


def _some_steps(reader: Reader, key: str, steps: Sequence[Step]) -> tuple[str, ...]:
    known = {each.id for each in steps}
    found: list[str] = []
    for i, value in enumerate(reader.items(key, least=1, most=STEPS_MAX)):
        if not isinstance(value, str) or value not in known:
            reader.fault(f"{key}[{i}]", "process_no_such_step")
        elif value in found:
            reader.fault(f"{key}[{i}]", "twice")
        else:
            found.append(value)
    return tuple(found)


def a_step(reader: Reader, key: str, steps: Sequence[Step]) -> str:
    """The id of a step under `key`; "" where there is none of this name, which is noted."""
    value = reader.get(key)
    if value is None:
        return ""
    if not isinstance(value, str) or value not in {each.id for each in steps}:
        reader.fault(key, "process_no_such_step")
        return ""
    return value


def forward(reader: Reader, key: str, from_: str, to: str, steps: Sequence[Step]) -> None:
    """Note what no dossier can do: go to where it is, or back before its examination."""
    states: Mapping[str, Any] = {each.id: each.state for each in steps}
    if from_ == to:
        reader.fault(key, "process_to_itself")
    elif states.get(from_) == "under_review" and states.get(to) == "submitted":
        reader.fault(key, "process_goes_back")


def _reachable(reader: Reader, process: Process) -> None:
    """Note the steps that no dossier ever gets to."""
    reached = {each for each in map(process.first, STEP_STATES) if each}
    ways = [(from_, each.to) for each in process.actions for from_ in each.from_]
    while new := {to for from_, to in ways if from_ in reached} - reached:
        reached |= new
    for i, step in enumerate(process.steps):
        if step.id not in reached:
            reader.fault(f"steps[{i}]", "process_never_reached")
