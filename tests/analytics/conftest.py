"""Figures folded from a fresh database, into a folder of the test's own."""

from pathlib import Path

import pytest

from analytics.tables import Tables


@pytest.fixture
def tables(tmp_path: Path) -> Tables:
    """No table yet."""
    return Tables((tmp_path / "figures").as_uri())
