"""Rules by rows: what is picked is a rule, the rule is shown as what was picked, and it means the same."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casework.forms.rule_engine import evaluate
from casework.forms.rule_language import Known, parse
from casework.forms.rule_rows import TESTS, WITHOUT_VALUE, Row, Rows, default, from_rows, possible, to_rows
from casework.procedures.catalogue import load

KNOWN = {
    "yes": Known("boolean"),
    "number": Known("number"),
    "born": Known("date"),
    "words": Known("text"),
    "choice": Known("text", frozenset({"a", "b"})),
    "several": Known("list", frozenset({"a", "b"})),
    "home.citycode": Known("text"),
}
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "yes": st.booleans(),
    "number": st.integers(-99, 99),
    "born": st.dates(date(1900, 1, 1), date(2100, 1, 1)).map(date.isoformat),
    "words": st.text(st.characters(codec="ascii", categories=["L"]), max_size=5),
    "choice": st.sampled_from(["a", "b"]),
    "several": st.sampled_from(["a", "b"]),
    "home.citycode": st.sampled_from(["86194", "86001"]),
}


@st.composite
def rows_(draw: st.DrawFn) -> Row:
    name = draw(st.sampled_from(list(KNOWN)))
    test = draw(st.sampled_from(possible(KNOWN[name])))
    if test in WITHOUT_VALUE:
        return Row(name, test)
    return Row(name, test, draw(st.integers(0, 120) if test.startswith("age") else VALUES[name]))


@st.composite
def several(draw: st.DrawFn) -> Rows:
    made = tuple(draw(st.lists(rows_(), max_size=5)))
    return Rows(made, draw(st.sampled_from(["all", "any"])) if len(made) > 1 else "all")


@given(several())
def test_rows_are_shown_as_they_were_picked_and_are_a_rule(picked: Rows) -> None:
    expression = from_rows(picked)
    assert to_rows(expression) == picked
    if expression is not None:
        parse(expression, KNOWN)


def _rules(node: Any) -> list[Any]:
    if isinstance(node, list):
        return [rule for each in node for rule in _rules(each)]
    if not isinstance(node, dict):
        return []
    here = [node[key] for key in ("visible_if", "required", "when") if isinstance(node.get(key), dict)]
    return here + [rule for value in node.values() for rule in _rules(value)]


def test_rows_of_the_catalogue_s_rules_mean_the_same() -> None:
    """Where a rule of somebody's hand is shown as rows, saving the rows changes nothing of what it says."""
    seen = 0
    for package in load().packages.values():
        known = {name: each for field in package.form.fields for name, each in field.known.items()}
        for expression in _rules(package.definition):
            rows = to_rows(expression)
            if rows is None:
                continue
            seen += 1
            rule, again = parse(expression, known), parse(from_rows(rows), known)
            for answers in ({}, *({name: value} for name in rule.reads for value in _answers(known.get(name)))):
                data = {**answers, "today": "2026-11-24", "profile": {}}
                assert evaluate(rule, data) == evaluate(again, data), expression
    assert seen > 50


def _answers(known: Known | None) -> list[Any]:
    if known is None:
        return []
    if known.values is not None:
        return [[each] if known.type == "list" else each for each in known.values]
    tried: dict[str, list[Any]] = {"boolean": [True, False], "number": [0, 1, 99], "date": ["1990-01-01", "2026-12-01"]}
    return tried.get(known.type, ["x"])


@pytest.mark.parametrize(
    "expression",
    [
        {"and": [{"or": [{"var": "yes"}, {"var": "yes"}]}, {"var": "yes"}]},
        {">": [{"+": [{"var": "number"}, 1]}, 2]},
        {"==": [{"var": "words"}, {"var": "choice"}]},
        {"if": [{"var": "yes"}, True, False]},
        {"!": [{"==": [{"var": "number"}, 1]}]},
        {"in": [{"var": "choice"}, ["a", "b"]]},
        {"and": []},
        {"age": [{"var": "born"}]},
        "text",
        {"a": 1, "b": 2},
    ],
)
def test_what_is_richer_is_no_rows(expression: Any) -> None:
    assert to_rows(expression) is None


def test_picking_a_question_makes_a_whole_rule() -> None:
    for name, known in KNOWN.items():
        row = default(name, known, sorted(known.values or ()))
        assert row.test in possible(known)
        parse(from_rows(Rows((row,))), KNOWN)
    assert set(TESTS) == {test for known in KNOWN.values() for test in possible(known)}
