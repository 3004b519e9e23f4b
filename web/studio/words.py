"""The studio's words for codes: kinds of questions, what can be changed, who changed what."""

from collections.abc import Mapping
from dataclasses import dataclass

from infra.i18n import Translator


@dataclass(frozen=True, slots=True)
class StudioWords:
    """The words of codes, in one language."""

    kind: Mapping[str, str]
    key: Mapping[str, str]
    change: Mapping[str, str]
    test: Mapping[str, str]
    silence: Mapping[str, str]
    verdict: Mapping[str, str]  # what a new revision makes of an open request
    usual: Mapping[str, str]  # what is done in every procedure


def of(t: Translator) -> StudioWords:
    """The words of this language."""
    _ = t.gettext
    return StudioWords(
        kind={
            "text": _("Texte court"),
            "long_text": _("Texte long"),
            "choice": _("Un choix dans une liste"),
            "choices": _("Plusieurs choix"),
            "yes_no": _("Oui ou non"),
            "integer": _("Nombre entier"),
            "date": _("Date"),
            "email": _("Adresse e-mail"),
            "phone": _("Téléphone"),
            "address": _("Adresse postale"),
            "commune": _("Commune"),
            "attachment": _("Pièce jointe"),
            "linked_choice": _("Choix sur deux niveaux"),
            "dossier": _("Numéro d’une demande"),
            "point": _("Point sur une carte"),
            "signature": _("Signature"),
            "decimal": _("Nombre à virgule"),
            "money": _("Montant en euros"),
            "time": _("Heure"),
            "consent": _("Case à cocher (accord)"),
            "country": _("Pays"),
            "siret": _("Numéro SIRET"),
            "rna": _("Numéro d’association (RNA)"),
            "iban": _("Compte bancaire (IBAN)"),
            "number_plate": _("Plaque d’immatriculation"),
            "block": _("Questions répétées (enfants, véhicules…)"),
            "title": _("Titre entre les questions"),
            "explanation": _("Texte d’explication"),
        },
        key={
            "label": _("intitulé"),
            "help": _("aide"),
            "kind": _("type de réponse"),
            "required": _("réponse obligatoire"),
            "visible_if": _("condition d’affichage"),
            "choices": _("réponses proposées"),
            "place": _("place"),
            "title": _("titre"),
            "summary": _("résumé"),
            "keywords": _("mots de recherche"),
            "theme": _("thème"),
            "service": _("service"),
            "channels": _("moyens de dépôt"),
            "internal": _("public ou interne"),
            "target_days": _("délai visé"),
            "statutory_days": _("délai légal"),
            "silence": _("sens du silence"),
            "applicant": _("qui demande"),
            "receipt": _("accusé de réception"),
            "eligibility": _("personnes concernées"),
            "price": _("prix"),
            "process": _("déroulement"),
            "routing": _("aiguillage vers les services"),
            "scenarios": _("scénarios"),
        },
        change={
            "add_page": _("a ajouté la page « {label} »"),
            "change_page": _("a modifié la page « {label} »"),
            "move_page": _("a déplacé la page « {label} »"),
            "remove_page": _("a retiré la page « {label} »"),
            "add_field": _("a ajouté la question « {label} »"),
            "copy_field": _("a copié la question « {label} »"),
            "change_field": _("a modifié la question « {label} »"),
            "move_field": _("a déplacé la question « {label} »"),
            "remove_field": _("a retiré la question « {label} »"),
            "change_head": _("a modifié la présentation"),
            "change_form": _("a modifié les conditions"),
            "undo": _("a annulé une modification"),
        },
        test={
            "is": _("est"),
            "is_not": _("n’est pas"),
            "at_least": _("est au moins"),
            "at_most": _("est au plus"),
            "more": _("est plus que"),
            "less": _("est moins que"),
            "contains": _("contient"),
            "contains_not": _("ne contient pas"),
            "age_at_least": _("donne un âge d’au moins (ans)"),
            "age_less": _("donne un âge de moins de (ans)"),
            "given": _("est renseigné"),
            "not_given": _("n’est pas renseigné"),
        },
        silence={
            "none": _("Rien de particulier"),
            "acceptance": _("La demande est acceptée"),
            "refusal": _("La demande est refusée"),
        },
        verdict={
            "unchanged": _("rien ne change"),
            "to_ask": _("une réponse sera demandée à la personne"),
            "rerouted": _("change de service"),
            "other_step": _("change d’étape"),
            "impossible": _("reste sur son ancienne version"),
        },
        usual={
            "start_review": _("Commencer l’instruction"),
            "ask_completion": _("Demander un complément"),
            "complete": _("L’usager complète sa demande"),
            "decide": _("Décider"),
        },
    )
