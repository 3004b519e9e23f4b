"""Scenarios: people imagined by the designer, kept with the procedure and played before it is published (PURE).

A scenario says who asks, on which day, with which answers, and what must come of it. Its supporting documents are
stand-ins of a kind and a size. Whatever differs from what is expected is told as a fault of the package, at its place.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Protocol
from uuid import UUID

from casework.forms.blocks import BlockField
from casework.forms.check import CODES, Checked, check, field_of
from casework.forms.kinds import CENTS, AttachmentField
from casework.forms.model import DECIMAL_MAX, FILE_MAX, INTEGER_MAX, MEDIA_TYPES, Field, Form
from casework.forms.rule_language import is_date, printable
from casework.forms.rule_reading import Profile
from casework.forms.strict import SLUG, DefinitionFault, Reader, parts, too_deep
from casework.journal.fact import canonical
from casework.procedures.course import Course, Later, read_then
from casework.procedures.course import differences as differences_later
from casework.procedures.lookups import Filler, Lookup
from casework.procedures.price import Priced, price_of
from casework.procedures.process import Process
from casework.procedures.routing import Routed, route

SCENARIOS_MAX = 60
NAME_MAX = 120
_FIELDS_MAX = 200
_DEPTH_MAX = 8  # levels of an answer
_FILES = {kind.rpartition("/")[2]: kind for kind in MEDIA_TYPES}
_MEGABYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Expected:
    """What must come of a scenario. What is left empty is not looked at; faults are always: none, unless some are named."""

    shown: tuple[str, ...] = ()  # ids of fields
    hidden: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    faults: frozenset[tuple[str, str]] = frozenset()  # (field or field.part, code of casework.forms.check)
    service: str | None = None  # slug
    price: int | None = None  # cents
    answers: Mapping[str, Any] = field(default_factory=dict)  # as they are kept; None: no answer is


@dataclass(frozen=True, slots=True)
class Scenario:
    """A request, and what must come of it."""

    name: str
    on: date  # Europe/Paris
    who: Profile
    answers: Mapping[str, Any]
    expect: Expected
    documents: Mapping[UUID, tuple[str, int]] = field(default_factory=dict)  # stand-ins: media type, size in bytes
    recorded: Mapping[str, Any] = field(default_factory=dict)  # what outside services answer, by look-up
    then: tuple[Later, ...] = ()  # what happens after it is filed


class Playable(Routed, Priced, Protocol):
    """What of a package is played."""

    @property
    def form(self) -> Form: ...
    @property
    def lookups(self) -> tuple[Lookup, ...]: ...
    @property
    def process(self) -> Process: ...
    @property
    def scenarios(self) -> tuple[Scenario, ...]: ...


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a scenario: `differences` from what was expected, none where it is green."""

    scenario: Scenario
    checked: Checked
    service: str  # slug
    differences: tuple[DefinitionFault, ...]
    taken: frozenset[str] = frozenset()  # ids of the actions and automatic steps of the process that happened


def play(package: Playable) -> tuple[Result, ...]:
    """Every scenario, in order."""
    return tuple(_play(package, i, each) for i, each in enumerate(package.scenarios))


def differences(package: Playable) -> tuple[DefinitionFault, ...]:
    """Whatever differs from what the scenarios expect: a package with any is not published."""
    return tuple(each for result in play(package) for each in result.differences)


def _play(package: Playable, rank: int, scenario: Scenario) -> Result:
    checked = check(
        package.form,
        scenario.answers,
        documents=scenario.documents,
        today=scenario.on,
        profile=scenario.who,
        fills=Filler(package.lookups, {}, recorded=scenario.recorded),
    )
    service = route(package, checked.answers, today=scenario.on, profile=scenario.who)
    told = _Told(f"scenarios[{rank}].expect", scenario.name)
    expect = scenario.expect
    for id_ in [id_ for id_ in expect.shown if id_ not in checked.visible]:
        told.fault("shown", "scenario_hidden", field=id_)
    for id_ in [id_ for id_ in expect.hidden if id_ in checked.visible]:
        told.fault("hidden", "scenario_shown", field=id_)
    for id_ in [id_ for id_ in expect.required if id_ not in checked.required]:
        told.fault("required", "scenario_optional", field=id_)
    for id_ in [id_ for id_ in expect.optional if id_ in checked.required]:
        told.fault("optional", "scenario_required", field=id_)
    found = {(each.field, each.code) for each in checked.faults}
    for id_, code in sorted(expect.faults - found):
        told.fault("faults", "scenario_no_fault", field=id_, fault=code)
    for id_, code in sorted(found - expect.faults):
        told.fault("faults", "scenario_fault", field=id_, fault=code)
    if expect.service is not None and expect.service != service:
        told.fault("service", "scenario_service", expected=expect.service, found=service)
    cents = price_of(package, checked.answers, today=scenario.on, profile=scenario.who)
    if expect.price is not None and expect.price != cents:
        found_euros = None if cents is None else cents / 100
        told.fault("price", "scenario_price", expected=expect.price / 100, found=found_euros)
    for id_, value in expect.answers.items():
        if canonical(value) != canonical(checked.answers.get(id_)):
            told.fault(f"answers.{id_}", "scenario_answer", expected=value, found=checked.answers.get(id_))
    taken: set[str] = set()
    if scenario.then and checked.faults:
        told.faults.append(DefinitionFault(f"scenarios[{rank}].then", "scenario_not_filed", {"name": scenario.name}))
    elif not checked.faults:
        course = Course.begun(package.process, scenario.on, checked.answers, scenario.who, service)
        told.faults += differences_later(course, scenario.then, f"scenarios[{rank}]", scenario.name)
        taken = course.taken
    return Result(scenario, checked, service, tuple(told.faults), frozenset(taken))


@dataclass(slots=True)
class _Told:
    """Differences, each at its place."""

    path: str
    name: str
    faults: list[DefinitionFault] = field(default_factory=list)

    def fault(self, key: str, code: str, **params: Any) -> None:
        self.faults.append(DefinitionFault(f"{self.path}.{key}", code, {"name": self.name, **params}))


def read_scenarios(
    source: Reader, form: Form, process: Process, lookups: tuple[Lookup, ...] = ()
) -> tuple[Scenario, ...]:
    """The section `scenarios`. Faults are noted: a field that the form does not have, above all."""
    scenarios: list[Scenario] = []
    for reader in source.objects("scenarios", least=1, most=SCENARIOS_MAX, optional=True):
        name = reader.text("name", most=NAME_MAX)
        if name and name in {each.name for each in scenarios}:
            reader.fault("name", "twice")
        documents: dict[UUID, tuple[str, int]] = {}
        scenario = Scenario(
            name=name,
            on=_day(reader, "on"),
            who=_who(reader),
            answers=_answers(reader.object("answers"), form.fields, documents),
            expect=_expected(reader.object("expect"), form),
            documents=documents,
            recorded=_recorded(reader, lookups),
            then=read_then(reader, process),
        )
        reader.close()
        scenarios.append(scenario)
    return tuple(scenarios)


def _recorded(source: Reader, lookups: tuple[Lookup, ...]) -> dict[str, Any]:
    """What each look-up is answered; one that is left out is down."""
    if source.get("lookups", optional=True) is None:
        return {}
    reader = source.object("lookups")
    for name, document in reader.value.items():
        reader.read.add(name)
        if name not in {each.id for each in lookups}:
            reader.fault("", "unknown_field", field=printable(name, 100))
        elif too_deep(document, _DEPTH_MAX):
            reader.fault("", "too_deep", most=_DEPTH_MAX)
    return dict(reader.value)


def _day(reader: Reader, key: str) -> date:
    value = reader.get(key)
    if isinstance(value, str) and is_date(value):
        return date.fromisoformat(value)
    if value is not None:
        reader.fault(key, "bad_day")
    return date.min


def _who(source: Reader) -> Profile:
    if source.get("as", optional=True) is None:
        return Profile()
    reader = source.object("as")
    commune = reader.text("commune", most=5, optional=True) or None
    service = reader.slug("service", SLUG) if reader.get("service", optional=True) is not None else None
    who = Profile(
        signed_in=reader.boolean("signed_in", default=False),
        agent=reader.boolean("agent", default=False),
        commune=commune,
        service=service,
    )
    reader.close()
    return who


def _answers(reader: Reader, fields: Iterable[Field], documents: dict[UUID, tuple[str, int]]) -> dict[str, Any]:
    """The answers as somebody would send them; each `{document: pdf, megabytes: 2}` becomes a stored stand-in."""
    asked = {each.id: each for each in fields}
    answers: dict[str, Any] = {}
    for id_, value in reader.value.items():
        reader.read.add(id_)
        field_ = asked.get(id_)
        if field_ is None or not field_.has_answer:
            reader.fault("", "unknown_field", field=printable(id_, 100))
        elif isinstance(field_, AttachmentField):
            answers[id_] = [_stand_in(each, documents) for each in reader.objects(id_, least=1, most=_FIELDS_MAX)]
        elif isinstance(field_, BlockField) and isinstance(value, list):
            rows = reader.objects(id_, least=1, most=_FIELDS_MAX)
            answers[id_] = [_answers(row, field_.fields, documents) for row in rows]
        else:
            answers[id_] = _kept(reader, id_, value)
    return answers


def _stand_in(reader: Reader, documents: dict[UUID, tuple[str, int]]) -> str:
    kind = reader.one_of("document", tuple(_FILES))
    size = reader.integer("megabytes", least=1, most=2 * FILE_MAX // _MEGABYTE, optional=True) or 1
    reader.close()
    stand_in = UUID(int=len(documents) + 1)
    documents[stand_in] = (_FILES[kind], size * _MEGABYTE)
    return str(stand_in)


def _kept(reader: Reader, key: str, value: Any) -> Any:
    """The answer, wrong or right, as JSON that the database keeps; None, and a fault, where it cannot be kept."""
    if too_deep(value, _DEPTH_MAX):
        reader.fault(key, "too_deep", most=_DEPTH_MAX)
        return None
    inner = [value]
    while inner:
        if any(isinstance(each, str) and any(c == "\x00" or "\ud800" <= c <= "\udfff" for c in each) for each in inner):
            reader.fault(key, "bad_text")
            return None
        if any(isinstance(each, int | float) and not abs(each) <= INTEGER_MAX for each in inner):
            reader.fault(key, "out_of_range", least=-INTEGER_MAX, most=INTEGER_MAX)
            return None
        inner = [part for each in inner for part in parts(each)]
    return value


def _expected(reader: Reader, form: Form) -> Expected:
    faults = set()
    for each in reader.objects("faults", least=1, most=_FIELDS_MAX, optional=True):
        id_, code = each.text("field", most=_FIELDS_MAX), each.one_of("code", tuple(CODES))
        each.close()
        if id_ and code != "unknown_field" and form.field(field_of(id_)) is None:
            each.fault("field", "unknown_field", field=printable(id_, 100))
        faults.add((id_, code))
    service = reader.slug("service") if reader.get("service", optional=True) is not None else None
    price = reader.number("price", most=DECIMAL_MAX, digits=CENTS)
    answers = {}
    if reader.get("answers", optional=True) is not None:
        kept = reader.object("answers")
        for id_, value in kept.value.items():
            if form.field(id_) is None:
                kept.fault("", "unknown_field", field=printable(id_, 100))
            answers[id_] = _kept(kept, id_, value)
    expected = Expected(
        shown=_ids(reader, "shown", form),
        hidden=_ids(reader, "hidden", form),
        required=_ids(reader, "required", form),
        optional=_ids(reader, "optional", form),
        faults=frozenset(faults),
        service=service,
        price=None if price is None else round(price * 100),
        answers=answers,
    )
    reader.close()
    return expected


def _ids(reader: Reader, key: str, form: Form) -> tuple[str, ...]:
    items = reader.items(key, least=1, most=_FIELDS_MAX, optional=True)
    for i, each in enumerate(items):
        if not isinstance(each, str) or form.field(field_of(each)) is None:
            reader.fault(f"{key}[{i}]", "unknown_field", field=printable(str(each), 100))
    return tuple(each for each in items if isinstance(each, str))
