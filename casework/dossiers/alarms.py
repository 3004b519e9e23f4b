"""When the clock comes to a dossier: its rows of `schedule`, written inside the actions that move its terms.

`dossier.late` is its deadline. `dossier.process` is the next moment at which something of its process may be due: an
action that changes where it stands only wakes it, and the clock's own look finds the moment (casework/process/actions.py).
"""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from casework.dossiers.model import Dossier
from casework.ids import DossierId

_AT = text(
    """
    insert into schedule (kind, subject, due_at) values (:kind, :subject, :due_at)
    on conflict (kind, subject) do update set due_at = excluded.due_at
    """
)
_OFF = text("delete from schedule where kind = :kind and subject = :subject")


async def late_at(db: AsyncConnection, dossier_id: DossierId, due_at: datetime) -> None:
    """It becomes late then."""
    await db.execute(_AT, {"kind": "dossier.late", "subject": dossier_id, "due_at": due_at})


async def never_late(db: AsyncConnection, dossier_id: DossierId) -> None:
    """Its term does not run."""
    await db.execute(_OFF, {"kind": "dossier.late", "subject": dossier_id})


async def wake(db: AsyncConnection, dossier: Dossier) -> None:
    """Its process is to be looked at, at once."""
    await look_at(db, dossier.id, dossier.now)


async def look_at(db: AsyncConnection, dossier_id: DossierId, at: datetime | None) -> None:
    """Its process is to be looked at then; None: not before something happens to it."""
    if at is None:
        await db.execute(_OFF, {"kind": "dossier.process", "subject": dossier_id})
    else:
        await db.execute(_AT, {"kind": "dossier.process", "subject": dossier_id, "due_at": at})
