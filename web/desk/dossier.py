"""One dossier at the desk: who asks what, what was said, what happened inside, and what may be done now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from starlette.responses import Response

from api import absences, dossiers, queues
from api.absence_views import AbsenceView
from api.representations import Brief, Colleague, DossierView
from api.services import ServicePlace, services
from casework.ids import new_id
from web import timeline
from web.page import Page
from web.portal.dossiers import dossier_id


@dataclass(frozen=True, slots=True)
class Refusal:
    """An act that was not done: the sentence, what the agent had not seen, and the words, which are kept."""

    title: str
    sentences: Sequence[str] = ()
    act: str = ""
    typed: Mapping[str, str] = field(default_factory=dict)
    status: int = 409


async def one(page: Page) -> Response:
    """The page. Raises NotFound."""
    return await show(page)


async def brief(page: Page) -> Response:
    """From a queue's “Reprendre”: what a colleague must know stands first on the dossier's page."""
    return page.go(f"/agent/dossiers/{dossier_id(page)}#reprise")


async def show(page: Page, refusal: Refusal | None = None) -> Response:
    """The page as it is now, after a refusal too."""
    found = await dossiers.view(page.state, page.viewer, dossier_id(page), locale=page.t.locale)
    # What an agent filed for themselves is read on the portal: only whoever filed may write while nobody holds it.
    if found.state == "draft" or (found.holder is None and "post_message" in found.acts):
        return page.go(f"/dossiers/{found.id}")
    told: Brief | None = None
    away: AbsenceView | None = None
    if "take_over" in found.acts:
        told = await dossiers.brief(page.state, page.viewer, dossier_id(page))
        away = await _absence_of(page, found)
    return page.show(
        "desk/dossier.html",
        status=refusal.status if refusal else 200,
        dossier=found,
        steps=[timeline.for_agent(each, page.t) for each in found.timeline],
        brief=told,
        away=away,
        colleagues=await _colleagues(page, found),
        services=await _services(page, found),
        refusal=refusal,
        typed=refusal.typed if refusal else {},
        key=str(new_id()),
    )


async def _absence_of(page: Page, found: DossierView) -> AbsenceView | None:
    """The absence that leaves this dossier uncovered: its other dossiers can be taken over at once."""
    waiting = found.to_take_over
    if waiting is None:
        return None
    listed = (await absences.absences(page.state, page.viewer)).items
    return next((each for each in listed if each.agent.id == waiting.from_.id and each.state == "begun"), None)


async def _colleagues(page: Page, found: DossierView) -> list[Colleague]:
    """Whom the dossier can be given to."""
    if "assign" not in found.acts or found.service is None or found.service.id not in page.viewer.services:
        return []
    known = await queues.colleagues(page.state, page.viewer, found.service.id)
    return [each for each in known.items if found.holder is None or each.id != found.holder.id]


async def _services(page: Page, found: DossierView) -> list[ServicePlace]:
    """To which services the dossier can be given on."""
    if "reroute" not in found.acts:
        return []
    known = await services(page.state, page.viewer)
    return [each for each in known.items if found.service is None or each.id != found.service.id]
