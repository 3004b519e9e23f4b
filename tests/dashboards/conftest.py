"""The dashboards as they run: web, worker and dashboards processes over a small demo community."""

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from analytics.tables import Tables
from casework.demo.load import load
from infra.database import engine as make_engine
from infra.embedded import Valkey
from infra.processes import free_port
from infra.settings import Settings
from tests.servers import Cluster, Processes, Running, until

PAGE = "/vue-d-ensemble"


@dataclass(slots=True)
class Desk:
    """The running house, and hugo's way into it."""

    web: Running
    dashboards: Running
    engine: AsyncEngine
    settings: Settings
    stack: AsyncExitStack

    async def client(self, address: str) -> httpx.AsyncClient:
        """A client that ends with the house."""
        return await self.stack.enter_async_context(httpx.AsyncClient(base_url=address, timeout=20))

    async def signed_in(self, who: str = "hugo") -> httpx.AsyncClient:
        """A machine that bears a new session of this person."""
        client = await self.client(f"{self.web.url}/api/v1")
        opened = await client.post("/session", json={"email": f"{who}@exemple.fr", "password": "demo"})
        assert opened.status_code < 300, opened.text
        client.headers["authorization"] = f"Bearer {opened.json()['token']}"
        client.cookies.clear()
        return client

    async def ticket(self, client: httpx.AsyncClient) -> str:
        """An address that opens the dashboards once."""
        answer = await client.post("/dashboards/tickets")
        assert answer.status_code == 201, answer.text
        return str(answer.json()["url"])

    async def entered(self, client: httpx.AsyncClient) -> httpx.AsyncClient:
        """A browser that changed a ticket for the dashboards' cookie."""
        browser = await self.client(self.dashboards.url)
        answer = await browser.get(await self.ticket(client))
        assert answer.status_code == 302
        assert answer.headers["location"] == f"{PAGE}?langue=fr"
        return browser

    async def token_of(self, browser: httpx.AsyncClient) -> str:
        """The token that the page hands to its socket."""
        page = await browser.get(PAGE)
        assert page.status_code == 200, page.text
        found = re.search(r'"token":"([^"]+)"', page.text)
        assert found is not None
        return found[1]


@pytest.fixture(scope="session")
async def desk(postgres: Cluster, valkey: Valkey, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desk]:
    """Some 270 dossiers, folded."""
    folder: Path = tmp_path_factory.mktemp("dashboards")
    name = await postgres.fresh()
    started = Processes(folder, postgres.url(name), valkey.url())
    ports = {"PORT": free_port(), "DASHBOARDS_PORT": free_port(), "DEMO": 1}
    engine = make_engine(postgres.url(name))
    try:
        settings = Settings.read(
            {"DATABASE_URL": postgres.url(name), "REDIS_URL": valkey.url(), "DATA_DIR": str(folder / "data")}
        )
        await load(settings, scale=0.01)
        web = await started.start("web", healthy=False, **ports)
        worker = await started.start("worker", healthy=False, **ports)
        dashboards = await started.start("dashboards", healthy=False, **{**ports, "DATABASE_URL": ""})
        for each in (web, worker, dashboards):
            await started.wait(each, seconds=60)
        async with engine.connect() as db:
            facts = (await db.execute(text("select count(*) from journal where stream = 'dossier'"))).scalar_one()
        tables = Tables(dashboards.settings.figures_url)
        assert await until(lambda: tables.read("facts").height == facts, seconds=60)
        async with AsyncExitStack() as stack:
            yield Desk(web, dashboards, engine, dashboards.settings, stack)
    finally:
        started.stop()
        await engine.dispose()
        await postgres.drop(name)
