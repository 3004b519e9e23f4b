"""The limit of an action: bare asyncpg, the four round trips of ours (begin, lock, update and insert in one, commit).

python -m bench.peers.bare_asyncpg PLAN
"""

import asyncio
import json
import sys
from uuid import UUID

import asyncpg
import uvloop

from bench.community import FIRST_VERSION, identity
from bench.peers.claim import KIND, digest_of, payload_of
from bench.writers import read_plan, run

LOCK = """
select id, reference, version, digest, state, service_id, holder_id, last_at, clock_timestamp() as now
from dossiers where id = $1 for no key update
"""
WRITE = """
with folded as (
    update dossiers set holder_id = $2, version = $3, digest = $4, last_at = $5
    where id = $1 and version = $3 - 1 returning id
)
insert into journal (stream, subject_id, version, kind, v, at, actor, payload, digest)
select 'dossier', id, $3, $6, 1, $5, $2, $7::jsonb, $4 from folded
returning epoch, tx::text::bigint as tx, id
"""


async def claim(db: asyncpg.Connection, dossier: UUID, holder: UUID, seen: int) -> tuple[int, int]:
    """(status as HTTP would say it, version)"""
    async with db.transaction():
        row = await db.fetchrow(LOCK, dossier)
        if row is None:
            return 404, 0
        if row["version"] != seen:
            return 412, row["version"]
        if row["holder_id"] is not None:
            return 409, row["version"]
        version, now = row["version"] + 1, row["now"]
        payload = payload_of(holder, row["last_at"], now)
        digest = digest_of(row["digest"], dossier, version, now, holder, payload)
        await db.fetchrow(WRITE, dossier, holder, version, digest, now, KIND, json.dumps(payload))
        return 200, version


async def main() -> None:
    plan = read_plan(sys.argv[1])
    connections = [await asyncpg.connect(plan.database) for _ in range(plan.writers)]

    async def act(writer: int, number: int) -> bool:
        dossier, holder = identity("dossier", number), identity("agent", writer)
        return (await claim(connections[writer], dossier, holder, FIRST_VERSION))[0] == 200

    await run(plan, act)
    await asyncio.gather(*(connection.close() for connection in connections))


if __name__ == "__main__":
    uvloop.run(main())
