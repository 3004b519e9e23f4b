"""The life of an effect, in PostgreSQL: pending -> sending -> done | dead. Clocks are the database's.

`sending` is written before the outside world is touched and `done` after it; whoever dies in between leaves a lease
that runs out, and the effect is performed again under the same Message-ID. Two workers never hold one effect: the row
is taken by one statement that checks its state.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from casework.journal.fact import Recorded
from workers.queue import Trigger
from workers.reactions import effects_of

GRACE = timedelta(seconds=3)  # a trigger that nobody took by then is given again
LEASE = timedelta(seconds=8)  # longer than any exchange (infra.mail.SEND_SECONDS), short enough to end within 15 s
ALONE = 2  # the worker died under it that often: from now on it is performed alone, so that it takes no neighbour along
CRASHES = 4  # and that often: it is poison, and waits for a person
# After the n-th failure. About two days in all: a mail server that is down over a week-end loses nothing.
BACK_OFF = tuple(
    timedelta(seconds=seconds) for seconds in (5, 30, 120, 600, 1_800, 3_600, 7_200, 14_400, 28_800, 43_200, 57_600)
)

_NEW = text(
    """
    insert into effects (journal_id, name, due_at)
    select journal_id, name, now() + cast(:grace as interval)
    from unnest(cast(:journal_ids as bigint[]), cast(:names as text[])) as f (journal_id, name)
    on conflict (journal_id, name) do nothing returning journal_id, name, due_at
    """
)
# Its trigger got lost, or its back-off is over. Due again a little later, in case this trigger is lost too.
_DUE = text(
    """
    update effects e set due_at = now() + cast(:grace as interval)
    from (select journal_id, name from effects
          where state = 'pending' and due_at <= now() and name = any(:names)
          order by due_at limit :most for update skip locked) d
    where e.journal_id = d.journal_id and e.name = d.name
    returning e.journal_id, e.name, e.due_at
    """
)
_REAP = text(
    """
    update effects e
    set crashes = e.crashes + 1, due_at = now(), last_error = 'the worker died',
        state = case when e.crashes + 1 >= :crashes then 'dead' else 'pending' end
    from (select journal_id, name from effects
          where state = 'sending' and due_at <= now() order by due_at limit :most for update skip locked) d
    where e.journal_id = d.journal_id and e.name = d.name
    returning e.journal_id, e.name, e.state
    """
)
# `due_at` of a pending effect is at most GRACE ahead unless it backs off: a stray trigger does not shorten that.
_BEGIN = text(
    """
    update effects
    set state = 'sending', attempts = attempts + 1, due_at = now() + cast(:lease as interval), message_id = :message_id
    where journal_id = :journal_id and name = :name and state = 'pending' and due_at <= now() + cast(:grace as interval)
    returning attempts
    """
)
_CRASHES = text("select crashes from effects where journal_id = :journal_id and name = :name")
# `attempts` is the fence: a worker that slept through its lease no longer holds the effect.
_END = text(
    """
    update effects set state = :state, last_error = :note,
        done_at = case when :state = 'done' then now() end,
        due_at = case when :state = 'pending' then now() + cast(:later as interval) else due_at end
    where journal_id = :journal_id and name = :name and state = 'sending' and attempts = :attempts
    """
)
_REVIVE = text(
    """
    update effects set state = 'pending', due_at = now(), attempts = 0, crashes = 0
    where state = 'dead' and (journal_id, name) = (:journal_id, :name) returning journal_id
    """
)
_COUNTS = text("select state, count(*) as number from effects where state <> 'done' group by state")


@dataclass(frozen=True, slots=True)
class Held:
    """An effect that this worker performs: nobody else does while its lease runs."""

    journal_id: int
    name: str
    attempts: int

    @property
    def key(self) -> dict[str, int | str]:
        return {"journal_id": self.journal_id, "name": self.name, "attempts": self.attempts}


async def record(db: AsyncConnection, facts: Sequence[Recorded]) -> list[Trigger]:
    """Write down what follows from these facts: in the transaction that moves the relay's position past them."""
    caused = [(fact.position.id, name) for fact in facts for name in effects_of(fact)]
    if not caused:
        return []
    journal_ids, names = zip(*caused, strict=True)
    rows = await db.execute(_NEW, {"journal_ids": list(journal_ids), "names": list(names), "grace": GRACE})
    return _in_order(rows)


async def due(db: AsyncConnection, names: Sequence[str], *, most: int) -> list[Trigger]:
    """The effects of these names to be triggered now, oldest first, at most `most` of them."""
    rows = await db.execute(_DUE, {"names": list(names), "most": most, "grace": GRACE})
    return _in_order(rows)


async def reap(db: AsyncConnection, *, most: int = 100) -> list[tuple[int, str, str]]:
    """Effects whose worker died, made pending again, or dead when it died too often: (journal id, name, state)."""
    return [
        (row.journal_id, row.name, row.state) for row in await db.execute(_REAP, {"crashes": CRASHES, "most": most})
    ]


async def is_suspect(db: AsyncConnection, journal_id: int, name: str) -> bool:
    """Whether workers died under it, too often for chance."""
    crashes = (await db.execute(_CRASHES, {"journal_id": journal_id, "name": name})).scalar_one_or_none()
    return (crashes or 0) >= ALONE


async def begin(db: AsyncConnection, journal_id: int, name: str, *, message_id: str) -> Held | None:
    """Take the effect, and say so before anything outside is touched; None if it is another's, over, or not due."""
    row = {"journal_id": journal_id, "name": name, "message_id": message_id, "lease": LEASE, "grace": GRACE}
    attempts: int | None = (await db.execute(_BEGIN, row)).scalar_one_or_none()
    return Held(journal_id, name, attempts) if attempts is not None else None


async def done(db: AsyncConnection, held: Held, *, note: str | None) -> None:
    """It happened; or, with a `note`, there was nothing to do and why."""
    await db.execute(_END, {**held.key, "state": "done", "note": note, "later": timedelta()})


async def failed(db: AsyncConnection, held: Held, error: str, *, final: bool) -> bool:
    """It did not happen: again later, or never when that is `final` or was the last try. True when it is dead."""
    dead = final or held.attempts > len(BACK_OFF)
    later = timedelta() if dead else BACK_OFF[held.attempts - 1]
    ended = await db.execute(_END, {**held.key, "state": "dead" if dead else "pending", "note": error, "later": later})
    return dead and ended.rowcount == 1


async def revive(db: AsyncConnection, journal_id: int, name: str) -> bool:
    """Try a dead effect again from the start, once somebody mended its cause; False if it is not dead."""
    return (await db.execute(_REVIVE, {"journal_id": journal_id, "name": name})).one_or_none() is not None


async def counts(db: AsyncConnection) -> dict[str, int]:
    """How many effects are pending, sending, dead: the health of the jobs, whatever processes are up."""
    return {row.state: row.number for row in await db.execute(_COUNTS)}


def _in_order(rows: Iterable[Row[Any]]) -> list[Trigger]:
    return sorted((Trigger(row.journal_id, row.name, row.due_at) for row in rows), key=lambda one: one.journal_id)
