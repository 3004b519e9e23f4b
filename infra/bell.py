"""The bell: one channel on which every process hints to every other that something happened. Never a delivery.

Hints: `p:<position>` the journal has grown, `v:<dossier>` presence changed, `s:<session>` look at this session again.
A hint without a subject (`LOOK_AGAIN`) says "look at everything of this kind": handlers get these after each
connection, because what was rung meanwhile is lost. With Valkey down nothing is lost but time: every reader also polls.

broadcaster's Redis listener ends for ever, without a word, on one dropped connection. So there is one subscription a
process, and it is supervised: its end is heard at once, its silence within `SILENCE` seconds.
"""

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable
from urllib.parse import urlencode, urlsplit

from broadcaster import Broadcast
from broadcaster._backends.redis import RedisBackend
from broadcaster._base import Event

from infra.logs import logger

Handler = Callable[[str], Awaitable[None]]

LOOK_AGAIN = ("p:", "v:", "s:")
HEARTBEAT = 0.7  # seconds of silence after which this process rings for itself
SILENCE = 2.0  # seconds of silence after which the subscription is deaf
RING_SECONDS = 0.2  # for a Valkey that hangs
CONNECT_SECONDS = 2.0
BACK_OFF = (0.05, 2.0)  # seconds: first, longest
MOST_WAITING = 1_000  # hints kept while Valkey is away
JOINED = 0.002  # seconds: the first of several hints goes at once, those that follow within this time go together

_BEAT = "h:"
_DEAF = "!"

log = logger(__name__)


class _Backend(RedisBackend):
    """broadcaster's own, but for its listener: a task that dies alone, and two queues and three tasks for each hint.

    Here whoever asks for the next hint reads the connection, and is told when that is over.
    """

    def __init__(self, url: str, channel: str) -> None:
        super().__init__(url)
        self.channel = channel
        self._over = asyncio.Event()

    async def connect(self) -> None:
        """Open the connection to listen on."""
        await self._pubsub.connect()

    async def next_published(self) -> Event:
        """The next hint; `_DEAF`, once, when there will be none any more."""
        await self._ready.wait()  # there is something to read once the channel is subscribed to
        if self._over.is_set():
            await asyncio.Event().wait()
        try:
            while True:
                kind, channel, message = await self._pubsub.connection.read_response(disconnect_on_error=False)
                if kind == b"message":
                    return Event(channel.decode(), message.decode())
        except Exception as error:  # noqa: BLE001 - whatever it is, this subscription is over
            log.info("bell.dropped", error=type(error).__name__)
            self._over.set()
            return Event(self.channel, _DEAF)

    async def unsubscribe(self, channel: str) -> None:
        """Nothing: whoever leaves closes the connection, which may be dead and would be talked to."""

    async def disconnect(self) -> None:
        """End what `connect` began, in a bounded time, whatever state the connection is in."""
        for end in (self._pubsub.aclose, self._conn.aclose):
            with contextlib.suppress(Exception):
                async with asyncio.timeout(RING_SECONDS):
                    await end()


class Bell:
    """One per process. `ring` and `listen` never raise for Valkey's sake."""

    def __init__(self, url: str) -> None:
        """`url`: redis:// or rediss://. Pub/sub knows no numbered databases: the channel's name holds the number."""
        self._url = url
        self.channel = f"relais:{urlsplit(url).path.strip('/') or '0'}"
        self.connected = False
        limits = {"socket_timeout": RING_SECONDS, "socket_connect_timeout": RING_SECONDS, "max_connections": 2}
        # Never connected, so it listens to nothing: it publishes on a connection of its own.
        self._publishes = _Backend(f"{url}{'&' if '?' in url else '?'}{urlencode(limits)}", self.channel)
        self._publisher = Broadcast(backend=self._publishes)
        self._waiting: dict[str, str] = {}  # a newer position stands for the older ones
        self._publishing: asyncio.Task[None] | None = None
        self._handlers: list[Handler] = []
        self._listening: asyncio.Task[None] | None = None

    async def ring(self, message: str) -> None:
        """Tell every process, this one too. Returns at once: Valkey's state is not the caller's business.

        Of several positions the last one stands for all: whoever hears it looks for all that there is.
        """
        if len(self._waiting) < MOST_WAITING:
            self._waiting["p:" if message.startswith("p:") else message] = message
        if self._publishing is None or self._publishing.done():
            self._publishing = asyncio.create_task(self._publish(), name="bell.publish")

    async def listen(self, handler: Handler) -> None:
        """Give every hint to `handler`, until cancelled. Several may listen: there is one subscription.

        A handler must be quick; what it raises is told in the log and forgotten.
        """
        self._handlers.append(handler)
        try:
            if self.connected:
                await _tell(handler, *LOOK_AGAIN)
            if self._listening is None:
                self._listening = asyncio.create_task(self._supervise(), name="bell.listen")
            await asyncio.shield(self._listening)
        finally:
            self._handlers.remove(handler)
            if not self._handlers:
                await self._stop_listening()

    async def close(self) -> None:
        """Say what is left to say, in `RING_SECONDS` at most, and give the connections back."""
        if self._publishing is not None and not self._publishing.done():
            await asyncio.wait({self._publishing}, timeout=RING_SECONDS)
            self._publishing.cancel()
            await asyncio.gather(self._publishing, return_exceptions=True)
        await self._stop_listening()
        await self._publishes.disconnect()

    async def _stop_listening(self) -> None:
        listening, self._listening = self._listening, None
        if listening is not None:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)

    async def _publish(self) -> None:
        pause, longest = BACK_OFF
        while self._waiting:
            key = next(iter(self._waiting))
            message = self._waiting.pop(key)
            try:
                async with asyncio.timeout(RING_SECONDS):
                    await self._publisher.publish(self.channel, message)
                pause = BACK_OFF[0]
                if not self._waiting:
                    await asyncio.sleep(JOINED)
            except Exception:  # noqa: BLE001 - no server, no answer, not ready: the same
                self._waiting.setdefault(key, message)
                await asyncio.sleep(pause)
                pause = min(2 * pause, longest)

    async def _supervise(self) -> None:
        pause, longest = BACK_OFF
        loop = asyncio.get_running_loop()
        while True:
            backend = _Backend(self._url, self.channel)
            broadcast = Broadcast(backend=backend)
            began = loop.time()
            try:
                await self._hear(broadcast)
            except Exception as error:  # noqa: BLE001 - redis, the network, broadcaster: the bell is out of order
                log.warning("bell.silent", error=type(error).__name__)
            finally:
                self.connected = False
                await _forget(broadcast, backend)
            pause = BACK_OFF[0] if loop.time() - began > 2 * longest else min(2 * pause, longest)
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - so that processes do not come back in step

    async def _hear(self, broadcast: Broadcast) -> None:
        """Until the subscription drops or falls silent."""
        async with contextlib.AsyncExitStack() as left:
            async with asyncio.timeout(CONNECT_SECONDS):
                await broadcast.connect()
                subscriber = await left.enter_async_context(broadcast.subscribe(self.channel))
            silent = 0.0
            await self.ring(_BEAT)
            while silent < SILENCE:
                try:
                    async with asyncio.timeout(HEARTBEAT):
                        message = (await subscriber.get()).message
                except TimeoutError:
                    silent += HEARTBEAT
                    await self.ring(_BEAT)
                    continue
                if message == _DEAF:
                    return
                silent = 0.0
                if not self.connected:
                    # Only now: whatever is rung from here on is heard, and whatever was rung before is looked for.
                    self.connected = True
                    await self._tell_all(*LOOK_AGAIN)
                if message != _BEAT:
                    await self._tell_all(message)

    async def _tell_all(self, *messages: str) -> None:
        for handler in tuple(self._handlers):
            await _tell(handler, *messages)


async def _tell(handler: Handler, *messages: str) -> None:
    for message in messages:
        try:
            await handler(message)
        except Exception as error:
            log.exception("bell.handler", error=type(error).__name__)


async def _forget(broadcast: Broadcast, backend: _Backend) -> None:
    """`Broadcast.disconnect` raises its listener's error and awaits nothing: this ends both of its tasks."""
    listener = getattr(broadcast, "_listener_task", None)
    if listener is not None:
        listener.cancel()
        await asyncio.wait({listener}, timeout=RING_SECONDS)
    await backend.disconnect()
