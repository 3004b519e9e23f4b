"""The peers of the measure of actions, each as a target."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from bench.processes import Process, family, free_port, python, wait_for_port
from bench.stage import ActionStage, ActionTarget

THREADS = 20


@contextmanager
def _inside(program: str) -> Iterator[ActionStage]:
    yield ActionStage(program)


@contextmanager
def _served(argv: Sequence[str], port: int, database: str, folder: Path, how: str) -> Iterator[ActionStage]:
    server = Process("peer", argv, log=folder / "server.log", env={"DATABASE_URL": database})
    try:
        wait_for_port(server, port)
        yield ActionStage("bench.http_load", family(server.pid), f"http://127.0.0.1:{port}", how)
    finally:
        server.stop()


@contextmanager
def _asgi(app: str, database: str, folder: Path, how: str = "peer") -> Iterator[ActionStage]:
    port = free_port()
    with _served(python("bench.peers.serve", app, port), port, database, folder, how) as stage:
        yield stage


@contextmanager
def _wsgi(app: str, database: str, folder: Path) -> Iterator[ActionStage]:
    port = free_port()
    options = ["--bind", f"127.0.0.1:{port}", "--workers", 1, "--worker-class", "gthread", "--threads", THREADS]
    options += ["--keep-alive", 60, "--log-level", "warning", app]
    with _served(python("gunicorn", *options), port, database, folder, "peer") as stage:
        yield stage


BARE = ActionTarget(
    "limit: bare asyncpg",
    lambda servers, database, folder: _inside("bench.peers.bare_asyncpg"),
    "the same four round trips (begin, lock, update and insert in one, commit), no rule",
    http=False,
)
EMPTY = ActionTarget(
    "limit: empty POST",
    lambda servers, database, folder: _asgi("bench.peers.http_asyncpg:app", database, folder, "empty"),
    "Starlette answers 204: what the client and the server can do at the most",
    http=True,
    claims=False,
)
HTTP_BARE = ActionTarget(
    "Starlette, bare asyncpg",
    lambda servers, database, folder: _asgi("bench.peers.http_asyncpg:app", database, folder),
    "the same statements behind a route; no session, no rights, no Idempotency-Key",
    http=True,
)
FASTAPI = ActionTarget(
    "FastAPI, SQLAlchemy ORM",
    lambda servers, database, folder: _asgi("bench.peers.fastapi_orm:app", database, folder),
    "the same transaction; one uvicorn process; no session, no rights, no Idempotency-Key",
    http=True,
)
DJANGO = ActionTarget(
    "Django REST framework",
    lambda servers, database, folder: _wsgi("bench.peers.rest_django:app", database, folder),
    "the same transaction; one gunicorn process, 20 threads; no middleware, no session, no rights",
    http=True,
)
