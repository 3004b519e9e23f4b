"""What each mail says. A mail tells that something happened and where to read it, never what was written.

E-mail travels and is kept in clear by others: the text of a message, the reason of a decision or of an absence stay
behind the sign-in. Each builder reads what it needs and returns the letter and its readers, or why there is no mail.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from casework.continuity import digest
from casework.dossiers.model import DECIDED
from casework.journal.fact import Recorded
from infra.i18n import PARIS, Translator, translator
from infra.mail import Letter
from workers.jobs import readings, steps


@dataclass(frozen=True, slots=True)
class Addressed:
    """A letter, to whom, in which language."""

    to: tuple[str, ...]
    language: str
    letter: Letter


@dataclass(frozen=True, slots=True)
class Nothing:
    """No mail is due, and why."""

    why: str


Builder = Callable[[AsyncConnection, Recorded, str], Awaitable[Addressed | Nothing]]

_INSTANT = timedelta(microseconds=1)  # a term ends at the midnight after its last day
NOBODY = Nothing("no address to write to")


async def receipt(db: AsyncConnection, fact: Recorded, public_url: str) -> Addressed | Nothing:
    """The receipt of a filing: date of reception, service in charge, term (CRPA, article L112-11)."""
    filed = await readings.filed(db, fact.subject_id)
    if filed is None or filed.email is None:
        return NOBODY
    _ = translator(filed.locale)
    facts = [*_about(filed), (_("Reçue le"), _.moment(filed.submitted_at or fact.at))]
    if filed.due_at:
        facts.append((_("Réponse attendue au plus tard le"), _.weekday(filed.due_at - _INSTANT)))
    paragraphs = [_("Nous avons bien reçu votre demande et l’avons transmise au service qui va l’examiner.")]
    if filed.waiting:
        paragraphs.append(
            _(
                "Toutes les places sont prises pour l’instant : votre demande est sur la liste d’attente, au rang {rank}."
                " Nous vous écrivons dès qu’une place se libère."
            ).format(rank=filed.waiting)
        )
    if not filed.has_account:
        paragraphs.append(
            _(
                "Pour la suivre, gardez le code de suivi affiché à la fin de votre dépôt : il vous sera demandé avec"
                " votre adresse électronique."
            )
        )
    subject = _("Votre demande {reference} est bien reçue")
    return _to_citizen(filed, subject, paragraphs, _("Suivre ma demande"), public_url, facts)


async def completion_asked(db: AsyncConnection, fact: Recorded, public_url: str) -> Addressed | Nothing:
    """Something is missing: the term is suspended until the citizen answers (CRPA, article L114-5)."""
    filed = await readings.filed(db, fact.subject_id)
    if filed is None or filed.email is None:
        return NOBODY
    _ = translator(filed.locale)
    paragraphs = [
        _("Il manque un élément pour examiner votre demande. Le service vous explique lequel dans votre espace."),
        _("Le délai de réponse est suspendu ; il reprendra dès que vous aurez répondu."),
    ]
    subject = _("Votre demande {reference} est à compléter")
    return _to_citizen(filed, subject, paragraphs, _("Compléter ma demande"), public_url)


async def rerouted(db: AsyncConnection, fact: Recorded, public_url: str) -> Addressed | Nothing:
    """Another service must answer: the citizen is told of the transfer, and to whom (CRPA, article L114-2)."""
    filed = await readings.filed(db, fact.subject_id)
    if filed is None or filed.email is None:
        return NOBODY
    _ = translator(filed.locale)
    paragraphs = [_("Votre demande a été transmise au service qui doit y répondre. Vous n’avez rien à faire.")]
    subject = _("Votre demande {reference} a changé de service")
    return _to_citizen(filed, subject, paragraphs, _("Suivre ma demande"), public_url)


async def place_given(db: AsyncConnection, fact: Recorded, public_url: str) -> Addressed | Nothing:
    """Who waited for a place has one."""
    filed = await readings.filed(db, fact.subject_id)
    if filed is None or filed.email is None:
        return NOBODY
    _ = translator(filed.locale)
    paragraphs = [_("Une place s’est libérée : votre demande n’est plus sur la liste d’attente, le service l’examine.")]
    subject = _("Une place pour votre demande {reference}")
    return _to_citizen(filed, subject, paragraphs, _("Suivre ma demande"), public_url)


async def decided(db: AsyncConnection, fact: Recorded, public_url: str) -> Addressed | Nothing:
    """The request is answered; the answer itself is read behind the sign-in."""
    filed = await readings.filed(db, fact.subject_id)
    if filed is None or filed.email is None:
        return NOBODY
    _ = translator(filed.locale)
    if fact.details.get("silence"):
        paragraphs = [_("Le délai légal est passé sans réponse du service : la loi en fait une décision.")]
        paragraphs.append(_("Elle est expliquée dans votre espace."))
    else:
        paragraphs = [_("Le service a terminé l’examen de votre demande. Sa réponse vous attend dans votre espace.")]
    subject = _("Votre demande {reference} a reçu une réponse")
    return _to_citizen(filed, subject, paragraphs, _("Lire la réponse"), public_url)


async def message(db: AsyncConnection, fact: Recorded, public_url: str) -> Addressed | Nothing:
    """An agent wrote to the citizen."""
    filed = await readings.filed(db, fact.subject_id)
    if filed is None or filed.email is None:
        return NOBODY
    _ = translator(filed.locale)
    paragraphs = [_("Le service qui examine votre demande vous a écrit. Son message vous attend dans votre espace.")]
    subject = _("Un message sur votre demande {reference}")
    return _to_citizen(filed, subject, paragraphs, _("Lire le message et y répondre"), public_url)


async def automatic(db: AsyncConnection, fact: Recorded, public_url: str) -> Addressed | Nothing:
    """A step of the procedure's process, in its designer's words, which may hold answers: the one mail that does."""
    written = await steps.written(db, fact)
    if written is None or written.filed.email is None:
        return NOBODY
    _ = translator(written.filed.locale)
    subject, paragraphs = written.subject, list(written.paragraphs)
    return _to_citizen(written.filed, subject, paragraphs, _("Suivre ma demande"), public_url, as_it_is=True)


async def reminder(db: AsyncConnection, fact: Recorded, public_url: str) -> Addressed | Nothing:
    """The holder, or who covers them, is reminded of a dossier that waits at its step."""
    found = await steps.reminder(db, fact)
    if found is None or not found.asked:
        return NOBODY
    language = _common(colleague.locale for colleague in found.asked)
    _ = translator(language)
    about = [(_("Référence"), found.filed.reference), (_("Démarche"), found.filed.procedure_in(language))]
    if found.step is not None:
        about.append((_("Étape"), found.step[language]))
    letter = Letter(
        subject=_("Le dossier {reference} attend").format(reference=found.filed.reference),
        paragraphs=(_("Bonjour,"), _("Le délai prévu pour cette étape est passé. Ce dossier attend la suite.")),
        facts=tuple(about),
        link=(_("Ouvrir le dossier"), f"{public_url}/agent/dossiers/{found.filed.id}"),
        closing=_closing(language),
    )
    return Addressed(tuple(colleague.email for colleague in found.asked), language, letter)


async def absence_begun(db: AsyncConnection, fact: Recorded, public_url: str) -> Addressed | Nothing:
    """Those who are asked to take over learn it: the named substitutes, else who manages the service."""
    away = await readings.away(db, fact.subject_id)
    if away is None or not away.running:
        return Nothing("the absence is over")
    if not away.held:
        return Nothing("no dossier to take over")
    asked = await readings.asked(db, away.id)
    if not asked:
        return NOBODY
    language = _common(colleague.locale for colleague in asked)
    _ = translator(language)
    letter = Letter(
        subject=_("Dossiers à reprendre pendant l’absence de {name}").format(name=away.agent_name),
        paragraphs=(
            _("Bonjour,"),
            _("{name} vient de s’absenter. Les dossiers dont personne d’autre ne s’occupe vous attendent.").format(
                name=away.agent_name
            ),
        ),
        facts=(
            (_("Absence jusqu’au"), _end(away.ends_at, _)),
            (_("Dossiers en cours"), str(away.held)),
        ),
        link=(_("Voir les dossiers à reprendre"), f"{public_url}/agent/files/to-take-over"),
        closing=_closing(language),
    )
    return Addressed(tuple(colleague.email for colleague in asked), language, letter)


def _end(at: datetime, t: Translator) -> str:
    """The last day of an absence, or the moment of that day when it ends at noon."""
    local = at.astimezone(PARIS)
    return t.moment(at) if local.hour or local.minute else t.day(at - _INSTANT)


async def absence_digest(db: AsyncConnection, fact: Recorded, public_url: str) -> Addressed | Nothing:
    """The returned agent learns what happened to their dossiers meanwhile."""
    away = await readings.away(db, fact.subject_id)
    if away is None or away.agent_email is None:
        return NOBODY
    lines = await digest.digest(db, await digest.absence(db, away.id, away.agent_id, ()))
    if not lines:
        return Nothing("nothing happened meanwhile")
    _ = translator(away.agent_locale)
    letter = Letter(
        subject=_("Votre retour : ce qui est arrivé à vos dossiers"),
        paragraphs=(_("Bonjour,"), _("Votre absence est terminée. Voici le bilan de vos dossiers.")),
        facts=(
            (_("Dossiers confiés"), str(len(lines))),
            (_("Repris par des collègues"), str(sum(line.handed_over for line in lines))),
            (_("Terminés"), str(sum(line.state in DECIDED for line in lines))),
            (_("Usagers qui attendent une réponse"), str(sum(line.citizen_wrote_at is not None for line in lines))),
        ),
        link=(_("Lire le bilan"), f"{public_url}/agent/absences/{away.id}/bilan"),
        closing=_closing(away.agent_locale),
    )
    return Addressed((away.agent_email,), away.agent_locale, letter)


BUILDERS: Mapping[str, Builder] = {
    "mail.receipt": receipt,
    "mail.completion-asked": completion_asked,
    "mail.rerouted": rerouted,
    "mail.place-given": place_given,
    "mail.decided": decided,
    "mail.message": message,
    "mail.automatic": automatic,
    "mail.reminder": reminder,
    "mail.absence-begun": absence_begun,
    "mail.absence-digest": absence_digest,
}


def _about(filed: readings.Filed) -> tuple[tuple[str, str], ...]:
    _ = translator(filed.locale)
    return ((_("Référence"), filed.reference), (_("Démarche"), filed.procedure), (_("Service"), filed.service))


def _to_citizen(
    filed: readings.Filed,
    subject: str,
    paragraphs: list[str],
    words: str,
    public_url: str,
    facts: list[tuple[str, str]] | None = None,
    *,
    as_it_is: bool = False,
) -> Addressed | Nothing:
    if filed.email is None:
        return NOBODY
    _ = translator(filed.locale)
    hello = _("Bonjour {name},").format(name=filed.applicant) if filed.applicant else _("Bonjour,")
    where = f"{public_url}/dossiers/{filed.id}" if filed.has_account else f"{public_url}/suivre"
    letter = Letter(
        subject=subject if as_it_is else subject.format(reference=filed.reference),
        paragraphs=(hello, *paragraphs),
        facts=facts or _about(filed),
        link=(words, where),
        closing=_closing(filed.locale),
    )
    return Addressed((filed.email,), filed.locale, letter)


def _closing(locale: str) -> tuple[str, ...]:
    _ = translator(locale)
    return (_("Ce message est automatique : il ne peut pas recevoir de réponse."),)


def _common(locales: Iterable[str]) -> str:
    """The one language of all the readers; French where they differ."""
    spoken = set(locales)
    return spoken.pop() if len(spoken) == 1 else "fr"
