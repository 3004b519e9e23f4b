"""Kills under load: two web processes, a relay, a worker and Valkey, each killed with -9 while people work.

Agents act through HTTP, fifty times a second; each act has an Idempotency-Key and is sent again, with the same key,
until somebody answers. Screens watch queues over real sockets and come back by themselves. In the end every screen
must hold what the database holds, and every act that was answered must be in the journal once. `bench/chaos.py` runs
the long form, `tests/journeys/test_chaos.py` a short one.
"""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException
from websockets.typing import Subprotocol

from casework.accounts import queries as accounts
from casework.accounts.actions import open_session
from casework.dossiers import queries
from infra.database import engine as make_engine
from infra.database import reading, transaction
from infra.embedded import PostgreSQL, Valkey
from infra.processes import free_port
from tests.journeys import history
from tests.people import Community, Person, settle
from tests.servers import Processes, Running, migrate

PATIENCE = 30.0  # seconds that an agent's program tries the same act again
_EFFECTS_OPEN = text("select count(*) from effects where state in ('pending', 'sending')")


@dataclass
class Report:
    """What happened, and what the checker found."""

    seconds: float = 0.0
    kills: Counter[str] = field(default_factory=Counter)
    acts: int = 0  # answered 2xx
    refused: int = 0  # answered by a rule: somebody was faster
    retried: int = 0
    unanswered: int = 0
    filed: int = 0
    frames: int = 0
    repeated: int = 0  # frames with a version that the screen held already: ignored by the protocol's rule
    reconnections: int = 0
    resyncs: int = 0
    mails: int = 0
    mails_repeated: int = 0  # sent again after a crash, under the same Message-ID
    lost: list[str] = field(default_factory=list)

    @property
    def killed(self) -> int:
        return self.kills.total()


@dataclass
class Screen:
    """A page that is open on one view: what it holds, and how it comes back."""

    who: Person
    token: str
    view: str
    service: UUID | None
    report: Report
    held: dict[str, int] = field(default_factory=dict)
    position: str | None = None
    last: dict[str, int] = field(default_factory=dict)  # the newest version heard of, whatever the row says
    connected: bool = False

    @property
    def topic(self) -> str:
        return f"queue:{self.view}" + (f":{self.service}" if self.service else "")

    async def stay_open(self, address: Callable[[], str]) -> None:
        """Reconnect until cancelled, from the last position, as the page's own module does."""
        pause = 0.05
        while True:
            try:
                await self._connection(address())
            except (OSError, WebSocketException, httpx.HTTPError, TimeoutError):
                pass
            finally:
                self.connected = False
            self.report.reconnections += 1
            await asyncio.sleep(random.uniform(0, pause))
            pause = min(pause * 2, 0.5)

    async def _connection(self, url: str) -> None:
        headers = {"Cookie": f"relais={self.token}", "Origin": url}
        socket = connect(
            url.replace("http", "ws", 1) + "/live", additional_headers=headers, subprotocols=[Subprotocol("relais.v1")],
            compression=None, ping_interval=None, open_timeout=3, close_timeout=0.2, max_queue=None,
        )  # fmt: skip
        async with socket as connection:
            if self.position is None:
                await self._load(url)
            await connection.send(
                msgspec.json.encode({"op": "watch", "topic": self.topic, "since": self.position}).decode()
            )
            async for message in connection:
                frame = msgspec.json.decode(message)
                match frame["op"]:
                    case "watching":
                        self.connected = True
                    case "fact":
                        self._apply(frame)
                    case "resync":
                        self.report.resyncs += 1
                        self.position = None
                        return

    def _apply(self, frame: dict[str, Any]) -> None:
        self.report.frames += 1
        dossier, version = frame["dossier"], frame["version"]
        self.position = frame["position"]
        if version <= self.last.get(dossier, 0):
            self.report.repeated += 1
            return
        self.last[dossier] = version
        if frame.get("row") is None:
            self.held.pop(dossier, None)
        elif frame["row"]["version"] > self.held.get(dossier, 0):
            self.held[dossier] = frame["row"]["version"]

    async def _load(self, url: str) -> None:
        """The whole view over HTTP, page by page; the position of the first page is the oldest, so it is kept."""
        held: dict[str, int] = {}
        position: str | None = None
        mark: str | None = ""
        async with httpx.AsyncClient(base_url=url, cookies={"relais": self.token}, timeout=5) as client:
            while mark is not None:
                params = {"service": str(self.service)} if self.service else {}
                answer = await client.get(
                    f"/api/v1/queues/{self.view}", params=params | ({"page": mark} if mark else {})
                )
                answer.raise_for_status()
                page = answer.json()
                held |= {row["id"]: row["version"] for row in page["items"]}
                position = position or page["position"]
                following = page["next"]
                mark = httpx.URL(following).params.get("page", following) if following else None
        self.held, self.last, self.position = held, dict(held), position


@dataclass
class Agent:
    """Somebody who works: acts on dossiers, and tries again until answered."""

    who: Person
    token: str
    report: Report
    client: httpx.AsyncClient  # one for all acts: making one costs more than an act
    acked: list[tuple[str, int]] = field(default_factory=list)  # (dossier, version)

    async def do(
        self, act: str, dossier: str, version: int, body: dict[str, Any], address: Callable[[], str]
    ) -> int | None:
        """One act under one key; the version it made, or None when a rule refused it or nobody answered."""
        key, end, first = str(uuid4()), time.monotonic() + PATIENCE, True
        while time.monotonic() < end:
            url = address()
            headers = {
                "If-Match": f'"{version}"',
                "Idempotency-Key": key,
                "Origin": url,
                "Cookie": f"relais={self.token}",
            }
            try:
                answer = await self.client.post(f"{url}/api/v1/dossiers/{dossier}/{act}", json=body, headers=headers)
            except httpx.HTTPError:
                answer = None
            if answer is not None and answer.status_code < 500 and answer.status_code not in (408, 429):
                self.report.retried += not first
                if answer.is_success:
                    made = int(answer.json()["version"])
                    self.report.acts += 1
                    self.acked.append((dossier, made))
                    return made
                if answer.status_code not in (404, 409, 412):
                    raise AssertionError(f"{act}: {answer.status_code} {answer.text}")
                self.report.refused += 1
                return None
            first = False
            await asyncio.sleep(0.1)
        self.report.unanswered += 1
        return None

    async def work(self, dossier: str, address: Callable[[], str]) -> None:
        """Take a new dossier as far as it goes, unless a colleague was faster."""
        seen = 1
        steps: list[tuple[str, dict[str, Any]]] = [
            ("claim", {}), ("start-review", {}), ("messages", {"message": "Nous examinons votre demande."}),
            random.choice([("release", {}), ("decide", {"outcome": "accepted", "reason": "Tout est en ordre."})]),
        ]  # fmt: skip
        for act, body in steps:
            made = await self.do(act, dossier, seen, body, address)
            if made is None:
                return
            seen = made


async def run(folder: Path, *, kills: int, rate: float = 50.0, screens: int = 12, seed: int = 1) -> Report:
    """Start everything, work, kill, let it come to rest, check. `rate`: acts a second; `kills`: of any process."""
    random.seed(seed)
    postgres, valkey = PostgreSQL(folder / "postgresql", options={"shared_buffers": "128MB"}), Valkey(folder / "valkey")
    postgres.start()
    valkey.start()
    processes = Processes(folder / "processes", postgres.url(), valkey.url())
    try:
        migrate(postgres.url())
        engine = make_engine(postgres.url())
        try:
            return await _run(folder, engine, processes, valkey, kills=kills, rate=rate, screens=screens)
        finally:
            await engine.dispose()
    finally:
        processes.stop()
        valkey.stop()
        postgres.stop()


async def _run(
    folder: Path, engine: AsyncEngine, processes: Processes, valkey: Valkey, *, kills: int, rate: float, screens: int
) -> Report:
    report = Report()
    async with transaction(engine) as db:
        community = await settle(db)
    smtp = f"smtp://127.0.0.1:{(port := free_port())}"
    await processes.start("mailbox", MAILBOX_PORT=port)
    victims: dict[str, Running] = {}
    for name, kind in (("web 1", "web"), ("web 2", "web"), ("worker", "worker"), ("relay", "relay")):
        victims[name] = await processes.start(kind, healthy=kind == "web", SMTP_URL=smtp)

    def address() -> str:
        return victims[random.choice(("web 1", "web 2"))].url

    people = (community.paul, community.ines, community.claire)
    tokens = {person.id: await _token(engine, person) for person in (*people, community.omar)}
    watching = [_screen(number, community, tokens, report) for number in range(screens)]
    http = httpx.AsyncClient(timeout=3, limits=httpx.Limits(max_connections=200))
    agents = [Agent(person, tokens[person.id], report, http) for person in people]
    tasks = [asyncio.create_task(screen.stay_open(address)) for screen in watching]
    began = time.monotonic()
    stop = asyncio.Event()
    work = asyncio.create_task(_work(engine, community, agents, report, address, rate, stop))
    try:
        while report.killed < kills:
            await asyncio.sleep(random.uniform(0.2, 0.8))
            name = random.choice([*victims, "valkey"])
            report.kills[name] += 1
            if name == "valkey":
                valkey.kill()
                await asyncio.sleep(random.uniform(0.1, 1.5))
                valkey.start()
            else:
                victims[name].kill()
                again: dict[str, Any] = dict(victims[name].settings.environment())
                victims[name] = await processes.start(victims[name].name, healthy=victims[name].name == "web", **again)
            if work.done():
                break
        stop.set()
        await work
        report.seconds = time.monotonic() - began
        await _rest(engine, watching)
        await _check(engine, watching, agents, report, folder)
    finally:
        stop.set()
        for task in (*tasks, work):
            task.cancel()
        await asyncio.gather(*tasks, work, return_exceptions=True)
        await http.aclose()
    return report


def _screen(number: int, c: Community, tokens: dict[Any, str], report: Report) -> Screen:
    """Different people on different views; one of another service, who must see nothing of it."""
    who, view, service = (
        (c.paul, "service", c.etat_civil), (c.ines, "mine", None), (c.claire, "service", None), (c.paul, "mine", None),
        (c.omar, "service", c.voirie), (c.ines, "service", c.etat_civil),
    )[number % 6]  # fmt: skip
    return Screen(who, tokens[who.id], view, service, report)


async def _token(engine: AsyncEngine, person: Person) -> str:
    async with transaction(engine) as db:
        token, _ = await open_session(db, await accounts.by_id(db, person.id))
    return token


async def _work(
    engine: AsyncEngine, c: Community, agents: list[Agent], report: Report, address: Callable[[], str], rate: float,
    stop: asyncio.Event,
) -> None:  # fmt: skip
    """File dossiers at the pace that makes `rate` acts a second; two agents run for each."""
    busy: set[asyncio.Task[None]] = set()
    while not stop.is_set():
        async with transaction(engine) as db:
            filed = await c.file(db)
        report.filed += 1
        for agent in random.sample(agents, 2):
            busy.add(asyncio.create_task(agent.work(str(filed.subject_id), address)))
        for task in [task for task in busy if task.done()]:
            busy.discard(task)
            task.result()
        await asyncio.sleep(5 / rate * max(1.0, len(busy) / 100))
    await asyncio.gather(*busy)


async def _rest(engine: AsyncEngine, screens: list[Screen]) -> None:
    """Until every screen is connected, and every effect done: seconds, or the checker will say what is missing."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        async with reading(engine) as db:
            waiting = (await db.execute(_EFFECTS_OPEN)).scalar_one()
            expected = [await _view(engine, screen) for screen in screens]
        agreed = all(screen.held == view for screen, view in zip(screens, expected, strict=True))
        if not waiting and agreed and all(screen.connected for screen in screens):
            return
        await asyncio.sleep(0.25)


async def _view(engine: AsyncEngine, screen: Screen) -> dict[str, int]:
    services = [screen.service] if screen.service else sorted(screen.who.viewer.services)
    async with reading(engine) as db:
        rows = await queries.queue(db, screen.view, agent=screen.who.id, services=services, most=100_000)
    return {str(row.id): row.version for row in rows}


async def _check(engine: AsyncEngine, screens: list[Screen], agents: list[Agent], report: Report, folder: Path) -> None:
    """The history checker's verdict, in `report.lost`: empty when nothing was lost, doubled or shown to the wrong eyes."""
    report.lost += await history.journal_is_whole(engine)
    async with reading(engine) as db:
        acked: dict[UUID, list[tuple[str, int]]] = {agent.who.id: agent.acked for agent in agents}
        report.lost += await history.answered_acts_are_written(db, acked, unanswered=report.unanswered)
        report.lost += await history.effects_are_done(db)
        maildir = folder / "processes" / "data" / "mailbox"
        missing, report.mails, report.mails_repeated = await history.receipts_were_sent(db, maildir)
        report.lost += missing
    for screen in screens:
        report.lost += history.screen_holds(screen.topic, screen.held, await _view(engine, screen))
