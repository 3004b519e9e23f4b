"""The bell: hints between processes that something is to be looked at. It may be lost; whoever hears it reads the truth.

broadcaster 0.3.1 goes deaf for ever, and says nothing, when its one connection is dropped; two subscriptions that
begin together lose each other; its queues are unbounded. So there is one channel and one subscription a process,
drained at once, listened to by a supervisor that hears its own pulse and begins again when it does not.
"""

import asyncio
import contextlib
import logging
import random
import secrets
import time
from collections.abc import Awaitable, Callable

from broadcaster import Broadcast
from redis.asyncio import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

CHANNEL = "relais:bell"
RING_SECONDS = 0.2  # what a door may lose when Valkey is gone
PULSE_SECONDS = 1.0
DEAF_SECONDS = 3.0
LONGEST_PAUSE = 2.0
LOOK_AGAIN = "p:"  # said to the handler after each connection: hints were perhaps missed

_log = logging.getLogger(__name__)

Handler = Callable[[str], Awaitable[None]]


class Bell:
    """Rings and hears. Messages: `p:<position>` facts, `v:<dossier>` presence, `s:<session>` a session to check."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._publisher: Redis = Redis.from_url(
            url, socket_timeout=RING_SECONDS, socket_connect_timeout=RING_SECONDS, retry=Retry(NoBackoff(), 0)
        )
        self._pulse = f"h:{secrets.token_hex(8)}"
        self._heard = 0.0
        self._silent_until = 0.0

    @property
    def heard_seconds_ago(self) -> float:
        """How long ago this process heard anything, its own pulse included: its readiness."""
        return time.monotonic() - self._heard

    async def ring(self, message: str) -> None:
        """Give a hint to every process. Never raises, and never costs its caller more than 200 ms."""
        if time.monotonic() < self._silent_until:
            return
        try:
            async with asyncio.timeout(RING_SECONDS):
                await self._publisher.publish(CHANNEL, message)
        except (RedisError, OSError, TimeoutError):
            # The next callers do not wait for a dead server too: readers look by themselves meanwhile.
            self._silent_until = time.monotonic() + RING_SECONDS

    async def listen(self, handler: Handler) -> None:
        """Hear until cancelled, whatever happens to Valkey."""
        pause = 0.05
        while True:
            began = time.monotonic()
            try:
                await self._hear(handler)
            except (RedisError, OSError, TimeoutError) as error:
                _log.warning("the bell is out of order: %s", type(error).__name__)
            if time.monotonic() - began > DEAF_SECONDS * 2:
                pause = 0.05
            await asyncio.sleep(pause * random.uniform(0.5, 1))  # noqa: S311 - spreads processes, keeps no secret
            pause = min(pause * 2, LONGEST_PAUSE)

    async def close(self) -> None:
        """Give the connections back."""
        with contextlib.suppress(RedisError, OSError):
            await self._publisher.aclose()

    async def _hear(self, handler: Handler) -> None:
        """One connection's life: returns or raises when it is deaf."""
        broadcast = Broadcast(self._url)
        try:
            async with asyncio.timeout(DEAF_SECONDS):
                await broadcast.connect()
            async with broadcast.subscribe(CHANNEL) as subscriber:
                self._heard = time.monotonic()
                pulse = asyncio.create_task(self._beat())
                try:
                    await handler(LOOK_AGAIN)
                    while True:
                        async with asyncio.timeout(DEAF_SECONDS):
                            event = await subscriber.get()
                        self._heard = time.monotonic()
                        if not event.message.startswith("h:"):
                            await handler(event.message)
                finally:
                    pulse.cancel()
        finally:
            await self._forget(broadcast)

    async def _beat(self) -> None:
        while True:
            await self.ring(self._pulse)
            await asyncio.sleep(PULSE_SECONDS)

    @staticmethod
    async def _forget(broadcast: Broadcast) -> None:
        """`disconnect` raises what ended its listener, or waits for a dead server: neither is anybody's business."""
        with contextlib.suppress(Exception):
            async with asyncio.timeout(1):
                await broadcast.disconnect()
