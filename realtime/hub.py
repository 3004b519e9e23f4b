"""Who listens to what, and what each of them gets of a fact. No I/O: facts come in, texts go to the sockets' queues."""

import asyncio
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar
from uuid import UUID

import msgspec

from casework.access import Viewer, sees
from casework.dossiers.queries import QueueRow
from casework.dossiers.queues import Queue, keys_before, queues_of
from casework.dossiers.timeline import Audience, entry_of
from casework.journal.fact import Position, Recorded
from realtime.protocol import NULL, Actor, BareFact, FactFrame, RefusedFrame, Resync, Side, encode, raw
from realtime.topics import Topic

Key = TypeVar("Key", Queue, UUID)
MOST_REMEMBERED = 10_000  # facts; an older position gets `resync`
MOST_WAITING = 1_000  # frames that a socket has not read yet


@dataclass(frozen=True, slots=True)
class Seen:
    """A dossier's fact with the row as it was read beside it, and the names of those who did it."""

    fact: Recorded
    row: QueueRow | None  # None: a draft
    names: Mapping[UUID, str]


class Listener:
    """One socket, as the hub sees it: what it watches and the texts that wait for it."""

    __slots__ = ("closing", "overflowed", "session_id", "topics", "viewer", "waiting", "wake")

    def __init__(self, viewer: Viewer, session_id: UUID) -> None:
        self.viewer = viewer
        self.session_id = session_id
        self.topics: dict[str, Topic] = {}
        self.waiting: deque[str] = deque()
        self.overflowed = False
        self.closing = 0  # the code to close with, once what waits is sent
        self.wake: asyncio.Future[None] | None = None  # while its writer sleeps

    def offer(self, text: str) -> None:
        """Queue a text. A reader too slow for MOST_WAITING gets one `resync` for each topic instead of a hole."""
        if len(self.waiting) >= MOST_WAITING:
            if not self.overflowed:
                self.overflowed = True
                self.waiting.clear()
                self.waiting.extend(encode(Resync(name)) for name in self.topics)
            return
        self.waiting.append(text)
        self.notify()

    def drained(self) -> None:
        """Its writer has caught up."""
        self.overflowed = False

    def notify(self) -> None:
        """Wake its writer."""
        wake = self.wake
        if wake is not None:
            self.wake = None
            if not wake.done():
                wake.set_result(None)

    def close(self, code: int, *, at_once: bool) -> None:
        """Its writer closes the socket: `at_once` (the session is over: what waits is not sent), or after what waits."""
        self.closing = code
        if at_once:
            self.waiting.clear()
        self.notify()


@dataclass
class Hub:
    """The listeners of one process and the last facts that it read."""

    epoch: int = 0
    position: Position = field(default_factory=lambda: Position(0, 0, 0))
    listeners: set[Listener] = field(default_factory=set)
    _recent: deque[Seen] = field(default_factory=lambda: deque(maxlen=MOST_REMEMBERED))
    _oldest: Position = field(default_factory=lambda: Position(0, 0, 0))  # facts after it are in memory
    _by_queue: dict[Queue, set[Listener]] = field(default_factory=dict)
    _by_dossier: dict[UUID, set[Listener]] = field(default_factory=dict)
    _by_inbox: dict[UUID, set[Listener]] = field(default_factory=dict)

    # -- what happened

    def begin(self, seen: Iterable[Seen], *, oldest: Position, position: Position, epoch: int) -> None:
        """Start from these facts; every topic of a listener from before gets `resync`."""
        self._recent.clear()
        self._recent.extend(seen)
        self._oldest, self.position, self.epoch = oldest, position, epoch
        for listener in self.listeners:
            for name in listener.topics:
                listener.offer(encode(Resync(name)))

    def deliver(self, seen: Sequence[Seen], position: Position) -> None:
        """Facts that were just read, in order, up to `position`."""
        for each in seen:
            if len(self._recent) == MOST_REMEMBERED:
                self._oldest = self._recent[0].fact.position
            self._recent.append(each)
            self._send(each)
        self.position = position

    def _send(self, seen: Seen) -> None:
        fact, row = seen.fact, seen.row
        frames = Frames(seen)
        if row is not None:
            after = row.keys
            reached = queues_of(after) | queues_of(keys_before(after, fact.set))
            for listener in {one for queue in reached for one in self._by_queue.get(queue, ())}:
                for topic in listener.topics.values():
                    if topic.queues and not topic.queues.isdisjoint(reached):
                        listener.offer(frames.queue(topic, listener.viewer))
        for listener in tuple(self._by_dossier.get(fact.subject_id, ())):
            name = f"dossier:{fact.subject_id}"
            listener.offer(frames.dossier(name, listener.viewer))
            if row is not None and not frames.visible(listener.viewer):
                self.unwatch(listener, name)
                listener.offer(encode(RefusedFrame("not_found", topic=name)))
        for account in frames.concerned():
            for listener in self._by_inbox.get(account, ()):
                listener.offer(frames.dossier("inbox", listener.viewer))

    # -- who listens

    def watch(self, listener: Listener, topic: Topic) -> None:
        """From now on every fact of the topic is offered to the listener."""
        self.unwatch(listener, topic.name)
        self.listeners.add(listener)
        listener.topics[topic.name] = topic
        for queue in topic.queues:
            self._by_queue.setdefault(queue, set()).add(listener)
        if topic.dossier:
            self._by_dossier.setdefault(topic.dossier, set()).add(listener)
        if topic.kind == "inbox" and listener.viewer.account_id:
            self._by_inbox.setdefault(listener.viewer.account_id, set()).add(listener)

    def unwatch(self, listener: Listener, name: str) -> None:
        """No more of this topic."""
        topic = listener.topics.pop(name, None)
        if topic is None:
            return
        kept = {queue for other in listener.topics.values() for queue in other.queues}
        for queue in topic.queues - kept:
            _discard(self._by_queue, queue, listener)
        if topic.dossier:
            _discard(self._by_dossier, topic.dossier, listener)
        if topic.kind == "inbox" and listener.viewer.account_id:
            _discard(self._by_inbox, listener.viewer.account_id, listener)

    def forget(self, listener: Listener) -> None:
        """The socket is gone."""
        for name in tuple(listener.topics):
            self.unwatch(listener, name)
        self.listeners.discard(listener)

    def missed(self, topic: Topic, viewer: Viewer, since: Position) -> list[str] | None:
        """The texts of a topic since a position; None when they are not all in memory: `resync`."""
        if since.epoch != self.epoch or since < self._oldest:
            return None
        texts: list[str] = []
        for seen in self._recent:
            if seen.fact.position <= since:
                continue
            frames = Frames(seen)
            if topic.kind == "queue" and seen.row is not None:
                after = seen.row.keys
                if not topic.queues.isdisjoint(queues_of(after) | queues_of(keys_before(after, seen.fact.set))):
                    texts.append(frames.queue(topic, viewer))
            elif (topic.kind == "dossier" and seen.fact.subject_id == topic.dossier) or (
                topic.kind == "inbox" and viewer.account_id in frames.concerned()
            ):
                texts.append(frames.dossier(topic.name, viewer))
        return texts

    def watching_dossiers(self) -> frozenset[UUID]:
        """The dossiers that somebody here has open."""
        return frozenset(self._by_dossier)

    def watchers(self, dossier: UUID, row: QueueRow | None) -> set[Listener]:
        """The agents here who watch the dossier, or a queue that holds it: those whom its presence interests."""
        interested = set(self._by_dossier.get(dossier, ()))
        if row is not None:
            for queue in queues_of(row.keys):
                interested |= self._by_queue.get(queue, set())
        return {listener for listener in interested if listener.viewer.kind == "agent"}


class Frames:
    """The texts of one fact, each made once: by topic, and by what an audience may see."""

    __slots__ = ("_made", "_row", "_seen")

    def __init__(self, seen: Seen) -> None:
        self._seen = seen
        self._made: dict[tuple[str, str], str] = {}
        self._row: msgspec.Raw | None = None

    def visible(self, viewer: Viewer) -> bool:
        """Whether the viewer may see the dossier, as it is now."""
        row = self._seen.row
        if row is None:  # a draft: only its author could begin to watch it
            return True
        return sees(viewer, row.keys, dossier_id=row.id, taken_over_from=row.taken_over_from)

    def queue(self, topic: Topic, viewer: Viewer) -> str:
        """The frame of a queue topic: the row, or null when the dossier is not in that queue (any more)."""
        row = self._seen.row
        assert row is not None
        inside = not topic.queues.isdisjoint(queues_of(row.keys))
        if inside and topic.view == "to-take-over" and row.holder_id == viewer.account_id:
            inside = False  # one's own dossiers are taken over by others
        if inside:
            return self._text(topic.name, "row")
        return self._text(topic.name, "left" if self.visible(viewer) else "bare")

    def dossier(self, name: str, viewer: Viewer) -> str:
        """The frame of a dossier topic or of the inbox: the entry of the timeline that this audience sees."""
        if not self.visible(viewer):
            return self._text(name, "bare")
        return self._text(name, "agent" if viewer.kind == "agent" else "citizen")

    def concerned(self) -> frozenset[UUID]:
        """Whose inbox the fact belongs in: the citizen, the holder before and after; never who did it."""
        fact, row = self._seen.fact, self._seen.row
        if row is None:
            return frozenset()
        before = keys_before(row.keys, fact.set)
        people = {row.citizen_id, row.holder_id, before.holder_id, row.cover_id}
        return frozenset(person for person in people if person is not None and person != fact.actor)

    def _text(self, topic: str, what: str) -> str:
        made = self._made.get((topic, what))
        if made is None:
            made = self._made[topic, what] = self._make(topic, what)
        return made

    def _make(self, topic: str, what: str) -> str:
        fact, row = self._seen.fact, self._seen.row
        position = str(fact.position)
        if what in ("agent", "citizen"):
            audience: Audience = "agent" if what == "agent" else "citizen"
            entry = entry_of(fact, audience, citizen_id=row.citizen_id if row else fact.actor)
            if entry is None:
                return encode(BareFact(topic, position, fact.subject_id, fact.version))
            by = Actor(entry.actor, entry.side, self._seen.names.get(entry.actor) if entry.actor else None)
            frame = FactFrame(topic, position, fact.subject_id, fact.version, fact.kind, fact.at, by, entry=raw(entry))
            frame.on_behalf_of = self._person(entry.on_behalf_of) if entry.on_behalf_of else msgspec.UNSET
            return encode(frame)
        if what == "bare":
            return encode(BareFact(topic, position, fact.subject_id, fact.version, row=None))
        if what == "row" and self._row is None:
            self._row = raw(row)
        shown = NULL if what == "left" or self._row is None else self._row
        citizen = row.citizen_id if row else None
        kind: Side = "system" if fact.actor is None else "citizen" if fact.actor == citizen else "agent"
        by = Actor(fact.actor, kind, self._seen.names.get(fact.actor) if fact.actor else None)
        frame = FactFrame(topic, position, fact.subject_id, fact.version, fact.kind, fact.at, by, row=shown)
        frame.on_behalf_of = self._person(fact.on_behalf_of) if fact.on_behalf_of else msgspec.UNSET
        return encode(frame)

    def _person(self, account: UUID) -> Actor:
        return Actor(account, "agent", self._seen.names.get(account))


def _discard(index: dict[Key, set[Listener]], key: Key, listener: Listener) -> None:
    listeners = index.get(key)
    if listeners is not None:
        listeners.discard(listener)
        if not listeners:
            del index[key]
