"""A thundering herd: every socket of an installation loses its web process in the same instant, and comes back.

What the sockets do is what web/static/socket.js does, with its own numbers: full jitter over a wait that doubles.
"""

import asyncio
import random
import re
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import msgspec
from sqlalchemy.ext.asyncio import AsyncEngine
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException
from websockets.typing import Subprotocol

from casework.accounts import queries as accounts
from casework.accounts.actions import open_session
from casework.dossiers import actions
from casework.ids import DossierId
from infra.database import transaction
from infra.listen import allow_sockets
from tests.history import Answered, History, Screen, broken
from tests.people import Person, settle, version_of
from tests.servers import ROOT, Processes

TOPIC = "queue:service"
PATIENCE = 120.0  # seconds until everybody must be there


def _waits() -> tuple[float, float]:
    """The first wait and the longest, in seconds, as the page's own module has them."""
    module = (ROOT / "web/static/socket.js").read_text()
    first, longest = (
        int(re.findall(rf"const {name} = ([\d_]+);", module)[0].replace("_", "")) / 1000
        for name in ("FIRST_WAIT", "LONGEST_WAIT")
    )
    return first, longest


FIRST_WAIT, LONGEST_WAIT = _waits()


@dataclass
class Report:
    """How it went. Seconds are counted from the instant at which the new process listens."""

    sockets: int = 0
    missed: int = 0  # facts written while nobody was connected
    seconds: list[float] = field(default_factory=list)  # of each socket, until it had caught up, sorted
    tries: int = 0
    refused: Counter[str] = field(default_factory=Counter)  # how tries ended that did not succeed
    pages: Counter[int] = field(default_factory=Counter)  # statuses of pages asked for in the middle of it
    errors: list[str] = field(default_factory=list)  # lines of the process's log
    lost: list[str] = field(default_factory=list)


@dataclass
class Socket:
    """One browser."""

    token: str
    screen: Screen
    report: Report
    position: str
    connected: asyncio.Event = field(default_factory=asyncio.Event)
    back: float = 0.0

    async def stay_open(self, url: str) -> None:
        failures = 0
        while True:
            try:
                await self._connection(url)
            except (OSError, WebSocketException, TimeoutError) as error:
                self.report.refused[type(error).__name__] += 1
            if self.connected.is_set():
                failures = 0
            self.connected.clear()
            self.report.tries += 1
            await asyncio.sleep(random.uniform(0, min(LONGEST_WAIT, FIRST_WAIT * 2**failures)))
            failures += 1

    async def _connection(self, url: str) -> None:
        headers = {"Cookie": f"relais={self.token}", "Origin": url}
        socket = connect(
            url.replace("http", "ws", 1) + "/live", additional_headers=headers, subprotocols=[Subprotocol("relais.v1")],
            compression=None, ping_interval=None, open_timeout=None, close_timeout=0.2,
        )  # fmt: skip
        async with socket as connection:
            await connection.send(msgspec.json.encode({"op": "watch", "topic": TOPIC, "since": self.position}).decode())
            async for message in connection:
                frame: dict[str, Any] = msgspec.json.decode(message)
                self.screen.hear(frame)
                match frame["op"]:
                    case "watching" | "fact":
                        self.position = frame["position"]
                        if frame["op"] == "watching":
                            self.connected.set()
                            self.back = time.monotonic()
                    case "resync" | "refused":
                        raise AssertionError(frame)


async def run(engine: AsyncEngine, processes: Processes, *, sockets: int, missed: int = 20) -> Report:
    """Connect them all, kill the web process, write `missed` facts, start it again, wait for everybody, check."""
    allow_sockets()
    report = Report(sockets, missed)
    async with transaction(engine) as db:
        people = await settle(db)
        who = [people.paul, people.ines, people.claire, people.omar]
        begun = await people.file(db)
        signed: list[tuple[Person, str]] = []
        for number in range(sockets):
            person = who[number % len(who)]
            token, _ = await open_session(db, await accounts.by_id(db, person.id))
            signed.append((person, token))
    open_ = [Socket(token, Screen(person.viewer), report, str(begun.position)) for person, token in signed]
    for socket in open_:
        seen = begun.subject_id if people.etat_civil in socket.screen.viewer.services else None
        socket.screen.load(TOPIC, {seen: 1} if seen else {})
    history = History([Answered.of(begun)], unanswered=0, screens=[socket.screen for socket in open_])
    web = await processes.start("web")
    tasks = [asyncio.create_task(socket.stay_open(web.url)) for socket in open_]
    try:
        await asyncio.wait_for(_all(open_), PATIENCE)
        report.tries, report.refused = 0, Counter()
        web.kill()
        for _ in range(missed // 2):
            async with transaction(engine) as db:
                filed = await people.file(db)
                id_ = DossierId(filed.subject_id)
                claimed = await actions.claim(db, id_, seen=version_of(filed), by=people.paul.as_agent)
            history.answered += [Answered.of(filed), Answered.of(claimed)]
        web = await processes.again(web)
        began = time.monotonic()
        report.pages = Counter(await asyncio.gather(*(_page(web.url, socket.token) for socket in open_[:20])))
        await asyncio.wait_for(_all(open_), PATIENCE)
        report.seconds = sorted(max(0.0, socket.back - began) for socket in open_)
        report.errors = _errors(web.log)
        report.lost = await broken(engine, history)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return report


async def _page(url: str, token: str) -> int:
    async with httpx.AsyncClient(base_url=url, timeout=30) as client:
        answer = await client.get("/api/v1/queues/service", headers={"authorization": f"Bearer {token}"})
    return answer.status_code


async def _all(sockets: list[Socket]) -> None:
    for socket in sockets:
        await socket.connected.wait()


def _errors(log: Path) -> list[str]:
    """What the process said that is no good news: its pool, its database, anything at the level of an error."""
    told = [msgspec.json.decode(line) for line in log.read_text().splitlines() if line.startswith("{")]
    return [str(line) for line in told if line.get("level") in ("error", "critical")]
