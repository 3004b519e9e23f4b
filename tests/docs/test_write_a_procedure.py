"""docs/howto/write-a-procedure.md cannot lie: its example is read, its tables are those of the code."""

import dataclasses
import json
import re
from datetime import date
from pathlib import Path

from casework.forms.check import check
from casework.forms.example import example
from casework.forms.kinds import KINDS
from casework.forms.model import Choice
from casework.forms.rule_engine import evaluate
from casework.forms.rule_language import OPERATORS, Known, parse
from casework.procedures import package
from casework.procedures.catalogue import load

HOWTO = (Path(__file__).parents[2] / "docs/howto/write-a-procedure.md").read_text("utf-8")
KNOWN = {
    "home": Known("boolean"),
    "garden": Known("boolean"),
    "guests": Known("number"),
    "born_on": Known("date"),
    "held_on": Known("date"),
    "delivery": Known("text", frozenset({"post", "counter"})),
    "needs": Known("list", frozenset({"stage"})),
    "commune": Known("text"),
    "children": Known("rows", fields={"age": Known("number")}),
}
HOLDING = {
    "home": True,
    "garden": True,
    "guests": 201,
    "born_on": "1980-01-01",
    "held_on": "2026-12-01",
    "delivery": "post",
    "needs": ["stage"],
    "commune": "86194",
    "children": [{"age": 2}, {"age": 10}],
    "today": "2026-11-24",
}


def rows(heading: str) -> list[list[str]]:
    """The cells of the table under this heading, without its head."""
    section = HOWTO.split(f"## {heading}\n")[1].split("\n## ")[0]
    table = [line for line in section.splitlines() if line.startswith("|")][2:]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in table]


def named(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def test_the_example_is_a_procedure_of_the_community() -> None:
    document = HOWTO.split("```yaml\n")[1].split("```")[0]
    shortest = package.parse(document)
    service = load().services[shortest.service]
    assert service.directorate == shortest.directorate
    assert shortest.theme in load().themes
    today = date(2026, 11, 24)
    assert check(shortest.form, example(shortest.form, today=today), documents={}, today=today).faults == ()


def test_the_head_is_told_whole() -> None:
    told = {key for row in rows("The head") for key in named(row[0])}
    assert told == {field.name for field in dataclasses.fields(package.Package)} - {"definition", "remarks"}


def test_every_kind_is_told_with_its_keys() -> None:
    table = {named(row[0])[0]: row[2] for row in rows("Fields")}
    assert list(table) == list(KINDS)
    common = {field.name for field in dataclasses.fields(KINDS["yes_no"])}
    in_yaml = {"max_size": "max_megabytes"}
    for kind, told in table.items():
        own = {field.name for field in dataclasses.fields(KINDS[kind])} - common
        assert {in_yaml.get(name, name) for name in own} <= set(named(told)), kind
    assert {"value", "label"} == {field.name for field in dataclasses.fields(Choice)} <= set(named(table["choice"]))


def test_every_operator_is_told_with_rules_that_hold() -> None:
    table = rows("Rules")
    assert {name for row in table for name in named(row[0])} == set(OPERATORS)
    assert all(re.fullmatch(r"(?:`[^`]+`,? ?)+", row[1]) for row in table)
    for row in table:
        for rule in named(row[1]):
            holds = evaluate(parse(json.loads(rule), KNOWN), HOLDING)
            assert holds is (named(row[0])[0] not in ("!", "if")), rule
