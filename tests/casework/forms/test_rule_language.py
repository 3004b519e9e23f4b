"""The rule language: what it says, what it refuses, and that it never surprises."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casework.forms import rule_language
from casework.forms.rule_engine import evaluate, value
from casework.forms.rule_language import BadRule, Known, is_date, parse
from tests.casework.forms.strategies import json_values

KNOWN = {
    "size": Known("number"),
    "other": Known("number"),
    "born": Known("date"),
    "from": Known("date"),
    "agrees": Known("boolean"),
    "delivery": Known("text", frozenset({"post", "email"})),
    "needs": Known("list", frozenset({"stage", "power"})),
    "address.citycode": Known("text"),
    "name": Known("text"),
    "commune": Known("text"),
    "children": Known("rows", fields={"age": Known("number"), "meals": Known("boolean"), "today": Known("date")}),
}
TODAY = {"today": "2026-11-24"}


def holds(expression: Any, **answers: Any) -> bool:
    return evaluate(parse(expression, KNOWN), {**TODAY, **answers})


def var(name: str) -> dict[str, str]:
    return {"var": name}


@pytest.mark.parametrize(
    ("expression", "answers", "expected"),
    [
        (var("agrees"), {"agrees": True}, True),
        (var("agrees"), {"agrees": False}, False),
        ({"==": [var("delivery"), "post"]}, {"delivery": "post"}, True),
        ({"!=": [var("delivery"), "post"]}, {"delivery": "email"}, True),
        ({"<": [var("size"), 3]}, {"size": 2}, True),
        ({"<": [var("size"), 3]}, {"size": 3}, False),
        ({"<=": [var("size"), 3]}, {"size": 3}, True),
        ({">": [var("size"), 3]}, {"size": 3}, False),
        ({">=": [var("size"), var("other")]}, {"size": 3, "other": 3}, True),
        ({">": [{"+": [var("size"), var("other"), 1]}, 6]}, {"size": 3, "other": 3}, True),
        ({"==": [{"-": [var("size"), 1]}, 2]}, {"size": 3}, True),
        ({"and": [var("agrees"), {">": [var("size"), 0]}]}, {"agrees": True, "size": 1}, True),
        ({"or": [var("agrees"), {">": [var("size"), 0]}]}, {"agrees": False, "size": 0}, False),
        ({"!": [var("agrees")]}, {"agrees": True}, False),
        ({"!": {"==": [var("size"), 1]}}, {"size": 2}, True),
        ({"in": [var("delivery"), ["post", "email"]]}, {"delivery": "email"}, True),
        ({"in": ["stage", var("needs")]}, {"needs": ["power", "stage"]}, True),
        ({"in": ["stage", var("needs")]}, {"needs": ["power"]}, False),
        ({"if": [var("agrees"), {"<": [var("size"), 2]}, {"<": [var("size"), 5]}]}, {"agrees": False, "size": 4}, True),
        ({"==": [var("address.citycode"), "86194"]}, {"address": {"citycode": "86194"}}, True),
        ({"<": [var("born"), "2000-01-01"]}, {"born": "1999-12-31"}, True),
        ({"<": [var("born"), var("from")]}, {"born": "2026-02-01", "from": "2026-10-01"}, True),
        ({">=": [{"age": [var("born")]}, 18]}, {"born": "2008-11-24"}, True),
        ({">=": [{"age": [var("born")]}, 18]}, {"born": "2008-11-25"}, False),
        ({"==": [{"age": [var("born"), var("from")]}, 0]}, {"born": "2024-02-29", "from": "2025-02-28"}, True),
        ({"==": [{"days": [var("today"), var("from")]}, 37]}, {"from": "2026-12-31"}, True),
    ],
)
def test_it_says(expression: Any, answers: dict[str, Any], expected: bool) -> None:
    assert holds(expression, **answers) is expected


@pytest.mark.parametrize(
    "expression",
    [
        var("agrees"),
        {"==": [var("delivery"), "post"]},
        {"<": [var("size"), 3]},
        {">=": [var("size"), 0]},
        {"<": [0, {"+": [var("size"), 1]}]},
        {"==": [{"+": [var("size"), 1]}, 1]},
        {"in": [var("delivery"), ["post"]]},
        {"in": ["stage", var("needs")]},
        {">": [{"age": [var("born")]}, 0]},
        {"<": [{"days": [var("today"), var("from")]}, 10]},
        {"==": [var("address.citycode"), "86194"]},
        {"==": [var("agrees"), False]},
    ],
)
def test_what_is_not_answered_is_false(expression: Any) -> None:
    assert holds(expression) is False


def test_not_of_an_answer_means_that_it_is_not_given() -> None:
    assert holds({"!": var("size")})
    assert not holds({"!": var("size")}, size=0)
    assert holds({"!": var("agrees")}, agrees=False)


@pytest.mark.parametrize(
    ("expression", "code"),
    [
        ({"==": [var("size"), "3"]}, "wrong_type"),
        ({"<": [var("delivery"), "post"]}, "wrong_type"),
        ({"==": [var("delivery"), "pigeon"]}, "unknown_value"),
        ({"in": [var("delivery"), ["post", "pigeon"]]}, "unknown_value"),
        ({"in": ["pigeon", var("needs")]}, "unknown_value"),
        ({"in": [var("delivery"), []]}, "wrong_count"),
        ({"in": ["a", "abc"]}, "wrong_type"),
        ({"==": [var("nobody"), 1]}, "unknown_answer"),
        ({"==": [var("address"), "x"]}, "unknown_answer"),
        (var(""), "unknown_answer"),
        ({"var": ["size", 7]}, "unknown_answer"),
        (var("size"), "wrong_type"),
        ({"!": [3]}, "wrong_type"),
        ({"cat": ["a", "b"]}, "unknown_operator"),
        ({"reduce": [[1], {}, 0]}, "unknown_operator"),
        ({"now": []}, "unknown_operator"),
        ({"===": [1, 1]}, "unknown_operator"),
        ({"==": [1]}, "wrong_count"),
        ({"and": []}, "wrong_count"),
        ({"if": [True, True]}, "wrong_count"),
        ({"==": [var("size"), None]}, "bad_literal"),
        ({"==": [var("size"), 2**60]}, "bad_literal"),
        ({"==": [var("size"), 1.5000001]}, "bad_literal"),
        ({"==": [var("size"), float("inf")]}, "bad_literal"),
        ({"==": [var("size"), float("nan")]}, "bad_literal"),
        ({"==": [{"/": [var("size"), 0]}, 1]}, "not_a_divisor"),
        ({"==": [{"/": [var("size"), var("other")]}, 1]}, "not_a_divisor"),
        ({"if": [True, True, True, True]}, "wrong_count"),
        ({"some": [var("needs"), var("agrees")]}, "wrong_type"),
        ({"some": [var("children"), var("agrees")]}, "unknown_answer"),
        ({"some": [var("children"), var("age")]}, "wrong_type"),
        ({"==": [{"total": [var("children"), var("meals")]}, 1]}, "wrong_type"),
        ({"==": [var("children"), var("children")]}, "wrong_type"),
        ({"==": [{"day_after": [var("born"), "x"]}, "2026-01-01"]}, "wrong_type"),
        ({"==": [var("name"), "x" * 201]}, "bad_literal"),
        ({"==": [var("name"), "a\x00"]}, "bad_literal"),
        ({}, "not_an_operator"),
        ({"==": [1, 1], "!=": [1, 1]}, "not_an_operator"),
        (None, "bad_literal"),
        ([], "bad_literal"),
        ("yes", "wrong_type"),
    ],
)
def test_it_refuses(expression: Any, code: str) -> None:
    with pytest.raises(BadRule) as refused:
        parse(expression, KNOWN)
    assert refused.value.code == code


def test_depth_and_size_are_bounded() -> None:
    deep: Any = var("agrees")
    for _ in range(rule_language.MAX_DEPTH + 1):
        deep = {"!": [{"and": [deep]}]}
    with pytest.raises(BadRule, match="too_deep"):
        parse(deep, KNOWN)
    with pytest.raises(BadRule, match="too_big"):
        parse({"and": [{"and": [var("agrees")] * 15}] * 15}, KNOWN)


def test_a_rule_names_what_it_reads() -> None:
    rule = parse({"and": [{"==": [var("address.citycode"), "86194"]}, {"<": [{"age": [var("born")]}, 18]}]}, KNOWN)
    assert rule.reads == {"address", "born"}
    assert parse(rule.expression, KNOWN) == rule


operands = st.sampled_from([var(name) for name in KNOWN] + [var("today"), 1, "post", True, "2026-01-01"])
expressions = st.recursive(
    operands,
    lambda inner: st.builds(
        lambda operator, arguments: {operator: arguments},
        st.sampled_from(rule_language.OPERATORS[1:]),
        st.lists(inner, min_size=1, max_size=3),
    ),
    max_leaves=8,
)
some_answers = st.fixed_dictionaries(
    {},
    optional={
        "size": st.integers(-(2**53), 2**53),
        "other": st.integers(-3, 3),
        "born": st.dates(date(1850, 1, 1), date(2150, 12, 31)).map(str),
        "from": st.dates(date(1850, 1, 1), date(2150, 12, 31)).map(str),
        "agrees": st.booleans(),
        "delivery": st.sampled_from(["post", "email"]),
        "needs": st.lists(st.sampled_from(["stage", "power"]), unique=True),
        "address": st.just({"street": "x"}) | st.just({"citycode": "86194"}),
        "name": st.text(st.characters(codec="utf-8"), max_size=20),
        "commune": st.sampled_from(["86194", "75056"]),
        "children": st.lists(st.fixed_dictionaries({}, optional={"age": st.integers(0, 20), "meals": st.booleans()})),
    },
)


_TYPES: dict[str, Any] = {
    "boolean": lambda found: isinstance(found, bool),
    "number": lambda found: isinstance(found, int | float) and not isinstance(found, bool),
    "date": lambda found: is_date(found),
    "text": lambda found: isinstance(found, str),
}


@given(expressions, some_answers)
def test_a_rule_that_was_accepted_always_has_an_answer(expression: Any, answers: dict[str, Any]) -> None:
    for gives in ("boolean", "number", "date", "text"):
        try:
            rule = parse(expression, KNOWN, gives=gives)
        except BadRule:
            continue
        assert evaluate(rule, {**TODAY, **answers}) in (True, False)
        found = value(rule, {**TODAY, **answers})
        assert found is None or _TYPES[gives](found)


@given(json_values)
def test_whatever_is_no_rule_is_refused_and_nothing_else(expression: Any) -> None:
    try:
        parse(expression, KNOWN)
    except BadRule as refused:
        assert refused.code  # noqa: PT017 - both ways are right


@pytest.mark.parametrize(
    "text", ["2026-02-29", "20260101", "2026-W01-1", "2026-1-1", "2026-01-01T00:00", "٢٠٢٦-٠١-٠١", ""]
)
def test_a_date_is_written_one_way(text: str) -> None:
    assert not is_date(text)
    assert is_date("2024-02-29")
