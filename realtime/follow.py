"""The journal's reader of a web process: from the bell's hint, or twice a second, to the hub."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from uuid import UUID

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from casework.accounts import queries as accounts
from casework.dossiers import queries
from casework.journal import read
from casework.journal.fact import Position, Recorded
from infra.database import reading
from realtime.hub import MOST_REMEMBERED, Hub, Seen

IDLE_SECONDS = 0.5
HELD_BACK_SECONDS = (
    0.002,
    0.005,
    0.010,
)  # a slower transaction keeps committed facts back: look again, then every 10 ms
LONGEST_PAUSE = 2.0
MOST_NAMES = 20_000

_log = logging.getLogger(__name__)


class Follower:
    """Reads facts after its position and gives them to the hub. `degraded`: PostgreSQL does not answer."""

    def __init__(self, engine: AsyncEngine, hub: Hub, *, session_ended: Callable[[UUID], None]) -> None:
        self._engine = engine
        self._hub = hub
        self._session_ended = session_ended
        self._wake = asyncio.Event()
        self._names: dict[UUID, str] = {}
        self.degraded = True

    def look(self) -> None:
        """There may be facts: the bell rang."""
        self._wake.set()

    async def run(self) -> None:
        """Follow until cancelled, whatever happens to PostgreSQL."""
        pause = 0.05
        while True:
            try:
                await self._begin()
                self.degraded = False
                pause = 0.05
                await self._follow()
            except (SQLAlchemyError, OSError, TimeoutError) as error:
                self.degraded = True
                _log.warning("the journal cannot be read: %s", type(error).__name__)
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE)

    async def _begin(self) -> None:
        """Load the last facts; after an interruption go on from where the hub is, if the journal is still the same."""
        async with reading(self._engine) as db:
            epoch = await read.epoch(db)
            if self._hub.epoch == epoch:
                return
            last = await read.last(db, most=MOST_REMEMBERED)
            seen = await self._seen(db, last)
        oldest = last[0].position if len(last) == MOST_REMEMBERED else Position(epoch, 0, 0)
        position = last[-1].position if last else Position(epoch, 0, 0)
        self._hub.begin(seen, oldest=oldest, position=position, epoch=epoch)

    async def _follow(self) -> None:
        held_back = 0
        while True:
            self._wake.clear()
            async with self._engine.connect() as db:
                batch = await read.after(db, self._hub.position)
                seen = await self._seen(db, batch.facts)
                epoch = await read.epoch(db) if not batch.facts and not batch.held_back else self._hub.epoch
            if epoch != self._hub.epoch:
                await self._begin()
                continue
            for fact in batch.facts:
                if fact.kind == "session.ended":
                    self._session_ended(fact.subject_id)
            self._hub.deliver(seen, batch.position)
            if batch.held_back:
                await asyncio.sleep(HELD_BACK_SECONDS[min(held_back, len(HELD_BACK_SECONDS) - 1)])
                held_back += 1
                continue
            held_back = 0
            if not batch.facts:
                await self._rest()

    async def _rest(self) -> None:
        try:
            async with asyncio.timeout(IDLE_SECONDS):
                await self._wake.wait()
        except TimeoutError:
            pass

    async def _seen(self, db: AsyncConnection, facts: Sequence[Recorded]) -> list[Seen]:
        """The dossiers' facts, each with its row as it is now and the names of those who acted."""
        facts = [fact for fact in facts if fact.stream == "dossier"]
        if not facts:
            return []
        rows = await queries.rows_of(db, list({fact.subject_id for fact in facts}))
        people = {person for fact in facts for person in (fact.actor, fact.on_behalf_of) if person is not None}
        if unknown := people - self._names.keys():
            if len(self._names) > MOST_NAMES:
                self._names = {}
                unknown = people
            self._names |= await accounts.names(db, list(unknown))
        return [Seen(fact, rows.get(fact.subject_id), self._names) for fact in facts]
