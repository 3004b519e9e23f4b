"""The process of a procedure, the section `process` of its package (PURE): the steps inside the usual states, what
agents do to go from one to another, and what happens by itself. A procedure without one has the usual states alone.

Everything else (queues, figures, portal) knows the state, which each step names; the step is finer, for those who work.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, cast

from casework.forms.model import Form, Wording
from casework.forms.rule_language import Known, Rule
from casework.forms.rule_reading import read_rule
from casework.forms.strict import NAME, Reader
from casework.procedures.automatic import Automatic, GoTo, read_automatic
from casework.procedures.merging import mergeable
from casework.procedures.steps import STEP_STATES, STEPS_MAX, TITLE_MAX, Step, a_step, forward, known_to, read_steps

Doer = Literal["holder", "service", "manager"]

ACTIONS_MAX = 60
DOERS: Sequence[Doer] = ("holder", "service", "manager")


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
class Silence:
    """What the law makes of the administration's silence (CRPA, articles L231-1 to L231-6)."""

    outcome: str  # accepted | refused
    days: int  # calendar days from the filing, stopped while the citizen is awaited (L114-5)


@dataclass(frozen=True, slots=True)
class Process:
    """The section `process`; empty where a procedure declares none."""

    steps: tuple[Step, ...] = ()
    actions: tuple[Action, ...] = ()
    automatic: tuple[Automatic, ...] = ()  # deadlines first, each in the order of the package
    silence: Silence | None = None  # of the package's head: the clock follows it too

    def step(self, id_: str | None) -> Step | None:
        return next((each for each in self.steps if each.id == id_), None)

    def by_itself(self, id_: str) -> Automatic | None:
        return next((each for each in self.automatic if each.id == id_), None)

    @property
    def runs(self) -> bool:
        """Whether the clock has anything to follow."""
        return bool(self.automatic) or self.silence is not None

    def action(self, id_: str) -> Action | None:
        return next((each for each in self.actions if each.id == id_), None)

    def first(self, state: str) -> str | None:
        """The step that a dossier is at when it comes into this state; None where the state has no steps."""
        return next((each.id for each in self.steps if each.state == state), None)


NONE = Process()


def read_process(source: Reader, form: Form) -> Process:
    """The section `process`. What does not hold is noted in `source.faults`."""
    if source.get("process", optional=True) is None:
        return NONE
    reader = source.object("process")
    steps = read_steps(reader)
    known = known_to(form, steps)
    actions = _actions(reader, steps, known)
    process = Process(steps, actions, read_automatic(reader, steps, known, mergeable(form)))
    reader.close()
    _reachable(reader, process)
    return process


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


def _reachable(reader: Reader, process: Process) -> None:
    """Note the steps that no dossier ever gets to."""
    reached = {each for each in map(process.first, STEP_STATES) if each}
    ways = [(from_, each.to) for each in process.actions for from_ in each.from_]
    for automatic in process.automatic:
        if isinstance(automatic.do, GoTo):
            from_ = automatic.on if process.step(automatic.on) else process.first(automatic.on) or ""
            ways.append((from_, automatic.do.step))
    while new := {to for from_, to in ways if from_ in reached} - reached:
        reached |= new
    for i, step in enumerate(process.steps):
        if step.id not in reached:
            reader.fault(f"steps[{i}]", "process_never_reached")
