"""Documents that cannot lie: docs/operations.md beside the code."""

import re
from pathlib import Path

from cli import procfile
from infra.settings import documented

ROOT = Path(__file__).parent.parent.parent
OPERATIONS = (ROOT / "docs/operations.md").read_text()


def _table(heading: str) -> list[list[str]]:
    """The rows of the first table under a heading, header and rule left out."""
    section = OPERATIONS.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines[2:]]


def test_every_setting_is_documented_as_it_is() -> None:
    code = [[f"`{each.variable}`", f"`{each.default}`" if each.default else "", each.what] for each in documented()]
    assert _table("Settings") == code


def test_every_process_of_the_procfile_is_documented() -> None:
    lines = [procfile.release(), *procfile.read()]
    assert [row[:2] for row in _table("Processes")] == [[line.name, f"`{' '.join(line.argv)}`"] for line in lines]


def test_sentences_of_trouble_are_those_of_the_code() -> None:
    code = "".join(path.read_text() for folder in ("cli", "infra") for path in (ROOT / folder).glob("*.py"))
    for row in _table("When something is wrong"):
        # The words before the first thing that varies.
        begin = re.split(r" (?:\d|…|de 127)", row[0].strip("`").rstrip("…"))[0]
        assert begin in code, row[0]
