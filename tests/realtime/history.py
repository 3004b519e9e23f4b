"""The history checker: what a run promised, compared with what the journal, the database and every subscriber hold.

A test records each acknowledged act (`acked`) and gives each client's frames. `check` then asserts:

- every acknowledged act is in the journal, once, and the journal's versions have no gap, on any subject;
- each subscriber's facts come in the journal's order, no fact twice on a topic unless it was asked for again, and per
  dossier without a hole on a `dossier:` topic;
- what each subscriber's queues hold, its pages and the facts after them folded, is what the database holds now;
- nobody got a row that they may not see;
- a dossier has one holder at most, and each change of holder began from the holder before.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from casework.access import Viewer, sees
from casework.dossiers import queries
from casework.dossiers.queues import Keys
from casework.journal import read
from casework.journal.fact import Recorded
from casework.journal.read import parse_position
from infra.database import reading

Frame = Mapping[str, Any]
_JOURNAL = text(f"select {read.FACT_COLUMNS} from journal order by stream, subject_id, version")


@dataclass
class View:
    """The queues of one page as a client that follows the rules holds them: topic → dossier → (version, row)."""

    topics: dict[str, dict[UUID, tuple[int, Mapping[str, Any] | None]]] = field(
        default_factory=lambda: defaultdict(dict)
    )

    @classmethod
    def of(cls, loaded: Mapping[str, Iterable[UUID]]) -> "View":
        """A page just loaded."""
        view = cls()
        for topic, dossiers in loaded.items():
            view.topics[topic] = {dossier: (0, {}) for dossier in dossiers}
        return view

    def load(self, topic: str, rows: Sequence[queries.QueueRow]) -> None:
        """The topic's page, by HTTP."""
        self.topics[topic] = {row.id: (row.version, {"version": row.version}) for row in rows}

    def follow(self, frames: Iterable[Frame]) -> None:
        """Facts as the module of the page applies them: a version not above the one held is ignored."""
        for frame in frames:
            if frame["op"] == "fact" and frame["topic"].startswith("queue:"):
                held, dossier = self.topics[frame["topic"]], UUID(frame["dossier"])
                if frame["version"] > held.get(dossier, (0, None))[0]:
                    held[dossier] = (frame["version"], frame["row"])

    def holds(self, topic: str) -> set[UUID]:
        """The dossiers that the page shows under the topic."""
        return {dossier for dossier, (_, row) in self.topics[topic].items() if row is not None}

    def versions(self, topic: str) -> dict[UUID, int]:
        """What each shown row says of itself."""
        return {dossier: int(row["version"]) for dossier, (_, row) in self.topics[topic].items() if row is not None}


@dataclass
class Subscriber:
    """One client: who it is, what it got, and what its page holds."""

    viewer: Viewer
    frames: Sequence[Frame]
    view: View = field(default_factory=View)


async def check(engine: AsyncEngine, *, acked: Sequence[Recorded], subscribers: Sequence[Subscriber] = ()) -> None:
    """Raises AssertionError with the first promise that does not hold."""
    async with reading(engine) as db:
        journal = [read.recorded(row) for row in await db.execute(_JOURNAL)]
        _acknowledged_once(journal, acked)
        _one_holder(journal)
        for subscriber in subscribers:
            _in_order(subscriber, journal)
            _only_what_is_theirs(subscriber)
            await _same_as_database(db, subscriber)


def _acknowledged_once(journal: Sequence[Recorded], acked: Sequence[Recorded]) -> None:
    versions: dict[tuple[str, UUID], list[int]] = defaultdict(list)
    places = {}
    for fact in journal:
        versions[fact.stream, fact.subject_id].append(fact.version)
        places[fact.stream, fact.subject_id, fact.version] = fact
    for subject, found in versions.items():
        assert found == list(range(1, len(found) + 1)), f"{subject} has a hole or a double: {found}"
    for act in acked:
        kept = places.get((act.stream, act.subject_id, act.version))
        assert kept is not None, f"acknowledged and lost: {act}"
        assert (kept.kind, kept.actor, kept.position) == (act.kind, act.actor, act.position), f"{act} is now {kept}"


def _one_holder(journal: Sequence[Recorded]) -> None:
    holder: dict[UUID, Any] = {}
    for fact in journal:
        if fact.stream == "dossier" and "holder_id" in fact.set:
            before, after = fact.set["holder_id"]
            assert holder.get(fact.subject_id) == before, f"{fact} took it from somebody who did not hold it"
            holder[fact.subject_id] = after


def _in_order(subscriber: Subscriber, journal: Sequence[Recorded]) -> None:
    known = {(fact.subject_id, fact.version): fact for fact in journal if fact.stream == "dossier"}
    last: dict[str, Any] = {}
    versions: dict[str, int] = {}
    for frame in subscriber.frames:
        if frame["op"] == "resync":
            last.pop(frame["topic"], None)
            versions.pop(frame["topic"], None)
        if frame["op"] != "fact":
            continue
        topic, position = frame["topic"], parse_position(frame["position"])
        fact = known.get((UUID(frame["dossier"]), frame["version"]))
        assert fact is not None, f"told of what is not in the journal: {frame}"
        assert fact.position == position, f"another position than the journal's: {frame}"
        assert topic not in last or last[topic] < position, f"out of order or twice: {frame}"
        last[topic] = position
        if topic.startswith("dossier:"):
            assert frame["version"] == versions.get(topic, frame["version"] - 1) + 1, f"a hole before {frame}"
            versions[topic] = frame["version"]


def _only_what_is_theirs(subscriber: Subscriber) -> None:
    for frame in subscriber.frames:
        row = frame.get("row") if frame["op"] == "fact" else None
        if row:
            dossier, origin = UUID(frame["dossier"]), _id(row["taken_over_from"])
            assert sees(subscriber.viewer, _keys(row), dossier_id=dossier, taken_over_from=origin), frame


def _keys(row: Mapping[str, Any]) -> Keys:
    return Keys(
        state=row["state"],
        service_id=_id(row["service_id"]),
        directorate_id=_id(row["directorate_id"]),
        citizen_id=_id(row["citizen_id"]),
        holder_id=_id(row["holder_id"]),
        uncovered_since=row["uncovered_since"],
        cover_id=_id(row["cover_id"]),
        late=row["late"],
    )


def _id(value: str | None) -> UUID | None:
    return UUID(value) if value else None


async def _same_as_database(db: AsyncConnection, subscriber: Subscriber) -> None:
    account = subscriber.viewer.account_id
    assert account is not None
    for topic in subscriber.view.topics:
        _, view, *service = topic.split(":")
        services = [UUID(service[0])] if service else sorted(subscriber.viewer.services)
        rows = await queries.queue(db, view, agent=account, services=services, most=100_000)
        expected = {row.id: row.version for row in rows}
        assert subscriber.view.versions(topic) == expected, f"{topic} differs from the database"
