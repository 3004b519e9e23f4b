"""Who has a dossier open and who is writing, told to the agents whom it interests: those who watch it, or its queue."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import NamedTuple
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from casework.dossiers import queries
from casework.dossiers.queues import Queue, queues_of
from infra.bell import Bell
from infra.logs import logger
from realtime.hub import Hub
from realtime.leases import LEASE_SECONDS, Held, Lease, Leases, Unknown
from realtime.protocol import Person, Presence, encode
from realtime.seen import Seen
from realtime.topics import Topic

GATHER_SECONDS = 0.02  # hints of one dossier that come together are read once
RENEW_SECONDS = LEASE_SECONDS / 3
LOOK_SECONDS = 5.0  # how late it shows that a process died with its sockets' leases

log = logger(__name__)


class Shown(NamedTuple):
    """What was last told of a dossier, to whom, until when it holds (by the loop's clock)."""

    frame: bytes
    queues: frozenset[Queue]
    until: float


class Presences:
    """One for each web process. An open socket's leases are renewed for it; a closed one's are taken back."""

    def __init__(
        self,
        engine: AsyncEngine,
        hub: Hub,
        leases: Leases,
        bell: Bell,
        *,
        before_telling: Callable[[], Awaitable[None]],
    ) -> None:
        self._engine = engine
        self._hub = hub
        self._leases = leases
        self._bell = bell
        self._before_telling = before_telling
        self._held: dict[tuple[UUID, str], Lease] = {}  # by sockets of this process
        self._shown: dict[UUID, Shown] = {}
        self._noted: set[UUID] = set()
        self._due = asyncio.Event()
        self._everything = False
        self.known = False

    # -- what this process's sockets say

    async def hold(self, dossier: UUID, socket: str, lease: Lease) -> None:
        """This socket is there (again), perhaps writing."""
        self._held[dossier, socket] = lease
        with contextlib.suppress(Unknown):  # it is renewed, and whoever looks is told that nothing is known
            await self._leases.hold([Held(dossier, socket, lease)])
        await self._changed(dossier)

    async def leave(self, dossiers: Iterable[UUID], socket: str) -> None:
        """This socket is not there any more."""
        left = [(dossier, socket) for dossier in dossiers if self._held.pop((dossier, socket), None) is not None]
        if not left:
            return
        with contextlib.suppress(Unknown):  # the lease runs out by itself
            await self._leases.leave(left)
        for dossier, _ in left:
            await self._changed(dossier)

    async def _changed(self, dossier: UUID) -> None:
        self.note(dossier)
        await self._bell.ring(f"v:{dossier}")

    # -- what is told

    def note(self, dossier: UUID | None) -> None:
        """Look at this dossier's presence again, or (None) at everything's."""
        if dossier is None:
            self._everything = True
        else:
            self._noted.add(dossier)
        self._due.set()

    def moved(self, seen: Sequence[Seen]) -> None:
        """A dossier with somebody on it may have come into a queue whose watchers do not know."""
        for each in seen:
            if each.fact.subject_id in self._shown and each.touched:
                self.note(each.fact.subject_id)

    def of(self, topic: Topic) -> list[bytes]:
        """What somebody who begins to watch must know."""
        if topic.dossier is not None:
            shown = self._shown.get(topic.dossier)
            return [shown.frame if shown else encode(Presence(topic.dossier, [], [], known=self.known))]
        return [shown.frame for shown in self._shown.values() if not shown.queues.isdisjoint(topic.queues)]

    async def run(self) -> None:
        """Tell and renew until cancelled."""
        loop = asyncio.get_running_loop()
        renewed = loop.time()
        while True:
            try:
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._due.wait()
                await asyncio.sleep(GATHER_SECONDS)
            except TimeoutError:
                pass
            self._due.clear()
            try:
                if self._everything or loop.time() - renewed > RENEW_SECONDS:
                    await self._renew()
                    renewed = loop.time()
                await self._look()
            except Exception as error:  # noqa: BLE001 - PostgreSQL is away: who is where is not what matters then
                log.info("presence.skipped", error=type(error).__name__)

    async def _renew(self) -> None:
        """After Valkey was away, too: what it forgot is said again."""
        with contextlib.suppress(Unknown):
            if self._held:
                await self._leases.hold(
                    [Held(dossier, socket, lease) for (dossier, socket), lease in self._held.items()]
                )

    async def _look(self) -> None:
        now = asyncio.get_running_loop().time()
        noted, self._noted = self._noted, set()
        everything, self._everything = self._everything, False
        noted |= {dossier for dossier, shown in self._shown.items() if everything or shown.until <= now}
        try:
            await self._look_at(noted, everything, now)
        except BaseException:
            self._noted |= noted
            self._everything |= everything
            raise

    async def _look_at(self, noted: set[UUID], everything: bool, now: float) -> None:
        leases: dict[UUID, list[Lease]] = {}
        try:
            if everything:
                noted |= set(await self._leases.anywhere())
            if not noted:
                return
            leases = await self._leases.who(list(noted))
            self.known = True
        except Unknown:
            self.known = False
            noted |= self._shown.keys()
        async with self._engine.connect() as db:
            rows = await queries.rows_of(db, list(noted))
        await self._before_telling()
        for dossier in noted:
            queues = queues_of(rows[dossier].keys) if dossier in rows else frozenset()
            self._tell(dossier, leases.get(dossier, []), queues, now)

    def _tell(self, dossier: UUID, leases: Sequence[Lease], queues: frozenset[Queue], now: float) -> None:
        frame = encode(presence_of(dossier, leases, known=self.known))
        before = self._shown.pop(dossier, None)
        if leases:
            left = min(self._leases.seconds_left(lease) for lease in leases)
            self._shown[dossier] = Shown(frame, queues, now + max(left, 0.0) + 1.0)
        told = self._hub.watchers(dossier, queues)
        if before is not None and before.frame == frame:
            told -= self._hub.watchers(dossier, before.queues)  # they know
        for listener in told:
            listener.offer(frame)


def presence_of(dossier: UUID, leases: Iterable[Lease], *, known: bool) -> Presence:
    """Leases as people are told of them: each person once, writing before viewing (PURE)."""
    alive = sorted(leases, key=lambda lease: (lease.name, lease.id))
    writing = {lease.id: Person(lease.id, lease.name, lease.field) for lease in alive if lease.field is not None}
    viewing = {lease.id: Person(lease.id, lease.name) for lease in alive if lease.id not in writing}
    return Presence(dossier, list(viewing.values()), list(writing.values()), known=known)
