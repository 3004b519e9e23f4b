"""The short form of bench/chaos.py: a handful of kills, under load, and nothing lost."""

from pathlib import Path

import pytest

from tests.journeys import chaos


@pytest.mark.timeout(180)
async def test_kills_under_load_lose_nothing_and_repeat_nothing(tmp_path: Path) -> None:
    report = await chaos.run(tmp_path, kills=6, rate=30, screens=6)
    assert report.lost == []
    assert report.killed == 6
    assert report.acts > 50, "acts were answered, or this shows nothing"
    assert report.reconnections > 0, "sockets were cut, or this shows nothing"


@pytest.mark.timeout(180)
async def test_valkey_killed_and_emptied_under_load_costs_time_and_nothing_else(tmp_path: Path) -> None:
    """No act fails for want of Valkey, and screens go on: the journal is looked at without being rung."""
    report = await chaos.run(tmp_path, kills=6, victims=["valkey"], rate=30, screens=6)
    assert report.lost == []
    assert report.kills == {"valkey": 6}
    assert not report.errors, "an act was answered 5xx"
    assert report.acts > 50, "acts were answered, or this shows nothing"
    assert report.slowest < 3
