"""`relais journal …`."""

from rich.console import Console

from casework.journal import evidence
from infra.database import engine, reading, transaction
from infra.settings import Failed, Settings

SHOWN = 20  # broken subjects named one by one


async def new_epoch(settings: Settings) -> None:
    """Raise the epoch and say which it is."""
    database = engine(settings.database_url, pool_size=1, application="relais journal")
    try:
        async with transaction(database) as db:
            number = await evidence.new_epoch(db)
    finally:
        await database.dispose()
    print(f"Le journal est à l’époque {number} : relancez les processus.")


async def verify(settings: Settings) -> None:
    """Compute every chain again. Raises Failed when one is broken, after naming the first ones."""
    database = engine(settings.database_url, pool_size=1, application="relais journal")
    try:
        with Console(stderr=True).status("Vérification du journal…"):
            async with reading(database) as db:
                verdict = await evidence.verify(db)
    finally:
        await database.dispose()
    for each in verdict.breaks[:SHOWN]:
        what = "une version manque avant" if each.why == "gap" else "l’empreinte ne suit pas à"
        print(f"{each.stream} {each.subject_id} : {what} la version {each.version}.")
    if verdict.breaks:
        raise Failed(f"Le journal n’est pas intact : {len(verdict.breaks)} chaînes rompues sur {verdict.subjects}.")
    print(f"Le journal est intact : {verdict.facts} faits, {verdict.subjects} chaînes.")
