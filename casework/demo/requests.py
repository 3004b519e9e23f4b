"""Every request of the community, lived, with the facts of everything in the order of time."""

import hashlib
import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from casework.demo.absences import Rota
from casework.demo.answers import answers_to
from casework.demo.calendar import Desk
from casework.demo.chance import Urn, lognormal, new_id, seeded
from casework.demo.filings import CHANNELS, filings
from casework.demo.lives import Content, Life, Setting, Team, blank, file, live, plan
from casework.demo.papers import PAPERS
from casework.demo.people import Agent, Citizen
from casework.dossiers.model import OPEN, Dossier
from casework.dossiers.reference import reference_of
from casework.dossiers.search import fold
from casework.forms.check import check
from casework.forms.rule_reading import Profile
from casework.journal.load import Row
from casework.procedures.package import Package
from casework.procedures.price import price_of
from casework.procedures.routing import route
from casework.terms import PARIS

# Documents are erased at the end of their retention; those of the last months are still there.
DOCUMENTS_KEPT = timedelta(days=90)
_PATIENCE = 50  # how many times somebody answers again before the form itself is at fault
# What Amina asked for, and how long ago among the requests of that procedure (0: the last one).
_AMINA = (
    ("acte-de-naissance", 0), ("carte-decheterie", 1), ("cantine-scolaire", 0), ("pass-sport", 3), ("encombrants", 9),
    ("transport-scolaire", 40),
)  # fmt: skip
_SHA256 = {media_type: hashlib.sha256(content).digest() for media_type, (_, content) in PAPERS.items()}
_SIZE = {media_type: len(content) for media_type, (_, content) in PAPERS.items()}


@dataclass(frozen=True, slots=True)
class Office:
    """The community on the day before its first request."""

    seed: str
    first: date
    today: date
    end: datetime
    desk: Desk
    rota: Rota
    packages: Mapping[str, Package]
    procedures: Mapping[str, UUID]
    services: Mapping[str, UUID]
    directorates: Mapping[str, UUID]
    of_directorate: Mapping[str, str]
    teams: Mapping[str, Sequence[Agent]]
    citizens: Sequence[Citizen]


@dataclass(frozen=True, slots=True)
class Made:
    """One request as the tables hold it, and the facts of the whole community up to the one after it.

    `dossier` is None for the last of all, which brings only facts.
    """

    facts: list[Row]
    dossier: Dossier | None = None
    applicant: Citizen | None = None
    title: str = ""
    contents: Sequence[Content] = ()
    documents: Sequence[tuple[Any, ...]] = ()
    looked_at: datetime | None = None  # when the clock comes to its process

    @property
    def dossier_row(self) -> tuple[Any, ...]:
        dossier, who = self.dossier, self.applicant
        assert dossier is not None
        assert who is not None
        search = f"{dossier.reference.lower()} {fold(f'{who.name} {who.email} {self.title}')}"
        return (
            dossier.id, dossier.reference, dossier.version, dossier.digest, *dossier.columns().values(),
            who.name, who.email, search, dossier.submitted_at,
        )  # fmt: skip

    @property
    def awaits_its_term(self) -> bool:
        """Whether the clock will say that it is late."""
        dossier = self.dossier
        return dossier is not None and dossier.state in OPEN and not dossier.awaiting_since and not dossier.late


def lived(office: Office, count: int, facts: Sequence[Row], *, with_documents: bool) -> Iterator[Made]:
    """Each request, in the order of filing; `facts` (absences, procedures) are merged in by time."""
    asked = filings(office.seed, count, office.packages, first=office.first, last=office.today)
    teams = _teams(office)
    slugs = {str(id_): slug for slug, id_ in office.services.items()}
    agents = [agent for team in office.teams.values() for agent in team]
    amina = _aminas([each.slug for each in asked])
    setting = Setting(office.desk, office.rota, office.end)
    channels = Urn([name for name, _ in CHANNELS], [weight for _, weight in CHANNELS])
    # What happened, by time: facts later than the request at hand wait here.
    waiting = [(row.at, n, row) for n, row in enumerate(facts)]
    heapq.heapify(waiting)
    order = len(waiting)
    for number, filing in enumerate(asked):
        chance = seeded(office.seed, "request", number)
        package = office.packages[filing.slug]
        who = (
            office.citizens[0] if number in amina
            else _as_applicant(chance.choice(agents), office.citizens[0]) if package.internal
            else _citizen(office.citizens, chance, number, len(asked))
        )  # fmt: skip
        local = filing.at.astimezone(PARIS)
        channel = "online" if package.internal or number in amina else channels.draw(chance)
        id_ = new_id(chance, filing.at)
        asking = _ask(package, who, filing.at, channel, chance)
        team = teams[asking.service]
        life = Life(
            setting, team, chance, blank(id_, reference_of(local.year, number + 1), filing.at), package.process, slugs,
            Profile(signed_in=channel == "online", agent=package.internal, commune=who.commune.code),
        )  # fmt: skip
        if not (with_documents and filing.at > office.end - DOCUMENTS_KEPT):
            asking = asking.without_documents
        _file(life, package, asking, who, office, channel)
        term = package.process.silence.days if package.process.silence else None
        live(life, plan(chance, target_days=package.target_days, pace=life.team.pace, term=term))
        for row in life.rows:
            heapq.heappush(waiting, (row.at, order, row))
            order += 1
        until = asked[number + 1].at if number + 1 < len(asked) else office.end + timedelta(days=1)
        ready: list[Row] = []
        while waiting and waiting[0][0] < until:
            ready.append(heapq.heappop(waiting)[2])
        documents = [
            (id_, who.id if channel == "online" else None, life.dossier.id, PAPERS[media_type][0], media_type,
             _SIZE[media_type], _SHA256[media_type], filing.at - timedelta(minutes=2))
            for id_, media_type in asking.attached
        ]  # fmt: skip
        yield Made(ready, life.dossier, who, package.title["fr"], life.contents, documents, life.looked_at)
    yield Made([row for _, _, row in sorted(waiting)])


def _ask(package: Package, who: Citizen, at: datetime, channel: str, chance: Random) -> "_Asking":
    """What this person asks for, as the procedure takes it: who is told of a fault answers again."""
    today = at.astimezone(PARIS).date()
    profile = Profile(signed_in=channel == "online", agent=package.internal, commune=who.commune.code)
    for _ in range(_PATIENCE):
        answered = answers_to(
            package.form, who, today=today, chance=chance, document=lambda: new_id(chance, at), profile=profile
        )
        documents = {id_: (media_type, _SIZE[media_type]) for id_, media_type in answered.attached}
        checked = check(package.form, answered.answers, documents=documents, today=today, profile=profile)
        if not checked.faults:
            service = route(package, checked.answers, today=today, profile=profile)
            cents = price_of(package, checked.answers, today=today, profile=profile)
            return _Asking(service, dict(checked.answers), answered.attached, cents)
    raise ValueError(f"{package.slug}: nobody can answer this form: {checked.faults}")


@dataclass(frozen=True, slots=True)
class _Asking:
    """Answers that hold, the service that they go to (slug), and their documents: (id, media type)."""

    service: str
    answers: dict[str, Any]
    attached: tuple[tuple[UUID, str], ...]
    price: int | None  # cents

    @property
    def without_documents(self) -> "_Asking":
        """What is left of it once its documents were erased."""
        gone = {str(id_) for id_, _ in self.attached}
        answers = {
            id_: answer
            for id_, answer in self.answers.items()
            if not (isinstance(answer, list) and gone & set(map(str, answer)))
        }
        return _Asking(self.service, answers, (), self.price)


def _file(life: Life, package: Package, asking: _Asking, who: Citizen, office: Office, channel: str) -> None:
    filing = {
        "procedure_id": office.procedures[package.slug],
        "revision": 1,
        "service_id": life.team.id,
        "directorate_id": life.team.directorate_id,
        "citizen_id": who.id if channel == "online" else None,
        "channel": channel,
        "commune": who.commune.code,
    }
    documents = tuple(id_ for id_, _ in asking.attached)
    file(
        life, filing=filing, answers=asking.answers, documents=documents, price=asking.price,
        target_days=package.target_days,
    )  # fmt: skip


def _teams(office: Office) -> dict[str, Team]:
    chance = seeded(office.seed, "teams")
    return {
        slug: Team(
            id=office.services[slug],
            directorate_id=office.directorates[office.of_directorate[slug]],
            agents=tuple(team),
            manager=next(each for each in team if each.role == "manager"),
            pace=min(lognormal(chance, 1.25, 0.45), 3),
        )
        for slug, team in office.teams.items()
    }


def _citizen(citizens: Sequence[Citizen], chance: Random, number: int, count: int) -> Citizen:
    """Somebody who had an account by then; newcomers more often than others."""
    known = max(2, int(len(citizens) * (number + 1) / count))
    return citizens[1 + int(chance.random() ** 0.6 * (known - 1))]


def _as_applicant(agent: Agent, somebody: Citizen) -> Citizen:
    """An agent asks for something inside the house."""
    return Citizen(
        agent.id, agent.given_name, agent.family_name, agent.email, somebody.phone, somebody.commune,
        "place du Maréchal-Leclerc", somebody.created_at,
    )  # fmt: skip


def _aminas(slugs: Sequence[str]) -> frozenset[int]:
    """The numbers of Amina's requests."""
    places: dict[str, list[int]] = {}
    for number, slug in enumerate(slugs):
        places.setdefault(slug, []).append(number)
    return frozenset(places[slug][-1 - back] for slug, back in _AMINA if slug in places and len(places[slug]) > back)
