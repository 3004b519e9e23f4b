"""A town for a journey: every process of Relais, small and real, and a browser of their own for each person."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import pytest
from playwright.async_api import Browser, BrowserContext, Page
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from infra.database import engine as make_engine
from infra.database import transaction
from infra.processes import free_port
from tests.api.conftest import portal
from tests.api.house import House
from tests.people import Community
from tests.servers import Cluster, Processes

__all__ = ["portal"]

PROCESSES = ("mailbox", "web", "worker", "relay", "dashboards")
PATIENCE = 20_000  # milliseconds, for what takes one on a quiet machine
_NUMBERS = count()
_A_DEMONSTRATION = text("insert into community (name, demo) values ('Communauté urbaine', true)")
# Omar looks after the street lighting: no request of the civil registry is his business.
_OMAR = text(
    """
    insert into roles (account_id, role, service_id)
    select :omar, 'agent', id from services where slug = 'eclairage-public'
    """
)
# What passing time does to an absence: its last minute is now.
_EVENING = text(
    """
    with ended as (update absences set ends_at = clock_timestamp() where state = 'begun' returning id),
         over as (update mandates set ends_at = clock_timestamp() where absence_id in (select id from ended))
    update schedule set due_at = clock_timestamp() where kind = 'absence.end' and subject in (select id from ended)
    """
)


@dataclass(slots=True)
class Town:
    """`await town.arrives("Paul Martin")`: a browser of his own, at the portal's door."""

    house: House
    browser: Browser
    _contexts: list[BrowserContext] = field(default_factory=list)

    async def arrives(self, *, width: int = 1280) -> Page:
        """Somebody opens their browser."""
        context = await self.browser.new_context(
            locale="fr-FR",
            timezone_id="Europe/Paris",
            viewport={"width": width, "height": 900},
            base_url=self.house.url,
        )
        context.set_default_timeout(PATIENCE)
        context.set_default_navigation_timeout(PATIENCE)
        self._contexts.append(context)
        page = await context.new_page()
        await page.goto("/")
        return page

    async def evening_comes(self) -> None:
        """The last half-day of every absence under way is over. What follows is the clock's work."""
        async with transaction(self.house.engine) as db:
            await db.execute(_EVENING)

    async def go_home(self) -> None:
        for context in self._contexts:
            await context.close()


@pytest.fixture
async def town(
    portal: tuple[str, Community], postgres: Cluster, redis_url: str, tmp_path: Path, browser: Browser
) -> AsyncIterator[Town]:
    """The people of `tests.people` and the whole catalogue, in demo mode, with every process running."""
    name = f"journey_{next(_NUMBERS)}"
    await postgres.execute(f"create database {name} template {portal[0]} strategy file_copy")
    engine: AsyncEngine = make_engine(postgres.url(name))
    async with transaction(engine) as db:
        await db.execute(_A_DEMONSTRATION)
        await db.execute(_OMAR, {"omar": portal[1].omar.id})
    processes = Processes(tmp_path, postgres.url(name), redis_url)
    mailbox = free_port()
    shared = {
        "PORT": free_port(), "DASHBOARDS_PORT": free_port(), "MAILBOX_PORT": mailbox,
        "SMTP_URL": f"smtp://127.0.0.1:{mailbox}", "DEMO": 1,
    }  # fmt: skip
    try:
        started = [await processes.start(each, healthy=False, **shared) for each in PROCESSES]
        for each in started:
            await processes.wait(each, seconds=60)
        async with House(started[1].settings, engine, started[1].url, portal[1]) as house:
            there = Town(house, browser)
            yield there
            await there.go_home()
    finally:
        processes.stop()
        print(processes.logs())
        await engine.dispose()
        await postgres.drop(name)
