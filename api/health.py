"""Is this process alive, is everything behind it well, and what does Prometheus read: outside /api/v1."""

import asyncio
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import msgspec
from alembic.config import Config
from alembic.script import ScriptDirectory
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api import metrics
from api.state import State, state_of
from casework.journal.health import Health, health

LATE_SECONDS = 15.0  # a reader that has not moved, or an entry of the schedule that nobody came for
PATIENCE = 2.0
READERS = ("relay",)
_ROOT = Path(__file__).resolve().parent.parent


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One part. `lag_seconds` where being late is what it can be."""

    ok: bool
    detail: str | None = None
    lag_seconds: float | None = None


class Readiness(msgspec.Struct, frozen=True, kw_only=True):
    """`ready` is false, and the status 503, when a part is down: `checks` says which."""

    ready: bool
    checks: Mapping[str, Check]


@cache
def head() -> str | None:
    """The migration that this code wants."""
    configuration = Config(_ROOT / "alembic.ini")
    configuration.set_main_option("script_location", str(_ROOT / "migrations"))
    return ScriptDirectory.from_config(configuration).get_current_head()


async def readiness(state: State) -> Readiness:
    """Each part by itself: one that is down hides no other."""
    checks = {"valkey": await _valkey(state), "follower": _follower(state), **await _database(state)}
    for name, check in checks.items():
        metrics.part(name, up=check.ok, lag_seconds=check.lag_seconds)
    return Readiness(ready=all(check.ok for check in checks.values()), checks=checks)


async def _valkey(state: State) -> Check:
    try:
        async with asyncio.timeout(PATIENCE):
            await state.redis.ping()
    except (RedisError, OSError, TimeoutError) as error:
        return Check(ok=False, detail=type(error).__name__)
    return Check(ok=True)


def _follower(state: State) -> Check:
    if state.follower is None or state.follower.degraded:
        return Check(ok=False, detail="does not read the journal")
    return Check(ok=True)


async def _database(state: State) -> dict[str, Check]:
    try:
        async with asyncio.timeout(PATIENCE), state.engine.connect() as db:
            found = await health(db)
    except (SQLAlchemyError, OSError, TimeoutError) as error:
        return {"database": Check(ok=False, detail=type(error).__name__)}
    return {"database": Check(ok=True), **_journal(found)}


def _journal(found: Health) -> dict[str, Check]:
    checks = {
        "migrations": Check(ok=found.migration == head(), detail=f"{found.migration}, wanted {head()}"),
        "schedule": _late(found.schedule),
        "transactions": _late(found.xmin),
    }
    for name in {*READERS, *found.readers}:
        lag = found.readers.get(name)
        checks[f"reader {name}"] = Check(ok=False, detail="never ran") if lag is None else _late(lag)
    return checks


def _late(lag: float) -> Check:
    return Check(ok=lag < LATE_SECONDS, lag_seconds=round(max(lag, 0.0), 3))


async def _healthz(request: Request) -> Response:
    return Response(b"ok\n", media_type="text/plain")


async def _readyz(request: Request) -> Response:
    found = await readiness(state_of(request))
    return Response(msgspec.json.encode(found), 200 if found.ready else 503, media_type="application/json")


async def _metrics(request: Request) -> Response:
    await readiness(state_of(request))
    return Response(metrics.exposition(), media_type=metrics.CONTENT_TYPE)


routes = (Route("/healthz", _healthz), Route("/readyz", _readyz), Route("/metrics", _metrics))
