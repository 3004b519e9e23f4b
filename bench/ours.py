"""Relais as a target of the measures: the real processes, as `make run` starts them."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.servers import Servers
from bench.stage import ActionStage, ActionTarget, LiveStage, LiveTarget, NotReady


@contextmanager
def _live(servers: Servers, folder: Path) -> Iterator[LiveStage]:
    raise NotReady("the product's processes are not wired to the measure yet")
    yield


@contextmanager
def _claims(how: str) -> Iterator[ActionStage]:
    yield ActionStage("bench.ours_claims", how=how)


@contextmanager
def _http(database: str, folder: Path) -> Iterator[ActionStage]:
    raise NotReady("the product's processes are not wired to the measure yet")
    yield


def headers(url: str, agent: int) -> list[str]:
    """The header lines of a request by the nth agent of `bench.community`, signed in."""
    raise NotReady("the product's processes are not wired to the measure yet")


LIVE = LiveTarget("Relais", _live, "relais web, sockets signed in, facts written through casework by another process")
CLAIMS = [
    ActionTarget(
        "Relais, the action",
        lambda servers, database, folder: _claims("action"),
        "casework's claim: lock, rule, fold, chained digest, one fact",
        http=False,
    ),
    ActionTarget(
        "Relais, with its rights",
        lambda servers, database, folder: _claims("rights"),
        "the same after access.may in the same transaction: one round trip more",
        http=False,
    ),
]
HTTP_CLAIM = ActionTarget(
    "Relais",
    lambda servers, database, folder: _http(database, folder),
    "relais web: session, rights, If-Match, Idempotency-Key, the action, the bell",
    http=True,
)
