"""What Prometheus reads of this process (each process answers for itself: they share a port, not their counters)."""

import time
from functools import cache

from prometheus_client import CollectorRegistry, Gauge, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

REGISTRY = CollectorRegistry()
ProcessCollector(registry=REGISTRY)
PlatformCollector(registry=REGISTRY)

CONTENT_TYPE = CONTENT_TYPE_LATEST
_REQUESTS = Histogram(
    "relais_request_seconds",
    "Time to answer a REST request",
    ("operation", "status"),
    buckets=(0.002, 0.005, 0.01, 0.015, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
    registry=REGISTRY,
)
_LAG = Gauge("relais_lag_seconds", "How late a part is", ("part",), registry=REGISTRY)
_UP = Gauge("relais_up", "Whether a part works", ("part",), registry=REGISTRY)


@cache
def _answers(operation: str, status: int) -> Histogram:
    return _REQUESTS.labels(operation, str(status))


def observe(operation: str, status: int, began: float) -> None:
    """Note one answer; `began` is of time.perf_counter."""
    _answers(operation, status).observe(time.perf_counter() - began)


def part(name: str, *, up: bool, lag_seconds: float | None) -> None:
    """Note how a part is."""
    _UP.labels(name).set(up)
    if lag_seconds is not None:
        _LAG.labels(name).set(lag_seconds)


def exposition() -> bytes:
    """All of it, as Prometheus reads it."""
    return generate_latest(REGISTRY)
