"""What another revision of its procedure would make of an open dossier (PURE).

Answers stay as they were filed: nothing is erased, nothing is invented. They are judged as on the day of filing, for
whoever filed. A dossier of which an answer would go out of sight or mean something else, or whom the later revision is
not for, is not moved: it ends by the revision that it was filed by.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from casework.forms.blocks import BlockField, row_path
from casework.forms.check import Checked, Fault, check
from casework.forms.judging import Documents
from casework.forms.model import Field
from casework.forms.rule_reading import Profile
from casework.forms.values import is_answer
from casework.procedures.package import Package
from casework.procedures.process import Process
from casework.procedures.routing import route

Code = Literal["impossible", "to_ask", "rerouted", "other_step", "unchanged"]


@dataclass(frozen=True, slots=True)
class Kept:
    """What an open dossier holds."""

    answers: Mapping[str, Any]  # as they were filed; empty once erased
    documents: Documents
    on: date  # the day of filing, Europe/Paris
    who: Profile  # who filed
    service: str  # slug of the one that has it
    by_hand: bool  # somebody chose that service: no rule moves it any more
    state: str
    step: str | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the move would do, the gravest first: it cannot be moved (`lost` says why); the citizen is to be asked for
    something (`faults`); another service gets it; it is at another step; nobody sees a difference.
    """

    code: Code
    lost: tuple[Fault, ...] = ()  # answer_lost, kind_changed, not_eligible, or answers_erased of the whole
    faults: tuple[Fault, ...] = ()
    service: str | None = None  # slug of the one that gets it; None: it stays where it is
    step: str | None = None  # where it will be

    @property
    def moves(self) -> bool:
        return self.code != "impossible"


def verdict(before: Package, after: Package, kept: Kept, *, services: Collection[str]) -> Verdict:
    """What becomes of a dossier that was filed by `before` when it is moved to `after`.

    `services`: slugs of those that the community has: one that is no more gets nothing, the procedure's own answers.
    """
    lost = (*_erased(before, kept), *_lost(before, after, kept))
    step = step_in(after.process, kept.state, kept.step)
    if lost:
        return Verdict("impossible", lost=lost, step=kept.step)
    checked = _judged(after, kept)
    if refused := tuple(fault for fault in checked.faults if fault.code == "not_eligible"):
        return Verdict(
            "impossible", lost=refused, step=kept.step
        )  # whom it is for was another matter when it was filed
    to = route(after, checked.answers, today=kept.on, profile=kept.who)
    to = to if to in services else after.service
    service = None if kept.by_hand or to == kept.service else to
    code: Code = "unchanged"
    if checked.faults:
        code = "to_ask"
    elif service is not None:
        code = "rerouted"
    elif step != kept.step:
        code = "other_step"
    return Verdict(code, faults=checked.faults, service=service, step=step)


def step_in(process: Process, state: str, step: str | None) -> str | None:
    """Where a dossier of this state stands in this process: its own step while there is one, else the first."""
    works = "under_review" if state == "awaiting_citizen" else state
    here = process.step(step)
    return step if here is not None and here.state == works else process.first(works)


def _judged(after: Package, kept: Kept) -> Checked:
    asked = {id_: value for id_, value in kept.answers.items() if id_ in after.form.answered}
    return check(after.form, asked, documents=kept.documents, today=kept.on, profile=kept.who)


def _erased(before: Package, kept: Kept) -> list[Fault]:
    return [] if kept.answers or not before.form.answered else [Fault("", "answers_erased")]


def _lost(before: Package, after: Package, kept: Kept) -> list[Fault]:
    return [*_out_of_sight([*before.form.fields], [*after.form.fields], kept.answers, "")]


def _out_of_sight(
    before: Sequence[Field], after: Sequence[Field], answers: Mapping[str, Any], where: str
) -> Iterator[Fault]:
    """Answers that the later fields do not ask any more, or ask as another kind; those of each row of a block too."""
    later = {field.id: field for field in after if field.is_asked}
    for field in before:
        given, now = answers.get(field.id), later.get(field.id)
        if not field.is_asked or not is_answer(field, given):
            continue
        if now is None:
            yield Fault(f"{where}{field.id}", "answer_lost")
        elif now.kind != field.kind:
            yield Fault(f"{where}{field.id}", "kind_changed", {"before": field.kind, "after": now.kind})
        elif isinstance(field, BlockField) and isinstance(now, BlockField) and isinstance(given, list):
            for i, row in enumerate(given):
                yield from _out_of_sight(field.fields, now.fields, row, f"{row_path(field.id, i)}.")
