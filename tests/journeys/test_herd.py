"""All sockets of an installation come back in the same seconds, after its web process died: nobody is left out."""

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.journeys import herd
from tests.servers import Processes


@pytest.mark.timeout(240)
async def test_nine_hundred_sockets_come_back_and_are_exact(engine: AsyncEngine, processes: Processes) -> None:
    report = await herd.run(engine, processes, sockets=900)
    assert report.lost == []
    assert report.errors == [], "a pool ran dry"
    assert report.pages == {200: 20}
    assert len(report.seconds) == 900
    print(f"900 sockets back after {report.seconds[-1]:.1f} s (half of them: {report.seconds[450]:.1f} s)")
    print(f"{report.tries} tries; not at once: {dict(report.refused)}")
