"""The house for each test of the door: a copy of one settled database."""

from collections import OrderedDict
from collections.abc import AsyncIterator
from itertools import count
from pathlib import Path

import pytest

from casework.procedures import packages
from casework.procedures.catalogue import load
from infra.database import engine as make_engine
from infra.database import transaction
from infra.processes import free_port
from infra.settings import Settings
from tests.api.house import House, serving
from tests.people import Community
from tests.servers import SECRET, Cluster
from tests.web.community import open_portal

_NUMBERS = count()


@pytest.fixture(autouse=True)
def _own_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Databases of tests are copies: the same procedure and revision is another package in each."""
    monkeypatch.setattr(packages, "_packages", OrderedDict())
    monkeypatch.setattr(packages, "_processes", OrderedDict())


@pytest.fixture(scope="session")
async def portal(postgres: Cluster) -> tuple[str, Community]:
    """A database with the people and the whole catalogue, which tests copy."""
    load()  # before the transaction: reading forty packages takes seconds on a busy machine
    name = await postgres.fresh()
    engine = make_engine(postgres.url(name))
    async with transaction(engine) as db:
        community = await open_portal(db)
    await engine.dispose()
    return name, community


@pytest.fixture
async def house(
    portal: tuple[str, Community], postgres: Cluster, redis_url: str, tmp_path: Path
) -> AsyncIterator[House]:
    """The application with its people, on a database of its own."""
    name = f"house_{next(_NUMBERS)}"
    await postgres.execute(f"create database {name} template {portal[0]} strategy file_copy")
    here = Settings.read(
        {"DATABASE_URL": postgres.url(name), "REDIS_URL": redis_url, "DATA_DIR": str(tmp_path), "SECRET_KEY": SECRET,
         "PORT": str(free_port())}
    )  # fmt: skip
    engine = make_engine(here.database_url)
    try:
        async with serving(here) as url, House(here, engine, url, portal[1]) as house:
            yield house
    finally:
        await engine.dispose()
        await postgres.drop(name)
