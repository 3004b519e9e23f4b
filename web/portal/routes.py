"""The pages that everybody may open."""

from starlette.routing import BaseRoute

from web import static_files
from web.page import route
from web.portal import catalogue, language

routes: list[BaseRoute] = [
    route("/", catalogue.home),
    route("/demarches", catalogue.catalogue),
    route("/demarches/{slug}", catalogue.presentation),
    route("/langue/{language}", language.choose),
    route("/accessibilite", language.accessibility),
    *static_files.routes,
]
