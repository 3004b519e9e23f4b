"""A real web process with browsers that read nothing: they are cut, they cost little, and the others see no difference."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from casework.accounts import queries as accounts
from casework.accounts.actions import open_session
from casework.dossiers import actions
from casework.ids import DossierId, Version
from infra.bell import Bell
from infra.database import Ring, transaction
from realtime.live import BEHIND_SECONDS
from tests.history import Answered, History, Screen, check
from tests.people import Community, settle, version_of
from tests.servers import Processes, Running
from tests.waiting import until

STALLED, READING = 30, 60
FACTS = 900  # more than a kernel, a transport and a queue hold for somebody
TOPIC = "queue:service"
MOST_GROWTH = 64 * 2**20  # bytes of the process


@dataclass
class Reader:
    """One browser, and how old each fact was when it came."""

    socket: ClientConnection
    screen: Screen
    ages: list[float] = field(default_factory=list)
    ops: list[str] = field(default_factory=list)
    versions: list[int] = field(default_factory=list)
    over: bool = False

    async def read(self) -> None:
        try:
            async for message in self.socket:
                frame: dict[str, Any] = msgspec.json.decode(message)
                self.ops.append(frame["op"])
                self.screen.hear(frame)
                if frame["op"] == "fact":
                    self.versions.append(frame["version"])
                    self.ages.append((datetime.now(UTC) - datetime.fromisoformat(frame["at"])).total_seconds())
        except ConnectionClosed:
            pass
        self.over = True


@pytest.mark.timeout(180)
async def test_browsers_that_never_read_are_cut_and_the_others_go_on(
    engine: AsyncEngine, redis_url: str, processes: Processes
) -> None:
    bell = Bell(redis_url)

    async def ring(position: str) -> None:
        await bell.ring(f"p:{position}")

    async with transaction(engine) as db:
        people = await settle(db)
        filed = await people.file(db)
        token, _ = await open_session(db, await accounts.by_id(db, people.ines.id))
    web = await processes.start("web")
    readers = [await _open(web, token, people, str(filed.position)) for _ in range(READING)]
    for reader in readers:
        reader.screen.load(TOPIC, {filed.subject_id: filed.version})
    tasks = [asyncio.create_task(reader.read()) for reader in readers]
    history = History([Answered.of(filed)], unanswered=0, screens=[reader.screen for reader in readers])
    history.answered += await _act(engine, ring, people, filed.subject_id, 1, 200)
    alone = await _ages(readers, 201)

    stalled = [await _open(web, token, people, None, max_queue=1) for _ in range(STALLED)]
    await asyncio.sleep(0.5)  # they watch now
    before = _resident(web)
    history.answered += await _act(engine, ring, people, filed.subject_id, 201, FACTS)
    beside = await _ages(readers, 201 + FACTS)
    await asyncio.sleep(BEHIND_SECONDS + 1.5)
    grown = _resident(web) - before
    print(
        f"p99 of the others: {alone:.1f} ms alone, {beside:.1f} ms beside {STALLED} that read nothing; +{grown >> 20} MiB"
    )
    assert grown < MOST_GROWTH
    assert not any(reader.over for reader in readers)

    # They read at last: what was on its way when they were cut, in order, and then the end.
    waking = [asyncio.create_task(reader.read()) for reader in stalled]
    await until(lambda: all(reader.over for reader in stalled), seconds=30)
    for reader in stalled:
        assert 0 < len(reader.versions) < FACTS
        assert reader.versions == list(range(202, 202 + len(reader.versions))), "a hole"
    # And the others are as live as before.
    history.answered += await _act(engine, ring, people, filed.subject_id, 201 + FACTS, 2)
    await _ages(readers, 203 + FACTS)
    await check(engine, history)
    await bell.close()
    for task in (*tasks, *waking):
        task.cancel()
    await asyncio.gather(*tasks, *waking, return_exceptions=True)
    await asyncio.gather(*(reader.socket.close() for reader in (*readers, *stalled)))


async def _open(web: Running, token: str, people: Community, since: str | None, **options: Any) -> Reader:
    socket = await connect(
        web.url.replace("http", "ws", 1) + "/live", compression=None, subprotocols=[Subprotocol("relais.v1")],
        additional_headers={"Cookie": f"relais={token}", "Origin": web.url}, ping_interval=None, close_timeout=1, **options,
    )  # fmt: skip
    watch = {"op": "watch", "topic": TOPIC} | ({"since": since} if since else {})
    await socket.send(msgspec.json.encode(watch).decode())
    return Reader(socket, Screen(people.ines.viewer))


async def _act(
    engine: AsyncEngine, ring: Ring, people: Community, dossier: Any, version: int, times: int
) -> list[Answered]:
    """Paul takes it and gives it back, so many facts from this version on."""
    answered: list[Answered] = []
    for number in range(version, version + times):
        async with transaction(engine, ring=ring) as db:
            act = actions.claim if number % 2 else actions.release
            seen = version_of(answered[-1].fact) if answered and answered[-1].fact else Version(number)
            recorded = await act(db, DossierId(dossier), seen=seen, by=people.paul.as_agent)
        answered.append(Answered.of(recorded))
    return answered


async def _ages(readers: list[Reader], version: int) -> float:
    """Until all have this version; the 99th percentile of the ages of what came meanwhile, ms."""
    await until(lambda: all(version in reader.versions[-1:] for reader in readers), seconds=60)
    ages = sorted(age for reader in readers for age in reader.ages)
    for reader in readers:
        reader.ages.clear()
    return 1000 * ages[int(0.99 * (len(ages) - 1))]


def _resident(web: Running) -> int:
    """Bytes of memory that the process and its children hold."""
    pages = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            session = int(stat.read_text().rpartition(")")[2].split()[3])
            if session == web.child.pid:
                pages += int((stat.parent / "statm").read_text().split()[1])
        except OSError:
            continue
    return pages * 4096
