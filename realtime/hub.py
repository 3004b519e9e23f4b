"""Who listens to what. No I/O: facts come in, frames go to the sockets' queues."""

import asyncio
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar
from uuid import UUID

from casework.access import Viewer
from casework.dossiers.queues import Queue
from casework.journal.fact import Position
from casework.journal.read import START
from realtime.frames import Frames
from realtime.protocol import RefusedFrame, Resync, encode
from realtime.seen import Seen
from realtime.topics import Topic

Key = TypeVar("Key", str, UUID)
MOST_REMEMBERED = 10_000  # facts; an older position gets `resync`
SLACK = 1_000  # facts kept beyond, so that memory is trimmed once in a while
JOIN_SECONDS = 0.005  # what follows a write within this time goes in one write
MOST_WAITING = 200  # frames that a socket has not read yet (some 256 KiB), beside what its transport holds


class Listener:
    """One socket, as the hub sees it: what it watches and the frames that wait for it."""

    __slots__ = (
        "behind_since", "closing", "cut", "session_id", "topics", "viewer", "waiting", "wake", "write", "written",
    )  # fmt: skip

    def __init__(
        self, viewer: Viewer, session_id: UUID, *, write: Callable[[bytes], bool], cut: Callable[[], object]
    ) -> None:
        """`write` puts a frame on the wire without waiting, or says that it cannot; `cut` ends the socket without another
        word to it.
        """
        self.write = write
        self.cut = cut
        self.viewer = viewer
        self.session_id = session_id
        self.topics: dict[str, Topic] = {}
        self.waiting: list[bytes] = []
        self.written = 0.0  # when something was last put on the wire (the loop's clock)
        self.behind_since: float | None = None  # when it had to be resynced; None once it reads again
        self.closing = 0  # the code to close with, once what waits is sent
        self.wake: asyncio.Future[None] | None = None  # while its writer sleeps

    def offer(self, frame: bytes) -> bool:
        """Give it a frame: at once, or within JOIN_SECONDS what others join. False when it is so slow that there is no room."""
        if self.wake is None:  # its writer is at work
            if len(self.waiting) >= MOST_WAITING:
                return False
            self.waiting.append(frame)
            return True
        now = self.wake.get_loop().time()
        if now - self.written >= JOIN_SECONDS and self.write(frame):
            self.written = now
        else:
            self.waiting.append(frame)
            self.notify()
        return True

    def take(self) -> list[bytes]:
        """What waits, for the writer."""
        taken, self.waiting = self.waiting, []
        return taken

    def notify(self) -> None:
        """Wake its writer."""
        wake, self.wake = self.wake, None
        if wake is not None and not wake.done():
            wake.set_result(None)

    def close(self, code: int, *, at_once: bool) -> None:
        """Its writer closes the socket, after what waits or (the session is over) `at_once`."""
        self.closing = code
        if at_once:
            self.waiting.clear()
        self.notify()


class Hub:
    """The listeners of one process and the last facts that it read."""

    def __init__(self) -> None:
        self.epoch = 0
        self.position = START
        self._recent: list[Seen] = []
        self._oldest = START  # every fact after it is in memory
        self._by_queue: dict[Queue, dict[str, set[Listener]]] = {}  # queue → name of topic → those who watch it so
        self._by_dossier: dict[UUID, set[Listener]] = {}
        self._by_inbox: dict[UUID, set[Listener]] = {}

    # -- what happened

    def begin(self, seen: Iterable[Seen], *, oldest: Position, position: Position, epoch: int) -> None:
        """Start from these facts, of all those after `oldest`; whoever watches from before gets `resync`."""
        self._recent = list(seen)
        self._oldest, self.position, self.epoch = oldest, position, epoch
        everybody = [listeners for names in self._by_queue.values() for listeners in names.values()]
        everybody += [*self._by_dossier.values(), *self._by_inbox.values()]
        for listener in {one for listeners in everybody for one in listeners}:
            self.resync(listener)

    def deliver(self, seen: Sequence[Seen], position: Position) -> None:
        """Facts that were just read, in order, up to `position`."""
        self._recent.extend(seen)
        for each in seen:
            self._send(each)
        self.position = position
        if len(self._recent) > MOST_REMEMBERED + SLACK:
            self._oldest = self._recent[-MOST_REMEMBERED - 1].fact.position
            del self._recent[:-MOST_REMEMBERED]

    def _send(self, seen: Seen) -> None:
        fact = seen.fact
        frames = Frames(seen)
        late: set[Listener] = set()  # too slow to be told
        told: set[tuple[str, Listener]] = set()  # a page may watch two of the queues touched, under one name
        for queue in seen.touched:
            for name, listeners in self._by_queue.get(queue, {}).items():
                frame = frames.inside(queue, name)
                for listener in listeners:
                    if len(listener.topics[name].queues) > 1:
                        if (name, listener) in told:
                            continue
                        told.add((name, listener))
                    if not listener.offer(frame or frames.queue(listener.topics[name], listener.viewer)):
                        late.add(listener)
        for listener in tuple(self._by_dossier.get(fact.subject_id, ())):
            name = f"dossier:{fact.subject_id}"
            if not listener.offer(frames.dossier(name, listener.viewer)):
                late.add(listener)
            elif not seen.visible(listener.viewer):
                self.unwatch(listener, name)
                listener.offer(encode(RefusedFrame("not_found", topic=name)))
        for account in seen.concerned:
            for listener in self._by_inbox.get(account, ()):
                if not listener.offer(frames.dossier("inbox", listener.viewer)):
                    late.add(listener)
        for listener in late:
            self.resync(listener)

    def resync(self, listener: Listener) -> None:
        """It cannot be told everything: drop what waits, and say once for each topic that it is to be loaded again."""
        names = list(listener.topics)
        if not names:
            return
        self.forget(listener)
        listener.waiting.clear()
        listener.behind_since = asyncio.get_running_loop().time()
        for name in names:
            listener.offer(encode(Resync(name)))

    # -- who listens

    def watch(self, listener: Listener, topic: Topic) -> None:
        """From now on every fact of the topic is offered to the listener."""
        self.unwatch(listener, topic.name)
        listener.topics[topic.name] = topic
        for queue in topic.queues:
            self._by_queue.setdefault(queue, {}).setdefault(topic.name, set()).add(listener)
        if topic.dossier:
            self._by_dossier.setdefault(topic.dossier, set()).add(listener)
        if topic.kind == "inbox" and listener.viewer.account_id:
            self._by_inbox.setdefault(listener.viewer.account_id, set()).add(listener)

    def unwatch(self, listener: Listener, name: str) -> None:
        """No more of this topic."""
        topic = listener.topics.pop(name, None)
        if topic is None:
            return
        for queue in topic.queues:
            names = self._by_queue[queue]
            _discard(names, name, listener)
            if not names:
                del self._by_queue[queue]
        if topic.dossier:
            _discard(self._by_dossier, topic.dossier, listener)
        if topic.kind == "inbox" and listener.viewer.account_id:
            _discard(self._by_inbox, listener.viewer.account_id, listener)

    def forget(self, listener: Listener) -> None:
        """It watches nothing any more."""
        for name in tuple(listener.topics):
            self.unwatch(listener, name)

    def missed(self, topic: Topic, viewer: Viewer, since: Position) -> list[bytes] | None:
        """The frames of a topic since a position; None when they cannot all be had from memory, in one piece."""
        if since == self.position:
            return []
        if since < self._oldest or (since.epoch != self.epoch and since != START):
            return None
        missed: list[bytes] = []
        for index in range(bisect_right(self._recent, since, key=_position), len(self._recent)):
            seen = self._recent[index]
            if topic.kind == "queue":
                if not topic.queues.isdisjoint(seen.touched):
                    missed.append(Frames(seen).queue(topic, viewer))
            elif seen.fact.subject_id == topic.dossier or (
                topic.kind == "inbox" and viewer.account_id in seen.concerned
            ):
                missed.append(Frames(seen).dossier(topic.name, viewer))
        return missed if len(missed) < MOST_WAITING // 2 else None

    def watchers(self, dossier: UUID, queues: Iterable[Queue]) -> set[Listener]:
        """The agents here who watch the dossier, or a queue that holds it: those whom its presence interests."""
        interested = set(self._by_dossier.get(dossier, ()))
        for queue in queues:
            interested.update(*self._by_queue.get(queue, {}).values())
        return {listener for listener in interested if listener.viewer.kind == "agent"}


def _position(seen: Seen) -> Position:
    return seen.fact.position


def _discard(index: dict[Key, set[Listener]], key: Key, listener: Listener) -> None:
    listeners = index.get(key)
    if listeners is not None:
        listeners.discard(listener)
        if not listeners:
            del index[key]
