"""Every document's links lead somewhere, and every decision says what keeps it."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
DECISIONS = sorted((ROOT / "docs/decisions").glob("*.md"))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(document: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)", document.read_text())
    missing = [link for link in links if "://" not in link and not (document.parent / link).exists()]
    assert not missing


@pytest.mark.parametrize("decision", DECISIONS, ids=lambda path: path.name)
def test_a_decision_has_its_sentence_and_its_test(decision: Path) -> None:
    text = decision.read_text()
    assert re.match(rf"# {decision.name[:4]}\. \S", text), "its number and its title"
    assert re.search(r"^> \S", text, re.MULTILINE), "the one sentence to remember"
    assert "**Kept by**" in text, "the test that enforces it"
    for named in re.findall(r"`(tests/[\w/]+\.py)`", text):
        assert (ROOT / named).exists(), f"{named} does not exist"


def test_decisions_are_numbered_once() -> None:
    numbers = [path.name[:4] for path in DECISIONS]
    assert len(numbers) == len(set(numbers))
