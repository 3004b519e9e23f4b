"""The agent's queues: rendered here once, then live."""

from uuid import UUID

import msgspec
from starlette.responses import Response

from api import absences, queues, sessions
from api.absence_views import AbsenceView
from casework.dossiers.queues import VIEWS
from casework.errors import NotFound
from casework.ids import new_id
from infra.i18n import listed
from web import wording
from web.page import Page


async def desk(page: Page) -> Response:
    """The first queue: one's own dossiers if there are any, else the service's."""
    mine = await queues.page(page.state, page.viewer, "mine")
    if mine.counts.get("mine", 0) or not page.viewer.services:
        return page.go("/agent/files/mine")
    return page.go("/agent/files/service")


async def queue(page: Page) -> Response:
    """One queue, its counts and its position, all of one snapshot."""
    view = page.param("view")
    if view not in VIEWS:
        raise NotFound
    q = page.query.get("q", "").strip()[:100]
    service = _service(page)
    mark = page.query.get("page")
    found = await queues.page(page.state, page.viewer, view, service=service, q=q, page=mark)
    away = await absences.absences(page.state, page.viewer)
    me = await sessions.me(page.state, page.session) if page.session else None
    services = [each.name for each in me.services] if me else []
    return page.show(
        "desk/queue.html",
        view=view,
        views=VIEWS,
        queue=found,
        q=q,
        service=service,
        mark=mark,
        services=listed(services, page.t.locale),
        several=len(services) > 1,
        back=away.just_back,
        offers=[each for each in away.items if _offered(each, page)],
        key=str(new_id()),
        empty=_empty(view, page),
        script_words=script_words(page),
    )


def _offered(absence: AbsenceView, page: Page) -> bool:
    return absence.to_take_over > 0 and absence.agent.id != page.viewer.account_id


def _service(page: Page) -> UUID | None:
    raw = page.query.get("service")
    if not raw:
        return None
    try:
        return UUID(raw)
    except ValueError as error:
        raise NotFound from error


def _empty(view: str, page: Page) -> str:
    _ = page.t.gettext
    return {
        "mine": _("Vous ne suivez aucun dossier pour le moment."),
        "service": _("Aucun dossier en cours dans votre service."),
        "to-take-over": _("Aucun dossier à reprendre pour le moment."),
        "awaiting-citizen": _("Aucun dossier n’attend de réponse d’un usager."),
        "late": _("Aucun dossier en retard."),
    }[view]


def script_words(page: Page) -> str:
    """The sentences that the page's script fills in, as JSON."""
    _ = page.t.gettext
    words = {
        "state": dict(wording.of(page.t).state),
        "nobody": _("Personne"),
        "noon": _("midi"),
        "suspended": _("suspendue"),
        "origin": _("à la place de {name}"),
        "absence": _("À reprendre : {reason}, jusqu’au {day}"),
        "arrived": _("Le dossier {reference} est arrivé."),
        "left": _("A quitté cette file"),
        "claimed": _("Vous suivez maintenant le dossier {reference}."),
        "held": _("{name} suit déjà ce dossier."),
        "failed": _("La demande n’a pas abouti. Réessayez dans un instant."),
        "views": _("{name} consulte"),
        "writes": _("{name} écrit"),
    }
    return msgspec.json.encode(words).decode()
