"""Relais as a target of the measures: `relais web` as the Procfile starts it, on the measure's own servers."""

import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench import community
from bench.processes import Process, family, free_port, python, wait_for_page
from bench.servers import Servers
from bench.stage import SOCKETS, TOPICS, ActionStage, ActionTarget, LiveStage, LiveTarget, NotReady, SocketPlan

HEARTBEAT = 20.0  # seconds, as the server's hello asks
DOSSIERS = 27_000  # the real scale


@contextmanager
def _web(servers: Servers, database: str, folder: Path) -> Iterator[tuple[Process, str]]:
    """The web process and its address, once it is ready."""
    for module in ("web.app", "infra.bell"):
        if importlib.util.find_spec(module) is None:
            raise NotReady(f"there is no {module}")
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    settings = {
        "DATABASE_URL": database,
        "REDIS_URL": servers.redis(),
        "PORT": str(port),
        "PUBLIC_URL": url,
        "DATA_DIR": str(folder / "data"),
        "LOG_LEVEL": "warning",
        "DEMO": "0",
    }
    web = Process("relais web", python("cli.main", "web"), log=folder / "web.log", env=settings)
    try:
        wait_for_page(web, f"{url}/healthz")
        yield web, url
    finally:
        web.stop()


def headers(url: str, agent: int) -> list[tuple[str, str]]:
    """What the browser of the nth agent of `bench.community` sends: its session, and where it comes from."""
    return [("Cookie", f"relais={community.token(agent)}"), ("Origin", url)]


@contextmanager
def _live(servers: Servers, folder: Path) -> Iterator[LiveStage]:
    database = community.make(servers, "live", dossiers=DOSSIERS)
    with _web(servers, database, folder) as (web, url):
        sockets = [
            SocketPlan(
                url=f"ws{url.removeprefix('http')}/live",
                headers=[*headers(url, agent), ("Sec-WebSocket-Protocol", "relais.v1")],
                say=f'{{"op":"watch","topic":"queue:service:{community.identity("service", agent % TOPICS)}"}}',
                ready="watching",
                beat=HEARTBEAT,
                topic=agent % TOPICS,
            )
            for agent in range(SOCKETS)
        ]
        addresses = {"DATABASE_URL": database, "REDIS_URL": servers.redis()}
        argv = python("bench.ours_writer", DOSSIERS)
        writer = Process("writer", argv, log=folder / "writer.log", env=addresses, pipes=True)
        try:
            writer.hear()
            yield LiveStage(holders=family(web.pid), sockets=sockets, writer=writer)
        finally:
            writer.stop()


@contextmanager
def _claims(how: str) -> Iterator[ActionStage]:
    yield ActionStage("bench.ours_claims", how=how)


@contextmanager
def _http(servers: Servers, database: str, folder: Path) -> Iterator[ActionStage]:
    with _web(servers, database, folder) as (web, url):
        yield ActionStage("bench.http_load", family(web.pid), url, "ours")


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
        "the same under the authority that access.may judges under the lock: no round trip more",
        http=False,
    ),
]
HTTP_CLAIM = ActionTarget("Relais", _http, "relais web: session, rights, If-Match, the action, the bell", http=True)
