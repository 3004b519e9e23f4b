"""The rules of a form: a small, typed part of JsonLogic, evaluated in one place, on the server (PURE).

A rule says when a field is shown or required. It is JSON, so that it is stored, compared and built by clicks:
`{"==": [{"var": "delivery"}, "post"]}`. See docs/decisions/0030-rules-in-typed-jsonlogic.md.

Operators: `var`, `==`, `!=`, `<`, `<=`, `>`, `>=`, `and`, `or`, `!`, `in`, `if`, `+`, `-`, and two of ours:
`{"age": [date, on]}`, completed years (`on` is today where left out), and `{"days": [from, until]}`, a number of days.
`{"var": "today"}` is the local date (Europe/Paris) on which the answers are judged.

Two things differ from JsonLogic, on purpose. Nothing is converted: `==` is equality of the same type, and a rule that
compares a number with a text is refused when the procedure is read. And what needs an answer that is not given is
false, where JavaScript takes a missing number for zero.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Any, Literal

from datalogic_py import Engine
from datalogic_py import Rule as CompiledRule

TypeName = Literal["boolean", "number", "text", "date", "list"]

MAX_DEPTH = 8
MAX_NODES = 100
MAX_TEXT = 200
MAX_LIST = 50
MAX_NUMBER = 2**53 - 1  # beyond it JSON readers disagree (RFC 8259, 6)
TODAY = "today"

_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_COMPARISONS = ("<", "<=", ">", ">=")
OPERATORS = ("var", "==", "!=", *_COMPARISONS, "and", "or", "!", "in", "if", "+", "-", "age", "days")


@dataclass(frozen=True, slots=True)
class Known:
    """What a rule may read: the type of one answer, and its values where they are a closed list."""

    type: TypeName
    values: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule that was checked. `source` is its JSON, `reads` the answers that it looks at (`today` left out)."""

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


def parse(expression: Any, known: Mapping[str, Known]) -> Rule:
    """The rule that this JSON says, if it gives true or false and reads only what is `known`.

    Raises BadRule: too_deep, too_big, not_an_operator, unknown_operator, wrong_count, unknown_answer, unknown_value,
    wrong_type, bad_literal.
    """
    checker = _Checker(known)
    kind = checker.type_of(expression, "", 0)
    if kind.type != "boolean":
        raise BadRule("wrong_type", "", expected="boolean", found=kind.type)
    return Rule(json.dumps(expression, sort_keys=True, ensure_ascii=False), frozenset(checker.reads))


def evaluate(rule: Rule, data: Mapping[str, Any]) -> bool:
    """Whether the rule holds. `data`: normalised answers by field id, and `today` (ISO date) where the rule reads it.

    Never raises for a parsed rule and answers of the declared types.
    """
    return _compile(rule.source).evaluate(data) is True


@dataclass(slots=True)
class _Checker:
    known: Mapping[str, Known]
    reads: set[str] = field(default_factory=set)
    nodes: int = 0

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
        if operator not in OPERATORS:
            raise BadRule("unknown_operator", path, operator=printable(operator, 50))
        path = f"{path}/{operator}"
        if operator == "var":
            return self._variable(arguments, path)
        if not isinstance(arguments, Sequence) or isinstance(arguments, str):
            arguments = [arguments]
        least, most = _COUNTS[operator]
        if not least <= len(arguments) <= most:
            raise BadRule("wrong_count", path, least=least, most=most)
        if operator == "in":
            return self._membership(arguments, path, depth)
        found = [self.type_of(argument, f"{path}/{i}", depth + 1) for i, argument in enumerate(arguments)]
        return self._apply(operator, arguments, found, path)

    def _variable(self, name: Any, path: str) -> Known:
        if isinstance(name, Sequence) and not isinstance(name, str) and len(name) == 1:
            name = name[0]
        if name == TODAY:
            return Known("date")
        if not isinstance(name, str) or name not in self.known:
            raise BadRule("unknown_answer", path, answer=printable(name, 100))
        self.reads.add(name.partition(".")[0])
        return self.known[name]

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
        match operator:
            case "and" | "or":
                _all(found, "boolean", path)
                return Known("boolean")
            case "!":  # of an answer, whatever its type: also "is not given"
                if not _is_variable(arguments[0]):
                    _all(found, "boolean", path)
                return Known("boolean")
            case "if":
                _all(found[:1], "boolean", path)
                return _same(found[1:], arguments[1:], path)
            case "+" | "-":
                _all(found, "number", path)
                return Known("number")
            case "age" | "days":
                _all(found, "date", path)
                return Known("number")
            case "==" | "!=":
                _same(found, arguments, path)
                return Known("boolean")
            case _:
                kind = _same(found, arguments, path)
                if kind.type not in ("number", "date"):
                    raise BadRule("wrong_type", path, expected="number", found=kind.type)
                return Known("boolean")


_MANY = 20
_COUNTS = {
    **dict.fromkeys(("==", "!=", *_COMPARISONS, "in", "days"), (2, 2)),
    **dict.fromkeys(("and", "or"), (1, _MANY)),
    "!": (1, 1),
    "if": (3, 3),
    "+": (2, _MANY),
    "-": (2, 2),
    "age": (1, 2),
}


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
        case int() if abs(value) <= MAX_NUMBER:
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


# Evaluation. The checked rule is translated once into what the engine computes alike on every platform, with the
# guards that make a missing answer false, then kept compiled.


def _age(arguments: str) -> str:
    born, on = (date.fromisoformat(value) for value in json.loads(arguments))
    return str(on.year - born.year - ((on.month, on.day) < (born.month, born.day)))


def _days(arguments: str) -> str:
    first, last = (date.fromisoformat(value) for value in json.loads(arguments))
    return str((last - first).days)


_OURS: dict[str, Callable[[str], str]] = {"age": _age, "days": _days}
_engine = Engine(custom_operators=_OURS, strict_operator_names=True, families=["Core"])
_STRICT = {"==": "===", "!=": "!=="}


@lru_cache(maxsize=4096)
def _compile(source: str) -> CompiledRule:
    return _engine.compile(_translate(json.loads(source)))


def _translate(node: Any) -> Any:
    if not isinstance(node, Mapping):
        return node
    operator, arguments = next(iter(node.items()))
    if operator == "var":
        return {"var": arguments if isinstance(arguments, str) else arguments[0]}
    if not isinstance(arguments, list):
        arguments = [arguments]
    if operator == "age" and len(arguments) == 1:
        arguments = [*arguments, {"var": TODAY}]
    if operator == "!" and _is_variable(arguments[0]):  # zero is an answer; no, and nothing, are not a yes
        return {"or": [{"===": [_translate(arguments[0]), nothing]} for nothing in (None, False)]}
    computed: Any = {_STRICT.get(operator, operator): [_translate(argument) for argument in arguments]}
    if operator in (*_COMPARISONS, "in", "+", "-", "age", "days"):
        read = sorted({name for argument in arguments for name in variables(argument)})
        if read:
            given = {"and": [{"!==": [{"var": name}, None]} for name in read]}
            computed = {"if": [given, computed, False if operator in (*_COMPARISONS, "in") else None]}
    return computed


def _is_variable(node: Any) -> bool:
    return isinstance(node, Mapping) and "var" in node


def variables(node: Any) -> list[str]:
    """The names that this expression reads, as it writes them (`address.citycode`), as often as it does."""
    if isinstance(node, list):
        return [name for item in node for name in variables(item)]
    if not isinstance(node, Mapping):
        return []
    operator, arguments = next(iter(node.items()))
    if operator == "var":
        return [arguments if isinstance(arguments, str) else arguments[0]]
    return variables(arguments if isinstance(arguments, list) else [arguments]) + ([TODAY] if operator == "age" else [])
