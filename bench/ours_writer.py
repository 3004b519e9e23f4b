"""The writer of the live measure for Relais: agents claim free dossiers, by casework, in a process without sockets.

python -m bench.ours_writer DOSSIERS

The instant of an event is COMMIT's return. The bell is rung after it, as every door does, and is
part of what is measured.
"""

import os
import sys
import time

import uvloop

from bench.community import FIRST_VERSION, identity
from bench.pace import Made, serve
from bench.stage import TOPICS
from casework.access import Viewer, may
from casework.dossiers.actions import claim
from casework.ids import AccountId, DossierId, Version
from infra.bell import Bell
from infra.database import engine, transaction


async def main() -> None:
    database = engine(os.environ["DATABASE_URL"])
    bell = Bell(os.environ["REDIS_URL"])
    free = [iter(range(topic, int(sys.argv[1]), TOPICS)) for topic in range(TOPICS)]

    async def happen(topic: int) -> Made:
        number = next(free[topic])
        dossier = DossierId(identity("dossier", number))
        agent = AccountId(identity("agent", topic + TOPICS * (number // TOPICS % 45)))
        viewer = Viewer(account_id=agent, kind="agent", services=frozenset({identity("service", topic)}))
        committed = 0

        async def ring(position: str) -> None:
            nonlocal committed
            committed = time.monotonic_ns()
            await bell.ring(f"p:{position}")

        async with transaction(database, ring=ring) as db:
            by = await may(db, viewer, "claim", dossier)
            recorded = await claim(db, dossier, seen=Version(FIRST_VERSION), by=by)
        return str(dossier), recorded.version, committed

    await serve(happen, TOPICS)
    await database.dispose()


if __name__ == "__main__":
    uvloop.run(main())
