"""The journal's reader of a web process: from the bell's hint, or twice a second, to the hub."""

import asyncio
import gc
from collections.abc import Awaitable, Callable, Mapping, Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from casework.accounts import queries as accounts
from casework.dossiers import queries
from casework.dossiers.queries import QueueRow
from casework.journal import read
from casework.journal.fact import Position, Recorded
from infra.database import reading
from infra.logs import logger
from realtime.frames import people_of
from realtime.hub import JOIN_SECONDS, MOST_REMEMBERED, MOST_WAITING, Hub
from realtime.seen import Seen, ahead, now_of, seen_of

IDLE_SECONDS = 0.5
HELD_BACK_SECONDS = (0.002, 0.005, 0.010)  # a slower transaction keeps committed facts back: then every 10 ms
BACK_OFF = (0.05, 2.0)  # seconds: first, longest
MOST_FACTS = MOST_ROWS = 1_000  # read at once
MOST_NAMES = 20_000
REACH_SECONDS = 1.0  # a position that is never reached was never ours
PORTION = MOST_WAITING // 4  # facts

log = logger(__name__)


class Follower:
    """Reads facts after the hub's position and gives them to it. `degraded`: PostgreSQL does not answer."""

    def __init__(
        self,
        engine: AsyncEngine,
        hub: Hub,
        *,
        wanted: Callable[[], bool],
        session_ended: Callable[[UUID], None],
        before_delivery: Callable[[], Awaitable[None]],
        delivered: Callable[[Sequence[Seen]], None],
    ) -> None:
        """`wanted`: whether any socket is open; while there is none nothing is read, and `look` says when there is one.

        `before_delivery` makes sure that the listeners may still be told; it raises when that is unknown.
        """
        self._engine = engine
        self._hub = hub
        self._wanted = wanted
        self._session_ended = session_ended
        self._before_delivery = before_delivery
        self._delivered = delivered
        self._wake = asyncio.Event()
        self._names: dict[UUID, str] = {}
        self.degraded = True
        self.begun = asyncio.Event()  # the last facts are in memory
        self._moved = asyncio.Event()  # set, and replaced, when the hub's position moves

    def knows(self, person: UUID, name: str) -> None:
        """Somebody's name, so that it need not be asked when they act."""
        self._names[person] = name

    def look(self) -> None:
        """There may be facts: the bell rang."""
        self._wake.set()

    async def reached(self, position: Position) -> None:
        """Until the hub is where a page was read from: another process may have read it, or nobody waited here."""
        try:
            async with asyncio.timeout(REACH_SECONDS):
                while self._hub.position < position and position.epoch == self._hub.epoch:
                    self.look()
                    await self._moved.wait()
        except TimeoutError:
            return

    async def run(self) -> None:
        """Follow until cancelled, whatever happens to PostgreSQL."""
        pause, longest = BACK_OFF
        anew = False
        while True:
            try:
                await self._begin(anew=anew)
                pause = BACK_OFF[0]
                anew = await self._follow()
            except Exception as error:  # noqa: BLE001 - the driver, the network, the server: the journal is out of reach
                if not self.degraded:
                    log.warning("follower.degraded", error=repr(error))
                self.degraded = True
                await asyncio.sleep(pause)
                pause = min(pause * 2, longest)

    async def _begin(self, *, anew: bool) -> None:
        """Load the last facts; after an interruption go on from where the hub is, if the journal is still the same."""
        async with reading(self._engine) as db:
            epoch = await read.epoch(db)
            if self._hub.epoch == epoch and not anew:
                return
            last = await read.last(db, most=MOST_REMEMBERED)
            ids = list({fact.subject_id for fact in last if fact.stream == "dossier"})
            rows: dict[UUID, QueueRow] = {}
            for start in range(0, len(ids), MOST_ROWS):
                rows |= await queries.rows_of(db, ids[start : start + MOST_ROWS])
            seen = await self._seen(db, last, rows)
        oldest = last[0].position if len(last) == MOST_REMEMBERED else read.START
        position = last[-1].position if last else read.START
        self._hub.begin(seen, oldest=oldest, position=position, epoch=epoch)
        self.begun.set()
        gc.freeze()  # ten thousand facts that stay: the collector need not walk them at each of its rounds

    async def _follow(self) -> bool:
        """Look again and again, on one connection kept for it. Returns when the journal is another one, or (True) when
        so much was written while no socket was open that the last facts are had faster than all of them.
        """
        held_back = 0
        rung = True
        asleep = False
        async with self._engine.connect() as db:
            while True:
                self._wake.clear()
                # Nothing rings for another epoch: it is looked at whenever nothing else happens.
                if not rung and await read.epoch(db) != self._hub.epoch:
                    return False
                self.degraded = False
                if not self._wanted():
                    asleep = True
                    rung = await self._hint()
                    continue
                if asleep and await read.more_than(db, MOST_REMEMBERED, after=self._hub.position):
                    return True
                asleep = False
                batch, rows = await queries.facts_after(db, self._hub.position, most=MOST_FACTS)
                if batch.facts and batch.position.epoch != self._hub.epoch:
                    return False
                if batch.facts:
                    await self._deliver(batch.facts, await self._seen(db, batch.facts, rows))
                if batch.held_back:
                    await asyncio.sleep(HELD_BACK_SECONDS[min(held_back, len(HELD_BACK_SECONDS) - 1)])
                    held_back += 1
                else:
                    held_back = 0
                    rung = len(batch.facts) == MOST_FACTS or await self._hint()

    async def _deliver(self, facts: Sequence[Recorded], seen: Sequence[Seen]) -> None:
        """In portions that a socket's queue can hold: facts that were read together make no reader a slow one."""
        of_dossiers = {each.fact.position: each for each in seen}
        for first in range(0, len(facts), PORTION):
            if first:
                await asyncio.sleep(JOIN_SECONDS)  # the writers' turn
            await self._before_delivery()
            portion = facts[first : first + PORTION]
            for fact in portion:
                if fact.kind == "session.ended":
                    self._session_ended(fact.subject_id)
            told = [of_dossiers[fact.position] for fact in portion if fact.position in of_dossiers]
            self._hub.deliver(told, portion[-1].position)
            self._moved.set()
            self._moved = asyncio.Event()
            self._delivered(told)

    async def _hint(self) -> bool:
        """Whether the bell rang since the last look began, or does before half a second is over."""
        if self._wake.is_set():
            return True
        try:
            async with asyncio.timeout(IDLE_SECONDS):
                await self._wake.wait()
        except TimeoutError:
            return False
        return True

    async def _seen(self, db: AsyncConnection, facts: Sequence[Recorded], rows: Mapping[UUID, QueueRow]) -> list[Seen]:
        """The dossiers' facts, each with how its dossier is now and the names of those whom it names."""
        facts = [fact for fact in facts if fact.stream == "dossier"]
        now = {dossier: now_of(row) for dossier, row in rows.items()}
        later: dict[UUID, Sequence[Recorded]] = {}
        for dossier, version in ahead(facts, now).items():
            newer = await read.of_subject(db, "dossier", dossier, after=version)
            later[dossier] = [fact for fact in newer if fact.version <= now[dossier].version]
        await self._learn(db, facts)
        return seen_of(facts, now, later, self._names)

    async def _learn(self, db: AsyncConnection, facts: Sequence[Recorded]) -> None:
        people: set[UUID] = set()
        for fact in facts:
            people |= {person for person in (fact.actor, fact.on_behalf_of) if person is not None}
            if fact.payload.get("set"):
                people |= people_of(fact.set)
        unknown = people - self._names.keys()
        if not unknown:
            return
        if len(self._names) > MOST_NAMES:
            self._names, unknown = {}, people
        self._names |= await accounts.names(db, list(unknown))
