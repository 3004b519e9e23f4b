"""Make the demo community and load it by COPY into an empty database, in one transaction: all of it or nothing."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from casework.accounts.passwords import hash_password
from casework.authority import SYSTEM
from casework.demo import absences, people
from casework.demo.absences import Away
from casework.demo.calendar import Desk
from casework.demo.chance import new_id, seeded
from casework.demo.papers import PAPERS
from casework.demo.people import Agent, Citizen
from casework.demo.requests import Made, Office, lived
from casework.dossiers.model import FACT_COLUMNS
from casework.journal.fact import Fact, canonical
from casework.journal.load import Row, analyze, copy, record
from casework.journal.load import load as load_facts
from casework.organisation.communes import communes
from casework.procedures import catalogue
from casework.procedures.actions import LockedProcedure
from casework.procedures.model import PROCEDURE
from casework.procedures.opening import Opening, opening_of
from casework.terms import PARIS
from infra.database import engine, transaction
from infra.object_store import Documents
from infra.settings import Settings

NAME = "Communauté urbaine de démonstration"
PASSWORD = "demo"  # noqa: S105 - what the log-in page of demo mode says
SEED = "relais"
YEARS = 4
AGENTS, CITIZENS, DOSSIERS = 900, 22_000, 27_000  # the real scale
CHUNK = 2_000  # dossiers

Told = Callable[[str, int, int], None]  # what is loaded now, how many are, of how many

_PATIENCE = text("set local statement_timeout = '30min'")
_IDLE = text("set local idle_in_transaction_session_timeout = '30min'")
_COMMUNITY = text("insert into community (name, demo) values (:name, true)")
_SEQUENCE = text("select setval('dossier_reference', :last)")
# Nobody is told of what happened before today: the relay begins after the last fact.
_RELAY = text(
    """
    insert into readers (name, epoch, tx, id)
    select 'relay', journal_epoch(), pg_current_xact_id()::text::bigint, coalesce(max(id), 0) from journal
    """
)


@dataclass(frozen=True, slots=True)
class Plan:
    """How much of a community, and until which day (its midnight, Europe/Paris, is the end of the demo's time)."""

    today: date
    scale: float = 1
    seed: str = SEED

    @property
    def end(self) -> datetime:
        return datetime.combine(self.today, time(), PARIS).astimezone(UTC)

    @property
    def first(self) -> date:
        return self.today - timedelta(days=round(YEARS * 365.25))

    @property
    def begins(self) -> datetime:
        return datetime.combine(self.first - timedelta(days=7), time(9), PARIS).astimezone(UTC)

    def count(self, real: int, *, least: int = 1) -> int:
        """How many, of what there are `real` of at the real scale."""
        return max(least, round(real * self.scale))


async def load(settings: Settings, *, scale: float = 1, today: date | None = None, told: Told | None = None) -> None:
    """Load the demo community into the empty database of `settings`, and its documents into the object store."""
    plan = Plan(today or datetime.now(PARIS).date(), scale)
    database = engine(settings.database_url, pool_size=1, application="relais demo")
    try:
        async with transaction(database) as db:
            await load_into(db, plan, store=Documents(settings.objects_url), told=told or (lambda *_: None))
    finally:
        await database.dispose()


async def load_into(db: AsyncConnection, plan: Plan, *, store: Documents | None, told: Told) -> None:
    """The same, in the caller's transaction. Without a store no request attaches a file."""
    await db.execute(_PATIENCE)
    await db.execute(_IDLE)
    await db.execute(_COMMUNITY, {"name": NAME})
    office, rows = await _settle(db, plan, told)
    documents: list[tuple[UUID, str]] = []
    loaded, total = 0, plan.count(DOSSIERS)
    chunks = _chunks(lived(office, total, rows, with_documents=store is not None))
    # PostgreSQL writes one chunk while the next one is made: the two cores of a small machine.
    made = await asyncio.to_thread(next, chunks, None)
    while made is not None:
        following = asyncio.create_task(asyncio.to_thread(next, chunks, None))
        try:
            await _write(db, made)
        finally:
            done = await following
        documents += [(row[0], row[4]) for each in made for row in each.documents]
        loaded += sum(each.dossier is not None for each in made)
        told("Dossiers", min(loaded, total), total)
        made = done
    if store is not None:
        await _keep(store, documents, told)
    await db.execute(_SEQUENCE, {"last": max(loaded, 1)})
    await db.execute(_RELAY)
    await analyze(db)
    told("Dossiers", total, total)


async def _settle(db: AsyncConnection, plan: Plan, told: Told) -> tuple[Office, list[Row]]:
    """Everything that is there before the first request; the facts that come with it, for the journal's order."""
    shipped, chance = catalogue.load(), seeded(plan.seed, "organisation")
    directorates = {slug: new_id(chance, plan.begins) for slug in shipped.directorates}
    services = {slug: new_id(chance, plan.begins) for slug in shipped.services}
    await copy(
        db,
        "directorates",
        ("id", "slug", "name", "review"),
        [(directorates[each.slug], each.slug, each.name, each.review) for each in shipped.directorates.values()],
    )
    await copy(
        db,
        "services",
        ("id", "directorate_id", "slug", "name"),
        [
            (services[each.slug], directorates[each.directorate], each.slug, each.name)
            for each in shipped.services.values()
        ],
    )
    of_directorate = {each.slug: each.directorate for each in shipped.services.values()}
    agents = list(people.agents(plan.seed, plan.count(AGENTS), of_directorate, at=plan.begins))
    citizens = list(
        people.citizens(
            plan.seed, plan.count(CITIZENS, least=20), first=plan.begins, last=plan.end, communes=communes()
        )
    )
    await _people(db, plan, agents, citizens, services, directorates)
    told("Personnes", len(agents) + len(citizens), len(agents) + len(citizens))

    desk = Desk.over(plan.first - timedelta(days=130), plan.today + timedelta(days=400))
    teams = people.by_service(agents)
    away, rota = absences.absences(plan.seed, teams, first=plan.first, end=plan.end, desk=desk)
    rows = await _absences(db, plan, away, teams, told)
    procedures, published = await _procedures(db, plan, shipped, services)
    office = Office(
        seed=plan.seed,
        first=plan.first,
        today=plan.today,
        end=plan.end,
        desk=desk,
        rota=rota,
        packages=shipped.packages,
        procedures=procedures,
        services=services,
        directorates=directorates,
        of_directorate=of_directorate,
        teams=teams,
        citizens=citizens,
    )
    return office, [*published, *rows]


async def _people(
    db: AsyncConnection,
    plan: Plan,
    agents: Sequence[Agent],
    citizens: Sequence[Citizen],
    services: Mapping[str, UUID],
    directorates: Mapping[str, UUID],
) -> None:
    password = await asyncio.to_thread(hash_password, PASSWORD)  # one for all: they share the password itself

    def accounts() -> Iterator[tuple[Any, ...]]:
        for each in agents:
            yield (
                each.id,
                "agent",
                each.email,
                each.given_name,
                each.family_name,
                None,
                None,
                password if each.demo else None,
                each.demo,
                plan.begins,
            )
        for who in citizens:
            yield (
                who.id,
                "citizen",
                who.email,
                who.given_name,
                who.family_name,
                who.phone,
                who.commune.code,
                password if who.demo else None,
                who.demo,
                who.created_at,
            )

    columns = (
        "id",
        "kind",
        "email",
        "given_name",
        "family_name",
        "phone",
        "commune",
        "password_hash",
        "demo",
        "created_at",
    )
    await copy(db, "accounts", columns, list(accounts()))
    await copy(
        db,
        "roles",
        ("account_id", "role", "service_id", "directorate_id"),
        [
            (
                each.id,
                each.role,
                services[each.service] if each.service else None,
                directorates[each.directorate] if each.directorate else None,
            )
            for each in agents
        ],
    )


async def _absences(
    db: AsyncConnection, plan: Plan, away: Sequence[Away], teams: Mapping[str, Sequence[Agent]], told: Told
) -> list[Row]:
    chance = seeded(plan.seed, "absences told")
    managers = {slug: next(each for each in team if each.role == "manager").id for slug, team in teams.items()}
    facts: list[Row] = []
    rows, mandates, schedule = [], [], []
    for each in away:
        absence, recorded, others = absences.told(chance, each, managers[each.agent.service or ""], plan.end)
        facts += recorded
        rows.append(
            (
                each.id,
                each.agent.id,
                absence.starts_at,
                absence.ends_at,
                absence.state,
                absence.declared_by,
                *others.values(),
                absence.version,
                absence.digest,
            )
        )
        ends_at = each.ends_at if each.cancelled_at is None else min(each.ends_at, each.cancelled_at)
        starts_at = min(each.starts_at, ends_at)
        mandates += [
            (id_, each.id, each.agent.id, substitute, rank, starts_at, ends_at)
            for rank, (id_, substitute) in enumerate(each.mandates, start=1)
        ]
        if absence.state == "declared":
            schedule.append(("absence.begin", each.id, each.starts_at))
        if absence.state in ("declared", "begun"):
            schedule.append(("absence.end", each.id, each.ends_at))
    columns = (
        "id",
        "agent_id",
        "starts_at",
        "ends_at",
        "state",
        "declared_by",
        "from_date",
        "from_half",
        "until_date",
        "until_half",
        "reason",
        "salt",
        "version",
        "digest",
    )
    await copy(db, "absences", columns, rows)
    await copy(
        db, "mandates", ("id", "absence_id", "agent_id", "substitute_id", "rank", "starts_at", "ends_at"), mandates
    )
    await copy(db, "schedule", ("kind", "subject", "due_at"), schedule)
    told("Absences", len(away), len(away))
    return facts


def _lived(opening: Opening, today: date) -> Opening:
    """The opening as the demo's day needs it, whenever that is: a campaign that began some months ago and goes on."""
    if opening.closes_at is None:
        return replace(opening, opens_at=None)
    begun, ends = (datetime.combine(today + timedelta(days=days), time(8), PARIS).astimezone(UTC) for days in (-90, 45))
    return replace(opening, opens_at=begun, closes_at=ends)


async def _procedures(
    db: AsyncConnection, plan: Plan, shipped: catalogue.Catalogue, services: Mapping[str, UUID]
) -> tuple[dict[str, UUID], list[Row]]:
    """Every package of the catalogue, published before the first request."""
    chance = seeded(plan.seed, "procedures")
    ids = {slug: new_id(chance, plan.begins) for slug in shipped.packages}
    facts, rows, revisions = [], [], []
    for slug, package in shipped.packages.items():
        opening = _lived(opening_of(package), plan.today)
        published = {"service_id": services[package.service], "revision": 1, **opening.columns}
        blank = LockedProcedure(ids[slug], 0, b"", plan.begins, None, None, None, None, None, None, waiting_list=False)
        fact = Fact("procedure.published", published)
        row = record(PROCEDURE, blank, fact, by=SYSTEM)
        facts.append(row)
        rows.append((ids[slug], slug, row.version, row.digest, *published.values()))
        revisions.append(
            (
                ids[slug],
                1,
                canonical(package.definition).decode(),
                package.title["fr"],
                package.title["en"],
                package.theme,
                package.internal,
                package.target_days,
            )
        )
    await copy(db, "procedures", ("id", "slug", "version", "digest", *PROCEDURE.owned), rows)
    columns = ("procedure_id", "revision", "definition", "title_fr", "title_en", "theme", "internal", "target_days")
    await copy(db, "procedure_revisions", columns, revisions)
    return ids, facts


def _chunks(made: Iterator[Made]) -> Iterator[list[Made]]:
    chunk: list[Made] = []
    for each in made:
        chunk.append(each)
        if len(chunk) == CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


_DOSSIER = (
    "id",
    "reference",
    "version",
    "digest",
    *FACT_COLUMNS,
    "applicant",
    "applicant_email",
    "search",
    "created_at",
)
_DOCUMENT = ("id", "uploaded_by", "dossier_id", "filename", "media_type", "size", "sha256", "created_at")


async def _write(db: AsyncConnection, made: Sequence[Made]) -> None:
    filed = [each for each in made if each.dossier is not None]
    await copy(db, "dossiers", _DOSSIER, [each.dossier_row for each in filed])
    contents = [
        (dossier, version, kind, canonical(body).decode(), salt)
        for each in filed
        for dossier, version, kind, body, salt in each.contents
    ]
    await copy(db, "contents", ("dossier_id", "version", "kind", "body", "salt"), contents)
    await copy(db, "documents", _DOCUMENT, [row for each in filed for row in each.documents])
    due = [
        ("dossier.late", each.dossier.id, each.dossier.due_at)
        for each in filed
        if each.dossier and each.awaits_its_term
    ]
    due += [("dossier.process", each.dossier.id, each.looked_at) for each in filed if each.dossier and each.looked_at]
    await copy(db, "schedule", ("kind", "subject", "due_at"), due)
    await load_facts(db, [row for each in made for row in each.facts])


async def _keep(store: Documents, documents: Sequence[tuple[UUID, str]], told: Told) -> None:
    for start in range(0, len(documents), 64):
        batch = documents[start : start + 64]
        await asyncio.gather(*(store.keep(id_, PAPERS[media_type][1]) for id_, media_type in batch))
        told("Pièces jointes", start + len(batch), len(documents))
