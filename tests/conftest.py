"""Real servers for every test: a PostgreSQL and a Valkey for each worker of the run, a fresh database for each test."""

import os
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import redis.asyncio
from playwright.async_api import Browser, Page, async_playwright
from sqlalchemy.ext.asyncio import AsyncEngine

from infra.database import engine as make_engine
from infra.embedded import PostgreSQL, Valkey
from infra.processes import free_port
from infra.settings import Settings
from tests.servers import ROOT, SECRET, Cluster, Processes, TemplateServer, migrate

# Hypothesis fails an example of over 200 ms by default. Speed is bench/'s to show and never an assertion of a test: a
# first call that fills a cache on a busy machine is no fault. What hangs is ended by the run's own limit, 60 s.
hypothesis.settings.register_profile("relais", deadline=None)
hypothesis.settings.load_profile("relais")


def _chromium() -> str | None:
    """The machine's own, else the one that `make test` got from a registry."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", str(ROOT / ".chromium/chromium"))
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whoever asks for a browser is a browser test."""
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker("browser")


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """The last lines say what did not run, and what would make it run."""
    without = [
        report.nodeid for report in terminalreporter.stats.get("skipped", ()) if "no Chromium" in str(report.longrepr)
    ]
    if without:
        terminalreporter.section("NOT RUN: no Chromium on this machine")
        for nodeid in without:
            terminalreporter.line(nodeid)
        terminalreporter.line("Install Chromium or Chrome (or set CHROMIUM to its path) and run `make test` again.")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    """The cluster of this worker, its durable settings off: tests that kill a server take `private_postgresql`.

    One for each worker, because the oldest transaction of a whole cluster holds back every reader of a journal in it.
    """
    with TemplateServer() as server:
        yield Cluster(server.url)


@pytest.fixture(scope="session")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    """One for each worker: the channels of its pub/sub are not separated by database."""
    server = Valkey(tmp_path_factory.mktemp("valkey"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
async def database_url(postgres: Cluster) -> AsyncIterator[str]:
    """The address of a fresh, migrated, empty database."""
    name = await postgres.fresh()
    yield postgres.url(name)
    await postgres.drop(name)


@pytest.fixture
async def redis_url(valkey: Valkey) -> str:
    """The address of an empty Valkey."""
    async with redis.asyncio.Redis.from_url(valkey.url()) as client:
        await client.flushall()
    return valkey.url()


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    """The application's own engine on a fresh database."""
    made = make_engine(database_url)
    yield made
    await made.dispose()


@pytest.fixture
def settings(database_url: str, redis_url: str, tmp_path: Path) -> Settings:
    """Settings of an application inside the test, on fresh servers."""
    return Settings.read(
        {
            "DATABASE_URL": database_url, "REDIS_URL": redis_url, "DATA_DIR": str(tmp_path / "data"),
            "SECRET_KEY": SECRET, "PORT": str(free_port()), "DASHBOARDS_PORT": str(free_port()),
        }
    )  # fmt: skip


@pytest.fixture
def processes(database_url: str, redis_url: str, tmp_path: Path) -> Iterator[Processes]:
    """Starts real `relais web`, `worker`, `relay`… on fresh servers: `await processes.start("web")`."""
    started = Processes(tmp_path, database_url, redis_url)
    yield started
    started.stop()


@pytest.fixture
def private_postgresql(tmp_path: Path) -> Iterator[PostgreSQL]:
    """A durable PostgreSQL of the test's own, migrated: `kill()` it with -9, `start()` it again at the same address."""
    server = PostgreSQL(tmp_path / "postgresql", options={"shared_buffers": "64MB"})
    server.start()
    migrate(server.url())
    yield server
    server.stop()


@pytest.fixture
def private_valkey(tmp_path: Path) -> Iterator[Valkey]:
    """A Valkey of the test's own: `kill()` it with -9, `start()` it again at the same address."""
    server = Valkey(tmp_path / "valkey")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def processes_on(tmp_path: Path) -> Iterator[Callable[[str, str], Processes]]:
    """`processes_on(database_url, redis_url)`: as `processes`, on servers that the test may kill."""
    made: list[Processes] = []

    def on(database_url: str, redis_url: str) -> Processes:
        made.append(Processes(tmp_path / f"processes-{len(made)}", database_url, redis_url))
        return made[-1]

    yield on
    for each in made:
        each.stop()


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """The machine's own Chromium, headless."""
    executable = _chromium()
    if executable is None:
        pytest.skip("no Chromium on this machine")
    async with async_playwright() as playwright:
        # Root has no sandbox; the pages are ours.
        started = await playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        yield started
        await started.close()


@pytest.fixture
async def page(browser: Browser) -> AsyncIterator[Page]:
    """A page of a new French visitor."""
    context = await browser.new_context(locale="fr-FR", timezone_id="Europe/Paris")
    context.set_default_timeout(10_000)
    yield await context.new_page()
    await context.close()
