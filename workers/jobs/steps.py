"""The mails of automatic steps: to whoever filed, in the designer's words; to the holder, who is reminded."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from casework.dossiers import contents
from casework.forms.model import Wording
from casework.journal.fact import Recorded
from casework.procedures import merging
from casework.procedures.automatic import Mail
from casework.procedures.package import Package
from casework.procedures.packages import package_of_revision
from workers.jobs import readings
from workers.jobs.readings import Colleague, Filed

_BOUND = text("select procedure_id, revision from dossiers where id = :id")
# Who has the dossier now: the substitute while its holder is away; nobody's name, then those who manage its service.
_ASKED = text(
    """
    select a.email, a.locale from dossiers d join accounts a on a.id = coalesce(d.cover_id, d.holder_id)
    where d.id = :id and a.email is not null and a.disabled_at is null
    """
)
_MANAGERS = text(
    """
    select a.email, a.locale from dossiers d
    join roles r on r.service_id = d.service_id and r.role = 'manager'
    join accounts a on a.id = r.account_id
    where d.id = :id and a.email is not null and a.disabled_at is null order by a.email
    """
)


@dataclass(frozen=True, slots=True)
class Written:
    """A mail as the package words it, for this dossier."""

    filed: Filed
    subject: str
    paragraphs: Sequence[str]


@dataclass(frozen=True, slots=True)
class Reminder:
    """What a holder is reminded of: the dossier, its step (None: it has left it), and who is asked."""

    filed: Filed
    step: Wording | None
    asked: Sequence[Colleague]


async def written(db: AsyncConnection, fact: Recorded) -> Written | None:
    """The mail of this step; None when there is nobody to write to, or nothing."""
    filed, package = await readings.filed(db, fact.subject_id), await _package(db, fact.subject_id)
    step = package.process.by_itself(str(fact.details.get("automatic"))) if package else None
    if filed is None or package is None or step is None or not isinstance(step.do, Mail):
        return None
    answers = await contents.answers(db, fact.subject_id)
    places = merging.words(package.form, answers, filed.locale, reference=filed.reference, applicant=filed.applicant)
    subject = " ".join(merging.merge(step.do.subject[filed.locale], places).split())
    body = merging.merge(step.do.body[filed.locale], places)
    return Written(filed, subject, [each.strip() for each in body.split("\n\n") if each.strip()])


async def reminder(db: AsyncConnection, fact: Recorded) -> Reminder | None:
    """What to remind of, and whom; None when the dossier is gone."""
    filed, package = await readings.filed(db, fact.subject_id), await _package(db, fact.subject_id)
    automatic = package.process.by_itself(str(fact.details.get("automatic"))) if package else None
    if filed is None or package is None or automatic is None:
        return None
    for statement in (_ASKED, _MANAGERS):
        rows = (await db.execute(statement, {"id": fact.subject_id})).all()
        if rows:
            break
    asked = tuple(Colleague(*row) for row in rows)
    step = package.process.step(automatic.on)
    return Reminder(filed, step.title if step else None, asked)


async def _package(db: AsyncConnection, dossier_id: UUID) -> Package | None:
    row = (await db.execute(_BOUND, {"id": dossier_id})).one_or_none()
    return await package_of_revision(db, row.procedure_id, row.revision) if row and row.revision else None
