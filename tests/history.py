"""The history checker: what a run was answered, shown and sent, beside what the journal and the database hold.

A test keeps a `History` of what it saw from outside, whatever it killed meanwhile; `broken` lists the promises that do
not hold of it, `check` asserts that there is none:

- journal: no hole in any subject's versions, digests that chain, every dossier equal to the fold of its facts, each
  change of holder begun from the holder before;
- answers: every answered act is one fact, by who did it, and no fact answered two; where the run counts the acts that
  nobody answered, no more facts without an answer than these;
- screens: told only what is in the journal, in its order, without a hole on a `dossier:` topic, nothing twice within a
  connection, no row that they may not see; and in the end each queue shows what the database holds;
- effects: each one that a fact causes is there once and done; each mail that left is in the sink, none that nobody
  meant, and none more often than it was tried.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Self
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from casework.access import Viewer, sees
from casework.dossiers import queries
from casework.dossiers.model import DOSSIER, FACT_COLUMNS
from casework.dossiers.queues import Keys
from casework.journal import evidence, read
from casework.journal.fact import Position, Recorded
from infra.database import reading
from workers.reactions import effects_of

Frame = Mapping[str, Any]

_JOURNAL = text(f"select {read.FACT_COLUMNS} from journal order by stream, subject_id, version")
_COLUMNS = text(f"select id, {', '.join(FACT_COLUMNS)} from dossiers")
_EFFECTS = text("select journal_id, name, state, attempts, message_id, last_error from effects")
_BEFORE_ANY_FACT = {**dict.fromkeys(FACT_COLUMNS), "state": "draft", "late": False, "message_count": 0}


class Answered(NamedTuple):
    """An act whose answer came: it must be in the journal. `fact` where the caller knows all of it."""

    dossier: UUID
    version: int
    actor: UUID | None
    fact: Recorded | None = None

    @classmethod
    def of(cls, fact: Recorded) -> Self:
        """What an action returned."""
        return cls(fact.subject_id, fact.version, fact.actor, fact)


class _Told(NamedTuple):
    """A frame, without its row: `op` is fact, hello (another connection) or resync."""

    op: str
    topic: str = ""
    dossier: UUID | None = None
    version: int = 0
    position: str = ""


@dataclass
class Screen:
    """A page of one person that follows the protocol's rules: what it was told, and the rows that it shows."""

    viewer: Viewer
    rows: dict[str, dict[UUID, int]] = field(default_factory=dict)  # topic -> the rows shown, with their versions
    told: list[_Told] = field(default_factory=list)
    strange: list[str] = field(default_factory=list)  # rows that are not for this person
    repeated: int = 0
    _known: dict[str, dict[UUID, int]] = field(default_factory=lambda: defaultdict(dict))  # those that left, too

    def load(self, topic: str, rows: Mapping[UUID, int]) -> None:
        """The topic's page, by HTTP: dossier -> version."""
        self.rows[topic], self._known[topic] = dict(rows), dict(rows)

    def hear(self, frame: Frame) -> None:
        """A frame of the socket, as web/static/queue.js applies it: what is not newer than what is known is ignored."""
        op = frame["op"]
        if op in ("hello", "resync"):
            self.told.append(_Told(op, frame.get("topic", "")))
        if op != "fact":
            return
        topic, dossier, version = frame["topic"], UUID(frame["dossier"]), frame["version"]
        row = frame.get("row")
        self.told.append(_Told(op, topic, dossier, version, frame["position"]))
        if row and not sees(self.viewer, _keys(row), dossier_id=dossier, taken_over_from=_id(row["taken_over_from"])):
            self.strange.append(f"{topic}: a row for other eyes, {dossier} version {version}")
        if not topic.startswith("queue:"):
            return
        shown, known = self.rows.setdefault(topic, {}), self._known[topic]
        if version <= known.get(dossier, 0):
            self.repeated += 1
            return
        known[dossier] = max(version, row["version"] if row else 0)
        if row:
            shown[dossier] = row["version"]
        else:
            shown.pop(dossier, None)


@dataclass
class History:
    """What a run saw. None: it did not look, and nothing is said about it."""

    answered: list[Answered] = field(default_factory=list)
    unanswered: int | None = None  # acts sent that nobody answered: each may be a fact or not
    screens: Sequence[Screen] = ()
    mails: Sequence[str] | None = None  # the Message-IDs that the sink accepted, each as often as it did


async def check(engine: AsyncEngine, history: History | None = None) -> None:
    """Raises AssertionError with everything that does not hold."""
    found = await broken(engine, history or History())
    assert not found, "\n".join(found)


async def broken(engine: AsyncEngine, history: History) -> list[str]:
    """Each promise that does not hold, in a sentence."""
    async with reading(engine) as db:
        facts = [read.recorded(row) for row in await db.execute(_JOURNAL)]
        found = await _journal(db, facts)
        found += _answers(facts, history)
        for screen in history.screens:
            found += [*screen.strange, *_order(screen, facts), *await _rows(db, screen)]
        if history.mails is not None:
            found += await _effects(db, facts, history.mails)
    return found


async def _journal(db: AsyncConnection, facts: Sequence[Recorded]) -> list[str]:
    verdict = await evidence.verify(db)
    found = [f"{each.stream} {each.subject_id}: {each.why} at version {each.version}" for each in verdict.breaks]
    folded: dict[UUID, dict[str, Any]] = {}
    for fact in facts:
        if fact.stream != "dossier":
            continue
        before = folded.get(fact.subject_id, _BEFORE_ANY_FACT)
        holder = before["holder_id"]
        if "holder_id" in fact.set and _id(fact.set["holder_id"][0]) != holder:
            found.append(f"{_name(fact)} took it from somebody who did not hold it")
        folded[fact.subject_id] = DOSSIER.fold(before, fact.set)
    for row in (await db.execute(_COLUMNS)).mappings():
        said = folded.get(row["id"], _BEFORE_ANY_FACT)
        found += [
            f"dossier {row['id']} is not what its facts say: {name} is {row[name]}, not {said[name]}"
            for name in FACT_COLUMNS
            if row[name] != said[name]
        ]
    return found


def _answers(facts: Sequence[Recorded], history: History) -> list[str]:
    kept = {(fact.subject_id, fact.version): fact for fact in facts if fact.stream == "dossier"}
    found: list[str] = []
    for act in history.answered:
        fact = kept.get((act.dossier, act.version))
        if fact is None:
            found.append(f"answered and lost: {act}")
        elif fact.actor != act.actor or (act.fact and (fact.kind, fact.position) != (act.fact.kind, act.fact.position)):
            found.append(f"answered as {act}, kept as {fact}")
    times = Counter((act.dossier, act.version) for act in history.answered)
    found += [f"one fact answered {number} acts: {act}" for act, number in times.items() if number > 1]
    if history.unanswered is not None:
        surplus = [fact for place, fact in kept.items() if fact.actor and place not in times]
        if len(surplus) > history.unanswered:
            found.append(f"{len(surplus)} facts that nobody was answered, {history.unanswered} acts without an answer")
    return found


def _order(screen: Screen, facts: Sequence[Recorded]) -> list[str]:
    positions = {(fact.subject_id, fact.version): fact.position for fact in facts if fact.stream == "dossier"}
    found: list[str] = []
    last: dict[str, Position] = {}  # of this connection: another one may begin with what the one before told last
    versions: dict[str, int] = {}
    for told in screen.told:
        topic = told.topic
        if told.op == "hello":
            last.clear()
            continue
        if told.op == "resync":
            last.pop(topic, None)
            versions.pop(topic, None)
            continue
        assert told.dossier is not None
        position = positions.get((told.dossier, told.version))
        if position is None or str(position) != told.position:
            found.append(f"told of what is not in the journal: {told}")
            continue
        if topic in last and position <= last[topic]:
            found.append(f"out of order, or twice: {told}")
        if topic.startswith("dossier:"):
            before = versions.get(topic, told.version - 1)
            if told.version > before + 1:
                found.append(f"a hole before {told}")
            versions[topic] = max(before, told.version)
        last[topic] = position
    return found


async def _rows(db: AsyncConnection, screen: Screen) -> list[str]:
    account = screen.viewer.account_id
    assert account is not None
    found = []
    for topic, shown in screen.rows.items():
        held = await rows_of(db, topic, screen.viewer)
        if shown != held:
            missing, ghosts = held.keys() - shown.keys(), shown.keys() - held.keys()
            stale = [dossier for dossier in held.keys() & shown.keys() if held[dossier] != shown[dossier]]
            found.append(f"{topic}: {len(missing)} missing, {len(ghosts)} ghosts, {len(stale)} stale")
    return found


async def rows_of(db: AsyncConnection, topic: str, viewer: Viewer) -> dict[UUID, int]:
    """What a queue's topic holds for this person now: dossier -> version."""
    _, view, *service = topic.split(":")
    services = [UUID(service[0])] if service else sorted(viewer.services)
    assert viewer.account_id is not None
    rows = await queries.queue(db, view, agent=viewer.account_id, services=services, most=100_000)
    return {row.id: row.version for row in rows}


async def _effects(db: AsyncConnection, facts: Sequence[Recorded], mails: Sequence[str]) -> list[str]:
    effects = {(row.journal_id, row.name): row for row in await db.execute(_EFFECTS)}
    due = {(fact.position.id, name) for fact in facts for name in effects_of(fact)}
    found = [f"effect never recorded: {each}" for each in due - effects.keys()]
    found += [f"effect that no fact causes: {each}" for each in effects.keys() - due]
    found += [f"effect not done: {each}, {row.state}" for each, row in effects.items() if row.state != "done"]
    tries = {row.message_id: row.attempts for row in effects.values() if row.message_id}
    sent, times = {row.message_id for row in effects.values() if not row.last_error}, Counter(mails)
    found += [f"mail never sent: {each}" for each in sent - times.keys()]
    found += [f"mail that nobody meant: {each}" for each in times.keys() - tries.keys()]
    found += [
        f"mail accepted {number} times in {tries[each]} tries: {each}"
        for each, number in times.items()
        if number > tries.get(each, number)
    ]
    return found


def _name(fact: Recorded) -> str:
    return f"{fact.kind} (dossier {fact.subject_id}, version {fact.version})"


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


def _id(value: UUID | str | None) -> UUID | None:
    return UUID(value) if isinstance(value, str) else value
