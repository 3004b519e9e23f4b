"""The pages that everybody may open."""

from starlette.routing import BaseRoute

from web import static_files
from web.page import route
from web.portal import catalogue, dossiers, form, language, mailbox, sign_in

routes: list[BaseRoute] = [
    route("/", catalogue.home),
    route("/demarches", catalogue.catalogue),
    route("/demarches/{slug}", catalogue.presentation),
    route("/demarches/{slug}/places", catalogue.places),
    route("/demarches/{slug}/demande", form.begin),
    route("/demarches/{slug}/demande", form.step, methods=("POST",)),
    route("/mes-demandes", dossiers.mine),
    route("/dossiers/{id}", dossiers.one),
    route("/dossiers/{id}/recu", dossiers.receipt),
    route("/dossiers/{id}/messages", dossiers.write, methods=("POST",)),
    route("/dossiers/{id}/completer", dossiers.complete, methods=("POST",)),
    route("/documents/{id}", dossiers.download),
    route("/suivre", sign_in.follow_form),
    route("/suivre", sign_in.follow, methods=("POST",)),
    route("/connexion", sign_in.form),
    route("/connexion", sign_in.sign_in, methods=("POST",)),
    route("/deconnexion", sign_in.sign_out, methods=("POST",)),
    route("/langue/{language}", language.choose),
    route("/accessibilite", language.accessibility),
    route("/courriels", mailbox.received),
    *static_files.routes,
]
