"""The steps of a dossier in plain words, for whoever filed it and for agents (PURE). One journal, two readings."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from api.representations import TimelineEntry
from infra.i18n import Translator

Word = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Step:
    """One line of a timeline."""

    at: datetime
    sentence: str
    kind: str
    version: int
    by_citizen: bool


def for_citizen(entry: TimelineEntry, t: Translator) -> Step:
    """What the person who filed reads: where the request stands, not who holds it inside."""
    _ = t.gettext
    mine, step = entry.side == "citizen", _named(entry, "step")
    sentences = {
        "dossier.draft_opened": _("Vous avez commencé votre demande."),
        "dossier.submitted": _("Vous avez déposé votre demande. Nous en avons accusé réception."),
        "dossier.claimed": _("Un agent a pris votre demande en charge."),
        "dossier.review_started": _("L’examen de votre demande a commencé."),
        "dossier.step_changed": _("Votre demande en est à l’étape « {step} ».")
        if step
        else _("Votre demande est passée à une autre étape."),
        "dossier.step_taken": _("Nous vous avons envoyé un message automatique."),
        "dossier.completion_asked": _("Il manque un élément : nous attendons votre réponse. Le délai est suspendu."),
        "dossier.completed": _("Vous avez complété votre demande. L’examen reprend."),
        "dossier.place_given": _("Une place s’est libérée pour votre demande."),
        "dossier.rerouted": _("Votre demande a été transmise au service qui doit y répondre."),
        "dossier.message_posted": _("Vous nous avez écrit.") if mine else _("Le service vous a écrit."),
    }
    sentence = sentences.get(entry.kind) or _decided_for_citizen(entry, _)
    return Step(entry.at, sentence.format(step=step), entry.kind, entry.version, mine)


def _decided_for_citizen(entry: TimelineEntry, _: Word) -> str:
    silence = {
        "accepted": _("Le délai légal est passé sans réponse : votre demande est acceptée."),
        "refused": _("Le délai légal est passé sans réponse : votre demande est considérée comme refusée."),
    }
    if entry.details.get("silence"):
        return silence.get(str(entry.details.get("outcome")), _("Votre dossier a avancé."))
    outcome = {
        "accepted": _("Votre demande est acceptée."),
        "refused": _("Votre demande est refusée."),
        "closed_without_action": _("Votre demande est classée sans suite."),
    }
    return outcome.get(str(entry.details.get("outcome")), _("Votre dossier a avancé."))


def for_agent(entry: TimelineEntry, t: Translator) -> Step:
    """What agents read: who did what, and in whose place."""
    _ = t.gettext
    who = _subject(entry, _)
    to, step = _named(entry, "holder_id") or _("un collègue"), _named(entry, "step")
    citizen = {
        "dossier.draft_opened": _("L’usager a commencé sa demande."),
        "dossier.submitted": _("L’usager a déposé sa demande."),
        "dossier.completed": _("L’usager a complété sa demande."),
        "dossier.message_posted": _("L’usager a écrit."),
    }
    clock = {
        "dossier.uncovered": _("Le dossier est à reprendre : la personne qui le suit est absente."),
        "dossier.covered": _("La personne qui suit le dossier est de retour."),
        "dossier.became_late": _("La date limite est dépassée."),
        "dossier.draft_expired": _("Le brouillon a expiré."),
        "dossier.draft_page_reached": _("L’usager a avancé dans le formulaire."),
    }
    agent = {
        "dossier.claimed": _("{who} a pris le dossier."),
        "dossier.released": _("{who} a remis le dossier au service."),
        "dossier.assigned": _("{who} a confié le dossier à {to}."),
        "dossier.review_started": _("{who} a commencé l’instruction."),
        "dossier.step_changed": _("{who} a fait passer le dossier à l’étape « {step} ».")
        if step
        else _("{who} a fait passer le dossier à une autre étape."),
        "dossier.completion_asked": _("{who} a demandé à l’usager de compléter."),
        "dossier.message_posted": _("{who} a écrit à l’usager."),
        "dossier.taken_over": _("{who} a repris le dossier."),
        "dossier.handed_back": _("{who} a rendu le dossier à {to}."),
        "dossier.place_given": _("Une place s’est libérée : le dossier quitte la liste d’attente."),
        "dossier.rerouted": _("{who} a transmis le dossier à un autre service."),
        "dossier.revision_changed": _(
            "{who} a fait passer le dossier à la version en vigueur de la démarche : "
            "des éléments restent à demander à l’usager."
        )
        if entry.details.get("asks")
        else _("{who} a fait passer le dossier à la version en vigueur de la démarche."),
        "dossier.step_taken": _taken(entry, _),
        "dossier.task_done": _("{who} a fait une tâche."),
        "dossier.decided": _decided(entry, _),
    }
    if entry.side == "citizen" and entry.kind in citizen:
        sentence = citizen[entry.kind]
    else:
        sentence = {**citizen, **clock, **agent}.get(entry.kind, _("Le dossier a avancé."))
    return Step(
        entry.at, sentence.format(who=who, to=to, step=step), entry.kind, entry.version, entry.side == "citizen"
    )


def _taken(entry: TimelineEntry, _: Word) -> str:
    did = {
        "mail": _("Un courriel automatique est parti vers l’usager."),
        "remind": _("La personne qui suit le dossier a été relancée."),
        "late": _("Le délai de cette étape est dépassé."),
        "task": _("Une tâche est à faire."),
        "stopped": _("Trop d’étapes automatiques en un jour : elles sont arrêtées jusqu’à votre prochaine action."),
    }
    return did.get(str(entry.details.get("did")), _("Le dossier a avancé."))


def _decided(entry: TimelineEntry, _: Word) -> str:
    if entry.details.get("silence"):
        return _("Le délai légal est passé sans réponse : la loi en fait une décision.")
    outcome: Mapping[str, str] = {
        "accepted": _("{who} a accepté la demande."),
        "refused": _("{who} a refusé la demande."),
        "closed_without_action": _("{who} a classé la demande sans suite."),
    }
    return outcome.get(str(entry.details.get("outcome")), _("{who} a décidé."))


def _subject(entry: TimelineEntry, _: Word) -> str:
    name = entry.actor.name if entry.actor else _("Le système")
    if entry.on_behalf_of is None:
        return name
    return _("{name}, à la place de {absent},").format(name=name, absent=entry.on_behalf_of.name)


def _named(entry: TimelineEntry, column: str) -> str | None:
    after = entry.set.get(column, (None, None))[1]
    return entry.names.get(str(after)) if after else None


def missed(kind: str, name: str | None, hour: str, t: Translator) -> str:
    """One fact that somebody had not seen when acting: “Ines Caron a repris ce dossier à 14 h 02.”"""
    _ = t.gettext
    sentences = {
        "dossier.claimed": _("{who} a pris ce dossier à {hour}."),
        "dossier.released": _("{who} a remis ce dossier au service à {hour}."),
        "dossier.assigned": _("{who} a confié ce dossier à quelqu’un d’autre à {hour}."),
        "dossier.taken_over": _("{who} a repris ce dossier à {hour}."),
        "dossier.handed_back": _("{who} a rendu ce dossier à {hour}."),
        "dossier.rerouted": _("{who} a transmis ce dossier à un autre service à {hour}."),
        "dossier.review_started": _("{who} a commencé l’instruction à {hour}."),
        "dossier.step_changed": _("{who} a fait passer ce dossier à une autre étape à {hour}."),
        "dossier.completion_asked": _("{who} a demandé un complément à l’usager à {hour}."),
        "dossier.completed": _("L’usager a complété sa demande à {hour}."),
        "dossier.decided": _("{who} a pris la décision à {hour}."),
        "dossier.covered": _("La personne qui suit ce dossier est de retour depuis {hour}."),
        "dossier.message_posted": _("Un message a été écrit à {hour}."),
    }
    sentence = sentences.get(kind, _("Le dossier a changé à {hour}."))
    return sentence.format(who=name or _("Quelqu’un"), hour=hour)
