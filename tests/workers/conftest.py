"""Real servers for jobs: a Valkey that may be killed, an SMTP server that may be slow, worker and relay processes."""

import asyncio
import os
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from functools import partial
from pathlib import Path

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from infra.database import reading, transaction
from infra.embedded import Valkey
from infra.processes import Child, free_port
from infra.settings import Settings
from tests.people import Community, settle
from workers.relay import relay
from workers.settings import work

ROOT = Path(__file__).parent.parent.parent


class Answering:
    """aiosmtpd's handler. It holds no more than this: aiosmtpd looks at every member for each connection."""

    def __init__(self, sink: "Sink") -> None:
        self._sink = sink

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - its name
        sink = self._sink
        sink.reached.set()
        await sink.gate.wait()
        await asyncio.sleep(sink.pause)
        if sink.answer.startswith("250"):
            assert isinstance(envelope.content, bytes)
            sink.accepted.append(envelope.content)
        return sink.answer


@dataclass
class Sink:
    """An SMTP server that keeps what it accepted, in order. It answers at once unless `gate` is closed."""

    port: int
    accepted: list[bytes] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    reached: asyncio.Event = field(default_factory=asyncio.Event)  # a mail has come, and is not answered yet
    answer: str = "250 2.0.0 OK"
    pause: float = 0.0  # seconds before each answer

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    @property
    def mails(self) -> list[EmailMessage]:
        return [message_from_bytes(raw, policy=default) for raw in self.accepted]

    @property
    def by_message_id(self) -> Counter[str]:
        return Counter(str(mail["Message-ID"]) for mail in self.mails)


@pytest.fixture
async def sink() -> AsyncIterator[Sink]:
    """A real SMTP server."""
    made = Sink(free_port())
    made.gate.set()
    server = await asyncio.get_running_loop().create_server(
        partial(SMTP, Answering(made), enable_SMTPUTF8=True, hostname="sink.example"), host="127.0.0.1", port=made.port
    )
    yield made
    made.gate.set()
    server.close()


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[Valkey]:
    """A Valkey of this test alone."""
    server = Valkey(tmp_path / "valkey")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def settings(database_url: str, valkey: Valkey, sink: Sink, tmp_path: Path) -> Settings:
    """Those of the processes under test."""
    return Settings.read(
        {
            "DATABASE_URL": database_url,
            "REDIS_URL": valkey.url(),
            "SMTP_URL": sink.url,
            "MAIL_FROM": "ne-pas-repondre@relais.example",
            "PUBLIC_URL": "https://relais.example",
            "DATA_DIR": str(tmp_path / "data"),
        }
    )


@pytest.fixture
async def community(engine: AsyncEngine) -> Community:
    """People with a job, in the fresh database."""
    async with transaction(engine) as db:
        return await settle(db)


class Processes:
    """Real `relais worker` and `relais relay` processes, by the settings of the test."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self._environment = {**os.environ, **settings.environment()}
        self._folder = folder
        self.running: list[Child] = []

    def start(self, command: str, *, module: str = "cli.main", **environment: str) -> Child:
        """A process of `relais <command>`; `module` is the one whose main() is called."""
        log = self._folder / f"{command}-{len(self.running)}.log"
        child = Child(
            command,
            [sys.executable, "-c", f"import sys; sys.argv[1:] = ['{command}']; from {module} import main; main()"],
            environment={
                **self._environment,
                **environment,
                "PYTHONPATH": f"{ROOT}:{os.environ.get('PYTHONPATH', '')}",
            },
            log=log,
        )
        self.running.append(child)
        return child

    async def ready(self, command: str, **environment: str) -> Child:
        """Start it and wait until it works: what a test promises of time does not count an interpreter's start."""
        child = self.start(command, **environment)
        said = {"worker": "worker.ready", "relay": "relay.ready"}[command]
        await until(lambda: child.log is not None and said in child.log.read_text(), seconds=45)
        return child

    async def end(self, child: Child) -> int:
        """SIGTERM, as a platform does; the exit code."""
        return await asyncio.to_thread(child.stop)

    def logs(self) -> str:
        return "\n".join(path.read_text() for path in sorted(self._folder.glob("*.log")))


@pytest.fixture
async def processes(settings: Settings, tmp_path: Path) -> AsyncIterator[Processes]:
    """They end with the test, and their logs are shown when it fails."""
    folder = tmp_path / "processes"
    folder.mkdir()
    made = Processes(settings, folder)
    yield made
    for child in made.running:
        if child.code is None:
            child.signal(signal.SIGKILL)
            child.kill()
    print(made.logs())


@pytest.fixture
async def running(settings: Settings) -> AsyncIterator[None]:
    """A relay and a worker inside this process: the same code and servers, without two interpreters to start."""
    stop = asyncio.Event()
    tasks = [asyncio.create_task(relay(settings, stop)), asyncio.create_task(work(settings, stop))]
    yield
    stop.set()
    await asyncio.gather(*tasks)


async def until(happened: Callable[[], Awaitable[bool] | bool], *, seconds: float = 15.0) -> None:
    """Wait until it is so; fail when it is not in time."""
    deadline = asyncio.get_running_loop().time() + seconds
    while True:
        found = happened()
        if found if isinstance(found, bool) else await found:
            return
        assert asyncio.get_running_loop().time() < deadline, "it did not happen in time"
        await asyncio.sleep(0.02)


_EFFECTS = text("select name, state, attempts, crashes, message_id, last_error from effects order by journal_id, name")


@dataclass(frozen=True, slots=True)
class Effect:
    """One row of `effects`."""

    name: str
    state: str
    attempts: int
    crashes: int
    message_id: str | None
    last_error: str | None


async def effects_in(engine: AsyncEngine) -> list[Effect]:
    """All the effects, in the order of their facts."""
    async with reading(engine) as db:
        return [Effect(*row) for row in await db.execute(_EFFECTS)]


async def all_done(engine: AsyncEngine, number: int) -> bool:
    """Whether there are `number` effects and every one is done."""
    found = await effects_in(engine)
    return len(found) == number and all(effect.state == "done" for effect in found)
