"""Presence as Valkey keeps it: leases of 60 s, never in the journal.

A hash for each dossier holds a lease for each socket; one sorted set says which dossiers have any. Ends are counted by
Valkey's clock, so that hosts whose clocks differ agree.
"""

import asyncio
import time
from collections.abc import Iterable, Sequence
from typing import NamedTuple
from uuid import UUID

import msgspec
from redis.asyncio import Redis
from redis.exceptions import RedisError

LEASE_SECONDS = 60
PATIENCE = 0.5  # seconds: presence is worth no more waiting than this


class Unknown(Exception):
    """Valkey does not answer."""


class Lease(msgspec.Struct):
    """What one socket says of itself on one dossier."""

    id: UUID
    name: str
    until: float = 0.0  # seconds since 1970, by Valkey's clock
    field: str | None = None  # what is being written; None: only looking


class Held(NamedTuple):
    """A lease and where it belongs."""

    dossier: UUID
    socket: str
    lease: Lease


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Lease).decode


class Leases:
    """Presence in Valkey. Every method raises Unknown where Valkey does not answer in time."""

    def __init__(self, redis: Redis, *, of: str = "dossiers") -> None:
        """`of`: what people are present on; ids of different things are kept apart."""
        self._redis = redis
        self._of = of
        self._present = f"relais:present:{of}"
        self._ahead: float | None = None  # Valkey's clock less ours

    async def hold(self, held: Iterable[Held]) -> None:
        """Say (again) that these are there."""
        leases = list(held)
        now = await self._now()
        commands: list[tuple[object, ...]] = []
        for dossier, socket, lease in leases:
            lease.until = now + LEASE_SECONDS
            key = self._key(dossier)
            commands += [
                ("HSET", key, socket, _encode(lease)),
                ("EXPIRE", key, 2 * LEASE_SECONDS),
                ("ZADD", self._present, lease.until, str(dossier)),
            ]
        await self._run(commands)

    async def leave(self, left: Iterable[tuple[UUID, str]]) -> None:
        """These are not there any more."""
        await self._run([("HDEL", self._key(dossier), socket) for dossier, socket in left])

    async def who(self, dossiers: Sequence[UUID]) -> dict[UUID, list[Lease]]:
        """The leases of each that have not run out."""
        now = await self._now()
        answers = await self._run([("HVALS", self._key(dossier)) for dossier in dossiers])
        kept: dict[UUID, list[Lease]] = {}
        for dossier, values in zip(dossiers, answers, strict=True):
            assert isinstance(values, list)
            kept[dossier] = [lease for lease in map(_decode, values) if lease.until > now]
        return kept

    async def anywhere(self) -> list[UUID]:
        """The dossiers on which somebody is."""
        now = await self._now()
        _, found = await self._run([("ZREMRANGEBYSCORE", self._present, "-inf", now), ("ZRANGE", self._present, 0, -1)])
        assert isinstance(found, list)
        return [UUID(dossier.decode() if isinstance(dossier, bytes) else dossier) for dossier in found]

    def seconds_left(self, lease: Lease) -> float:
        """Until it runs out."""
        return lease.until - (time.time() + (self._ahead or 0.0))

    def _key(self, dossier: UUID) -> str:
        return f"relais:presence:{self._of}:{dossier}"

    async def _now(self) -> float:
        if self._ahead is None:
            await self._run([])
        return time.time() + (self._ahead or 0.0)

    async def _run(self, commands: Sequence[tuple[object, ...]]) -> list[object]:
        """One round trip; Valkey's clock comes back with it."""
        try:
            async with asyncio.timeout(PATIENCE), self._redis.pipeline(transaction=False) as pipe:
                for command in commands:
                    pipe.execute_command(*command)
                pipe.time()
                *answers, told = await pipe.execute()
        except (RedisError, OSError, TimeoutError) as error:
            self._ahead = None
            raise Unknown from error
        self._ahead = told[0] + told[1] / 1e6 - time.time()
        return answers
