"""Codes into words: states, views, acts, faults. casework and api give codes; their sentences live here."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from casework.forms.values import is_time
from infra.i18n import Translator


@dataclass(frozen=True, slots=True)
class Words:
    """The words of codes, in one language."""

    state: Mapping[str, str]  # as agents say it
    state_for_citizen: Mapping[str, str]
    view: Mapping[str, str]
    channel: Mapping[str, str]
    role: Mapping[str, str]
    next_act: Mapping[str, str]
    open_point: Mapping[str, str]
    half: Mapping[str, str]
    theme_icon: Mapping[str, str]


def of(t: Translator) -> Words:
    """The words of this language."""
    _ = t.gettext
    return Words(
        state={
            "draft": _("Brouillon"),
            "submitted": _("Déposé"),
            "under_review": _("En instruction"),
            "awaiting_citizen": _("À compléter"),
            "accepted": _("Accepté"),
            "refused": _("Refusé"),
            "closed_without_action": _("Classé sans suite"),
            "expired": _("Brouillon expiré"),
        },
        state_for_citizen={
            "draft": _("Brouillon"),
            "submitted": _("Reçue"),
            "under_review": _("En cours d’examen"),
            "awaiting_citizen": _("En attente de votre réponse"),
            "accepted": _("Acceptée"),
            "refused": _("Refusée"),
            "closed_without_action": _("Classée sans suite"),
            "expired": _("Brouillon expiré"),
        },
        view={
            "mine": _("Mes dossiers"),
            "service": _("Mon service"),
            "to-take-over": _("À reprendre"),
            "awaiting-citizen": _("Attente de l’usager"),
            "late": _("En retard"),
        },
        channel={
            "online": _("en ligne"),
            "counter": _("au guichet"),
            "phone": _("par téléphone"),
            "mail": _("par courrier"),
            "api": _("par une application"),
            "mediator": _("par un médiateur"),
        },
        role={
            "citizen": _("usager"),
            "agent": _("agent"),
            "manager": _("responsable de service"),
            "director": _("direction"),
            "designer": _("conception de démarches"),
            "administrator": _("administration de la plateforme"),
        },
        next_act={
            "start_review": _("Commencer l’instruction"),
            "decide": _("Prendre la décision"),
            "write": _("Répondre à l’usager"),
            "wait": _("Attendre la réponse de l’usager"),
        },
        open_point={
            "citizen_waits_for_an_answer": _("L’usager a écrit et attend une réponse"),
            "citizen_must_complete": _("L’usager doit compléter sa demande"),
            "late": _("La date limite est dépassée"),
            "reply_not_sent": _("Une réponse commencée n’a pas été envoyée"),
        },
        half={"am": _("matin"), "pm": _("après-midi"), "now": _("dès maintenant")},
        theme_icon=_THEME_ICONS,
    )


# A symbol of icons.svg for each theme of the catalogue; a theme without one gets a sheet of paper.
_THEME_ICONS: Mapping[str, str] = {
    "papiers-citoyennete": "person",
    "enfance-ecole": "school",
    "deplacements": "bike",
    "dechets": "leaf",
    "eau-urbanisme": "water",
    "cadre-de-vie": "town",
    "sport-vacances": "art",
    "associations-evenements": "people",
    "commerce": "shop",
    "droits-elus": "shield",
    "interne": "home",
}


def fault(code: str, params: Mapping[str, Any], t: Translator) -> str:
    """The sentence of a form's fault (casework.forms.check.CODES, and those of absences and files)."""
    if code == "not_eligible":
        because: Mapping[str, str] = params["because"]
        return because["en" if t.locale == "en" else "fr"]
    _ = t.gettext
    sentence = {
        "required": _("Répondez à cette question."),
        "lookup_down": _("Cette information est momentanément indisponible : réessayez dans quelques minutes."),
        "unknown_field": _("Cette réponse n’a pas de question dans le formulaire."),
        "wrong_type": {
            "integer": _("Indiquez un nombre entier, en chiffres."),
            "number": _("Indiquez un nombre, par exemple 12,5."),
        }.get(str(params.get("expected")), _("Cette réponse n’a pas la forme attendue.")),
        "too_long": _("Cette réponse est trop longue : {most} caractères au plus."),
        "forbidden_character": _("Cette réponse contient un caractère qui ne peut pas être gardé."),
        "too_small": _("Indiquez un nombre d’au moins {least}."),
        "too_big": _("Indiquez un nombre d’au plus {most}."),
        "too_many_decimals": _("Indiquez au plus {most} chiffres après la virgule."),
        "bad_date": _("Indiquez une date qui existe, par exemple 27/03/1985."),
        "too_early": _("Indiquez une date à partir du {least}."),
        "too_late": _("Indiquez une date jusqu’au {most}."),
        "bad_time": _("Indiquez une heure, par exemple 14:30."),
        "time_too_early": _("Indiquez une heure à partir de {least}."),
        "time_too_late": _("Indiquez une heure jusqu’à {most}."),
        "consent_required": _("Cochez cette case pour continuer."),
        "not_a_choice": _("Choisissez une des réponses proposées."),
        "too_many": _("Choisissez au plus {most} réponses."),
        "bad_email": _("Indiquez une adresse électronique complète, par exemple prenom.nom@exemple.fr."),
        "bad_phone": _("Indiquez un numéro de téléphone, par exemple 05 49 00 00 00."),
        "unknown_part": _("Cette partie de la réponse n’est pas attendue."),
        "bad_postal_code": _("Indiquez un code postal à cinq chiffres, par exemple 86000."),
        "not_a_commune": _("Choisissez une commune de la liste."),
        "not_its_postal_code": _("Ce code postal n’est pas celui de la commune : {expected}."),
        "not_a_country": _("Choisissez un pays de la liste."),
        "bad_siret": _("Vérifiez les 14 chiffres du numéro SIRET, par exemple 732 829 320 00074."),
        "bad_rna": _("Indiquez un numéro RNA : la lettre W et neuf chiffres, par exemple W861000123."),
        "bad_iban": _("Vérifiez l’IBAN : une de ses lettres ou un de ses chiffres ne va pas avec les autres."),
        "bad_number_plate": _("Indiquez le numéro de la plaque, par exemple AB-123-CD ou 123 ABC 86."),
        "bad_dossier": _("Vérifiez la référence du dossier, par exemple 2026-0001234-X."),
        "unknown_dossier": _("Aucun de vos dossiers n’a cette référence."),
        "outside": _("Ce point est trop loin : indiquez un nombre entre {least} et {most}."),
        "bad_drawing": _("Ce dessin n’a pas pu être lu : effacez-le et recommencez."),
        "drawing_too_big": _("Ce dessin est trop long : effacez-le et signez plus simplement."),
        "too_few_rows": _("Il en faut au moins {least} : ajoutez ce qui manque."),
        "too_many_rows": _("Il en faut au plus {most} : retirez ce qui est en trop."),
        "empty_row": _("Remplissez cette partie, ou retirez-la."),
        "twice": _("La même réponse est donnée deux fois."),
        "unknown_document": _("Ce fichier n’est plus là : ajoutez-le de nouveau."),
        "wrong_media_type": _("Ce type de fichier n’est pas accepté. Types acceptés : {types}."),
        "file_too_big": _("Ce fichier est trop lourd : {most} au plus."),
        "too_many_files": _("Il y a trop de fichiers : {most} au plus."),
        "files_too_big": _("Les fichiers sont trop lourds ensemble : {most} au plus."),
        "empty_file": _("Ce fichier est vide."),
        "ends_before_it_begins": _("L’absence finit avant de commencer."),
        "already_over": _("Cette absence serait déjà finie."),
        "too_long_absence": _("Cette absence est trop longue."),
        "same_person_twice": _("La même personne est citée deux fois."),
        "no_such_agent": _("Cet agent n’est pas connu."),
        "not_in_service": _("Cette personne ne travaille pas dans le service du dossier."),
        "same_service": _("Ce service a déjà le dossier."),
        "no_such_service": _("Ce service n’est pas connu."),
        "no_such_task": _("Cette tâche n’est plus à faire."),
        "no_such_action": _("Cette action n’existe pas pour cette démarche."),
        "reason_needed": _("Expliquez votre décision à l’usager."),
    }.get(code, _("Cette réponse ne convient pas."))
    shown = {name: _param(code, name, value, t) for name, value in params.items()}
    try:
        return sentence.format(**shown)
    except KeyError:
        return sentence


def _param(code: str, name: str, value: Any, t: Translator) -> str:
    if code in ("file_too_big", "files_too_big") and isinstance(value, int):
        return t.size(value)
    if name == "types" and isinstance(value, list | tuple):
        return ", ".join(str(each).rpartition("/")[2].upper() for each in value)
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    if code in ("too_early", "too_late"):
        try:
            return t.day(date.fromisoformat(str(value)))
        except ValueError:
            return str(value)
    if code in ("time_too_early", "time_too_late"):
        return t.time(str(value)) if is_time(str(value)) else str(value)
    return t.decimal(value) if isinstance(value, int | float) and not isinstance(value, bool) else str(value)
