"""The frames of one fact: each is made once, for all who get the same."""

from collections.abc import Mapping
from uuid import UUID

from casework.access import Viewer
from casework.dossiers.queues import Queue
from casework.dossiers.timeline import Audience, Entry, entry_of
from realtime.protocol import NULL, Actor, BareFact, FactFrame, Person, Step, encode, raw
from realtime.seen import Seen
from realtime.topics import Topic

_PEOPLE = ("holder_id", "cover_id", "taken_over_from")


class Frames:
    """By topic and by what an audience may see."""

    __slots__ = ("_made", "_seen")

    def __init__(self, seen: Seen) -> None:
        self._seen = seen
        self._made: dict[tuple[str, str], bytes] = {}

    def inside(self, queue: Queue, name: str) -> bytes | None:
        """The frame for everybody who watches this queue under this name, if it is the same for all of them."""
        now = self._seen.now
        if now is None or queue not in now.queues or queue.view == "to-take-over":
            return None
        return self._frame(name, "row")

    def queue(self, topic: Topic, viewer: Viewer) -> bytes:
        """The frame of a queue topic: the row, or null when the dossier is not in that queue (any more)."""
        now = self._seen.now
        assert now is not None
        inside = not topic.queues.isdisjoint(now.queues)
        if inside and topic.view == "to-take-over" and now.keys.holder_id == viewer.account_id:
            inside = False  # one's own dossiers are taken over by others
        if inside:
            return self._frame(topic.name, "row")
        return self._frame(topic.name, "left" if self._seen.visible(viewer) else "gone")

    def dossier(self, name: str, viewer: Viewer) -> bytes:
        """The frame of a dossier topic or of the inbox: the entry of the timeline that this audience sees."""
        if not self._seen.visible(viewer):
            return self._frame(name, "bare")
        return self._frame(name, self._seen.audience(viewer))

    def _frame(self, topic: str, what: str) -> bytes:
        made = self._made.get((topic, what))
        if made is None:
            made = self._made[topic, what] = self._make(topic, what)
        return made

    def _make(self, topic: str, what: str) -> bytes:
        fact = self._seen.fact
        if what in ("bare", "gone"):
            bare = BareFact(topic, str(fact.position), fact.subject_id, fact.version)
            if what == "gone":
                bare.row = None
            return encode(bare)
        if what in ("agent", "citizen"):
            return self._told(topic, "agent" if what == "agent" else "citizen")
        now = self._seen.now
        assert now is not None
        frame = self._fact(topic, entry_of(fact, "agent", citizen_id=now.keys.citizen_id))
        frame.row = now.row if what == "row" else NULL
        return encode(frame)

    def _told(self, topic: str, audience: Audience) -> bytes:
        fact, now = self._seen.fact, self._seen.now
        entry = entry_of(fact, audience, citizen_id=now.keys.citizen_id if now else fact.actor)
        if entry is None:
            return encode(BareFact(topic, str(fact.position), fact.subject_id, fact.version))
        frame = self._fact(topic, entry)
        frame.entry = raw(step_of(entry, self._seen.names))
        return encode(frame)

    def _fact(self, topic: str, entry: Entry | None) -> FactFrame:
        fact, names = self._seen.fact, self._seen.names
        assert entry is not None  # agents are told of everything
        by = Actor(entry.actor, entry.side, names.get(entry.actor) if entry.actor else None)
        frame = FactFrame(topic, str(fact.position), fact.subject_id, fact.version, fact.kind, fact.at, by)
        if entry.on_behalf_of is not None:
            frame.on_behalf_of = Actor(entry.on_behalf_of, "agent", names.get(entry.on_behalf_of))
        return frame


def step_of(entry: Entry, names: Mapping[UUID, str]) -> Step:
    """The entry with its names, field for field as the REST timeline gives it."""

    def person(id_: UUID | None) -> Person | None:
        return Person(id_, names[id_]) if id_ is not None and id_ in names else None

    people = {value for column in _PEOPLE for value in entry.set.get(column, ()) if value is not None}
    return Step(
        entry.version, entry.kind, entry.at, entry.side, person(entry.actor), person(entry.on_behalf_of), entry.set,
        entry.details, {id_: names[UUID(id_)] for id_ in people if UUID(id_) in names},
    )  # fmt: skip


def people_of(set_: Mapping[str, tuple[object, object]]) -> set[UUID]:
    """Whom a fact's columns name."""
    return {UUID(str(value)) for column in _PEOPLE for value in set_.get(column, ()) if value is not None}
