"""docs/reliability.md names tests that exist, and nothing that it promises is without one."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
TABLE = [
    [cell.strip() for cell in line.strip("|").split(" | ")]
    for line in (ROOT / "docs/reliability.md").read_text().splitlines()
    if line.startswith("| **")
]


def test_there_are_lines() -> None:
    assert len(TABLE) >= 10


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row[0])
def test_what_is_promised_is_shown_by_tests_that_exist(row: list[str]) -> None:
    _, promised, shown = row
    assert promised
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", shown)
    assert named, "nothing shows it"
    for file, name in named:
        tree = ast.parse((ROOT / file).read_text())
        functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
        assert name in functions, f"{file} has no {name}"
    for module in re.findall(r"python -m ([\w.]+)", shown):
        assert (ROOT / module.replace(".", "/")).with_suffix(".py").exists()
