"""`relais demo`: the demo community, loaded with a progress bar into a database that is empty."""

from typing import Literal

import asyncpg

from infra.settings import Failed, Settings

REAL = "Cette base contient les données d’une vraie collectivité : le mode démonstration la refuse."
# The driver alone: `relais run` asks at every start, and the rest takes longer to import than to answer.
_FOUND = """
    select case when not exists (select from accounts) then 'empty'
                when coalesce((select demo from community), false) then 'demo' else 'real' end
"""


async def found(database_url: str) -> Literal["empty", "demo", "real"]:
    """Whose data a migrated database holds."""
    connection = await asyncpg.connect(database_url.replace("+asyncpg", "", 1), timeout=5)
    try:
        whose: Literal["empty", "demo", "real"] = await connection.fetchval(_FOUND)
    finally:
        await connection.close()
    return whose


async def load(settings: Settings, *, scale: int, if_empty: bool) -> None:
    """Load it. Raises Failed where data are already there."""
    whose = await found(settings.database_url)
    if whose == "real":
        raise Failed(REAL)
    if whose == "demo":
        if if_empty:
            return
        raise Failed("La démonstration est déjà chargée ; videz DATA_DIR (make clean-data) pour recommencer.")

    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

    from casework.demo import load as demo

    with Progress(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()) as bars:
        tasks: dict[str, TaskID] = {}

        def told(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=total)
            bars.update(tasks[what], completed=done, total=total)

        await demo.load(settings, scale=scale, told=told)
