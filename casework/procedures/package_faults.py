"""What does not hold in a package, told to its designer in one French sentence (PURE)."""

import json
from collections.abc import Mapping
from typing import Any

from casework.forms.strict import DefinitionFault

SENTENCES: Mapping[str, str] = {
    "missing": "il manque.",
    "not_an_object": "un objet est attendu ici.",
    "not_a_list": "une liste est attendue ici.",
    "not_a_text": "un texte est attendu ici.",
    "not_a_boolean": "écrivez true ou false.",
    "not_an_integer": "un nombre entier est attendu ici.",
    "not_a_number": "un nombre est attendu ici.",
    "too_many_decimals": "il faut au plus {most} chiffres après la virgule.",
    "bad_time": "écrivez une heure, de 00:00 à 23:59.",
    "out_of_range": "le nombre doit être compris entre {least} et {most}.",
    "wrong_count": "il en faut entre {least} et {most}.",
    "too_long": "le texte dépasse {most} caractères.",
    "bad_text": "le texte commence ou finit par une espace, ou contient un caractère interdit.",
    "bad_slug": "un identifiant est fait de minuscules sans accent et de chiffres, commence par une lettre, et ses "
    "mots sont séparés par « - » (démarche, page, service) ou par « _ » (champ, valeur).",
    "not_one_of": "les valeurs possibles sont : {values}.",
    "twice": "cet élément est déjà présent.",
    "unknown_key": "ce nom n’existe pas ici.",
    "reserved": "ce nom est réservé aux règles.",
    "bad_bound": "écrivez une date (2026-12-31), today, ou une distance : today-18y, today+2m, today+15d.",
    "empty_range": "le maximum est plus petit que le minimum.",
    "bad_yaml": "le document n’est pas lisible, ligne {line} ({problem}).",
    "silence_without_days": "un silence qui vaut décision demande un délai légal (statutory_days).",
    "not_such_a_field": "aucun champ de ce nom et du type {kind} ne peut être désigné ici.",
    "rule_too_deep": "la règle a plus de {most} niveaux ({at}).",
    "rule_too_big": "la règle a plus de {most} éléments ({at}).",
    "rule_not_an_operator": "une règle est un objet d’une seule clé, son opérateur ({at}).",
    "rule_unknown_operator": "l’opérateur {operator} n’existe pas ({at}).",
    "rule_wrong_count": "il faut entre {least} et {most} éléments ({at}).",
    "rule_unknown_answer": "aucun champ placé avant celui-ci ne s’appelle {answer} ({at}).",
    "rule_later_answer": "{answer} vient après cette règle, ou dépend d’elle : une règle ne lit que ce qui précède ({at}).",
    "rule_not_a_divisor": "on ne divise que par un nombre écrit dans la règle, autre que zéro ({at}).",
    "rule_unknown_value": "{value} n’est pas une réponse possible ({at}) : {values}.",
    "rule_wrong_type": "le type attendu est {expected}, et non {found} ({at}).",
    "rule_bad_literal": "cette valeur n’a pas sa place dans une règle ({at}).",
    "bad_pointer": "écrivez où se trouve la valeur dans la réponse : /tarif/montant (RFC 6901).",
    "bad_lookup_path": "le chemin commence par / et ne contient que des caractères d’adresse et des noms entre accolades.",
    "unknown_in_path": "{name} n’est pas une réponse donnée avant les champs à remplir.",
    "bad_moment": "écrivez une date (2027-01-04) ou une date et une heure (2027-01-04 08:00).",
    "without_closing": "un délai pour les brouillons demande une date de fermeture (closes_at).",
    "without_quota": "une liste d’attente demande un nombre de places (quota).",
    "route_never": "aucune réponse ne remplit cette règle : elle ne servira jamais.",
    "route_covered": "une règle placée avant celle-ci s’applique toujours à sa place : elle ne servira jamais.",
    "route_never_maybe": "aucune des réponses essayées ne remplit cette règle : vérifiez qu’elle peut servir.",
    "route_covered_maybe": "dans tous les cas essayés, une règle placée avant celle-ci s’applique à sa place.",
    "route_overlaps": "cette règle et la règle {rank} peuvent s’appliquer ensemble : la première l’emporte.",
    "process_no_such_moment": "ce n’est ni une étape de la démarche, ni un de ces états : {values}.",
    "process_task_elsewhere": "une tâche est pour le service qui a le dossier : on ne la confie pas encore à un autre.",
    "process_one_effect": "écrivez ici une seule chose à faire, parmi : {values}.",
    "process_later": "« {kind} » n’est pas encore disponible : la plateforme ne sait pas le faire, elle le refuse.",
    "process_after_decision": "après la décision, seul un courriel peut encore partir.",
    "process_while_awaited": "on ne change pas d’étape tant que la réponse de l’usager est attendue.",
    "process_loop": "les étapes qui suivent « {step} » y ramènent aussitôt, sans fin.",
    "merge_not_a_name": "entre {{{{ et }}}}, écrivez seulement le nom d’un champ : ni calcul, ni point, ni filtre.",
    "merge_unknown": "« {name} » ne peut pas figurer dans un texte. Noms possibles : {names}.",
    "process_named_as_a_state": "ce nom est celui d’un état : une étape en porte un autre.",
    "process_no_such_step": "aucune étape de la démarche ne porte ce nom.",
    "process_to_itself": "cette étape est aussi celle d’arrivée : une action mène ailleurs.",
    "process_goes_back": "un dossier en instruction ne redevient pas seulement déposé.",
    "process_never_reached": "aucune action ne mène à cette étape, et ce n’est pas la première de son état.",
    "unknown_theme": "ce thème n’est pas dans themes.yaml.",
    "unknown_service": "ce service n’est pas dans organisation.yaml.",
    "not_its_directorate": "ce service appartient à la direction {directorate}.",
    "too_deep": "il y a plus de {most} niveaux.",
    "bad_day": "écrivez un jour : 2026-12-31.",
    "unknown_field": "aucun champ ne s’appelle {field}.",
    "scenario_hidden": "« {name} » : le champ {field} devrait être affiché, et ne l’est pas.",
    "scenario_shown": "« {name} » : le champ {field} ne devrait pas être affiché, et l’est.",
    "scenario_optional": "« {name} » : le champ {field} devrait être obligatoire, et ne l’est pas.",
    "scenario_required": "« {name} » : le champ {field} ne devrait pas être obligatoire, et l’est.",
    "scenario_no_fault": "« {name} » : la réponse à {field} devrait être refusée ({fault}), et ne l’est pas.",
    "scenario_fault": "« {name} » : la réponse à {field} est refusée ({fault}), et ne devrait pas l’être.",
    "scenario_service": "« {name} » : la demande devrait aller au service {expected}, et va au service {found}.",
    "scenario_price": "« {name} » : la demande devrait coûter {expected} €, et coûte {found} €.",
    "scenario_answer": "« {name} » : la réponse gardée devrait être {expected}, et c’est {found}.",
    "scenario_not_filed": "« {name} » : la demande est refusée au dépôt, rien ne peut donc suivre.",
    "scenario_not_possible": "« {name} » : {act} n’est pas possible ici (état {state}, étape {step}).",
    "scenario_stands_elsewhere": "« {name} » : {key} devrait être {expected}, et c’est {found}.",
    "scenario_did_not": "« {name} » : {automatic} aurait dû se faire, et ne s’est pas fait.",
    "never_taken": "aucun scénario ne passe par {id}.",
    "never_true": "cette règle n’est vraie dans aucun scénario.",
    "never_false": "cette règle n’est fausse dans aucun scénario.",
    "never_shown": "aucun scénario n’affiche le champ {field}.",
    "never_hidden": "aucun scénario ne masque le champ {field}.",
    "never_routed": "aucun scénario n’envoie la demande au service {service}.",
    "unknown_procedure": "cette démarche n’est pas dans le catalogue.",
    "untranslated": "à traduire : l’anglais est le même texte que le français.",
    "not_its_file": "le fichier doit porter le nom de la démarche : {expected}.",
}


def sentence(fault: DefinitionFault) -> str:
    """The fault in words, without its path."""
    return SENTENCES[fault.code].format_map({name: _shown(value) for name, value in fault.params.items()})


def _shown(value: Any) -> str:
    """A value as whoever writes a package writes it."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return ", ".join(map(_shown, value))
    return json.dumps(value, ensure_ascii=False)
