"""The rules of the house that no import contract can say. Each names the decision that it keeps."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PACKAGES = ("casework", "infra", "api", "web", "realtime", "workers", "analytics", "dashboards", "cli")


def _modules(*packages: str) -> list[Path]:
    return [path for package in packages or PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]


def _calls(tree: ast.AST) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def test_there_is_a_house() -> None:
    assert len(_modules("casework")) > 20, "the other tests of this file look at nothing"


@pytest.mark.parametrize("path", _modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_one_transaction_begins_and_ends_at_the_door(path: Path) -> None:
    """ADR 0002: `commit`, `rollback` and `begin_nested` appear in infra/database.py alone (and it needs none)."""
    tree = ast.parse(path.read_text())
    named = {call.func.attr for call in _calls(tree) if isinstance(call.func, ast.Attribute)}
    assert not named & {"commit", "rollback", "begin_nested"}, path


@pytest.mark.parametrize("path", _modules("casework"), ids=lambda path: str(path.relative_to(ROOT)))
def test_statements_are_constants(path: Path) -> None:
    """ADR 0003: SQL is written at module level with bind parameters; no function builds a statement in a call.

    `journal/evidence.py` is the exception, by name: a function's body takes no bind parameter.
    """
    if path.match("casework/journal/evidence.py"):
        return
    for function in ast.walk(ast.parse(path.read_text())):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef) and function.name not in ("stream", "_page"):
            built = [call for call in _calls(function) if isinstance(call.func, ast.Name) and call.func.id == "text"]
            assert not built, f"{path}: {function.name} builds SQL in a call"


@pytest.mark.parametrize("path", _modules("casework"), ids=lambda path: str(path.relative_to(ROOT)))
def test_rules_do_no_input_and_no_output(path: Path) -> None:
    """Whatever calls itself PURE has no coroutine and no clock of its own."""
    source = path.read_text()
    if path.name not in ("rules.py", "queues.py", "facts.py", "timeline.py", "brief.py"):
        return
    tree = ast.parse(source)
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.AsyncFunctionDef | ast.Await)], path
    assert not re.search(r"\b(datetime\.now|utcnow|time\.time|random\.|open\()", source), path


def test_only_pure_asgi_middleware() -> None:
    """RELIABILITY: BaseHTTPMiddleware hides disconnections and cancels database work."""
    for path in _modules():
        assert "BaseHTTPMiddleware" not in path.read_text(), path


def test_nothing_is_pickled() -> None:
    """A queue that is unpickled is a way in."""
    for path in _modules():
        imported = {
            alias.name
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Import)
            for alias in node.names
        }
        assert not imported & {"pickle", "shelve", "marshal"}, path


def test_modules_can_be_read() -> None:
    """A module over 400 lines needs a reason, written here."""
    reasons: dict[str, str] = {}
    for path in _modules():
        lines = len(path.read_text().splitlines())
        assert lines <= 400 or str(path.relative_to(ROOT)) in reasons, f"{path}: {lines} lines"


def test_no_drawer_for_everything() -> None:
    forbidden = re.compile(r"^(utils?|helpers?|managers?|misc|common)$")
    for path in _modules():
        assert not any(forbidden.match(part.removesuffix(".py")) for part in path.relative_to(ROOT).parts), path


def test_infra_knows_no_business_word() -> None:
    words = re.compile(r"\b(dossier|citizen|absence|procedure|mandate)s?\b", re.IGNORECASE)
    for path in _modules("infra"):
        code = ast.unparse(_without_docstrings(ast.parse(path.read_text())))
        assert not words.search(code), f"{path}: {words.search(code)}"


def _without_docstrings(tree: ast.Module) -> ast.Module:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if node.body and isinstance(node.body[0], ast.Expr) and isinstance(node.body[0].value, ast.Constant):
            node.body[0].value = ast.Constant(value="")
    return tree
