"""Relais' own claims, by writers in one process: the action as a door calls it, without the door.

python -m bench.ours_claims PLAN

`how` "action": casework.dossiers.actions.claim under the authority of an agent; "rights": that authority is first
made by `access.may` in the same transaction, as every door does.
"""

import sys

import uvloop

from bench.community import FIRST_VERSION, identity
from bench.stage import TOPICS
from bench.writers import read_plan, run
from casework.access import Viewer, may
from casework.authority import Authority
from casework.dossiers.actions import claim
from casework.ids import AccountId, DossierId, Version
from infra.database import engine, transaction


async def main() -> None:
    plan = read_plan(sys.argv[1])
    database = engine(plan.database, pool_size=plan.writers)

    async def act(writer: int, number: int) -> bool:
        agent = AccountId(identity("agent", writer))
        dossier = DossierId(identity("dossier", number))
        async with transaction(database) as db:
            if plan.how == "rights":
                service = identity("service", number % TOPICS)
                viewer = Viewer(account_id=agent, kind="agent", services=frozenset({service}))
                by = await may(db, viewer, "claim", dossier)
            else:
                by = Authority(agent, "agent")
            recorded = await claim(db, dossier, seen=Version(FIRST_VERSION), by=by)
        return recorded.version == FIRST_VERSION + 1

    await run(plan, act)
    await database.dispose()


if __name__ == "__main__":
    uvloop.run(main())
