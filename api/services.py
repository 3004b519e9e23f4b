"""The services of the organisation: where a dossier can be given on to."""

from collections.abc import Sequence
from uuid import UUID

from api.door import reading
from api.dossiers import agents_only
from api.representations import Out
from api.state import State
from casework.access import Viewer
from casework.organisation import queries


class ServicePlace(Out, frozen=True, kw_only=True):
    """A service and its directorate."""

    id: UUID
    slug: str
    name: str
    directorate: str


class ServicePage(Out, frozen=True, kw_only=True):
    """Every service: there are some dozens, so there is one page."""

    items: Sequence[ServicePlace]
    next: str | None = None


async def services(state: State, viewer: Viewer) -> ServicePage:
    """Every service, by directorate and name. For agents. Raises NotAllowed."""
    agents_only(viewer)
    async with reading(state) as db:
        found = await queries.every_service(db)
    return ServicePage(
        items=[
            ServicePlace(id=each.id, slug=each.slug, name=each.name, directorate=each.directorate_name)
            for each in found
        ]
    )
