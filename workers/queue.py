"""Triggers: the one module that speaks to arq's queue. What is to be done, when and how often is PostgreSQL's to say.

A trigger carries an effect's key and nothing else, in JSON. Losing every trigger costs seconds, never an effect.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from arq.connections import ArqRedis, RedisSettings
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from workers.reactions import EFFECTS, Class

ROOM = 200  # triggers waiting in one queue: the rest waits in PostgreSQL, where waiting is free
EXPIRES_SECONDS = 600
JOB = "effect"


@dataclass(frozen=True, slots=True)
class Trigger:
    """An effect to perform. `due_at` tells one try from the next: a lost trigger never blocks the one after it."""

    journal_id: int
    name: str
    due_at: datetime

    @property
    def job_id(self) -> str:
        return f"effect:{self.journal_id}:{self.name}:{int(self.due_at.timestamp() * 1000):x}"


def queue_name(kind: Class) -> str:
    """The name of a class's queue in Valkey."""
    return f"relais:{kind}"


def dump(job: dict[str, Any]) -> bytes:
    """Not pickle: who can write to Valkey must not run code here."""
    return msgspec.json.encode(job)


def load(raw: bytes) -> dict[str, Any]:
    """The reverse of `dump`; msgspec's DecodeError for anything else."""
    return msgspec.json.decode(raw, type=dict[str, Any])


def redis_settings(url: str) -> RedisSettings:
    """The connection of a worker: it fails fast, because its supervisor is who tries again."""
    settings = RedisSettings.from_dsn(url)
    settings.conn_timeout, settings.conn_retries = 2, 0
    settings.retry = Retry(NoBackoff(), 1)
    return settings


def connect(url: str) -> ArqRedis:
    """A client for triggers; no connection is made before the first one. Every wait is bounded."""
    settings = RedisSettings.from_dsn(url)
    return ArqRedis(
        host=settings.host if isinstance(settings.host, str) else "localhost",
        port=settings.port,
        db=settings.database,
        username=settings.username,
        password=settings.password,
        ssl=settings.ssl,
        unix_socket_path=settings.unix_socket_path,
        socket_connect_timeout=2,
        socket_timeout=2,
        job_serializer=dump,
        job_deserializer=load,
    )


async def waiting(redis: ArqRedis, kind: Class) -> int:
    """How many triggers wait in a class's queue, or run."""
    return int(await redis.zcard(queue_name(kind)))


async def trigger(redis: ArqRedis, triggers: Iterable[Trigger]) -> None:
    """Tell the workers. Raises redis's errors: the caller goes on, the effects stay due."""
    for one in triggers:
        await redis.enqueue_job(
            JOB,
            one.journal_id,
            one.name,
            _job_id=one.job_id,
            _queue_name=queue_name(EFFECTS[one.name]),
            _expires=EXPIRES_SECONDS,
        )
