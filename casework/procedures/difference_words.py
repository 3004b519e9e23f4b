"""The changes of a procedure in words, in both languages (PURE)."""

import json
from collections.abc import Mapping
from typing import Any

from casework.forms.model import Wording
from casework.procedures.difference import Change

SENTENCES: Mapping[str, Wording] = {
    "page_added": Wording("la page « {label} » est ajoutée.", "the page “{label}” is added."),
    "page_removed": Wording("la page « {label} » est supprimée.", "the page “{label}” is removed."),
    "page_moved": Wording("la page « {label} » change de place.", "the page “{label}” moves."),
    "field_added": Wording("la question « {label} » est ajoutée.", "the question “{label}” is added."),
    "field_removed": Wording("la question « {label} » est supprimée.", "the question “{label}” is removed."),
    "field_moved": Wording("la question « {label} » change de place.", "the question “{label}” moves."),
    "field_to_page": Wording(
        "la question passe de la page {before} à la page {after}.",
        "the question goes from page {before} to page {after}.",
    ),
    "choice_added": Wording("la réponse « {label} » est ajoutée.", "the answer “{label}” is added."),
    "choice_removed": Wording("la réponse « {label} » est supprimée.", "the answer “{label}” is removed."),
    "choice_moved": Wording("la réponse « {label} » change de place.", "the answer “{label}” moves."),
    "scenario_added": Wording("le scénario « {label} » est ajouté.", "the scenario “{label}” is added."),
    "scenario_removed": Wording("le scénario « {label} » est supprimé.", "the scenario “{label}” is removed."),
    "scenario_moved": Wording("le scénario « {label} » change de place.", "the scenario “{label}” moves."),
    "item_added": Wording("« {label} » est ajouté.", "“{label}” is added."),
    "item_removed": Wording("« {label} » est supprimé.", "“{label}” is removed."),
    "item_moved": Wording("« {label} » change de place.", "“{label}” moves."),
    "text_changed": Wording(
        "le texte ({language}) était « {before} », il devient « {after} ».",
        "the text ({language}) was “{before}” and becomes “{after}”.",
    ),
    "required_changed": Wording("obligatoire : {before} devient {after}.", "required: {before} becomes {after}."),
    "rule_changed": Wording(
        "la règle était {before}, elle devient {after}.", "the rule was {before}, it becomes {after}."
    ),
    "value_changed": Wording("{before} devient {after}.", "{before} becomes {after}."),
}
_NOTHING = Wording("(rien)", "(nothing)")
_SHOWN_MAX = 200


def sentence(change: Change, language: str) -> str:
    """The change in words, without its path."""
    shown = {name: _shown(value, language) for name, value in change.params.items()}
    return SENTENCES[change.code][language].format_map(shown)


def _shown(value: Any, language: str) -> str:
    if value is None:
        return _NOTHING[language]
    words = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return words if len(words) <= _SHOWN_MAX else f"{words[:_SHOWN_MAX]}…"
