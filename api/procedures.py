"""The catalogue: lists, one procedure with its form, and what answers make of the form."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import msgspec

from api.documents import attachable
from api.door import reading
from api.lookups import filled
from api.references import dossiers_named, known_dossiers
from api.representations import (
    Commune,
    Evaluation,
    Fault,
    Procedure,
    ProcedurePage,
    ProcedureSummary,
    Service,
)
from api.state import State
from casework.access import Viewer
from casework.accounts import queries as accounts
from casework.dossiers.search import fold, words_of
from casework.errors import NotFound
from casework.forms.blocks import every_field
from casework.forms.check import Checked, check, check_again
from casework.forms.example import example
from casework.forms.kinds import AddressField, CommuneField
from casework.forms.model import Form
from casework.forms.rule_reading import Profile
from casework.procedures import queries
from casework.procedures.lookups import Answered, Filler
from casework.procedures.package import Package
from casework.procedures.packages import package_of as package_of
from casework.procedures.price import price_of
from casework.procedures.queries import Published
from casework.terms import PARIS


def today() -> date:
    """The local date by which forms judge."""
    return datetime.now(UTC).astimezone(PARIS).date()


async def procedures(
    state: State, viewer: Viewer, *, q: str = "", theme: str | None = None, internal: bool = False
) -> ProcedurePage:
    """The published procedures that this person may file, by theme and title; `q`: words that must all be found;
    `internal`: only those that are for agents."""
    async with reading(state) as db:
        found = await queries.published(db)
    words = words_of(q)
    items = [
        summary_of(each) for each in found if (each.internal or not internal) and _listed(each, viewer, words, theme)
    ]
    return ProcedurePage(items=items)


async def procedure(state: State, viewer: Viewer, slug: str) -> Procedure:
    """One published procedure. Raises NotFound (an internal one, for whoever is no agent)."""
    published = await published_to(state, viewer, slug)
    package = package_of(published)
    return Procedure(
        **_summary(published),
        revision=published.revision,
        form=published.definition["form"],
        closing={"fr": package.closing.fr, "en": package.closing.en} if package.closing else None,
        drafts_until=published.drafts_until,
        example=example(package.form, today=today()),
        communes=_communes(package),
    )


@dataclass(frozen=True, slots=True)
class Judged:
    """What answers make of a form, on a day, for somebody: enough to judge again only what changed."""

    form: Form
    answers: Mapping[str, Any]
    checked: Checked
    answered: Answered  # by outside services
    price: int | None  # cents
    today: date
    profile: Profile

    @property
    def evaluation(self) -> Evaluation:
        """As the API tells it."""
        return Evaluation(
            answers=self.checked.answers,
            visible=sorted(self.checked.visible),
            required=sorted(self.checked.required),
            looked_up=sorted(self.checked.looked_up),
            declared=sorted(self.checked.declared),
            waiting=sorted(self.checked.waiting),
            price=self.price,
            faults=[Fault(field=each.field, code=each.code, params=each.params) for each in self.checked.faults],
        )


async def judge(
    state: State,
    viewer: Viewer,
    slug: str,
    answers: Mapping[str, Any],
    claims: Mapping[UUID, str] | None = None,
    *,
    before: Judged | None = None,
) -> Judged:
    """Which fields these answers show and ask, and what does not hold. Nothing is kept.

    `before`: what earlier answers to the same procedure gave, so that only what changed since then is judged again.
    """
    published = await published_to(state, viewer, slug)
    async with reading(state) as db:
        documents = await attachable(db, viewer, answers, claims or {})
        profile = await accounts.profile(db, viewer)
    package, day = package_of(published), today()
    form = package.form
    again = before is not None and before.form is form and (before.today, before.profile) == (day, profile)

    def judged(fills: Filler) -> Checked:
        if before is None or not again:
            return check(form, answers, documents=documents, today=day, profile=profile, fills=fills)
        changed = _changed(before.answers, answers)
        return check_again(
            form, answers, before.checked, changed, documents=documents, today=day, profile=profile, fills=fills
        )

    checked, answered = await filled(state, package.lookups, judged, before.answered if before and again else None)
    if named := dossiers_named(form, checked):
        async with reading(state) as db:
            checked = await known_dossiers(db, viewer, checked, named)
    cents = price_of(package, checked.answers, today=day, profile=profile)
    return Judged(form, answers, checked, answered, cents, day, profile)


def _changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> set[str]:
    """The names whose answers differ as JSON: true is not 1."""
    return {
        name
        for name in {*before, *after}
        if msgspec.json.encode(before.get(name), order="sorted") != msgspec.json.encode(after.get(name), order="sorted")
    }


def summary_of(published: Published) -> ProcedureSummary:
    """A procedure as lists show it."""
    return ProcedureSummary(**_summary(published))


def _summary(published: Published) -> dict[str, Any]:
    package = package_of(published)
    return {
        "id": published.id,
        "slug": published.slug,
        "title": {"fr": package.title.fr, "en": package.title.en},
        "summary": {"fr": package.summary.fr, "en": package.summary.en},
        "theme": published.theme,
        "service": Service(id=published.service_id, name=published.service_name),
        "target_days": published.target_days,
        "open": published.is_open,
        "opens_at": published.opens_at,
        "closes_at": published.closes_at,
        "places_left": published.places_left,
        "waiting_list": published.waiting_list,
    }


async def published_to(state: State, viewer: Viewer, slug: str) -> Published:
    """The published revision, for whom it is meant. Raises NotFound (an internal one, for whoever is no agent)."""
    async with reading(state) as db:
        published = await queries.by_slug(db, slug)
    if published.internal and viewer.kind != "agent":
        raise NotFound
    return published


def _listed(published: Published, viewer: Viewer, words: tuple[str, ...], theme: str | None) -> bool:
    if (published.internal and viewer.kind != "agent") or (theme is not None and published.theme != theme):
        return False
    package = package_of(published)
    texts = [package.title, package.summary, package.keywords]
    folded = fold(" ".join(f"{text.fr} {text.en}" for text in texts if text is not None))
    return all(word in folded for word in words)


def _communes(package: Package) -> list[Commune]:
    if not any(isinstance(field, AddressField | CommuneField) for field in every_field(package.form)):
        return []
    return [
        Commune(code=each.code, name=each.name, postal_codes=each.postal_codes)
        for each in package.form.communes.values()
    ]
