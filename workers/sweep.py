"""What nobody came back for: files never attached, drafts left alone, old Idempotency-Keys. In small steps."""

import asyncio
from datetime import timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from casework.authority import SYSTEM
from casework.dossiers import actions
from casework.errors import Refused
from casework.ids import DossierId
from infra.database import Ring, reading, transaction
from infra.object_store import Documents

UNATTACHED = timedelta(hours=24)
KEYS = timedelta(days=7)
DRAFTS = timedelta(days=30)
STEP = 32
STEP_OF_FILES = 8
STEP_OF_KEYS = 1_000

# A file that a living draft names is not forgotten: it is attached when the draft is filed, or goes after it.
_UNATTACHED = text(
    """
    select d.id from documents d where d.dossier_id is null and d.created_at < now() - cast(:age as interval)
    and not exists (select from scratch s where s.kind = 'answers' and strpos(s.body::text, d.id::text) > 0)
    order by d.created_at limit :most for update skip locked
    """
)
_FORGET = text("delete from documents where id = any(:ids)")
_KEYS = text(
    """
    delete from idempotency_keys where (principal, key) in (
        select principal, key from idempotency_keys where at < now() - cast(:age as interval) order by at limit :most)
    """
)
_DRAFTS = text(
    """
    select d.id from dossiers d where d.state = 'draft' and d.last_at < now() - cast(:age as interval)
    and not exists (select from scratch s where s.dossier_id = d.id and s.updated_at >= now() - cast(:age as interval))
    order by d.last_at limit :most
    """
)


async def documents(engine: AsyncEngine, store: Documents, *, age: timedelta = UNATTACHED) -> int:
    """Delete the files that no dossier has after `age`; how many. Raises StoreDown.

    The bytes go while the rows are locked, and before them: a crash in between leaves a row that the next sweep takes
    again, where the other order would leave somebody's papers in the store for ever.
    """
    swept = 0
    while True:
        async with transaction(engine) as db:
            ids: list[UUID] = list((await db.execute(_UNATTACHED, {"age": age, "most": STEP_OF_FILES})).scalars())
            await asyncio.gather(*(store.drop(id_) for id_ in ids))
            await db.execute(_FORGET, {"ids": ids})
        swept += len(ids)
        if len(ids) < STEP_OF_FILES:
            return swept


async def idempotency_keys(engine: AsyncEngine, *, age: timedelta = KEYS) -> int:
    """Forget the keys older than `age`; how many."""
    swept = 0
    while True:
        async with transaction(engine) as db:
            gone = (await db.execute(_KEYS, {"age": age, "most": STEP_OF_KEYS})).rowcount
        swept += gone
        if gone < STEP_OF_KEYS:
            return swept


async def drafts(engine: AsyncEngine, ring: Ring, *, age: timedelta = DRAFTS) -> int:
    """Expire the drafts that nobody touched for `age`, at most STEP of them; how many."""
    async with reading(engine) as db:
        ids = list((await db.execute(_DRAFTS, {"age": age, "most": STEP})).scalars())
    expired = 0
    for id_ in ids:
        try:
            async with transaction(engine, ring=ring) as db:
                await actions.expire_draft(db, DossierId(id_), by=SYSTEM)
            expired += 1
        except Refused:
            continue  # filed in between
    return expired
