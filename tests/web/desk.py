"""Agents in front of their screens: a browser session of a person, and what every test of the desk waits for."""

import re
from dataclasses import dataclass, field

from playwright.async_api import Browser, BrowserContext, Frame, Page, WebSocketRoute, expect

from infra.cookies import session_cookie
from tests.api.house import House
from tests.people import Person
from tests.servers import ROOT
from workers.schedule import Clock

AXE = (ROOT / "node_modules/axe-core/axe.min.js").read_text()


@dataclass  # without slots: Playwright keeps its wrapper of `connect` on the object
class Line:
    """The wire between one browser and the server's sockets, that a test may cut."""

    whole: bool = True
    _ends: list[WebSocketRoute] = field(default_factory=list)

    async def cut(self) -> None:
        """Nothing goes through any more, and new connections fail."""
        self.whole = False
        for end in self._ends:
            await end.close(code=1012)
        self._ends.clear()

    def mend(self) -> None:
        self.whole = True

    async def connect(self, end: WebSocketRoute) -> None:
        """A browser opens a socket."""
        if self.whole:
            end.connect_to_server()
            self._ends.append(end)
        else:
            await end.close(code=1012)


@dataclass(slots=True)
class Office:
    """The house with a browser: `await office.open("paul")` is Paul's own screen."""

    house: House
    browser: Browser
    _contexts: list[BrowserContext] = field(default_factory=list)

    async def open(
        self, name: str, path: str = "/agent", *, locale: str = "fr-FR", width: int = 1280, line: Line | None = None
    ) -> Page:
        """A page of this person, signed in, once it is live."""
        person: Person = getattr(self.house.community, name)
        token = await self.house.token(person)
        context = await self.browser.new_context(
            locale=locale, timezone_id="Europe/Paris", viewport={"width": width, "height": 900}
        )
        self._contexts.append(context)
        context.set_default_timeout(10_000)
        for each, kept in ((session_cookie(secure=False), token), ("langue", locale[:2])):
            await context.add_cookies([{"name": each, "value": kept, "url": self.house.url}])
        page = await context.new_page()
        if line is not None:
            await page.route_web_socket(re.compile("/live$"), line.connect)
        await page.goto(self.house.url + path)
        return page

    async def close(self) -> None:
        for context in self._contexts:
            await context.close()

    async def tick(self) -> None:
        """What the relay does each second: absences that are due begin and end, and dossiers follow."""
        await Clock(self.house.engine, _silence).strike()


async def is_live(page: Page) -> None:
    """Wait until the page's socket has caught up."""
    await expect(page.locator("html")).to_have_attribute("data-live", "live")


async def violations(page: Page | Frame) -> list[str]:
    """What axe finds wrong with the page, by rule and element."""
    await page.evaluate(f"{AXE};undefined")  # as the browser's own tools do: the page's policy stays as strict as it is
    found = await page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [f"{each['id']}: {node['html'][:200]}" for each in found["violations"] for node in each["nodes"]]


async def _silence(_: str) -> None:
    """Without the bell: the followers look by themselves."""
