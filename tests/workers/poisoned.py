"""`relais worker`, where the receipt of one dossier ends the process, as a fault in a C library would.

POISON is its reference. The lease is short, so that a test need not wait for the real one.
"""

import os
from datetime import timedelta
from typing import cast

from sqlalchemy.ext.asyncio import AsyncConnection

from casework.journal.fact import Recorded
from cli.main import main as relais
from workers import effects
from workers.jobs import mails, readings


async def _receipt(db: AsyncConnection, fact: Recorded, public_url: str) -> mails.Addressed | mails.Nothing:
    filed = await readings.filed(db, fact.subject_id)
    if filed is not None and filed.reference == os.environ["POISON"]:
        os._exit(134)
    return await mails.receipt(db, fact, public_url)


def main() -> None:
    """The worker, poisoned."""
    effects.LEASE = timedelta(seconds=2)
    cast("dict[str, mails.Builder]", mails.BUILDERS)["mail.receipt"] = _receipt
    relais()
