"""What a rule gives for answers: the one place where rules are evaluated (PURE).

A checked rule is translated once into JsonLogic that every engine of the standard computes alike, with the guards that
make a missing answer false, then kept compiled. The operators that are ours are functions of JSON in, JSON out; whoever
brings another engine (tests/casework/forms/rule_cases.mjs does, to compare) has these few to write again.
"""

import json
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache, reduce
from operator import add, mul, sub, truediv
from typing import Any

from datalogic_py import Engine
from datalogic_py import Rule as Compiled

from casework.forms.rule_language import COMPARISONS, DIGITS, ROWS, TODAY, Rule, is_variable, variables
from casework.organisation.communes import communes
from casework.terms import add_working_days, working_days_between

_STEP = Decimal(1).scaleb(-DIGITS)
_FURTHEST = 36_525  # days that a date may be moved by: beyond a century it is a mistake


def evaluate(rule: Rule, data: Mapping[str, Any]) -> bool:
    """Whether a rule that gives true or false holds. `data`: normalised answers by field id, those of hidden fields
    left out, and `today` (ISO date) and `profile` where the rule reads them.

    Never raises for a parsed rule and answers of the declared types.
    """
    return _compiled(rule.source).evaluate(data) is True


def value(rule: Rule, data: Mapping[str, Any]) -> bool | int | float | str | None:
    """What a rule gives; None where an answer that it needs is missing. Numbers have at most six decimals."""
    given = _compiled(rule.source).evaluate(data)
    if isinstance(given, float):
        return int(given) if given.is_integer() else round(given, DIGITS)
    return given if isinstance(given, bool | int | str) else None


def standard(rule: Rule) -> Any:
    """The JsonLogic that the engine is given for this rule."""
    return _translated(json.loads(rule.source))


# The operators of ours: JSON of the arguments in, JSON of the value out.


def _number(exact: Decimal) -> str:
    rounded = exact.quantize(_STEP, ROUND_HALF_UP) if abs(exact) < 2**53 else exact
    return f"{rounded.normalize():f}"


def _sum(operation: Callable[[Decimal, Decimal], Decimal]) -> Callable[[str], str]:
    def calculated(arguments: str) -> str:
        return _number(reduce(operation, map(Decimal, json.loads(arguments, parse_float=Decimal))))

    return calculated


def _of_dates(function: Callable[..., int | date | None]) -> Callable[[str], str]:
    def calculated(arguments: str) -> str:
        given = [date.fromisoformat(each) if isinstance(each, str) else each for each in json.loads(arguments)]
        found = function(*given)
        return json.dumps(found.isoformat() if isinstance(found, date) else found)

    return calculated


def _age(born: date, on: date) -> int:
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


def _day_after(day: date, count: float) -> date | None:
    return day + timedelta(days=int(count)) if abs(count) <= _FURTHEST and _within(day, int(count)) else None


def _working_day_after(day: date, count: float) -> date | None:
    return add_working_days(day, int(count)) if abs(count) <= _FURTHEST // 25 and _within(day, int(count) * 2) else None


def _within(day: date, count: int) -> bool:
    """Whether the calendar has the day that far, with room to spare."""
    return 366 < day.toordinal() + count < date.max.toordinal() - 366


def _total(arguments: str) -> str:
    return _number(sum((Decimal(str(each)) for each in json.loads(arguments)[0] if each is not None), Decimal(0)))


def _count(arguments: str) -> str:
    return str(len(json.loads(arguments)[0]))


def _population(arguments: str) -> str:
    commune = communes().get(json.loads(arguments)[0])
    return str(commune.population) if commune else "null"


_OURS: Mapping[str, Callable[[str], str]] = {
    "plus": _sum(add),
    "minus": _sum(sub),
    "times": _sum(mul),
    "divided": _sum(truediv),
    "age": _of_dates(_age),
    "days": _of_dates(lambda first, last: (last - first).days),
    "working_days": _of_dates(working_days_between),
    "day_after": _of_dates(_day_after),
    "working_day_after": _of_dates(_working_day_after),
    "month": _of_dates(lambda day: day.month),
    "population": _population,
    "length": _count,
    "total": _total,
}
_engine = Engine(custom_operators=dict(_OURS), strict_operator_names=True, families=["Core"])
_RENAMED = {"==": "===", "!=": "!==", "+": "plus", "-": "minus", "*": "times", "/": "divided"}
_FALSE_WHERE_MISSING = frozenset({*COMPARISONS, "in"})
_NEEDS_ANSWERS = _FALSE_WHERE_MISSING | {
    "+", "-", "*", "/", "min", "max", "age", "days", "working_days", "day_after", "working_day_after", "month",
    "length", "population",
}  # fmt: skip
_PARTIAL = frozenset({"if", "population", "day_after", "working_day_after"})


@lru_cache(maxsize=4096)
def _compiled(source: str) -> Compiled:
    return _engine.compile(json.dumps(_translated(json.loads(source))))


def _translated(node: Any) -> Any:
    if not isinstance(node, Mapping):
        return node
    operator, arguments = next(iter(node.items()))
    if not isinstance(arguments, list):
        arguments = [arguments]
    if operator == "var":
        return {"var": arguments[0]}
    if operator in ROWS:
        return _of_rows(operator, arguments)
    if operator == "age" and len(arguments) == 1:
        arguments = [*arguments, {"var": TODAY}]
    if operator == "!" and is_variable(arguments[0]):  # zero is an answer; no, and nothing, are not a yes
        return {"or": [{"===": [_translated(arguments[0]), nothing]} for nothing in (None, False)]}
    computed: Any = {_RENAMED.get(operator, operator): [_translated(argument) for argument in arguments]}
    needed: list[Any] = [{"var": name} for name in sorted(set(variables(arguments)))]
    needed += [_translated(argument) for argument in arguments if _may_give_nothing(argument)]
    if operator in _NEEDS_ANSWERS and needed:
        given = {"and": [{"!==": [each, None]} for each in needed]}
        return {"if": [given, computed, False if operator in _FALSE_WHERE_MISSING else None]}
    return computed


def _may_give_nothing(node: Any) -> bool:
    """Whether this expression may lack a value although all the answers that it reads are there."""
    if isinstance(node, list):
        return any(map(_may_give_nothing, node))
    if not isinstance(node, Mapping):
        return False
    operator, arguments = next(iter(node.items()))
    return operator in _PARTIAL or (operator != "var" and _may_give_nothing(arguments))


def _of_rows(operator: str, arguments: list[Any]) -> Any:
    """No row at all is an empty list: a block that is not asked has none."""
    asked = _translated(arguments[0])
    rows = {"if": [{"!==": [asked, None]}, asked, []]}
    if operator == "count" and len(arguments) == 1:
        return {"length": [rows]}
    each = _translated(arguments[1])
    if operator == "count":
        return {"length": [{"filter": [rows, each]}]}
    if operator == "total":
        return {"total": [{"map": [rows, each]}]}
    return {operator: [rows, each]}
