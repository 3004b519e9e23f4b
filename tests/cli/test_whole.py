"""`relais run` with the Procfile of Relais: every process, healthy together, and gone together."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from infra.processes import wait_until
from tests.cli.supervised import Run, living
from tests.servers import ROOT


@pytest.mark.timeout(240)
async def test_the_house_starts_serves_and_stops(start: Callable[..., Run]) -> None:
    run = start(procfile=ROOT / "Procfile", WEB_PROCESSES=2)
    assert run.says("Relais est prêt", seconds=100), run.output
    logs = {path.stem for path in (run.data / "logs").glob("*.log")}
    assert logs == {"release", "mailbox", "web", "worker", "relay", "dashboards"}
    async with httpx.AsyncClient(base_url=run.url, timeout=10) as client:
        assert (await client.get("/readyz")).status_code == 200
        assert (await client.get("/")).status_code == 200
    # One of the two web processes dies: the other answers, and a new one comes.
    webs = _webs(run)
    assert len(webs) == 2
    os.kill(webs[0], signal.SIGKILL)
    async with httpx.AsyncClient(base_url=run.url, timeout=10) as client:
        assert (await client.get("/healthz")).status_code == 200
    assert wait_until(lambda: len(set(_webs(run)) - {webs[0]}) == 2, seconds=20)
    family = run.everything()
    begun = time.monotonic()
    run.process.send_signal(signal.SIGTERM)
    assert run.ends() == 0
    assert time.monotonic() - begun < 15
    assert living(family) == []


def _webs(run: Run) -> list[int]:
    """The processes that accept: children of the one `relais web` of the Procfile."""

    def words(pid: int) -> list[bytes]:
        try:
            return Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            return []

    def parent(pid: int) -> int:
        try:
            return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            return 0

    webs = [pid for pid in run.everything() if b"web" in words(pid)]
    return [pid for pid in webs if parent(pid) in webs]
