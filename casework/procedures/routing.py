"""To which service a request goes: ordered rules, the first that holds; else the procedure's own service (PURE).

Two rules may hold at once: order decides, so an overlap is a remark for the designer, not a fault. A rule that no answers
can reach (it never holds, or earlier ones always hold with it) is a fault: it says something that will not happen. A
rule on a value that the form no longer has is refused by the rule language itself.

What can happen is tried out, on answers made from the rules' own constants. Where rules only compare answers with
constants, those stand for all answers: the verdict is exact, and only then is it a fault. Otherwise (calculations, two
answers compared, more than `MOST` cases) it is a sample, drawn the same way each time, and the verdict a remark.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import combinations, islice, pairwise, product
from math import prod
from typing import Any, Protocol

from casework.forms.model import Form
from casework.forms.rule_language import TODAY, Known, Rule, is_date, variables
from casework.forms.rule_reading import NOBODY, Profile, holds, known_in, read_rule
from casework.forms.strict import DefinitionFault, Reader

ROUTES_MAX = 50
MOST = 4_000  # cases that are tried out
_LONG = 40  # values of a closed list that are all tried
_SUBSETS = 6  # values of a list whose every combination is tried
_COMPARE = frozenset({"==", "!=", "<", "<=", ">", ">=", "in"})
_COMBINE = frozenset({"and", "or", "!"})
_ANY_DAY = date(2026, 1, 15)  # exact verdicts do not depend on the day


@dataclass(frozen=True, slots=True)
class Route:
    """Where `when` holds, the request goes to `service` (slug), of any directorate."""

    when: Rule
    service: str


class Routed(Protocol):
    """What of a package says where requests go."""

    @property
    def service(self) -> str: ...
    @property
    def routing(self) -> tuple[Route, ...]: ...


def route(package: Routed, answers: Mapping[str, Any], *, today: date, profile: Profile = NOBODY) -> str:
    """The slug of the service that these answers go to. `answers`: as `check` gives them; `today`: Europe/Paris."""
    return next(
        (each.service for each in package.routing if holds(each.when, answers, today, profile)), package.service
    )


def read_routing(source: Reader, form: Form) -> tuple[tuple[Route, ...], tuple[DefinitionFault, ...]]:
    """The section `routing`, and what its designer should know though it holds (overlaps). Faults are noted."""
    known = known_in(form)
    routes: list[Route] = []
    whole = True
    for reader in source.objects("routing", least=1, most=ROUTES_MAX, optional=True):
        rule, service = read_rule(reader, "when", known), reader.slug("service")
        reader.close()
        if rule is None:
            whole = False  # told already; what the others do cannot be judged without it
        else:
            routes.append(Route(rule, service))
    if not whole or not routes:
        return tuple(routes), ()
    return tuple(routes), _judge(source, routes, known)


def _judge(source: Reader, routes: Sequence[Route], known: Mapping[str, Known]) -> tuple[DefinitionFault, ...]:
    cases = _cases([each.when for each in routes], known)
    ever: set[int] = set()
    first: set[int] = set()
    over: dict[int, int] = {}  # a rule → the first of those before it that held with it
    for answers in cases.answers:
        profile = Profile(**answers.get("profile", {}))
        held = [i for i, each in enumerate(routes) if holds(each.when, answers, _ANY_DAY, profile)]
        ever.update(held)
        first.update(held[:1])
        for i in held[1:]:
            over[i] = min(over.get(i, held[0]), held[0])
    remarks = []
    for i, each in enumerate(routes):
        where = f"routing[{i}].when"
        if i in first:
            if i in over and routes[over[i]].service != each.service:
                remarks.append(DefinitionFault(source.at(where), "route_overlaps", {"rank": over[i] + 1}))
        elif cases.exact and i in ever:
            source.fault(where, "route_covered")
        elif cases.exact:
            source.fault(where, "route_never")
        elif i in ever:
            remarks.append(DefinitionFault(source.at(where), "route_covered_maybe"))
        else:
            remarks.append(DefinitionFault(source.at(where), "route_never_maybe"))
    return tuple(remarks)


@dataclass(frozen=True, slots=True)
class _Cases:
    answers: Sequence[Mapping[str, Any]]
    exact: bool  # they stand for all answers that there can be


def _cases(rules: Sequence[Rule], known: Mapping[str, Known]) -> _Cases:
    expressions = [each.expression for each in rules]
    names = sorted({name for each in expressions for name in variables(each)} - {TODAY})
    constants = list(_constants(expressions))
    domains = [_values(known[name], constants) for name in names]
    size = prod(len(values) for values in domains)
    whole = size <= MOST and not any(_too_many(known[name]) for name in names)
    exact = whole and all(_plain(each) for each in expressions)
    if size <= MOST:
        picked: Iterator[Sequence[Any]] = product(*domains)
    else:
        chance = random.Random(size)  # noqa: S311 - a sample, the same each time
        picked = ([chance.choice(values) for values in domains] for _ in range(MOST))
    return _Cases([_answers(names, values) for values in picked], exact)


def _answers(names: Sequence[str], values: Sequence[Any]) -> dict[str, Any]:
    answers: dict[str, Any] = {}
    for name, value in zip(names, values, strict=True):
        if value is None:
            continue
        whole, _, part = name.partition(".")
        if part:
            answers.setdefault(whole, {})[part] = value
        else:
            answers[whole] = value
    return answers


def _too_many(known: Known) -> bool:
    """Whether this answer is a list of which not every combination is tried."""
    return known.type == "list" and (known.values is None or len(known.values) > _SUBSETS)


def _values(known: Known, constants: Sequence[Any]) -> list[Any]:
    """Values of one answer that stand for all where it is only compared with these constants; None: not given."""
    match known.type:
        case "boolean":
            return [None, True, False]
        case "list":
            values = sorted(known.values or ())
            sizes = range(1, len(values) + 1) if len(values) <= _SUBSETS else (1, 2, len(values))
            return [None, *(list(each) for size in sizes for each in islice(combinations(values, size), MOST))]
        case "number":
            numbers = {each for each in constants if isinstance(each, int | float) and not isinstance(each, bool)} or {
                0
            }
            near = {each + step for each in numbers for step in (-1, 0, 1)}
            if known.decimal:
                ordered = sorted(near)
                near |= {(low + high) / 2 for low, high in pairwise(ordered)}
            return [None, *sorted(each for each in near if known.decimal or each == int(each))]
        case "date":
            return [None, *sorted(_days(constants))]
        case "rows":
            columns = {name: _values(each, constants) for name, each in (known.fields or {}).items() if name != TODAY}
            most = max((len(values) for values in columns.values()), default=1)
            rows = [{name: values[i % len(values)] for name, values in columns.items()} for i in range(most)]
            return [None, *([row] for row in rows), rows]
        case _:
            if known.values is not None:
                return [None, *_listed(known.values, constants)]
            texts = sorted({each for each in constants if isinstance(each, str) and not is_date(each)})
            return [None, *texts, f"{max(texts, default='')}-"]  # the last is none of them: any other text


def _listed(values: frozenset[str], constants: Sequence[Any]) -> list[str]:
    """All of a closed list; of a long one (countries), those that are named and one that is not stand for all."""
    if len(values) <= _LONG:
        return sorted(values)
    named = values & {each for each in constants if isinstance(each, str)}
    return sorted(named) + sorted(values - named)[:1]


def _days(constants: Sequence[Any]) -> set[str]:
    days = {date.fromisoformat(each) for each in constants if isinstance(each, str) and is_date(each)} or {_ANY_DAY}
    for each in constants:  # a number may be a distance in days, or an age
        if isinstance(each, int) and not isinstance(each, bool) and 0 <= each <= 36_500:
            days |= {_ANY_DAY - timedelta(days=each), _ANY_DAY + timedelta(days=each)}
            days |= {_ANY_DAY - timedelta(days=each * 365.25)} if each <= 150 else set()
    return {(day + timedelta(days=near)).isoformat() for day in days for near in (-1, 0, 1)}


def _plain(node: Any) -> bool:
    """Whether this rule is made of comparisons of one answer with constants, and of and, or, not."""
    if not isinstance(node, Mapping):
        return True
    operator, arguments = next(iter(node.items()))
    if operator == "var":
        return True
    arguments = arguments if isinstance(arguments, list) else [arguments]
    if operator in _COMBINE:
        return all(_plain(each) for each in arguments)
    if operator in _COMPARE:
        variables = [each for each in arguments if isinstance(each, Mapping)]
        return len(variables) <= 1 and all("var" in each and not _is_today(each) for each in variables)
    return False


def _is_today(node: Mapping[str, Any]) -> bool:
    return node.get("var") in (TODAY, [TODAY])


def _constants(node: Any) -> Iterator[Any]:
    if isinstance(node, list):
        for each in node:
            yield from _constants(each)
    elif isinstance(node, Mapping):
        operator, arguments = next(iter(node.items()))
        if operator != "var":
            yield from _constants(arguments)
    else:
        yield node
