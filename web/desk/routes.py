"""The pages of agents, all of them under /agent."""

from starlette.routing import BaseRoute, Route

from web.desk import absences, acts, dashboards, dossier, procedures, queues, reply
from web.page import Handler, route


def _agents(path: str, handler: Handler, method: str = "GET") -> Route:
    return route(f"/agent{path}", handler, methods=(method,), agents=True)


routes: list[BaseRoute] = [
    _agents("", queues.desk),
    _agents("/files/{view}", queues.queue),
    _agents("/dossiers/{id}", dossier.one),
    _agents("/dossiers/{id}/brouillon", reply.keep, "PUT"),
    _agents("/dossiers/{id}/reprise", dossier.brief),
    _agents("/dossiers/{id}/actes/{act}", acts.do, "POST"),
    _agents("/absences", absences.every),
    _agents("/absences", absences.declare, "POST"),
    _agents("/absences/{id}/annuler", absences.cancel, "POST"),
    _agents("/absences/{id}/reprise", absences.take_over_all, "POST"),
    _agents("/absences/{id}/bilan", absences.returned),
    _agents("/demarches", procedures.internal),
    _agents("/tableaux-de-bord", dashboards.one),
]
