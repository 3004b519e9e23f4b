"""What happens by itself in a process: deadlines of steps, and automatic steps (PURE). Reading, with every fault.

Both are one thing: when a dossier comes into a step or a state, and so many working days later, something is done.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from casework.forms.model import Wording
from casework.forms.rule_language import Known, Rule
from casework.forms.rule_reading import read_rule
from casework.forms.strict import NAME, Reader
from casework.procedures.merging import check_places
from casework.procedures.steps import DECISIONS, STATES, TITLE_MAX, Step, a_step, forward

AUTOMATIC_MAX = 60
DAYS_MAX = 730
SUBJECT_MAX = 150
BODY_MAX = 3_000
REASON_MAX = 1_000


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail to whoever filed, with places for answers."""

    subject: Wording
    body: Wording


@dataclass(frozen=True, slots=True)
class Remind:
    """A mail to the holder of the dossier, or to who covers them."""


@dataclass(frozen=True, slots=True)
class GoTo:
    """To another step."""

    step: str


@dataclass(frozen=True, slots=True)
class Late:
    """It counts as late."""


@dataclass(frozen=True, slots=True)
class Close:
    """The decision, with the reason that is told to whoever filed; it has places for answers."""

    outcome: str
    reason: Wording


@dataclass(frozen=True, slots=True)
class Task:
    """Something to do, for the service that has the dossier: it stands there until somebody says that it is done."""

    title: Wording


Do = Mail | Remind | GoTo | Late | Close | Task


@dataclass(frozen=True, slots=True)
class Automatic:
    """Once for each time that a dossier comes to `on`, a step or a state.

    `after`: working days (a number, or a rule that gives one) that stop while the citizen is awaited; None: at once.
    `deadline`: they end with their last day (at midnight, Europe/Paris); else it is done in the morning of that day.
    """

    id: str
    on: str
    after: int | Rule | None
    when: Rule | None
    do: Do
    deadline: bool = False

    @property
    def moves(self) -> bool:
        """Whether it changes where the dossier stands."""
        return isinstance(self.do, GoTo | Close)


def read_automatic(
    reader: Reader, steps: Sequence[Step], known: Mapping[str, Known], names: frozenset[str]
) -> tuple[Automatic, ...]:
    """The parts `deadlines` and `automatic`; `names`: what texts have places for. What does not hold is noted."""
    found: list[Automatic] = []
    for each in reader.objects("deadlines", least=1, most=AUTOMATIC_MAX, optional=True):
        id_, on = _id(each, found), a_step(each, "from", steps)
        after = _days(each, known)
        do = _do(each, "then", _THEN, on, steps, names)
        each.close()
        if do is not None:
            found.append(Automatic(id_, on, after, None, do, deadline=True))
    for each in reader.objects("automatic", least=1, most=AUTOMATIC_MAX, optional=True):
        id_, on = _id(each, found), _on(each, steps)
        after = None
        if each.get("after", optional=True) is not None:
            inner = each.object("after")
            after = _days(inner, known)
            inner.close()
        when = read_rule(each, "when", known, optional=True)
        do = _do(each, "do", _DO, on, steps, names)
        each.close()
        if do is not None:
            found.append(Automatic(id_, on, after, when, do))
    _no_loop(reader, found)
    return tuple(found)


def _id(reader: Reader, before: Sequence[Automatic]) -> str:
    id_ = reader.slug("id", NAME)
    if id_ and id_ in {each.id for each in before}:
        reader.fault("id", "twice")
    return id_


def _on(reader: Reader, steps: Sequence[Step]) -> str:
    value = reader.get("on")
    if value is None:
        return ""
    if not isinstance(value, str) or value not in {*STATES, *(each.id for each in steps)}:
        reader.fault("on", "process_no_such_moment", values=list(STATES))
        return ""
    return value


def _days(reader: Reader, known: Mapping[str, Known]) -> int | Rule | None:
    if isinstance(reader.get("working_days"), Mapping):
        return read_rule(reader, "working_days", known, gives="number")
    return reader.integer("working_days", least=1, most=DAYS_MAX)


_Read = Callable[[Reader, str, str, Sequence[Step], frozenset[str]], Do]


def _do(
    reader: Reader, key: str, kinds: Mapping[str, _Read], on: str, steps: Sequence[Step], names: frozenset[str]
) -> Do | None:
    if reader.get(key) is None:
        return None
    inner = reader.object(key)
    wanted = [kind for kind in inner.value if kind in kinds or kind in _LATER]
    if len(wanted) != 1:
        reader.fault(key, "process_one_effect", values=list(kinds))
        return None
    kind = wanted[0]
    if kind not in kinds:
        reader.fault(key, "process_later", kind=kind)
        return None
    do = kinds[kind](inner, kind, on, steps, names)
    if on in DECISIONS and not isinstance(do, Mail):
        reader.fault(key, "process_after_decision")
    inner.close()
    return do


def _mail(reader: Reader, key: str, on: str, steps: Sequence[Step], names: frozenset[str]) -> Mail:
    inner = reader.object(key)
    mail = Mail(_text(inner, "subject", SUBJECT_MAX, names), _text(inner, "body", BODY_MAX, names))
    for language in ("fr", "en"):
        if "\n" in mail.subject[language]:
            inner.fault(f"subject.{language}", "bad_text")
    inner.close()
    return mail


def _text(reader: Reader, key: str, most: int, names: frozenset[str]) -> Wording:
    text = reader.needed_wording(key, most=most)
    for language in ("fr", "en"):
        check_places(reader, f"{key}.{language}", text[language], names)
    return text


def _remind(reader: Reader, key: str, on: str, steps: Sequence[Step], names: frozenset[str]) -> Remind:
    reader.one_of(key, ("holder",))
    return Remind()


def _late(reader: Reader, key: str, on: str, steps: Sequence[Step], names: frozenset[str]) -> Late:
    if reader.get(key) is not True:
        reader.fault(key, "not_one_of", values=["true"])
    return Late()


def _go_to(reader: Reader, key: str, on: str, steps: Sequence[Step], names: frozenset[str]) -> GoTo:
    to = a_step(reader, key, steps)
    if on == "awaiting_citizen":
        reader.fault(key, "process_while_awaited")
    elif on and to:
        forward(reader, key, on, to, steps)
    return GoTo(to)


def _close(reader: Reader, key: str, on: str, steps: Sequence[Step], names: frozenset[str]) -> Close:
    return Close(reader.one_of(key, DECISIONS), _text(reader, "reason", REASON_MAX, names))


def _task(reader: Reader, key: str, on: str, steps: Sequence[Step], names: frozenset[str]) -> Task:
    inner = reader.object(key)
    task = Task(inner.needed_wording("title", most=TITLE_MAX))
    if inner.get("service", optional=True) is not None:
        inner.fault("service", "process_task_elsewhere")
    inner.close()
    return task


_THEN: Mapping[str, _Read] = {"remind": _remind, "go_to": _go_to, "late": _late}
_DO: Mapping[str, _Read] = {"mail": _mail, "remind": _remind, "go_to": _go_to, "close": _close, "task": _task}
# Parts of the product that are not there yet: a package that asks for one is refused, rather than half obeyed.
_LATER = ("letter", "opinion", "lookup", "voucher", "payment")


def _no_loop(reader: Reader, found: Sequence[Automatic]) -> None:
    """Note steps that follow each other at once, always, and for ever. Loops with a rule or a pause are bounded later."""
    ways: dict[str, set[str]] = {}
    for each in found:
        if isinstance(each.do, GoTo) and each.after is None and each.when is None:
            ways.setdefault(each.on, set()).add(each.do.step)
    for start in ways:
        seen: set[str] = set()
        here = set(ways[start])
        while here:
            seen |= here
            here = {to for step in here for to in ways.get(step, set())} - seen
        if start in seen:
            reader.fault("automatic", "process_loop", step=start)
            return
