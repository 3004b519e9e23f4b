"""What follows from a fact: ONE table, fact kind -> the effects that it causes (PURE).

An effect is known by (journal id, name) and happens once under that key (workers/effects.py). A predicate reads the
fact alone; what depends on the state of things (an address, a mandate) is looked up by the job when it runs.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from casework.journal.fact import Recorded

Class = Literal["wake", "mail", "document"]

# The queue of each effect, by class of work: a slow class never holds another one up.
EFFECTS: Mapping[str, Class] = {
    "mail.receipt": "mail",
    "mail.completion-asked": "mail",
    "mail.rerouted": "mail",
    "mail.place-given": "mail",
    "mail.decided": "mail",
    "mail.message": "mail",
    "mail.automatic": "mail",
    "mail.reminder": "mail",
    "mail.absence-begun": "mail",
    "mail.absence-digest": "mail",
}


@dataclass(frozen=True, slots=True)
class Reaction:
    """One effect of a kind of fact, where `when` holds."""

    effect: str
    when: Callable[[Recorded], bool] = lambda fact: True


def _from_agent(fact: Recorded) -> bool:
    return fact.details.get("author") == "agent"


def _did(what: str) -> Callable[[Recorded], bool]:
    return lambda fact: fact.details.get("did") == what


REACTIONS: Mapping[str, tuple[Reaction, ...]] = {
    # The receipt of an electronic filing is due by law (CRPA, article L112-11), with an account or without.
    "dossier.submitted": (Reaction("mail.receipt"),),
    "dossier.completion_asked": (Reaction("mail.completion-asked"),),
    "dossier.rerouted": (Reaction("mail.rerouted"),),
    "dossier.place_given": (Reaction("mail.place-given"),),
    "dossier.decided": (Reaction("mail.decided"),),
    "dossier.message_posted": (Reaction("mail.message", _from_agent),),  # agents read the citizen's in their queues
    "dossier.step_taken": (
        Reaction("mail.automatic", _did("mail")),
        Reaction("mail.reminder", _did("remind")),
    ),
    "absence.begun": (Reaction("mail.absence-begun"),),
    "absence.ended": (Reaction("mail.absence-digest"),),
    "absence.cancelled": (Reaction("mail.absence-digest", lambda fact: "ends_at" in fact.set),),  # came back early
}


def effects_of(fact: Recorded) -> tuple[str, ...]:
    """The names of the effects that `fact` causes."""
    return tuple(reaction.effect for reaction in REACTIONS.get(fact.kind, ()) if reaction.when(fact))
