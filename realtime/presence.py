"""Who has a dossier open, and who is writing: leases of 60 s in Valkey, never in the journal."""

import time
from collections.abc import Sequence
from uuid import UUID

import msgspec
from redis.asyncio import Redis
from redis.exceptions import RedisError

from realtime.protocol import Person, Presence

LEASE_SECONDS = 60


class Lease(msgspec.Struct):
    """What one socket says of itself on one dossier."""

    id: UUID
    name: str
    until: float  # seconds since 1970
    field: str | None = None  # what is being written; None: only looking


class Leases:
    """Presence in Valkey: a hash for each dossier, a field for each socket. With Valkey down, nothing is known."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def hold(self, dossier: UUID, socket: str, who: UUID, name: str, field: str | None) -> bool:
        """Say (again) that this socket is there; whether Valkey heard it."""
        lease = Lease(who, name, time.time() + LEASE_SECONDS, field)
        try:
            async with self._redis.pipeline(transaction=False) as pipe:
                pipe.hset(_key(dossier), socket, msgspec.json.encode(lease).decode())
                pipe.expire(_key(dossier), LEASE_SECONDS)
                await pipe.execute()
        except (RedisError, OSError, TimeoutError):
            return False
        return True

    async def leave(self, dossier: UUID, socket: str) -> bool:
        """This socket is not there any more; whether Valkey heard it."""
        try:
            await self._redis.hdel(_key(dossier), socket)  # type: ignore[misc]
        except (RedisError, OSError, TimeoutError):
            return False
        return True

    async def who(self, dossier: UUID) -> Presence:
        """Who is there now: each person once, writing before viewing; over-age leases do not count."""
        try:
            kept = await self._redis.hvals(_key(dossier))  # type: ignore[misc]
        except (RedisError, OSError, TimeoutError):
            return Presence(dossier, [], [], known=False)
        return presence_of(dossier, [msgspec.json.decode(each, type=Lease) for each in kept], time.time())


def presence_of(dossier: UUID, leases: Sequence[Lease], now: float) -> Presence:
    """Leases as people are told of them (PURE)."""
    alive = sorted((lease for lease in leases if lease.until > now), key=lambda lease: lease.name)
    writing = {lease.id: Person(lease.id, lease.name, lease.field) for lease in alive if lease.field is not None}
    viewing = {lease.id: Person(lease.id, lease.name) for lease in alive if lease.id not in writing}
    return Presence(dossier, list(viewing.values()), list(writing.values()))


def _key(dossier: UUID) -> str:
    return f"relais:presence:{dossier}"
