"""The rules of a procedure: a small, typed part of JsonLogic (PURE). This module reads a rule; `rule_engine` evaluates it.

A rule is JSON, so that it is stored, compared and built by clicks: `{"==": [{"var": "delivery"}, "post"]}`. It says when
a field is shown or required, what a computed field holds, who answers, what is due. See
docs/decisions/0030-rules-in-typed-jsonlogic.md and, for every operator, docs/howto/write-a-procedure.md.

Of JsonLogic: `var`, `==`, `!=`, `<`, `<=`, `>`, `>=`, `and`, `or`, `!`, `in`, `if`, `+`, `-`, `*`, `/`, `min`, `max`,
`some`, `all`, `none`. Of ours: dates (`age`, `days`, `working_days`, `day_after`, `working_day_after`, `month`), lists
and rows (`length`, `count`, `total`) and `population` of a commune. `{"var": "today"}` is the local date (Europe/Paris)
on which the answers are judged, `profile.…` what is known of who asks.

Three things differ from JsonLogic, on purpose. Nothing is converted: `==` is equality of the same type, and a rule that
compares a number with a text is refused when the procedure is read. What needs an answer that is not given is false,
where JavaScript takes a missing number for zero. And sums are exact to the millionth, as money must be.
"""

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from math import isfinite
from typing import Any, Literal

TypeName = Literal["boolean", "number", "text", "date", "list", "rows"]

MAX_DEPTH = 8
MAX_NODES = 100
MAX_TEXT = 200
MAX_LIST = 50
MAX_NUMBER = 2**53 - 1  # beyond it JSON readers disagree (RFC 8259, 6)
DIGITS = 6  # after the decimal point, of what is written and of what is calculated
TODAY = "today"

_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_MANY = 20
COMPARISONS = ("<", "<=", ">", ">=")
ROWS = ("some", "all", "none", "count", "total")  # their second argument is judged on each row

# Every operator, and how many arguments it takes.
COUNTS: Mapping[str, tuple[int, int]] = {
    "var": (1, 1),
    **dict.fromkeys(("==", "!=", *COMPARISONS, "in"), (2, 2)),
    **dict.fromkeys(("and", "or"), (1, _MANY)),
    "!": (1, 1),
    "if": (3, 2 * _MANY + 1),  # condition, value, condition, value … and the value where none holds
    **dict.fromkeys(("+", "*"), (2, _MANY)),
    **dict.fromkeys(("-", "/"), (2, 2)),
    **dict.fromkeys(("min", "max"), (2, _MANY)),
    "age": (1, 2),
    **dict.fromkeys(("days", "working_days", "day_after", "working_day_after"), (2, 2)),
    **dict.fromkeys(("month", "length", "population"), (1, 1)),
    **dict.fromkeys(("some", "all", "none", "total"), (2, 2)),
    "count": (1, 2),
}
OPERATORS = tuple(COUNTS)

# What each operator of fixed types takes, and gives. The others are in `_Checker._apply`.
_TAKES: Mapping[str, tuple[TypeName, TypeName]] = {
    **dict.fromkeys(("and", "or"), ("boolean", "boolean")),
    **dict.fromkeys(("+", "-", "*", "/", "min", "max"), ("number", "number")),
    **dict.fromkeys(("age", "days", "working_days", "month"), ("date", "number")),
    "length": ("list", "number"),
    "population": ("text", "number"),
}


@dataclass(frozen=True, slots=True)
class Known:
    """What a rule may read: the type of one answer, its values where they are a closed list, of rows their fields."""

    type: TypeName
    values: frozenset[str] | None = None
    fields: Mapping[str, "Known"] | None = field(default=None, hash=False)
    decimal: bool = False  # of a number: whether it may lie between two whole ones


# What is known of who asks, beside the answers (`rule_reading.Profile`).
PROFILE: Mapping[str, Known] = {
    "profile.signed_in": Known("boolean"),
    "profile.agent": Known("boolean"),
    "profile.commune": Known("text"),
    "profile.service": Known("text"),
}
# No field may be called so: rules read something else under these names.
RESERVED = frozenset({TODAY, "profile", "state", "step", "channel", "service", "days_in_state"})


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule that was checked. `source` is its JSON, `reads` the answers that it looks at (`today`, `profile` left out)."""

    source: str
    reads: frozenset[str]

    @property
    def expression(self) -> Any:
        return json.loads(self.source)


class BadRule(Exception):
    """The expression is no rule of this language: `code`, the JSON `path` of the fault inside it, and `params`."""

    def __init__(self, code: str, path: str = "", **params: Any) -> None:
        super().__init__(code, path, params)
        self.code, self.path, self.params = code, path, params


def parse(
    expression: Any, known: Mapping[str, Known], *, gives: TypeName = "boolean", later: Collection[str] = ()
) -> Rule:
    """The rule that this JSON says, if it gives what is wanted and reads only what is `known`. `later`: fields that come
    after it, for who looks downwards or at itself (a loop) to be told so.

    Raises BadRule: too_deep, too_big, not_an_operator, unknown_operator, wrong_count, unknown_answer, later_answer,
    unknown_value, wrong_type, bad_literal, not_a_divisor.
    """
    checker = _Checker(known, later)
    kind = checker.type_of(expression, "", 0)
    if kind.type != gives:
        raise BadRule("wrong_type", "", expected=gives, found=kind.type)
    return Rule(json.dumps(expression, sort_keys=True, ensure_ascii=False), frozenset(checker.reads))


@dataclass(slots=True)
class _Checker:
    known: Mapping[str, Known]
    later: Collection[str]
    reads: set[str] = field(default_factory=set)
    nodes: int = 0
    row: Mapping[str, Known] | None = None  # of the rows that the expression looks at, where it does

    def type_of(self, node: Any, path: str, depth: int) -> Known:
        self.nodes += 1
        if depth > MAX_DEPTH:
            raise BadRule("too_deep", path, most=MAX_DEPTH)
        if self.nodes > MAX_NODES:
            raise BadRule("too_big", path, most=MAX_NODES)
        if not isinstance(node, Mapping):
            return _literal(node, path)
        if len(node) != 1:
            raise BadRule("not_an_operator", path)
        operator, arguments = next(iter(node.items()))
        if operator not in COUNTS:
            raise BadRule("unknown_operator", path, operator=printable(operator, 50))
        path = f"{path}/{operator}"
        if operator == "var":
            return self._variable(arguments, path)
        if not isinstance(arguments, Sequence) or isinstance(arguments, str):
            arguments = [arguments]
        least, most = COUNTS[operator]
        if not least <= len(arguments) <= most or (operator == "if" and len(arguments) % 2 == 0):
            raise BadRule("wrong_count", path, least=least, most=most)
        if operator == "in":
            return self._membership(arguments, path, depth)
        if operator in ROWS:
            return self._rows(operator, arguments, path, depth)
        found = [self.type_of(argument, f"{path}/{i}", depth + 1) for i, argument in enumerate(arguments)]
        return self._apply(operator, arguments, found, path)

    def _variable(self, name: Any, path: str) -> Known:
        if isinstance(name, Sequence) and not isinstance(name, str) and len(name) == 1:
            name = name[0]
        if name == TODAY:
            return Known("date")
        if not isinstance(name, str):
            raise BadRule("unknown_answer", path, answer=printable(name, 100))
        if self.row is not None:
            if name not in self.row:
                raise BadRule("unknown_answer", path, answer=printable(name, 100))
            return self.row[name]
        if name not in self.known:
            if name.partition(".")[0] in self.later:
                raise BadRule("later_answer", path, answer=name)
            raise BadRule("unknown_answer", path, answer=printable(name, 100))
        if name not in PROFILE:
            self.reads.add(name.partition(".")[0])
        return self.known[name]

    def _rows(self, operator: str, arguments: Sequence[Any], path: str, depth: int) -> Known:
        """What is said of the rows of a block: the second argument reads the answers of one row, and no others."""
        rows = self.type_of(arguments[0], f"{path}/0", depth + 1)
        if rows.type != "rows" or rows.fields is None:
            raise BadRule("wrong_type", f"{path}/0", expected="rows", found=rows.type)
        if len(arguments) == 2:
            self.row = rows.fields
            each = self.type_of(arguments[1], f"{path}/1", depth + 1)
            self.row = None
            expected = "number" if operator == "total" else "boolean"
            if each.type != expected:
                raise BadRule("wrong_type", f"{path}/1", expected=expected, found=each.type)
        return Known("number" if operator in ("count", "total") else "boolean")

    def _membership(self, arguments: Sequence[Any], path: str, depth: int) -> Known:
        """`in`: one answer among the values written in the rule, or one value among the answers of a list."""
        needle, haystack = arguments
        wanted = self.type_of(needle, f"{path}/0", depth + 1)
        if isinstance(haystack, Mapping):
            among = self.type_of(haystack, f"{path}/1", depth + 1)
            if among.type != "list":
                raise BadRule("wrong_type", f"{path}/1", expected="list", found=among.type)
            _same([Known("text", among.values), wanted], [None, needle], f"{path}/0")
            return Known("boolean")
        if not isinstance(haystack, Sequence) or isinstance(haystack, str):
            raise BadRule("wrong_type", f"{path}/1", expected="list", found=_name(haystack))
        if not 1 <= len(haystack) <= MAX_LIST:
            raise BadRule("wrong_count", f"{path}/1", least=1, most=MAX_LIST)
        for i, value in enumerate(haystack):
            _same([wanted, _literal(value, f"{path}/1/{i}")], [needle, value], f"{path}/1/{i}")
        return Known("boolean")

    def _apply(self, operator: str, arguments: Sequence[Any], found: list[Known], path: str) -> Known:
        if operator in _TAKES:
            takes, gives = _TAKES[operator]
            _all(found, takes, path)
            if operator == "/" and (isinstance(arguments[1], Mapping) or arguments[1] == 0):
                raise BadRule("not_a_divisor", f"{path}/1")
            return Known(gives)
        match operator:
            case "!":  # of an answer, whatever its type: also "is not given"
                if not is_variable(arguments[0]):
                    _all(found, "boolean", path)
                return Known("boolean")
            case "if":
                _all(found[:-1:2], "boolean", path)
                values = [*found[1::2], found[-1]]
                return _same(values, [*arguments[1::2], arguments[-1]], path)
            case "day_after" | "working_day_after":
                _all(found[:1], "date", path)
                if found[1].type != "number":
                    raise BadRule("wrong_type", f"{path}/1", expected="number", found=found[1].type)
                return Known("date")
            case "==" | "!=":
                if found[0].type == "rows":
                    raise BadRule("wrong_type", f"{path}/0", expected="text", found="rows")
                _same(found, arguments, path)
                return Known("boolean")
            case _:
                kind = _same(found, arguments, path)
                if kind.type not in ("number", "date"):
                    raise BadRule("wrong_type", path, expected="number", found=kind.type)
                return Known("boolean")


def printable(value: Any, most: int) -> str:
    """What somebody wrote, short and fit to be told back in any line of text."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in str(value)[:most])


def _name(value: Any) -> str:
    match value:
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case str():
            return "text"
        case None:
            return "nothing"
        case _:
            return "list"


def _literal(value: Any, path: str) -> Known:
    match value:
        case bool():
            return Known("boolean")
        case int() | float() if isfinite(value) and abs(value) <= MAX_NUMBER and round(value, DIGITS) == value:
            return Known("number")
        case str() if len(value) <= MAX_TEXT and value.isprintable():
            return Known("date" if is_date(value) else "text")
        case _:
            raise BadRule("bad_literal", path, found=_name(value))


def is_date(value: str) -> bool:
    """Whether this text is a calendar date, YYYY-MM-DD and nothing else (RFC 3339, full-date)."""
    if not _ISO_DATE.fullmatch(value):
        return False
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True


def _all(found: Sequence[Known], expected: str, path: str) -> None:
    for i, kind in enumerate(found):
        if kind.type != expected:
            raise BadRule("wrong_type", f"{path}/{i}", expected=expected, found=kind.type)


def _same(found: Sequence[Known], arguments: Sequence[Any], path: str) -> Known:
    """The common type. A text of a closed list is compared only with one of its values."""
    first = found[0]
    for i, kind in enumerate(found[1:], start=1):
        if kind.type != first.type:
            raise BadRule("wrong_type", f"{path}/{i}", expected=first.type, found=kind.type)
    for kind in found:
        for argument in arguments:
            if kind.values is not None and isinstance(argument, str) and argument not in kind.values:
                raise BadRule("unknown_value", path, value=argument, values=sorted(kind.values))
    return first


def is_variable(node: Any) -> bool:
    """Whether this expression is an answer as it stands."""
    return isinstance(node, Mapping) and "var" in node


def variables(node: Any) -> Iterator[str]:
    """The names that this expression reads, as it writes them (`address.citycode`), as often as it does. What is said of
    each row of a block reads the block."""
    if isinstance(node, list):
        for item in node:
            yield from variables(item)
    elif isinstance(node, Mapping):
        operator, arguments = next(iter(node.items()))
        arguments = arguments if isinstance(arguments, list) else [arguments]
        if operator == "var":
            yield arguments[0]
            return
        yield from variables(arguments[:1] if operator in ROWS else arguments)
        if operator == "age" and len(arguments) == 1:
            yield TODAY
