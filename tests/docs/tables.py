"""The tables and diagrams of a document, as tests compare them with the code."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def section(document: str, heading: str) -> str:
    """What stands under a heading of the second level."""
    parts = (ROOT / "docs" / document).read_text("utf-8").split(f"\n## {heading}\n")
    assert len(parts) == 2, f"{document} has no heading « {heading} »"
    return parts[1].split("\n## ")[0]


def rows(document: str, heading: str) -> list[list[str]]:
    """The cells of the first table under a heading, without its head."""
    lines = [line for line in section(document, heading).splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line[1:-1].split("|")] for line in lines[2:]]


def named(cell: str) -> list[str]:
    """The code words of a cell, in its order."""
    return re.findall(r"`([^`]+)`", cell)


def transitions(document: str, heading: str) -> set[tuple[str, str, str]]:
    """(from, to, by) of the state diagram under a heading; `[*]` is outside."""
    found = re.findall(r"^\s+(\S+) --> (\S+?)(?:: (\S+))?$", section(document, heading), re.MULTILINE)
    return {(source, target, by) for source, target, by in found}
