"""What the process of a dossier looks at, read from the tables."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from casework.access import Viewer
from casework.accounts import queries as accounts
from casework.dossiers import contents, progress
from casework.dossiers.model import Dossier
from casework.dossiers.progress import Happening, Standing
from casework.forms.rule_reading import NOBODY, Profile
from casework.ids import AccountId
from casework.journal import read
from casework.organisation import queries as organisation


async def standing(db: AsyncConnection, dossier: Dossier) -> Standing:
    """Everything that the rules of its process may read, as it is under the lock."""
    past = progress.happened(await read.of_subject(db, "dossier", dossier.id))
    return await standing_after(db, dossier.id, past, channel=dossier.channel, citizen_id=dossier.citizen_id)


async def standing_after(
    db: AsyncConnection, dossier_id: UUID, past: tuple[Happening, ...], *, channel: str | None, citizen_id: UUID | None
) -> Standing:
    """The same, for whoever has read its facts already."""
    had = {UUID(str(each.set["service_id"])) for each in past if each.set.get("service_id")}
    named = await organisation.services(db, sorted(had))
    return Standing(
        past=past,
        answers=await contents.answers(db, dossier_id),
        services={str(each.id): each.slug for each in named},
        channel=channel,
        profile=await applicant(db, citizen_id),
    )


async def applicant(db: AsyncConnection, citizen_id: UUID | None) -> Profile:
    """Who filed; nobody known, without an account."""
    account = await accounts.by_id(db, AccountId(citizen_id)) if citizen_id else None
    return await accounts.profile(db, Viewer(account.id, account.kind)) if account else NOBODY
