"""The table of rule cases: what our server gives, and what two other engines of JsonLogic give for the same."""

import json
import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from casework.forms.rule_engine import standard, value
from casework.forms.rule_language import OPERATORS, PROFILE, TODAY, BadRule, Known, Rule, TypeName, is_date, parse
from casework.procedures.package import load_yaml

HERE = Path(__file__).parent
DAY = "2026-11-24"
TABLE: Mapping[str, Any] = load_yaml((HERE / "rule_cases.yaml").read_text("utf-8"))
CASES = [case for name, cases in TABLE.items() if name != "known" for case in cases]


def known_of(said: Any) -> Known:
    if isinstance(said, list):
        return Known("text", frozenset(said))
    if isinstance(said, dict):
        return Known("rows", fields={TODAY: Known("date"), **{name: known_of(each) for name, each in said.items()}})
    return Known("number", decimal=True) if said == "decimal" else Known(said)


KNOWN = {**PROFILE, **{name: known_of(said) for name, said in TABLE["known"].items()}}


def read(expression: Any, expected: Any) -> Rule:
    wanted: tuple[TypeName, ...] = ("number", "date", "text", "boolean")
    if isinstance(expected, bool):
        wanted = ("boolean",)
    elif isinstance(expected, str):
        wanted = ("date",) if is_date(expected) else ("text",)
    for gives in wanted:
        try:
            return parse(expression, KNOWN, gives=gives)
        except BadRule as bad:
            if bad.code != "wrong_type" or bad.path:
                raise
    raise AssertionError(f"{expression} gives none of {wanted}")


def data_of(answers: Mapping[str, Any]) -> dict[str, Any]:
    rows = [{**row, TODAY: DAY} for row in answers.get("children", [])]
    return {**answers, **({"children": rows} if rows else {}), TODAY: DAY}


@cache
def elsewhere() -> list[list[Any]]:
    """What json-logic-js, the reference, and json-logic-engine give for every case."""
    asked = [{"rule": standard(read(rule, gives)), "data": data_of(answers)} for rule, answers, gives in CASES]
    done = subprocess.run(
        ["node", HERE / "rule_cases.mjs"], input=json.dumps(asked), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    found: list[list[Any]] = json.loads(done.stdout)
    return found


def same(one: Any, other: Any) -> bool:
    return one == other and isinstance(one, bool) == isinstance(other, bool)


def test_the_table_is_large_and_uses_every_operator() -> None:
    assert len(CASES) >= 200
    used: set[str] = set()

    def walk(node: Any) -> None:
        for each in node if isinstance(node, list) else node.values() if isinstance(node, dict) else ():
            walk(each)
        if isinstance(node, dict):
            used.update(node)

    walk([rule for rule, _, _ in CASES])
    assert used == set(OPERATORS)


@pytest.mark.parametrize("number", range(len(CASES)))
def test_a_rule_gives_what_the_table_says(number: int) -> None:
    expression, answers, expected = CASES[number]
    rule = read(expression, expected)
    given = value(rule, data_of(answers))
    # A yes or no that is not answered is no rule that holds: `evaluate` says false where `value` says nothing.
    assert same(given, expected) or (given is None and expected is False), given
    assert same(elsewhere()[number][0] or False if expected is False else elsewhere()[number][0], expected)
    assert same(elsewhere()[number][1] or False if expected is False else elsewhere()[number][1], expected)
