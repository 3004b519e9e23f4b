"""The steps of a process: parts of the work inside the usual states, and what its rules may read (PURE)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from casework.dossiers.model import CHANNELS
from casework.forms.model import Form, Wording
from casework.forms.rule_language import Known
from casework.forms.rule_reading import known_in
from casework.forms.strict import NAME, Reader

STEPS_MAX = 30
TITLE_MAX = 120
STEP_STATES = ("submitted", "under_review")  # those in which the administration works
STATES = ("submitted", "under_review", "awaiting_citizen", "accepted", "refused", "closed_without_action")
DECISIONS = ("accepted", "refused", "closed_without_action")


@dataclass(frozen=True, slots=True)
class Step:
    """A part of the work inside one of the usual states."""

    id: str
    state: str
    title: Wording


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


def read_steps(reader: Reader) -> tuple[Step, ...]:
    """The part `steps`."""
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
