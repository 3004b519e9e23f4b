"""Relais as a target of the measures: the real processes, as `make run` starts them."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.servers import Servers
from bench.stage import LiveStage, LiveTarget, NotReady


@contextmanager
def _live(servers: Servers, folder: Path) -> Iterator[LiveStage]:
    raise NotReady("the product's processes are not wired to the measure yet")
    yield


LIVE = LiveTarget("Relais", _live, "relais web, sockets signed in, facts written through casework by another process")
