"""The pages of designers, all of them under /agent/studio."""

from starlette.routing import BaseRoute, Route

from web.page import Handler, route
from web.studio import course, editor, listing, presence, preview, publication, trial


def _designers(path: str, handler: Handler, method: str = "GET") -> Route:
    return route(f"/agent/studio{path}", handler, methods=(method,), agents=True)


routes: list[BaseRoute] = [
    _designers("", listing.every),
    _designers("/nouvelle", listing.new),
    _designers("", listing.begin, "POST"),
    _designers("/{slug}", editor.show),
    _designers("/{slug}", editor.do, "POST"),
    _designers("/{slug}/brouillon", listing.revise, "POST"),
    _designers("/{slug}/abandon", listing.discard, "POST"),
    _designers("/{slug}/annuler", editor.undo, "POST"),
    _designers("/{slug}/historique", editor.history),
    _designers("/{slug}/apercu", preview.show),
    _designers("/{slug}/apercu", preview.show, "POST"),
    _designers("/{slug}/essayer", trial.show),
    _designers("/{slug}/essayer", trial.judge, "POST"),
    _designers("/{slug}/deroulement", course.show),
    _designers("/{slug}/presence", presence.show),
    _designers("/{slug}/publication", publication.show),
    _designers("/{slug}/publication", publication.publish, "POST"),
    _designers("/{slug}/accord", publication.approve, "POST"),
    _designers("/{slug}/demandes", publication.move, "POST"),
    _designers("/{slug}/retour", publication.roll_back, "POST"),
]
