"""Kills under load: two web processes, a relay, a worker and Valkey, each killed with -9 while people work.

Agents act through HTTP, fifty times a second; each act has an Idempotency-Key and is sent again, with the same key,
until somebody answers. Screens watch queues over real sockets and come back by themselves. In the end the history
checker judges what was answered, shown and sent. `bench/chaos.py` runs the long form, `tests/journeys/test_chaos.py` a
short one.
"""

import asyncio
import mailbox
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import msgspec
from redis.asyncio import Redis
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException
from websockets.typing import Subprotocol

from casework.accounts import queries as accounts
from casework.accounts.actions import open_session
from infra.database import engine as make_engine
from infra.database import reading, transaction
from infra.embedded import PostgreSQL, Valkey
from infra.listen import allow_sockets
from infra.processes import free_port
from tests.history import Answered, History, Screen, broken, rows_of
from tests.people import Community, Neighbours, Person, neighbours, settle
from tests.servers import Processes, Running, migrate
from tests.waiting import until

VICTIMS = ("web 1", "web 2", "worker", "relay", "valkey")
PATIENCE = 30.0  # seconds that an agent's program tries the same act again
_EFFECTS_OPEN = text("select count(*) from effects where state in ('pending', 'sending')")
_EFFECTS_TRIED_AGAIN = text("select count(*) from effects where attempts > 1")


@dataclass
class Report:
    """What happened, and what the checker found."""

    seconds: float = 0.0
    kills: Counter[str] = field(default_factory=Counter)
    acts: int = 0  # answered 2xx
    refused: int = 0  # answered by a rule: somebody was faster
    retried: int = 0
    unanswered: int = 0
    errors: Counter[int] = field(default_factory=Counter)  # answers of 500 and above
    slowest: float = 0.0  # seconds from the act to a screen that was not catching up
    filed: int = 0
    frames: int = 0
    repeated: int = 0  # frames with a version that the screen held already: ignored by the protocol's rule
    reconnections: int = 0
    resyncs: int = 0
    mails: int = 0
    mails_again: int = 0  # tried again after a crash, under the same Message-ID
    lost: list[str] = field(default_factory=list)

    @property
    def killed(self) -> int:
        return self.kills.total()


@dataclass
class Browser:
    """A page that is open on one view, and how it comes back."""

    token: str
    topic: str
    screen: Screen
    report: Report
    client: httpx.AsyncClient  # one for all pages: making one costs more than a page
    position: str | None = None
    connected: bool = False

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
                self.screen.hear(frame)
                match frame["op"]:
                    case "watching":
                        self.connected = True
                    case "fact":
                        self.report.frames += 1
                        self.position = frame["position"]
                        if self.connected:
                            age = datetime.now(UTC) - datetime.fromisoformat(frame["at"])
                            self.report.slowest = max(self.report.slowest, age.total_seconds())
                    case "resync":
                        self.report.resyncs += 1
                        self.position = None
                        return

    async def _load(self, url: str) -> None:
        """The whole view over HTTP, page by page; the position of the first page is the oldest, so it is kept."""
        rows: dict[UUID, int] = {}
        position: str | None = None
        mark: str | None = ""
        _, view, *service = self.topic.split(":")
        while mark is not None:
            params = ({"service": service[0]} if service else {}) | ({"page": mark} if mark else {})
            headers = {"Cookie": f"relais={self.token}"}
            answer = await self.client.get(f"{url}/api/v1/queues/{view}", params=params, headers=headers)
            answer.raise_for_status()
            page = answer.json()
            rows |= {UUID(row["id"]): row["version"] for row in page["items"]}
            position = position or page["position"]
            following = page["next"]
            mark = httpx.URL(following).params.get("page", following) if following else None
        self.screen.load(self.topic, rows)
        self.position = position


@dataclass
class Agent:
    """Somebody who works: acts on dossiers, and tries again until answered."""

    who: Person
    token: str
    report: Report
    client: httpx.AsyncClient  # one for all acts: making one costs more than an act
    answered: list[Answered] = field(default_factory=list)

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
                    self.answered.append(Answered(UUID(dossier), made, self.who.id))
                    return made
                if answer.status_code not in (404, 409, 412):
                    raise AssertionError(f"{act}: {answer.status_code} {answer.text}")
                self.report.refused += 1
                return None
            if answer is not None:
                self.report.errors[answer.status_code] += 1
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


Team = tuple[Neighbours | None, list[Agent]]  # a service and its agents; None: the community's first


async def run(
    folder: Path,
    *,
    kills: int,
    victims: Sequence[str] = VICTIMS,
    rate: float = 50.0,
    screens: int = 12,
    services: int = 2,
    pause: float = 0.5,
    seed: int = 1,
) -> Report:
    """Start everything, work, kill, let it come to rest, check.

    `rate`: acts a second; `kills`: of any of `victims`; `screens`: over `services`, 2 at least; `pause`: seconds between
    the end of one kill (the process is up again) and the next, in the mean.

    Every third time that Valkey was killed it is emptied as well.
    """
    random.seed(seed)
    allow_sockets()
    postgres, valkey = PostgreSQL(folder / "postgresql", options={"shared_buffers": "128MB"}), Valkey(folder / "valkey")
    postgres.start()
    valkey.start()
    processes = Processes(folder / "processes", postgres.url(), valkey.url())
    try:
        migrate(postgres.url())
        engine = make_engine(postgres.url())
        try:
            return await _run(
                folder, engine, processes, valkey, kills=kills, victims=victims, rate=rate, screens=screens,
                services=services, pause=pause,
            )  # fmt: skip
        finally:
            await engine.dispose()
    finally:
        processes.stop()
        valkey.stop()
        postgres.stop()


async def _run(
    folder: Path, engine: AsyncEngine, processes: Processes, valkey: Valkey, *, kills: int, victims: Sequence[str],
    rate: float, screens: int, services: int, pause: float,
) -> Report:  # fmt: skip
    report = Report()
    async with transaction(engine) as db:
        community = await settle(db)
        others = await neighbours(db, community, services - 2)
    smtp = f"smtp://127.0.0.1:{(port := free_port())}"
    await processes.start("mailbox", MAILBOX_PORT=port)
    running: dict[str, Running] = {}
    for name, kind in (("web 1", "web"), ("web 2", "web"), ("worker", "worker"), ("relay", "relay")):
        running[name] = await processes.start(kind, healthy=kind == "web", SMTP_URL=smtp)

    def address() -> str:
        return running[random.choice(("web 1", "web 2"))].url

    people = (community.paul, community.ines, community.claire)
    strangers = [person for each in others for person in each.agents]
    tokens = {person.id: await _token(engine, person) for person in (*people, community.omar, *strangers)}
    http = httpx.AsyncClient(timeout=3, limits=httpx.Limits(max_connections=200))
    watching = [_browser(number, community, others, tokens, report, http) for number in range(screens)]
    teams: list[Team] = [
        (at, [Agent(person, tokens[person.id], report, http) for person in team])
        for at, team in ((None, people), *((each, each.agents) for each in others))
    ]
    agents = [agent for _, team in teams for agent in team]
    tasks = [asyncio.create_task(each.stay_open(address)) for each in watching]
    turns = _in_turn(victims)
    stop = asyncio.Event()
    history = History(screens=[each.screen for each in watching])
    await until(lambda: all(each.connected for each in watching), seconds=60)  # kills are of screens that work
    began = time.monotonic()
    work = asyncio.create_task(_work(engine, community, teams, history, address, rate, stop))
    try:
        while report.killed < kills:
            await asyncio.sleep(pause * random.uniform(0.4, 1.6))
            name = next(turns)
            report.kills[name] += 1
            if name == "valkey":
                valkey.kill()
                await asyncio.sleep(random.uniform(0.1, 1.5))
                valkey.start()
                if report.kills[name] % 3 == 0:
                    async with Redis.from_url(valkey.url()) as client:
                        await client.flushall()
            else:
                running[name].kill()
                again: dict[str, Any] = dict(running[name].settings.environment())
                running[name] = await processes.start(running[name].name, healthy=running[name].name == "web", **again)
            if work.done():
                break
        stop.set()
        await work
        report.seconds = time.monotonic() - began
        await _rest(engine, watching)
        history.answered += [act for agent in agents for act in agent.answered]
        history.unanswered = report.unanswered
        history.mails = _mails(folder / "processes" / "data" / "mailbox")
        report.filed = len(history.answered) - report.acts
        report.repeated = sum(each.repeated for each in history.screens)
        report.mails = len(history.mails)
        report.mails_again = await _sent_again(engine)
        report.lost = await broken(engine, history)
    finally:
        stop.set()
        for task in (*tasks, work):
            task.cancel()
        await asyncio.gather(*tasks, work, return_exceptions=True)
        await http.aclose()
    return report


def _in_turn(victims: Sequence[str]) -> Iterator[str]:
    """In any order, and nobody a second time before everybody had a first."""
    while True:
        yield from random.sample(victims, len(victims))


def _browser(
    number: int, c: Community, others: Sequence[Neighbours], tokens: dict[Any, str], report: Report,
    http: httpx.AsyncClient,
) -> Browser:  # fmt: skip
    """Different people on different views; one of another service, who must see nothing of it."""
    place, number = number % (2 + len(others)), number // (2 + len(others)) if others else number
    if place >= 2:
        there = others[place - 2]
        who = there.agents[number % 2]
        return Browser(tokens[who.id], f"queue:service:{there.service}", Screen(who.viewer), report, http)
    who, view, service = (
        (c.paul, "service", c.etat_civil), (c.ines, "mine", None), (c.claire, "service", None), (c.paul, "mine", None),
        (c.omar, "service", c.voirie), (c.ines, "service", c.etat_civil),
    )[number % 6]  # fmt: skip
    topic = f"queue:{view}" + (f":{service}" if service else "")
    return Browser(tokens[who.id], topic, Screen(who.viewer), report, http)


async def _token(engine: AsyncEngine, person: Person) -> str:
    async with transaction(engine) as db:
        token, _ = await open_session(db, await accounts.by_id(db, person.id))
    return token


async def _work(
    engine: AsyncEngine, c: Community, teams: Sequence[Team], history: History, address: Callable[[], str], rate: float,
    stop: asyncio.Event,
) -> None:  # fmt: skip
    """File dossiers at the pace that makes `rate` acts a second; two agents run for each."""
    busy: set[asyncio.Task[None]] = set()
    while not stop.is_set():
        at, team = random.choice(teams)
        async with transaction(engine) as db:
            filed = await c.file(db, at=at)
        history.answered.append(Answered.of(filed))
        for agent in random.sample(team, 2):
            busy.add(asyncio.create_task(agent.work(str(filed.subject_id), address)))
        for task in [task for task in busy if task.done()]:
            busy.discard(task)
            task.result()
        await asyncio.sleep(5 / rate * max(1.0, len(busy) / 100))
    await asyncio.gather(*busy)


async def _rest(engine: AsyncEngine, browsers: list[Browser]) -> None:
    """Until every browser is connected and shows it all, and every effect is done, or 30 s: then the checker speaks."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        async with reading(engine) as db:
            waiting = (await db.execute(_EFFECTS_OPEN)).scalar_one()
            asked = {(each.topic, each.screen.viewer) for each in browsers}
            held = {each: await rows_of(db, *each) for each in asked}
        agreed = all(each.screen.rows.get(each.topic) == held[each.topic, each.screen.viewer] for each in browsers)
        if not waiting and agreed and all(each.connected for each in browsers):
            return
        await asyncio.sleep(0.25)


def _mails(folder: Path) -> list[str]:
    return [str(message["Message-ID"]) for message in mailbox.Maildir(folder, create=False)]


async def _sent_again(engine: AsyncEngine) -> int:
    """How many effects had to be tried more than once: the mailbox keeps a repeated Message-ID once."""
    async with reading(engine) as db:
        return int((await db.execute(_EFFECTS_TRIED_AGAIN)).scalar_one())
