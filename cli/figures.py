"""`relais figures …`."""

from rich.console import Console

from analytics.facts import Fold, seat
from analytics.tables import Tables
from casework.journal import read
from infra.database import engine, reading
from infra.settings import Failed, Settings


async def rebuild(settings: Settings) -> None:
    """Fold the whole journal again into empty tables. Raises Failed while a worker folds."""
    database = engine(settings.database_url, pool_size=2, application="relais figures")
    fold = Fold(database, Tables(settings.figures_url), settings.secret_key)
    try:
        async with seat(database) as taken:
            if taken is None:
                raise Failed("Un processus worker tient les chiffres à jour : arrêtez-le le temps de les refaire.")
            with Console(stderr=True).status("Lecture du journal…") as status:
                await fold.clear()
                folded = await fold.once(told=lambda number: status.update(f"{number} faits lus…"))
    finally:
        await database.dispose()
    print(f"Les chiffres sont refaits : {folded} faits lus.")


async def check(settings: Settings) -> None:
    """Whether the tables hold each fact of a dossier up to their position, once. Raises Failed."""
    database = engine(settings.database_url, pool_size=2, application="relais figures")
    tables = Tables(settings.figures_url)
    try:
        reached = tables.reached("facts")
        ids = tables.read("facts")["id"]
        async with reading(database) as db:
            expected = await read.count(db, "dossier", until=reached.position)
            behind = await read.count(db, "dossier") - expected
    finally:
        await database.dispose()
    if not ids.is_unique().all() or ids.len() != expected:
        raise Failed(f"Les chiffres sont faux : {ids.len()} faits au lieu de {expected} ; relais figures rebuild.")
    print(f"Les chiffres sont justes : {expected} faits, {behind} encore à lire.")
