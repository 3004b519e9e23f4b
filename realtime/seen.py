"""A dossier's fact as the hub needs it: where it was, where it went, where the dossier is now, who is concerned (PURE).

Rows are read a moment after the facts, and may be ahead of them: a row says how a dossier is now, never how a fact left
it. So the routing keys of each fact are found by undoing, from the row, every later fact.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import msgspec

from casework.access import Viewer, sees
from casework.dossiers.queries import QueueRow
from casework.dossiers.queues import Keys, Queue, keys_before, queues_of
from casework.dossiers.timeline import Audience
from casework.journal.fact import Recorded

_NOWHERE: frozenset[Queue] = frozenset()
_encode = msgspec.json.Encoder().encode


@dataclass(slots=True, eq=False)
class Now:
    """A dossier as it was when its facts were read: one for all of them."""

    version: int
    row: msgspec.Raw
    keys: Keys
    taken_over_from: UUID | None
    queues: frozenset[Queue]

    def visible(self, viewer: Viewer, dossier_id: UUID) -> bool:
        """Whether the viewer may see the dossier."""
        return sees(viewer, self.keys, dossier_id=dossier_id, taken_over_from=self.taken_over_from)


@dataclass(slots=True, eq=False)
class Seen:
    """One fact. `touched`: the queues that held the dossier before or after it."""

    fact: Recorded
    now: Now | None  # None: a draft, which is in no queue and is its author's alone
    touched: frozenset[Queue]
    concerned: frozenset[UUID]  # in whose inbox it belongs
    names: Mapping[UUID, str]

    def visible(self, viewer: Viewer) -> bool:
        """Whether the viewer may see the dossier now. Only its author could begin to watch a draft."""
        return self.now is None or self.now.visible(viewer, self.fact.subject_id)

    def audience(self, viewer: Viewer) -> Audience:
        """An agent reads the inside; whoever files, an agent too, reads what is told to citizens."""
        if viewer.kind != "agent" or self.now is None:
            return "citizen"
        return "citizen" if self.now.keys.citizen_id == viewer.account_id else "agent"


def now_of(row: QueueRow) -> Now:
    """The row, encoded once for everybody who gets it."""
    return Now(row.version, msgspec.Raw(_encode(row)), row.keys, row.taken_over_from, queues_of(row.keys))


def seen_of(
    facts: Sequence[Recorded],
    now: Mapping[UUID, Now],
    later: Mapping[UUID, Sequence[Recorded]],
    names: Mapping[UUID, str],
) -> list[Seen]:
    """Each of `facts` (dossiers', in order) with its queues. `later`: what its row holds beyond them.

    Versions, not places in the journal, say what came after what: a transaction over several dossiers may have begun
    before another one that it then waited for.
    """
    after: dict[UUID, Keys] = {}
    around: dict[tuple[UUID, int], tuple[Keys, Keys]] = {}
    for fact in sorted(facts, key=_version, reverse=True):
        dossier = fact.subject_id
        state = now.get(dossier)
        if state is None:
            continue
        keys = after.get(dossier)
        if keys is None:
            keys = state.keys
            for newer in sorted(later.get(dossier, ()), key=_version, reverse=True):
                keys = keys_before(keys, newer.set)
        before = after[dossier] = keys_before(keys, fact.set)
        around[dossier, fact.version] = (before, keys)
    return [_seen(fact, now.get(fact.subject_id), around.get((fact.subject_id, fact.version)), names) for fact in facts]


def _seen(fact: Recorded, now: Now | None, around: tuple[Keys, Keys] | None, names: Mapping[UUID, str]) -> Seen:
    if now is None or around is None:
        return Seen(fact, None, _NOWHERE, frozenset(), names)
    before, after = around
    return Seen(fact, now, queues_of(before) | queues_of(after), _concerned(fact, before, after), names)


def ahead(facts: Sequence[Recorded], now: Mapping[UUID, Now]) -> dict[UUID, int]:
    """The dossiers whose row is ahead of `facts`, and the last version that these have of each."""
    last: dict[UUID, int] = {}
    for fact in facts:
        last[fact.subject_id] = max(fact.version, last.get(fact.subject_id, 0))
    return {dossier: version for dossier, version in last.items() if dossier in now and now[dossier].version > version}


def _version(fact: Recorded) -> int:
    return fact.version


def _concerned(fact: Recorded, before: Keys, after: Keys) -> frozenset[UUID]:
    """The holder before and after and the substitute who is asked, but not whoever did it; the citizen always.

    An agent's inbox is news. A citizen's is their list of requests, on every screen of theirs.
    """
    agents = {before.holder_id, after.holder_id, after.cover_id} - {fact.actor}
    return frozenset(person for person in agents | {after.citizen_id} if person is not None)
