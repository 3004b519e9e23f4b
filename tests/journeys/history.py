"""The history checker over a run's journal, effects, mails and screens: each function lists what does not hold.

(`tests/realtime/history.py` checks what every subscriber of a socket was told, frame by frame.)
"""

import mailbox
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from casework.dossiers.model import DOSSIER, FACT_COLUMNS
from casework.journal import evidence, read
from infra.database import reading

_MADE = text(
    "select subject_id, version, kind, actor from journal where stream = 'dossier' and kind <> 'dossier.submitted'"
)
_RECEIPTS_DUE = text("select count(*) from journal where kind = 'dossier.submitted'")
_EFFECTS = text("select state, count(*) as number from effects group by state")
_COLUMNS = text(f"select id, {', '.join(FACT_COLUMNS)} from dossiers")
_BEFORE_ANY_FACT = {**dict.fromkeys(FACT_COLUMNS), "state": "draft", "late": False, "message_count": 0}


async def journal_is_whole(engine: AsyncEngine) -> list[str]:
    """Versions without a hole, digests that chain, on every subject; every dossier equal to the fold of its facts."""
    async with reading(engine) as db:
        verdict = await evidence.verify(db)
        broken = [f"{each.stream} {each.subject_id} {each.version}: {each.why}" for each in verdict.breaks]
        for row in (await db.execute(_COLUMNS)).mappings().all():
            folded = dict(_BEFORE_ANY_FACT)
            for fact in await read.of_subject(db, "dossier", row["id"]):
                folded = DOSSIER.fold(folded, fact.set)
            if folded != {name: row[name] for name in FACT_COLUMNS}:
                broken.append(f"dossier {row['id']} is not what its facts say")
    return broken


async def answered_acts_are_written(
    db: AsyncConnection, acked: Mapping[UUID, Sequence[tuple[str, int]]], *, unanswered: int
) -> list[str]:
    """Each answered act, by actor (dossier, version), is one fact; no more facts without an answer than unanswered acts."""
    made = {(str(row.subject_id), row.version): row.actor for row in await db.execute(_MADE)}
    lost: list[str] = []
    answered: Counter[tuple[str, int]] = Counter()
    for actor, acts in acked.items():
        for act in acts:
            answered[act] += 1
            if made.get(act) != actor:
                lost.append(f"an answered act is not in the journal: {act}")
    lost += [f"one fact answered two acts: {act}" for act, number in answered.items() if number > 1]
    surplus = len(made) - len(answered)
    if surplus > unanswered:
        lost.append(f"{surplus} facts that nobody was answered for, {unanswered} unanswered acts")
    return lost


async def effects_are_done(db: AsyncConnection) -> list[str]:
    """Every effect of every fact."""
    states = {row.state: row.number for row in await db.execute(_EFFECTS)}
    return [f"effects that are not done: {states}"] if set(states) - {"done"} else []


async def receipts_were_sent(db: AsyncConnection, maildir: Path) -> tuple[list[str], int, int]:
    """What is missing; how many mails by their Message-ID; how many came twice."""
    due = int((await db.execute(_RECEIPTS_DUE)).scalar_one())
    messages = Counter(message["Message-ID"] for message in mailbox.Maildir(maildir))
    missing = [f"{due - len(messages)} receipts were never sent"] if len(messages) < due else []
    return missing, len(messages), messages.total() - len(messages)


def screen_holds(topic: str, held: Mapping[str, int], view: Mapping[str, int]) -> list[str]:
    """A screen's rows and their versions, beside the database's."""
    if dict(held) == dict(view):
        return []
    missing, ghosts = view.keys() - held.keys(), held.keys() - view.keys()
    stale = sum(1 for key in view.keys() & held.keys() if view[key] != held[key])
    return [f"{topic}: {len(missing)} missing, {len(ghosts)} ghosts, {stale} stale"]
