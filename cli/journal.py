"""`relais journal …`."""

from rich.progress import Progress

from casework.journal import keeping
from infra.database import engine, reading, transaction
from infra.settings import Failed, Settings


async def new_epoch(settings: Settings) -> None:
    """Raise the epoch and say which it is."""
    database = engine(settings.database_url, pool_size=1, application="relais journal")
    try:
        async with transaction(database) as db:
            number = await keeping.new_epoch(db)
    finally:
        await database.dispose()
    print(f"Le journal est à l’époque {number} : relancez les processus.")


async def verify(settings: Settings) -> None:
    """Verify every chain. Raises Failed when one is broken, after naming the first breaks."""
    database = engine(settings.database_url, pool_size=1, application="relais journal")
    try:
        with Progress() as bars:
            task = bars.add_task("Faits vérifiés")
            async with reading(database) as db:
                breaks = await keeping.verify(db, told=lambda done, total: bars.update(task, completed=done, total=total))
    finally:
        await database.dispose()
    for each in breaks[:20]:
        what = "une version manque avant" if each.what == "gap" else "une empreinte ne suit pas à"
        print(f"{each.stream} {each.subject_id} : {what} la version {each.version} (fait {each.journal_id}).")
    if breaks:
        raise Failed(f"Le journal n’est pas intact : {len(breaks)} ruptures.")
    print("Le journal est intact.")
