"""The demo community obeys the laws of the journal, and shows what a demonstration needs."""

import hashlib
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from casework.accounts.passwords import agrees
from casework.accounts.queries import demo_people
from casework.continuity.model import ABSENCE
from casework.demo.load import Plan, load_into
from casework.dossiers import queries, timeline
from casework.dossiers.model import DOSSIER, OPEN
from casework.dossiers.reference import is_reference
from casework.facts import KINDS
from casework.forms.check import check
from casework.forms.rule_reading import Profile
from casework.journal import read
from casework.journal.fact import Recorded, digest, plain
from casework.journal.stream import Stream
from casework.procedures import catalogue
from casework.procedures.model import PROCEDURE
from casework.procedures.price import price_of
from casework.terms import PARIS
from infra.database import engine as make_engine
from infra.database import reading, transaction
from infra.object_store import Documents
from tests.servers import Cluster

PLAN = Plan(date(2026, 9, 15), scale=0.02)


async def fill(engine: AsyncEngine, folder: Path | None) -> None:
    store = Documents(folder.as_uri()) if folder else None
    async with transaction(engine) as db:
        await load_into(db, PLAN, store=store, told=lambda *_: None)


@pytest.fixture(scope="module")
async def demo(postgres: Cluster, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[AsyncEngine]:
    """One loaded community for the whole module: its tests only read it."""
    name = await postgres.fresh()
    engine = make_engine(postgres.url(name))
    await fill(engine, tmp_path_factory.mktemp("objects"))
    yield engine
    await engine.dispose()
    await postgres.drop(name)


@pytest.mark.parametrize("stream", [DOSSIER, ABSENCE, PROCEDURE], ids=lambda stream: stream.name)
async def test_the_laws_hold_over_it(demo: AsyncEngine, stream: Stream) -> None:
    """Versions without a gap, digests that chain, and the facts fold to the columns that they own."""
    owned = ", ".join(stream.owned)
    async with reading(demo) as db:
        facts = await read.after(db, read.START, most=1_000_000)
        rows = {
            row.id: row
            for row in await db.execute(text(f"select id, version, digest, {owned} from {stream.table.name}"))
        }
        digests = {
            (row.subject_id, row.version): row.digest
            for row in await db.execute(
                text("select subject_id, version, digest from journal where stream = :s"), {"s": stream.name}
            )
        }
    of_subject: dict[UUID, list[Recorded]] = {}
    for fact in facts.facts:
        if fact.stream == stream.name:
            of_subject.setdefault(fact.subject_id, []).append(fact)
    assert of_subject.keys() == rows.keys()
    # What the row is before its first fact: the table's defaults.
    blank = {
        "state": "draft" if stream is DOSSIER else "declared",
        "late": False,
        "message_count": 0,
        "waiting_list": False,
    }
    for subject, mine in of_subject.items():
        columns, last = {name: blank.get(name) for name in stream.owned}, b""
        for version, fact in enumerate(mine, start=1):
            assert fact.version == version
            for name, (before, _) in fact.set.items():
                assert plain(columns[name]) == before
            columns = stream.fold(columns, fact.set)
            last = digest(
                last, stream.name, subject, version, fact.kind, fact.v, fact.at, fact.actor, fact.on_behalf_of,
                fact.mandate_id, fact.payload,
            )  # fmt: skip
            assert digests[subject, version] == last
        row = rows[subject]
        assert (row.version, row.digest) == (len(mine), last)
        assert columns == {name: getattr(row, name) for name in stream.owned}


async def test_facts_are_of_known_kinds_in_the_order_of_time(demo: AsyncEngine) -> None:
    async with reading(demo) as db:
        facts = (await read.after(db, read.START, most=1_000_000)).facts
    assert len(facts) > 3_000
    assert [fact.at for fact in facts] == sorted(fact.at for fact in facts)
    assert facts[-1].at <= PLAN.end
    for fact in facts:
        assert fact.v == KINDS[fact.kind].v
        assert fact.details.keys() <= KINDS[fact.kind].details
        assert fact.set.keys() <= KINDS[fact.kind].changes
        if fact.stream == "dossier":
            timeline.entry_of(fact, "citizen", citizen_id=None)
    kinds = {fact.kind for fact in facts if fact.stream == "dossier"}
    assert kinds >= {
        "dossier.submitted", "dossier.claimed", "dossier.assigned", "dossier.completion_asked", "dossier.completed",
        "dossier.message_posted", "dossier.decided", "dossier.uncovered", "dossier.covered", "dossier.taken_over",
        "dossier.became_late",
    }  # fmt: skip


async def test_uncovered_is_what_the_absences_say(demo: AsyncEngine) -> None:
    """At the end of the demo's time, a dossier is to take over if and only if its holder is away."""
    async with reading(demo) as db:
        wrong = await db.execute(
            text(
                """
                select d.reference from dossiers d where d.state in ('submitted', 'under_review', 'awaiting_citizen')
                and (d.uncovered_since is not null) <> exists (
                    select from mandates m where m.agent_id = d.holder_id and m.starts_at <= :end and :end < m.ends_at)
                """
            ),
            {"end": PLAN.end},
        )
        assert wrong.all() == []
        late = await db.execute(
            text(
                """
                select reference from dossiers where state in ('submitted', 'under_review', 'awaiting_citizen')
                and awaiting_since is null and late <> (due_at <= :end)
                """
            ),
            {"end": PLAN.end},
        )
        assert late.all() == []
        unscheduled = await db.execute(
            text(
                """
                select d.reference from dossiers d left join schedule s on s.kind = 'dossier.late' and s.subject = d.id
                where (d.state in ('submitted', 'under_review', 'awaiting_citizen') and not d.late
                       and d.awaiting_since is null) <> (s.due_at is not null)
                """
            )
        )
        assert unscheduled.all() == []


async def test_answers_are_those_that_the_forms_accept(demo: AsyncEngine) -> None:
    shipped = catalogue.load()
    async with reading(demo) as db:
        filed = (
            await db.execute(
                text(
                    """
                    select p.slug, d.submitted_at, c.body,
                           (select coalesce(jsonb_object_agg(f.id, jsonb_build_array(f.media_type, f.size)), '{}')
                            from documents f where f.dossier_id = d.id) as documents
                    from dossiers d join procedures p on p.id = d.procedure_id
                    join contents c on c.dossier_id = d.id and c.kind = 'answers'
                    """
                )
            )
        ).all()
    assert {row.slug for row in filed} == shipped.packages.keys()
    assert any(row.documents for row in filed)
    for row in filed:
        today = row.submitted_at.astimezone(PARIS).date()
        documents = {UUID(id_): (kind, size) for id_, (kind, size) in row.documents.items()}
        form = shipped.packages[row.slug].form
        checked = check(form, row.body, documents=documents, today=today)
        # Documents of old requests were erased at the end of their retention, and their answers with them.
        files = {field.id for field in form.fields if field.kind == "attachment"}
        faults = [fault for fault in checked.faults if not (fault.code == "required" and fault.field in files)]
        assert faults == [], (row.slug, today, row.body)
        assert checked.answers == row.body, row.slug


async def test_people_to_sign_in_as_have_work_before_them(demo: AsyncEngine) -> None:
    async with reading(demo) as db:
        people = {each.given_name: each for each in await demo_people(db)}
        assert sorted(each.email or "" for each in people.values()) == [
            f"{name}@exemple.fr" for name in ("amina", "claire", "hugo", "ines", "lea", "paul", "root")
        ]
        assert all(agrees(each.password_hash, "demo") for each in people.values())
        others = await db.execute(text("select count(password_hash) from accounts where not demo"))
        assert others.scalar_one() == 0
        services = (await db.execute(text("select id from services where slug = 'etat-civil'"))).scalars().all()
        for name in ("Ines", "Paul"):
            counts = await queries.counts(db, agent=people[name].id, services=services)
            assert counts["mine"] > 0
            assert counts["service"] > counts["mine"]
        agent = people["Ines"].id
        found = await queries.queue(db, "service", agent=agent, services=services, words=["naissance"])
        assert found
        assert {row.procedure_slug for row in found} == {"acte-de-naissance"}
        assert len(await queries.of_citizen(db, people["Amina"].id)) >= 3
        made = (await db.execute(text("select demo from community"))).scalar_one()
        assert made is True


async def test_references_go_on_after_it(demo: AsyncEngine) -> None:
    async with reading(demo) as db:
        references = (await db.execute(text("select reference from dossiers"))).scalars().all()
        last = (await db.execute(text("select last_value from dossier_reference"))).scalar_one()
    assert all(is_reference(reference) for reference in references)
    assert last == max(int(reference.split("-")[1]) for reference in references)


async def test_nobody_is_told_of_the_past(demo: AsyncEngine) -> None:
    """The relay begins after the last fact of the demo: 27,000 receipts would go out else."""
    async with transaction(demo) as db:
        position = await read.reader_position(db, "relay")
        assert (await read.after(db, position)).facts == ()
        assert (await read.last(db, most=1))[0].position == position


_TABLES = (
    "absences", "accounts", "contents", "directorates", "documents", "dossiers", "mandates", "procedure_revisions",
    "procedures", "roles", "schedule", "services",
)  # fmt: skip


async def content_of(engine: AsyncEngine) -> dict[str, str]:
    """A hash of each table, without what is new at each load: the password's salt, the transaction's number."""
    found = {}
    async with reading(engine) as db:
        for table in _TABLES:
            rows = await db.execute(text(f"select to_jsonb(t) - 'password_hash' as row from {table} t"))
            found[table] = _hash(sorted(str(row) for row in rows.scalars()))
        rows = await db.execute(text("select (to_jsonb(j) - 'tx')::text from journal j order by id"))
        found["journal"] = _hash(rows.scalars())
    return found


def _hash(rows: object) -> str:
    return hashlib.sha256("\n".join(map(str, rows)).encode()).hexdigest()  # type: ignore[call-overload]


async def test_twice_the_same(demo: AsyncEngine, engine: AsyncEngine, tmp_path: Path) -> None:
    await fill(engine, tmp_path)
    assert await content_of(engine) == await content_of(demo)


async def test_half_a_demo_never_exists(engine: AsyncEngine) -> None:
    """What fails on the way leaves the database empty: the next `relais demo` begins again."""
    full = 60

    def told(what: str, done: int, total: int) -> None:
        if what == "Dossiers" and done > full:
            raise RuntimeError("stopped on the way")

    with pytest.raises(RuntimeError, match="on the way"):
        async with transaction(engine) as db:
            await load_into(db, PLAN, store=None, told=told)
    async with reading(engine) as db:
        counts = await db.execute(text("select (select count(*) from accounts) + (select count(*) from journal)"))
        assert counts.scalar_one() == 0


async def test_silence_decides_some_requests_and_few(demo: AsyncEngine) -> None:
    """Who answers knows the legal term; no open request is past it, or the first second of the demo would decide it."""
    shipped = catalogue.load().packages.values()
    terms = {each.slug: each.process.silence.days for each in shipped if each.process.silence}
    async with reading(demo) as db:
        rows = await db.execute(
            text(
                """
                select p.slug, d.state, d.submitted_at, d.awaiting_since, s.due_at,
                       exists (select from journal j where j.subject_id = d.id and j.payload ? 'silence') as silent
                from dossiers d join procedures p on p.id = d.procedure_id
                left join schedule s on s.subject = d.id and s.kind = 'dossier.process' where p.slug = any(:slugs)
                """
            ),
            {"slugs": sorted(terms)},
        )
    found = rows.all()
    assert sum(row.silent for row in found) <= len(found) / 10
    for row in found:
        if row.state in ("submitted", "under_review"):
            assert row.due_at is not None, "its term runs"
        assert row.due_at is None or row.state in OPEN
        assert row.due_at is None or row.due_at > PLAN.end


async def test_what_has_a_price_remembers_the_one_of_its_answers(demo: AsyncEngine) -> None:
    async with reading(demo) as db:
        rows = (
            await db.execute(
                text(
                    """
                    select p.slug, d.channel, d.commune, j.at, j.payload -> 'price' as price, c.body from dossiers d
                    join procedures p on p.id = d.procedure_id
                    join journal j on j.subject_id = d.id and j.kind = 'dossier.submitted'
                    join contents c on c.dossier_id = d.id and c.version = j.version
                    """
                )
            )
        ).all()
    packages, paid = catalogue.load().packages, 0
    for row in rows:
        package, today = packages[row.slug], row.at.astimezone(PARIS).date()
        profile = Profile(signed_in=row.channel == "online", agent=package.internal, commune=row.commune)
        assert row.price == price_of(package, row.body, today=today, profile=profile), row.slug
        paid += bool(row.price)
    assert paid
