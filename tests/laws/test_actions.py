"""The three laws, over every action: replay, one fact, resume.

`STORIES` holds, for each action, how a dossier gets to the point where the action is possible, and the act itself.
A new action without a story fails `test_every_action_has_a_story`.
"""

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from casework import access
from casework.authority import SYSTEM
from casework.continuity import actions as continuity
from casework.continuity.rules import Span
from casework.dossiers import actions, queries
from casework.dossiers.model import DOSSIER, FACT_COLUMNS
from casework.dossiers.queues import VIEWS, WHERE, keys_before, queues_of, watched
from casework.errors import Refused
from casework.facts import KINDS
from casework.forms.check import Fault
from casework.ids import DossierId, Version, new_id
from casework.journal import read
from casework.journal.fact import Recorded, digest, plain
from casework.procedures.actions import Listing, publish
from casework.procedures.dry_run import Verdict
from casework.process import actions as process
from infra.database import reading, transaction
from tests.people import Community, Person, settle
from tests.processes import CLOSED, FORWARD, HELLO, PROCESS, TO_DO, publish_process

Act = Callable[[AsyncConnection, Community, DossierId, Version], Awaitable[Recorded | None]]


async def _may(db: AsyncConnection, who: Person, act: str, dossier: DossierId) -> Any:
    return await access.may(db, who.viewer, act, dossier)


async def claim(db: AsyncConnection, c: Community, d: DossierId, seen: Version) -> Recorded | None:
    return await actions.claim(db, d, seen=seen, by=await _may(db, c.paul, "claim", d))


async def release(db: AsyncConnection, c: Community, d: DossierId, seen: Version) -> Recorded | None:
    return await actions.release(db, d, seen=seen, by=await _may(db, c.paul, "release", d))


async def assign(db: AsyncConnection, c: Community, d: DossierId, seen: Version) -> Recorded | None:
    return await actions.assign(db, d, to=c.ines.id, seen=seen, by=await _may(db, c.claire, "assign", d))


async def reroute(db: AsyncConnection, c: Community, d: DossierId, seen: Version) -> Recorded | None:
    by = await _may(db, c.paul, "reroute", d)
    return await actions.reroute(db, d, to=c.voirie, reason="Pas pour nous.", seen=seen, by=by)


async def move(db: AsyncConnection, c: Community, d: DossierId, seen: Version) -> Recorded | None:
    return await actions.move(db, d, to=c.voirie, by=SYSTEM)


async def move_revision(db: AsyncConnection, c: Community, d: DossierId, seen: Version) -> Recorded | None:
    verdict = Verdict("to_ask", faults=(Fault("since", "required"),))
    return await actions.move_revision(db, d, to=2, verdict=verdict, by=c.lea.as_agent)


async def publish_again(db: AsyncConnection, c: Community, d: DossierId, seen: Version) -> Recorded | None:
    listing = Listing("Acte", "Certificate", "papiers", internal=False, target_days=10)
    changed: dict[str, Any] = {"form": {"pages": [{}]}}
    slug = "acte-de-naissance"
    return await publish(db, slug, definition=changed, listing=listing, service_id=c.etat_civil, by=SYSTEM)


async def start_review(db: AsyncConnection, c: Community, d: DossierId, seen: Version) -> Recorded | None:
    return await actions.start_review(db, d, seen=seen, by=await _may(db, c.paul, "start_review", d))


async def act(db: AsyncConnection, c: Community, d: DossierId, seen: Version) -> Recorded | None:
    return await process.act(db, d, action="plan_visit", seen=seen, by=await _may(db, c.paul, "act", d))


async def advance(db: AsyncConnection, c: Community, d: DossierId, seen: Version) -> Recorded | None:
    return await process.advance(db, d, by=SYSTEM)


async def do_task(db: AsyncConnection, c: Community, d: DossierId, seen: Version) -> Recorded | None:
    return await process.do_task(db, d, task=2, seen=seen, by=await _may(db, c.ines, "do_task", d))


async def ask_completion(db: AsyncConnection, c: Community, d: DossierId, seen: Version) -> Recorded | None:
    by = await _may(db, c.paul, "ask_completion", d)
    return await actions.ask_completion(db, d, reason="Il manque une pièce.", seen=seen, by=by)


async def complete(db: AsyncConnection, c: Community, d: DossierId, seen: Version) -> Recorded | None:
    by = await _may(db, c.amina, "complete", d)
    return await actions.complete(db, d, message="La voici.", documents=(), seen=seen, by=by)


async def post_message(db: AsyncConnection, c: Community, d: DossierId, seen: Version) -> Recorded | None:
    by = await _may(db, c.paul, "post_message", d)
    return await actions.post_message(db, d, message="Bonjour,", seen=seen, by=by)


async def reply(db: AsyncConnection, c: Community, d: DossierId, seen: Version) -> Recorded | None:
    by = await _may(db, c.amina, "post_message", d)
    return await actions.post_message(db, d, message="Merci !", seen=None, by=by)


async def decide(db: AsyncConnection, c: Community, d: DossierId, seen: Version) -> Recorded | None:
    by = await _may(db, c.paul, "decide", d)
    return await actions.decide(db, d, outcome="accepted", reason="Tout est en ordre.", seen=seen, by=by)


async def go_away(db: AsyncConnection, c: Community, d: DossierId, seen: Version) -> Recorded | None:
    today = date.today()  # noqa: DTZ011 - a test's day, far from any term
    span = Span(today, "now", today + timedelta(days=3), "pm")
    return await continuity.declare_absence(
        db, c.paul.id, span=span, reason="Congés", substitutes=[c.ines.id], by=c.paul.as_agent
    )


async def uncover(db: AsyncConnection, c: Community, d: DossierId, seen: Version) -> Recorded | None:
    return await actions.uncover(db, d, by=SYSTEM)


async def come_back(db: AsyncConnection, c: Community, d: DossierId, seen: Version) -> Recorded | None:
    absence = (await db.execute(text("select id from absences where agent_id = :a"), {"a": c.paul.id})).scalar_one()
    return await continuity.cancel_absence(db, absence, by=c.paul.as_agent)


async def take_over(db: AsyncConnection, c: Community, d: DossierId, seen: Version) -> Recorded | None:
    return await actions.take_over(db, d, seen=seen, by=await _may(db, c.ines, "take_over", d))


async def hand_back(db: AsyncConnection, c: Community, d: DossierId, seen: Version) -> Recorded | None:
    return await actions.hand_back(db, d, seen=seen, by=await _may(db, c.ines, "hand_back", d))


async def waits(db: AsyncConnection, c: Community, d: DossierId, seen: Version) -> Recorded | None:
    """Its procedure has one place, and another request has it."""
    await db.execute(text("update procedures set quota = 1 where id = :id"), {"id": c.birth})
    await db.execute(text("update dossiers set waiting_since = now() where id = :id"), {"id": d})
    return None


async def give_place(db: AsyncConnection, c: Community, d: DossierId, seen: Version) -> Recorded | None:
    return await actions.give_place(db, d, by=SYSTEM)


async def become_late(db: AsyncConnection, c: Community, d: DossierId, seen: Version) -> Recorded | None:
    return await actions.become_late(db, d, by=SYSTEM)


async def submit(db: AsyncConnection, c: Community, d: DossierId, seen: Version) -> Recorded | None:
    filing = {"service_id": c.etat_civil, "directorate_id": c.usagers, "commune": "86194"}
    applicant = {"applicant": "Amina Benali", "applicant_email": None, "search": "amina benali"}
    return await actions.submit(
        db, d, answers={"nom": "Benali"}, documents=(), filing=filing, target_days=10, applicant=applicant, seen=seen,
        by=c.amina.as_citizen,
    )  # fmt: skip


async def reach_page(db: AsyncConnection, c: Community, d: DossierId, seen: Version) -> Recorded | None:
    return await actions.reach_page(db, d, page=2, by=c.amina.as_citizen)


async def expire_draft(db: AsyncConnection, c: Community, d: DossierId, seen: Version) -> Recorded | None:
    return await actions.expire_draft(db, d, by=SYSTEM)


@dataclass(frozen=True)
class Story:
    """What happens before, then the act on trial; `draft`: from a draft; `target_days`: how long the service has."""

    before: tuple[Act, ...]
    act: Act
    draft: bool = False
    target_days: int = 10
    process: dict[str, Any] | None = None  # of a procedure that has one


STORIES: dict[str, Story] = {
    "submit": Story((), submit, draft=True),
    "reach_page": Story((), reach_page, draft=True),
    "expire_draft": Story((), expire_draft, draft=True),
    "claim": Story((), claim),
    "release": Story((claim,), release),
    "assign": Story((), assign),
    "reroute": Story((claim, start_review), reroute),
    "move": Story((claim,), move),
    "move_revision": Story((claim, publish_again), move_revision),
    "start_review": Story((claim,), start_review),
    "act": Story((claim, start_review), act, process=PROCESS),
    "decide, at a step": Story((claim, start_review, act), decide, process=PROCESS),
    **{
        f"advance, {each['id']}": Story((), advance, process={**PROCESS, "automatic": [each]})
        for each in (HELLO, FORWARD, CLOSED, TO_DO)
    },
    "do_task": Story((advance,), do_task, process={**PROCESS, "automatic": [TO_DO]}),
    "ask_completion": Story((claim, start_review), ask_completion),
    "complete": Story((claim, start_review, ask_completion), complete),
    "post_message": Story((claim,), post_message),
    "post_message by the citizen": Story((claim,), reply),
    "decide": Story((claim, start_review), decide),
    "uncover": Story((claim, go_away), uncover),
    "uncover, covered again": Story((claim, go_away, uncover, come_back), uncover),
    "take_over": Story((claim, go_away, uncover), take_over),
    "hand_back": Story((claim, go_away, uncover, take_over, come_back), hand_back),
    "give_place": Story((waits,), give_place),
    "become_late": Story((claim,), become_late, target_days=-30),
}
# Made by a fact without a story of their own: every story begins with them.
BEGINNINGS = {"file", "open_draft"}


def test_every_action_has_a_story() -> None:
    every = {name for module in (actions, process) for name, function in inspect.getmembers(module, inspect.iscoroutinefunction)
             if function.__module__ == module.__name__ and not name.startswith("_")}  # fmt: skip
    assert every == {name.split(",")[0].split(" by ")[0] for name in STORIES} | BEGINNINGS


async def _begin(engine: AsyncEngine, c: Community, story: Story) -> DossierId:
    async with transaction(engine) as db:
        if story.draft:
            made = await actions.open_draft(
                db, DossierId(new_id()), procedure_id=c.birth, revision=1, channel="online",
                applicant={"applicant": "", "applicant_email": None, "search": "", "tracking_hash": None},
                by=c.amina.as_citizen,
            )  # fmt: skip
        else:
            at = await publish_process(db, c, story.process) if story.process else None
            made = await c.file(db, target_days=story.target_days, at=at)
    dossier = DossierId(made.subject_id)
    for act in story.before:
        async with transaction(engine) as db:
            await act(db, c, dossier, await _version(db, dossier))
    return dossier


async def _version(db: AsyncConnection, dossier: DossierId) -> Version:
    return Version(
        (await db.execute(text("select version from dossiers where id = :id"), {"id": dossier})).scalar_one()
    )


async def _columns(db: AsyncConnection, dossier: UUID) -> dict[str, Any]:
    row = (
        await db.execute(text(f"select {', '.join(FACT_COLUMNS)} from dossiers where id = :id"), {"id": dossier})
    ).one()
    return dict(row._mapping)


async def _everything(db: AsyncConnection) -> dict[str, list[Any]]:
    """Every row of every table that an act may write to."""
    tables = ("journal", "dossiers", "contents", "scratch", "absences", "mandates", "schedule", "documents")
    return {
        table: list((await db.execute(text(f"select to_jsonb(t) from {table} t order by 1::text"))).scalars())
        for table in tables
    }


@pytest.mark.parametrize("name", STORIES)
async def test_replay(engine: AsyncEngine, name: str) -> None:
    """Folding a dossier's facts gives the columns that facts own; its digests chain; its versions have no gap."""
    async with transaction(engine) as db:
        c = await settle(db)
    dossier = await _begin(engine, c, STORIES[name])
    async with transaction(engine) as db:
        await STORIES[name].act(db, c, dossier, await _version(db, dossier))
    async with reading(engine) as db:
        facts = await read.of_subject(db, "dossier", dossier)
        columns = await _columns(db, dossier)
        head = (await db.execute(text("select digest from dossiers where id = :id"), {"id": dossier})).scalar_one()

    folded: dict[str, Any] = {**dict.fromkeys(FACT_COLUMNS), "state": "draft", "late": False, "message_count": 0}
    chained = b""
    for fact in facts:
        kind = KINDS[fact.kind]
        assert (fact.v, fact.set.keys() <= kind.changes, fact.details.keys() <= kind.details) == (kind.v, True, True), (
            fact
        )
        folded = DOSSIER.fold(folded, fact.set)
        chained = digest(chained, fact.stream, fact.subject_id, fact.version, fact.kind, fact.v, fact.at, fact.actor,
                         fact.on_behalf_of, fact.mandate_id, fact.payload)  # fmt: skip
    assert folded == columns
    assert [fact.version for fact in facts] == list(range(1, len(facts) + 1))
    assert chained == head


@pytest.mark.parametrize("name", STORIES)
async def test_one_fact(engine: AsyncEngine, name: str) -> None:
    """Done: exactly one row of the journal. Refused (the same act again, as stale as it is now): nothing at all."""
    async with transaction(engine) as db:
        c = await settle(db)
    dossier = await _begin(engine, c, STORIES[name])
    async with transaction(engine) as db:
        seen = await _version(db, dossier)
        before = len((await _everything(db))["journal"])
        await STORIES[name].act(db, c, dossier, seen)
        assert len((await _everything(db))["journal"]) == before + 1

    async with reading(engine) as db:
        once = await _everything(db)
    repeatable = {"post_message by the citizen", "reach_page", "post_message"}
    if name not in repeatable:
        try:
            async with transaction(engine) as db:
                again = await STORIES[name].act(db, c, dossier, seen)
                assert again is None
        except Refused:
            pass
        async with reading(engine) as db:
            assert await _everything(db) == once


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("name", [name for name, story in STORIES.items() if not story.draft])
async def test_resume(engine: AsyncEngine, name: str, view: str) -> None:
    """A view at N, plus the facts after N, is the view now: for every agent, whatever they may see."""
    async with transaction(engine) as db:
        c = await settle(db)
        await c.file(db)
    dossier = await _begin(engine, c, STORIES[name])
    people = (c.paul, c.ines, c.claire, c.omar)

    async with reading(engine) as db:
        position = await read.now(db)
        held = {who.id: await _view(db, view, who) for who in people}
    async with transaction(engine) as db:
        await STORIES[name].act(db, c, dossier, await _version(db, dossier))
    async with reading(engine) as db:
        batch = await read.after(db, position)
        assert not batch.held_back
        rows = await queries.rows_of(db, [fact.subject_id for fact in batch.facts])
        for fact in batch.facts:
            row = rows[fact.subject_id]
            left, entered = queues_of(keys_before(row.keys, fact.set)), queues_of(row.keys)
            for who in people:
                mine = watched(view, agent=who.id, services=who.viewer.services)
                if mine & entered and not (view == "to-take-over" and row.holder_id == who.id):
                    held[who.id][row.id] = row.version
                elif mine & left:
                    held[who.id].pop(row.id, None)
        for who in people:
            assert held[who.id] == await _view(db, view, who), who.viewer


async def _view(db: AsyncConnection, view: str, who: Person) -> dict[UUID, int]:
    rows = await queries.queue(db, view, agent=who.id, services=sorted(who.viewer.services))
    return {row.id: row.version for row in rows}


def test_every_view_has_its_sql() -> None:
    assert set(WHERE) == set(VIEWS)


async def test_the_journal_is_append_only(engine: AsyncEngine) -> None:
    async with transaction(engine) as db:
        c = await settle(db)
        await c.file(db)
    for statement in ("update journal set kind = 'x'", "delete from journal", "truncate journal"):
        with pytest.raises(Exception, match="append-only"):
            async with transaction(engine) as db:
                await db.execute(text(statement))


async def test_a_payload_holds_no_personal_data(engine: AsyncEngine) -> None:
    """Canaries: what people wrote and who they are is in no row of the journal."""
    async with transaction(engine) as db:
        c = await settle(db)
    dossier = await _begin(engine, c, STORIES["decide"])
    async with transaction(engine) as db:
        await decide(db, c, dossier, await _version(db, dossier))
    async with reading(engine) as db:
        written = str((await db.execute(text("select jsonb_agg(to_jsonb(j)) from journal j"))).scalar_one())
    for canary in ("Benali", "amina", "Tout est en ordre", "Paul"):
        assert canary not in written
    assert str(plain(c.paul.id)) in written, "the negative above means something only if the journal has these facts"
