"""Refusals as RFC 9457 problems: one table, code → status and title. French by default, English on demand."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from deltalake.exceptions import DeltaError
from polars.exceptions import ComputeError
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from api.representations import Fault, Missed, Person, Problem
from api.state import State
from casework.access import Viewer
from casework.accounts import queries as accounts
from casework.errors import NotFound, Refused
from infra.database import reading
from infra.object_store import NoSuchObject, StoreDown

TYPE = "/api/v1/problems#{}"  # the table below, as that address shows it
RETRY_SECONDS = 2


@dataclass(frozen=True, slots=True)
class Told:
    """How a code is told."""

    status: int
    fr: str
    en: str


TABLE: Mapping[str, Told] = {
    # casework's
    "not_found": Told(404, "Introuvable", "Not found"),
    "not_allowed": Told(403, "Vous ne pouvez pas faire cela", "You may not do this"),
    "stale": Told(412, "Ce dossier a changé depuis que vous l’avez lu", "This has changed since you read it"),
    "already_held": Told(409, "Un collègue traite déjà ce dossier", "A colleague already holds this dossier"),
    "not_the_holder": Told(409, "Seule la personne qui traite ce dossier peut le faire", "Only its holder may do this"),
    "wrong_state": Told(409, "L’état du dossier ne le permet pas", "The dossier’s state does not allow it"),
    "not_at_this_step": Told(409, "Cette action n’est pas possible à cette étape", "This step has no such action"),
    "nothing_to_take_over": Told(409, "Ce dossier n’est pas à reprendre", "This dossier is not to be taken over"),
    "invalid": Told(422, "Certaines réponses sont à corriger", "Some answers must be corrected"),
    "quota_full": Told(
        409, "Toutes les places de cette démarche sont prises", "All the places of this procedure are taken"
    ),
    "procedure_closed": Told(409, "Cette démarche est fermée", "This procedure is closed"),
    "bad_position": Told(400, "Ce repère de lecture n’est pas valable", "This mark is not valid"),
    "idempotency_key_reused": Told(422, "Cette clé a déjà servi à autre chose", "This key was used for something else"),
    "absences_overlap": Told(409, "Une autre absence couvre déjà ces dates", "Another absence covers these dates"),
    "bad_credentials": Told(401, "Adresse ou mot de passe incorrect", "Wrong address or password"),
    "edit_conflict": Told(
        412, "Quelqu’un a modifié la même chose entre-temps", "Somebody changed the same thing meanwhile"
    ),
    "nothing_to_undo": Told(409, "Vous n’avez aucune modification à annuler", "You have no change to undo"),
    "not_publishable": Told(
        409, "Cette démarche ne peut pas encore être publiée", "This procedure cannot be published yet"
    ),
    "needs_approval": Told(
        409, "Une autre personne doit relire cette démarche", "Somebody else must read this procedure first"
    ),
    # the door's
    "not_signed_in": Told(401, "Connectez-vous pour continuer", "Sign in to go on"),
    "session_expired": Told(401, "Votre session a expiré", "Your session has expired"),
    "account_needed": Told(401, "Cette démarche demande un compte", "This procedure needs an account"),
    "if_match_missing": Told(428, "Précisez la version lue (If-Match)", "Say which version you read (If-Match)"),
    "bad_header": Told(400, "Un en-tête n’est pas valable", "A header is not valid"),
    "bad_parameter": Told(
        400, "Un paramètre de l’adresse n’est pas valable", "A parameter of the address is not valid"
    ),
    "bad_json": Told(400, "Le contenu envoyé n’est pas du JSON lisible", "The body is not readable JSON"),
    "bad_form": Told(400, "Le formulaire envoyé n’est pas lisible", "The form that was sent cannot be read"),
    "wrong_shape": Told(422, "Le contenu envoyé n’a pas la forme attendue", "The body has not the expected shape"),
    "too_large": Told(413, "Le contenu envoyé est trop volumineux", "The body is too large"),
    "wrong_media_type": Told(415, "Ce type de contenu n’est pas accepté", "This type of content is not accepted"),
    "too_many_requests": Told(429, "Trop d’essais\u202f: patientez une minute", "Too many attempts: wait a minute"),
    "foreign_origin": Told(403, "Cette demande vient d’un autre site", "This request comes from another site"),
    "wrong_host": Told(400, "Ce nom de serveur n’est pas le nôtre", "This is not the name of this server"),
    "method_not_allowed": Told(405, "Cette méthode n’existe pas ici", "There is no such method here"),
    "bad_request": Told(400, "Demande illisible", "Unreadable request"),
    "too_slow": Told(408, "Votre envoi a pris trop de temps", "Your request took too long"),
    "unavailable": Told(503, "Le service est momentanément indisponible", "The service is unavailable for the moment"),
    "figures_not_ready": Told(503, "Les chiffres ne sont pas encore prêts", "The figures are not ready yet"),
    "internal": Told(500, "Une erreur est survenue de notre côté", "Something went wrong on our side"),
}
# What HTTP's own errors are called (the router's, the body limit's).
BY_STATUS: Mapping[int, str] = {
    400: "bad_request", 404: "not_found", 405: "method_not_allowed", 408: "too_slow", 413: "too_large",
    415: "wrong_media_type",
}  # fmt: skip


class NotSignedIn(Refused):
    """Nobody is signed in."""

    code = "not_signed_in"


class SessionExpired(Refused):
    """The session that the request bears has ended."""

    code = "session_expired"


class AccountNeeded(Refused):
    """The procedure does not ask who files it, so an account must say it."""

    code = "account_needed"


class IfMatchMissing(Refused):
    """The act must say which version it saw."""

    code = "if_match_missing"


class BadHeader(Refused):
    """`detail` names it."""

    code = "bad_header"


class BadParameter(Refused):
    """`faults` name them."""

    code = "bad_parameter"


class BadJson(Refused):
    """The body is not JSON."""

    code = "bad_json"


class BadForm(Refused):
    """The body is not a multipart form."""

    code = "bad_form"


class WrongShape(Refused):
    """The JSON is not what the route takes: `faults`."""

    code = "wrong_shape"


class TooLarge(Refused):
    """The body is over the limit."""

    code = "too_large"


class WrongMediaType(Refused):
    """The body, or the file, is of a type that is not taken."""

    code = "wrong_media_type"


class TooSlow(Refused):
    """The body took too long to arrive."""

    code = "too_slow"


class Unavailable(Refused):
    """A server behind this one is down or overloaded: `retry_after` seconds."""

    code = "unavailable"


class FiguresNotReady(Refused):
    """No worker has folded the journal into tables yet: `retry_after` seconds."""

    code = "figures_not_ready"


def refusal_of(error: Exception) -> Refused | None:
    """What an exception says to the caller; None for a fault of ours, which is logged and told as `internal`."""
    match error:
        case Refused():
            return error
        case NoSuchObject():
            return NotFound()
        case PoolTimeout() | StoreDown() | OSError():
            return Unavailable(retry_after=RETRY_SECONDS)
        case DeltaError() | ComputeError():  # the store of the figures, or one of its files, is away
            return Unavailable(retry_after=RETRY_SECONDS)
        case OperationalError() | InterfaceError():
            return Unavailable(retry_after=RETRY_SECONDS)
        case DBAPIError() if error.connection_invalidated or _sqlstate(error)[:2] in _PASSING:
            return Unavailable(retry_after=RETRY_SECONDS)
    return None


# SQLSTATE classes that pass by themselves: connection, rollback (deadlock), resources, lock and operator intervention.
_PASSING = frozenset({"08", "40", "53", "55", "57"})


def _sqlstate(error: DBAPIError) -> str:
    return getattr(error.orig, "sqlstate", None) or ""


def locale_of(accept_language: str | None) -> str:
    """`fr`, or `en` where the reader's first language that we speak is English (RFC 9110, 12.5.4)."""
    best, quality = "fr", 0.0
    for entry in (accept_language or "").split(",")[:20]:
        tag, _, weight = entry.partition(";")
        language = tag.strip().lower().partition("-")[0]
        try:
            q = float(weight.strip().removeprefix("q=")) if weight.strip() else 1.0
        except ValueError:
            continue
        if language in ("fr", "en") and q > quality:
            best, quality = language, q
    return best


def plain(code: str, locale: str, **members: Any) -> Problem:
    """A problem that needs nobody's name."""
    told = TABLE[code]
    title = told.en if locale == "en" else told.fr
    return Problem(type=TYPE.format(code), title=title, status=told.status, code=code, **members)


async def problem(state: State, viewer: Viewer | None, refused: Refused, locale: str) -> Problem:
    """The problem of a refusal, with the names that this reader may know: agents know who holds what, others do not."""
    facts = refused.facts
    missed = facts.get("facts", ())
    named = await _names(state, viewer, [facts.get("held_by"), *(each.actor for each in missed)])

    def person(id_: UUID | None) -> Person | None:
        return Person(id=id_, name=named[id_]) if id_ is not None and id_ in named else None

    return plain(
        refused.code,
        locale,
        detail=facts.get("detail"),
        faults=tuple(faults_of(facts.get("faults", ()))),
        facts=tuple(Missed(version=f.version, kind=f.kind, at=f.at, actor=person(f.actor)) for f in missed),
        held_by=person(facts.get("held_by")),
        version=facts.get("version"),
        state=facts.get("state"),
        allowed=tuple(facts.get("allowed", ())),
        retry_after=facts.get("retry_after"),
    )


def faults_of(faults: Any) -> list[Fault]:
    """The faults of a refusal, whether casework made them of a form or of a few words."""
    made = []
    for each in faults:
        if isinstance(each, Mapping):
            params = {name: value for name, value in each.items() if name not in ("field", "code", "params")}
            made.append(Fault(field=each["field"], code=each["code"], params={**each.get("params", {}), **params}))
        else:
            made.append(Fault(field=each.field, code=each.code, params=dict(each.params)))
    return made


async def _names(state: State, viewer: Viewer | None, ids: list[UUID | None]) -> dict[UUID, str]:
    wanted = [id_ for id_ in ids if id_ is not None]
    if not wanted or viewer is None or viewer.kind != "agent":
        return {}
    try:
        async with reading(state.engine) as db:
            return await accounts.names(db, wanted)
    except (DBAPIError, PoolTimeout, OSError):
        return {}
