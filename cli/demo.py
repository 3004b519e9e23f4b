"""`relais demo`: the demo community, loaded with a progress bar."""

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from sqlalchemy import text

from infra.database import engine, reading
from infra.settings import Failed, Settings

_MADE = text("select demo from community")
_PEOPLE = text("select exists (select from accounts)")


async def load(settings: Settings, *, scale: int, if_empty: bool) -> None:
    """Load it into an empty database. Raises Failed where somebody's real data are."""
    database = engine(settings.database_url, pool_size=2, application="relais demo")
    try:
        async with reading(database) as db:
            made = (await db.execute(_MADE)).scalar_one_or_none()
            people = bool((await db.execute(_PEOPLE)).scalar_one())
    finally:
        await database.dispose()
    if people and not made:
        raise Failed("Cette base contient les données d’une vraie collectivité : le mode démonstration la refuse.")
    if people:
        if if_empty:
            return
        raise Failed("La démonstration est déjà chargée ; videz DATA_DIR (make clean-data) pour recommencer.")

    from casework.demo import load as demo

    with Progress(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()) as bars:
        tasks: dict[str, TaskID] = {}

        def told(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=total)
            bars.update(tasks[what], completed=done, total=total)

        await demo.load(settings, scale=scale, told=told)
