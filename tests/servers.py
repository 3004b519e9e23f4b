"""The real servers of the tests, and the real processes of Relais that a test starts, kills and starts again."""

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, Self

import asyncpg
import httpx

from cli import procfile
from infra.embedded import PostgreSQL
from infra.processes import Child, free_port
from infra.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
TEMPLATE = "template_relais"
SECRET = "the tests' own secret, known to everybody"
_CREATE = "create database {} template template0 encoding 'UTF8' locale_provider builtin builtin_locale 'C.UTF-8'"
# What a crash of the machine would lose does not matter here; tests of kills start a server of their own.
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "shared_buffers": "128MB"}


def migrate(database_url: str) -> None:
    """The schema, by the command that an installation runs."""
    done = subprocess.run(
        [sys.executable, "-m", "cli.main", "migrate"],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": database_url, "REDIS_URL": "redis://127.0.0.1:1/0", "SECRET_KEY": SECRET},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


class Cluster:
    """A running PostgreSQL with a template of the migrated schema, known by the address of its `postgres` database."""

    def __init__(self, url: str) -> None:
        self._base = url.rpartition("/")[0]
        self._numbers = count()

    def url(self, database: str) -> str:
        return f"{self._base}/{database}"

    async def execute(self, statement: str) -> None:
        connection = await asyncpg.connect(self.url("postgres"))
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    async def fresh(self) -> str:
        """A new migrated database; its name."""
        name = f"test_{next(self._numbers)}"
        await self.execute(f"create database {name} template {TEMPLATE} strategy file_copy")
        return name

    async def drop(self, name: str) -> None:
        await self.execute(f"drop database if exists {name} with (force)")


class TemplateServer:
    """A PostgreSQL in a temporary folder, with the template that `Cluster.fresh` copies."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="relais-tests-", ignore_cleanup_errors=True)
        folder = Path(self._folder.name)
        folder.chmod(0o755)  # as root the server runs as another user
        self._server = PostgreSQL(folder, options=FAST)

    def __enter__(self) -> Self:
        self._server.start()
        self._server.sql(_CREATE.format(TEMPLATE))
        migrate(self._server.url(TEMPLATE))
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop()
        self._folder.cleanup()

    @property
    def url(self) -> str:
        return self._server.url("postgres")


@dataclass(slots=True)
class Running:
    """A process of the Procfile, healthy when the test gets it."""

    name: str
    settings: Settings
    log: Path
    child: Child

    @property
    def url(self) -> str:
        """Where it answers, for web and dashboards."""
        port = self.settings.dashboards_port if self.name == "dashboards" else self.settings.port
        return f"http://127.0.0.1:{port}"

    def kill(self) -> None:
        """kill -9, its children with it."""
        self.child.kill()

    def stop(self) -> int:
        """SIGTERM; its exit code."""
        return self.child.stop()


class Processes:
    """Starts `relais …` against given servers. Everything it started is ended with the test.

    Always from the test's own thread: a child ends with the thread that started it.
    """

    def __init__(self, folder: Path, database_url: str, redis_url: str) -> None:
        self._folder = folder
        self._addresses = {"DATABASE_URL": database_url, "REDIS_URL": redis_url}
        self._started: list[Running] = []

    async def start(self, name: str, *, healthy: bool = True, **variables: Any) -> Running:
        """`relais NAME`, on a port of its own unless `PORT` says otherwise; waits until it is healthy."""
        port = free_port()
        given = {
            "DATA_DIR": self._folder / "data", "SECRET_KEY": SECRET, "PORT": port, "DASHBOARDS_PORT": free_port(),
            "MAILBOX_PORT": free_port(), "LOG_LEVEL": "info", **self._addresses, **variables,
        }  # fmt: skip
        environment = {**os.environ, **{key: str(value) for key, value in given.items()}}
        settings = Settings.read(environment)
        self._folder.mkdir(parents=True, exist_ok=True)
        log = self._folder / f"{name}-{len(self._started)}.log"
        child = Child(
            name,
            [sys.executable, "-m", "cli.main", name],
            environment={**environment, "PATH": procfile.environment_path(), "PYTHONPATH": str(ROOT)},
            log=log,
        )
        running = Running(name, settings, log, child)
        self._started.append(running)
        if healthy:
            await self.wait(running)
        return running

    async def again(self, running: Running) -> Running:
        """The same process at the same address, after it died."""
        variables: dict[str, Any] = dict(running.settings.environment())
        return await self.start(running.name, **variables)

    async def wait(self, running: Running, *, seconds: float = 30) -> None:
        """Until it does its work: HTTP answers, or (worker, relay, mailbox) its log says that it is ready."""

        def dead() -> bool:
            return running.child.code is not None

        if running.name in ("web", "dashboards"):
            path = "/healthz" if running.name == "web" else "/"
            ok = await until(lambda: answers(running.url + path), seconds=seconds, unless=dead)
        else:
            ok = await until(lambda: "ready" in running.log.read_text(), seconds=seconds, unless=dead)
        assert ok, f"relais {running.name} is not healthy:\n{running.log.read_text()[-3000:]}"

    def logs(self) -> str:
        """The end of what each said: printed, pytest shows it with a failure."""
        return "\n".join(f"{each.log.name}:\n{each.log.read_text()[-3000:]}" for each in self._started)

    def stop(self) -> None:
        """End all of them; those that hang are killed."""
        alive = [each.child for each in self._started if each.child.code is None]
        for child in alive:
            child.signal(signal.SIGTERM)
        for child in alive:
            child.stop(patience=5)


async def until(ready: Callable[[], Any], *, seconds: float = 10, unless: Callable[[], bool] = lambda: False) -> bool:
    """Poll `ready` (plain or async) until it is true. False when the time is over, or `unless` says to give up."""
    end = asyncio.get_running_loop().time() + seconds
    while asyncio.get_running_loop().time() < end and not unless():
        result = ready()
        if asyncio.iscoroutine(result):
            result = await result
        if result:
            return True
        await asyncio.sleep(0.02)
    return False


async def answers(url: str) -> bool:
    """Whether something answers there without a server's error."""
    try:
        async with httpx.AsyncClient(timeout=2) as client:
            return (await client.get(url)).status_code < 500
    except httpx.HTTPError:
        return False
