"""Notebooks are reviewed code: what they import, that they keep no output and no data."""

import ast
from pathlib import Path

import nbformat
import pytest

NOTEBOOKS = sorted((Path(__file__).resolve().parents[2] / "dashboards").glob("*.ipynb"))
ALLOWED = {"panel", "dashboards", "analytics"}


def test_there_are_some() -> None:
    assert NOTEBOOKS


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_imports_little_and_keeps_nothing(path: Path) -> None:
    notebook = nbformat.reads(path.read_text(encoding="utf-8"), as_version=4)  # type: ignore[no-untyped-call]
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        assert not cell.outputs
        assert cell.execution_count is None
        tree = ast.parse(cell.source)
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                assert {each.name.partition(".")[0] for each in node.names} <= ALLOWED
            if isinstance(node, ast.ImportFrom):
                assert (node.module or "").partition(".")[0] in ALLOWED
            if isinstance(node, ast.Name):
                assert node.id not in {"open", "eval", "exec", "compile", "__import__", "globals"}
            assert not (isinstance(node, ast.Attribute) and node.attr.startswith("_")), "no way around the imports"
        for statement in tree.body:
            assert not isinstance(statement, ast.Assign | ast.AnnAssign), "global data is shared by all readers"
