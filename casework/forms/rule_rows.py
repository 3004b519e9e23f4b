"""Rules as rows that are picked: [question] [test] [value], joined by “all” or “at least one” (PURE).

What a designer builds is made of rows; a rule that says more (sums, rules inside rules) is shown in words and written
in the package. `from_rows` of what `to_rows` gives means the same, and `to_rows` of what `from_rows` makes is the rows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from casework.forms.rule_language import Known, TypeName

Join = Literal["all", "any"]
Value = bool | int | float | str | None

# Test → the types of answers that it is about.
TESTS: Mapping[str, tuple[TypeName, ...]] = {
    "is": ("text", "boolean", "number", "date"),
    "is_not": ("text", "number", "date"),
    "at_least": ("number", "date"),
    "at_most": ("number", "date"),
    "more": ("number", "date"),
    "less": ("number", "date"),
    "contains": ("list",),
    "contains_not": ("list",),
    "age_at_least": ("date",),
    "age_less": ("date",),
    "given": ("text", "number", "date", "list"),
    "not_given": ("text", "number", "date", "list"),
}
WITHOUT_VALUE = frozenset({"given", "not_given"})
_OPERATORS: Mapping[str, str] = {
    "is": "==", "is_not": "!=", "at_least": ">=", "at_most": "<=", "more": ">", "less": "<",
}  # fmt: skip
_AGES: Mapping[str, str] = {"age_at_least": ">=", "age_less": "<"}
_JOINS: Mapping[Join, str] = {"all": "and", "any": "or"}


@dataclass(frozen=True, slots=True)
class Row:
    """One condition: the answer `name` (a field's id, or `address.citycode`), a test of TESTS, its value."""

    name: str
    test: str
    value: Value = None


@dataclass(frozen=True, slots=True)
class Rows:
    """Conditions that must all hold, or of which one must. No row: no rule."""

    rows: tuple[Row, ...] = ()
    join: Join = "all"


def to_rows(expression: Any) -> Rows | None:
    """The rows that this expression is; None where it says more than rows can. No expression: no rows."""
    if expression is None:
        return Rows()
    for join, operator in _JOINS.items():
        if isinstance(expression, Mapping) and list(expression) == [operator]:
            found = [_row(each) for each in _arguments(expression[operator])]
            rows = tuple(each for each in found if each is not None)
            return Rows(rows, join if len(rows) > 1 else "all") if rows and len(rows) == len(found) else None
    row = _row(expression)
    return None if row is None else Rows((row,))


def from_rows(rows: Rows) -> Any:
    """The expression that these rows are; None where there is none."""
    made = [_expression(each) for each in rows.rows]
    if not made:
        return None
    return made[0] if len(made) == 1 else {_JOINS[rows.join]: made}


def possible(known: Known) -> tuple[str, ...]:
    """The tests that can be made of such an answer, the most usual first."""
    return tuple(test for test, types in TESTS.items() if known.type in types)


def default(name: str, known: Known, values: Sequence[str] = ()) -> Row:
    """The row that stands when a question has just been picked: a whole rule, whose value is chosen after.

    `values`: those of a closed list, in its order.
    """
    match known.type:
        case "boolean":
            return Row(name, "is", value=True)
        case "list":
            return Row(name, "contains", values[0]) if values else Row(name, "given")
        case "number":
            return Row(name, "at_least", 1)
        case "date":
            return Row(name, "age_at_least", 18)
        case _:
            return Row(name, "is", values[0]) if values else Row(name, "given")


def _expression(row: Row) -> Any:
    read = {"var": row.name}
    match row.test:
        case "contains":
            return {"in": [row.value, read]}
        case "contains_not":
            return {"!": [{"in": [row.value, read]}]}
        case "given":
            return {"!": [{"!": [read]}]}
        case "not_given":
            return {"!": [read]}
        case "age_at_least" | "age_less":
            return {_AGES[row.test]: [{"age": [read]}, row.value]}
        case _:
            return {_OPERATORS[row.test]: [read, row.value]}


def _row(node: Any) -> Row | None:
    if not isinstance(node, Mapping) or len(node) != 1:
        return None
    operator, given = next(iter(node.items()))
    arguments = _arguments(given)
    if operator == "var":
        name = _name(node)
        return None if name is None else Row(name, "is", value=True)
    if operator == "!" and len(arguments) == 1:
        return _negated(arguments[0])
    if len(arguments) != 2:
        return None
    first, second = arguments
    if operator == "in":
        name = _name(second)
        return Row(name, "contains", first) if name is not None and isinstance(first, str) else None
    if _is_value(second):
        for test, each in _OPERATORS.items():
            if operator == each and (name := _name(first)) is not None:
                return Row(name, test, second)
        for test, each in _AGES.items():
            if operator == each and (name := _aged(first)) is not None and not isinstance(second, bool | str):
                return Row(name, test, second)
    return None


def _negated(node: Any) -> Row | None:
    if (name := _name(node)) is not None:
        return Row(name, "not_given")
    inner = _row(node)
    opposite = {"not_given": "given", "contains": "contains_not"}
    if inner is None or inner.test not in opposite or "var" in node:
        return None
    return Row(inner.name, opposite[inner.test], inner.value)


def _arguments(given: Any) -> Sequence[Any]:
    return given if isinstance(given, list | tuple) else [given]


def _name(node: Any) -> str | None:
    if not isinstance(node, Mapping) or list(node) != ["var"]:
        return None
    names = _arguments(node["var"])
    return names[0] if len(names) == 1 and isinstance(names[0], str) else None


def _aged(node: Any) -> str | None:
    """The date of which this is the age today."""
    if not isinstance(node, Mapping) or list(node) != ["age"]:
        return None
    arguments = _arguments(node["age"])
    today = len(arguments) == 2 and _name(arguments[1]) == "today"
    return _name(arguments[0]) if len(arguments) == 1 or today else None


def _is_value(value: Any) -> bool:
    return isinstance(value, bool | int | float | str)
