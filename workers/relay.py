"""The relay: follows the journal, writes down what follows from each fact, and tells the workers; strikes the clock.

One leads, elected by PostgreSQL; the others wait and take its place in a second. `relais relay` runs `serve`.
`/readyz` reads how it is from `readers.moved_at` (each second while it lives) and from `min(schedule.due_at)`.
"""

import asyncio
import contextlib
import signal
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field

from arq.connections import ArqRedis
from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from casework.journal import read
from casework.journal.fact import Position
from infra.bell import Bell
from infra.database import engine as make_engine
from infra.database import reading, transaction
from infra.logs import logger
from infra.object_store import Documents
from infra.settings import Settings
from workers import effects, queue, sweep
from workers.election import seat
from workers.queue import Trigger
from workers.reactions import EFFECTS, Class
from workers.schedule import Clock

log = logger(__name__)

READER = "relay"
BATCH = 500  # facts
IDLE = 0.5  # seconds between two looks when no bell rings
HELD_BACK = (0.002, 0.005, 0.010)  # seconds; then again and again, until the slower transaction is over
SECOND = 1.0
SWEEP_EVERY = 600.0  # seconds
TELLING = 2.0  # seconds for a Valkey that hangs
CONNECTIONS = 6

_BEAT = text("update readers set moved_at = now() where name = :name")


@dataclass
class Relay:
    """What a relay leads with. `wake` is set by the bell: there are facts."""

    engine: AsyncEngine
    redis: ArqRedis
    bell: Bell
    store: Documents
    wake: asyncio.Event = field(default_factory=asyncio.Event)

    async def ring(self, position: str) -> None:
        """Hint that facts were written; a bell that is out of order costs half a second, so nothing is raised."""
        await self.bell.ring(f"p:{position}")

    async def hear(self, message: str) -> None:
        """A hint came."""
        if message.startswith("p:"):
            self.wake.set()

    async def run(self) -> None:
        """Stand for election until cancelled, and lead when elected."""
        while not _ending():
            try:
                async with seat(self.engine) as place:
                    if place is not None:
                        log.info("relay.leads")
                        await self._lead(place.check)
            except* Exception as errors:  # noqa: BLE001 - PostgreSQL is away, mostly; its drivers have many ways to say so
                log.warning("relay.steps_down", errors=[repr(error) for error in errors.exceptions])
            await asyncio.sleep(SECOND)

    async def _lead(self, check: Callable[[], Awaitable[None]]) -> None:
        clock = Clock(self.engine, self.ring)
        async with asyncio.TaskGroup() as group:
            group.create_task(_each(SECOND, check))
            group.create_task(self.follow())
            group.create_task(_each(SECOND, _kept("relay.due", self.due)))
            group.create_task(_each(SECOND, _kept("relay.clock", clock.strike)))
            group.create_task(_each(SWEEP_EVERY, _kept("relay.sweep", self.sweep)))

    async def follow(self) -> None:
        """Read the journal in commit order and record what follows from it. Raises when PostgreSQL is gone."""
        loop = asyncio.get_running_loop()
        async with transaction(self.engine) as db:
            position = await read.reader_position(db, READER)
            await read.advance(db, READER, position)
        held, beaten = 0, loop.time()
        while True:
            self.wake.clear()
            async with reading(self.engine) as db:
                batch = await read.after(db, position, most=BATCH)
            if batch.facts:
                position = await self._record(position, batch)
                held, beaten = 0, loop.time()
                continue
            if loop.time() - beaten >= SECOND:
                async with transaction(self.engine) as db:
                    await db.execute(_BEAT, {"name": READER})
                beaten = loop.time()
            if batch.held_back:
                await asyncio.sleep(HELD_BACK[min(held, len(HELD_BACK) - 1)])
                held += 1
                continue
            held = 0
            # Not `wait_for`: before Python 3.12 it may swallow a cancellation, and who lost its seat would go on.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(IDLE):
                    await self.wake.wait()

    async def _record(self, position: Position, batch: read.Batch) -> Position:
        """The effects of a batch and the position after it, in one transaction: exactly once."""
        async with transaction(self.engine) as db:
            stands = await read.reader_position(db, READER)
            if stands != position:
                return stands  # somebody else led meanwhile
            triggers = await effects.record(db, batch.facts)
            await read.advance(db, READER, batch.position)
        await self.tell(triggers)
        return batch.position

    async def due(self) -> None:
        """Give again the triggers of effects that nobody performed, as far as the queues have room."""
        async with transaction(self.engine) as db:
            reaped = await effects.reap(db)
        for journal_id, name, state in reaped:
            log.warning("effect.worker_died", effect=name, journal_id=journal_id, state=state)
        for kind in sorted(set(EFFECTS.values())):
            room = await self._room(kind)
            names = [name for name, of in EFFECTS.items() if of == kind]
            if room > 0:
                async with transaction(self.engine) as db:
                    triggers = await effects.due(db, names, most=room)
                await self.tell(triggers)

    async def tell(self, triggers: Iterable[Trigger]) -> None:
        """Trigger the workers. When Valkey is not there the effects stay due, and this is tried again."""
        by_class: dict[Class, list[Trigger]] = {}
        for trigger in triggers:
            by_class.setdefault(EFFECTS[trigger.name], []).append(trigger)
        for kind, told in by_class.items():
            try:
                async with asyncio.timeout(TELLING):
                    await queue.trigger(self.redis, told[: await self._room(kind)])
            except (RedisError, OSError, TimeoutError) as error:
                log.warning("relay.no_queue", queue=kind, error=type(error).__name__, waiting=len(told))

    async def sweep(self) -> None:
        """Once in a while: what nobody came back for."""
        swept = {
            "documents": await sweep.documents(self.engine, self.store),
            "idempotency_keys": await sweep.idempotency_keys(self.engine),
            "drafts": await sweep.drafts(self.engine, self.ring),
        }
        if any(swept.values()):
            log.info("relay.swept", **swept)

    async def _room(self, kind: Class) -> int:
        try:
            async with asyncio.timeout(TELLING):
                return max(0, queue.ROOM - await queue.waiting(self.redis, kind))
        except (RedisError, OSError, TimeoutError):
            return 0


def _kept(name: str, step: Callable[[], Awaitable[object]]) -> Callable[[], Awaitable[None]]:
    """A step whose error is told and does not stop the others: they do not need it."""

    async def kept() -> None:
        try:
            await step()
        except Exception as error:
            log.exception(name, error=type(error).__name__)

    return kept


def _ending() -> bool:
    """Whether this task was cancelled, though an error of the same instant hid it (a task group gives errors first)."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


async def _each(seconds: float, step: Callable[[], Awaitable[object]]) -> None:
    while not _ending():
        await step()
        await asyncio.sleep(seconds)


async def relay(settings: Settings, stop: asyncio.Event) -> None:
    """Relay until `stop`."""
    database = make_engine(settings.database_url, pool_size=CONNECTIONS, application="relais-relay")
    redis = queue.connect(settings.redis_url)
    bell = Bell(settings.redis_url)
    one = Relay(database, redis, bell, Documents(settings.objects_url))
    try:
        tasks = {asyncio.create_task(one.run()), asyncio.create_task(bell.listen(one.hear))}
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait({*tasks, stopping}, return_when=asyncio.FIRST_COMPLETED)
        for task in (*tasks, stopping):
            task.cancel()
        for ended in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(ended, Exception):
                raise ended
    finally:
        await bell.close()
        await redis.aclose(close_connection_pool=True)
        await database.dispose()


async def serve(settings: Settings) -> None:
    """Run the relay process until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    log.info("relay.ready")
    await relay(settings, stop)
