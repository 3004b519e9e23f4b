"""The clock and a procedure's process: automatic steps once each, terms that stop, silence, kills, loops."""

import asyncio
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from casework.authority import SYSTEM
from casework.dossiers import actions, contents
from casework.ids import DossierId, Version
from casework.journal import read
from casework.journal.fact import Recorded
from casework.process import actions as process
from infra.database import reading, transaction
from tests.history import History, check
from tests.people import Community, Neighbours, version_of
from tests.processes import CLOSED, FORWARD, HELLO, PROCESS, publish_process, wording
from tests.workers.conftest import Processes, Sink, all_done, effects_in, until
from workers.jobs.mails import BUILDERS, Addressed
from workers.schedule import Clock


async def _ring(position: str) -> None:
    """A bell for those who call the clock themselves."""


async def _file(engine: AsyncEngine, community: Community, automatic: list[dict[str, Any]], **more: Any) -> DossierId:
    sections = {"automatic": automatic} if automatic else {}
    deadlines = {"deadlines": more.pop("deadlines")} if "deadlines" in more else {}
    async with transaction(engine) as db:
        at = await publish_process(db, community, {**PROCESS, **sections, **deadlines}, **more)
        return DossierId((await community.file(db, at=at, first_name="Amina {{ reference }}")).subject_id)


async def _facts(engine: AsyncEngine, dossier: DossierId) -> list[Recorded]:
    async with reading(engine) as db:
        return list(await read.of_subject(db, "dossier", dossier))


async def _past(engine: AsyncEngine, days: int) -> None:
    """Everything happened so many days earlier: the journal is rewritten, as only a test may."""
    async with transaction(engine) as db:
        await db.execute(text("alter table journal disable trigger user"))
        await db.execute(text("update journal set at = at - cast(:by as interval)"), {"by": timedelta(days=days)})
        await db.execute(text("alter table journal enable trigger user"))
        await db.execute(text("update schedule set due_at = now() where kind = 'dossier.process'"))


async def _scheduled(engine: AsyncEngine) -> int:
    async with reading(engine) as db:
        return int(
            (await db.execute(text("select count(*) from schedule where kind = 'dossier.process'"))).scalar_one()
        )


async def test_each_step_is_taken_once_and_then_nothing_waits(engine: AsyncEngine, community: Community) -> None:
    dossier = await _file(engine, community, [HELLO, FORWARD])
    clock = Clock(engine, _ring)
    await clock.strike()
    facts = await _facts(engine, dossier)
    assert [(each.kind, each.details.get("automatic"), each.details.get("cause")) for each in facts[1:]] == [
        ("dossier.step_taken", "hello", 1), ("dossier.step_changed", "forward", 1),
    ]  # fmt: skip
    assert [*facts[-1].set["state"]] == ["submitted", "under_review"]
    assert await _scheduled(engine) == 0
    async with transaction(engine) as db:
        await db.execute(text("insert into schedule values ('dossier.process', :id, now())"), {"id": dossier})
    await clock.strike()
    assert len(await _facts(engine, dossier)) == 3


async def test_a_mail_says_the_designers_words_with_the_citizens_answers(
    engine: AsyncEngine, community: Community, sink: Sink, running: None
) -> None:
    mail = {
        "subject": wording("Dossier {{ reference }}"),
        "body": wording("Bonjour {{ first_name }} !\n\nÀ bientôt {x}."),
    }
    await _file(engine, community, [{"id": "hello", "on": "submitted", "do": {"mail": mail}}])
    await until(partial(all_done, engine, 2), seconds=20)
    async with reading(engine) as db:
        reference = (await db.execute(text("select reference from dossiers"))).scalar_one()
    (sent,) = [each for each in sink.mails if each["Subject"] == f"Dossier {reference}"]
    body = sent.get_body(("plain",))
    assert body is not None
    assert "Bonjour Amina {{ reference }}" in body.get_content(), "what somebody typed is put in once, as it is"
    assert "À bientôt {x}." in body.get_content()


async def test_the_holder_is_reminded_when_a_step_lasts_too_long(
    engine: AsyncEngine, community: Community, sink: Sink, running: None
) -> None:
    term = {"id": "term", "from": "examination", "working_days": 10, "then": {"remind": "holder"}}
    dossier = await _file(engine, community, [], deadlines=[term])
    async with transaction(engine) as db:
        by = community.paul.as_agent
        seen = version_of(await actions.claim(db, dossier, seen=Version(1), by=by))
        await actions.start_review(db, dossier, seen=seen, by=by)
    await until(lambda: _waits_for_later(engine), seconds=10)
    await _past(engine, 30)
    await until(partial(all_done, engine, 2), seconds=20)
    (mail,) = [each for each in sink.mails if "attend" in each["Subject"]]
    assert mail["To"] == "paul@exemple.fr"
    assert (await _facts(engine, dossier))[-1].details == {"did": "remind", "automatic": "term", "cause": 3}


async def _waits_for_later(engine: AsyncEngine) -> bool:
    async with reading(engine) as db:
        later = text(
            "select count(*) from schedule where kind = 'dossier.process' and due_at > now() + interval '1 day'"
        )
        return bool((await db.execute(later)).scalar_one())


async def test_a_term_stops_while_the_citizen_is_awaited(engine: AsyncEngine, community: Community) -> None:
    late = {"id": "term", "from": "examination", "working_days": 10, "then": {"late": True}}
    dossier = await _file(engine, community, [], deadlines=[late])
    clock, by = Clock(engine, _ring), community.paul.as_agent
    async with transaction(engine) as db:
        seen = version_of(await actions.claim(db, dossier, seen=Version(1), by=by))
        seen = version_of(await actions.start_review(db, dossier, seen=seen, by=by))
        await actions.ask_completion(db, dossier, reason="Une photo ?", seen=seen, by=by)
    await _past(engine, 60)
    await clock.strike()
    assert len(await _facts(engine, dossier)) == 4
    assert await _scheduled(engine) == 0, "nothing is due before the citizen answers"
    async with transaction(engine) as db:
        await actions.complete(db, dossier, message="x", documents=(), seen=None, by=community.amina.as_citizen)
    await clock.strike()
    assert (await _facts(engine, dossier))[-1].kind == "dossier.completed"
    await _past(engine, 20)
    await clock.strike()
    last = (await _facts(engine, dossier))[-1]
    assert (last.kind, [*last.set["late"]]) == ("dossier.step_taken", [False, True])


async def test_a_process_may_close_with_a_reason(engine: AsyncEngine, community: Community) -> None:
    dossier = await _file(engine, community, [CLOSED])
    await Clock(engine, _ring).strike()
    last = (await _facts(engine, dossier))[-1]
    assert (last.kind, last.actor, last.details["outcome"]) == ("dossier.decided", None, "refused")
    async with reading(engine) as db:
        (told,) = await contents.messages(db, dossier)
    assert told.body == "Trop tard, Amina {{ reference }}."


@pytest.mark.parametrize(("silence", "outcome"), [("acceptance", "accepted"), ("refusal", "refused")])
async def test_silence_is_a_decision_when_the_legal_term_has_passed(
    engine: AsyncEngine, community: Community, silence: str, outcome: str
) -> None:
    dossier = await _file(engine, community, [], silence=silence, statutory_days=60)
    clock = Clock(engine, _ring)
    await _past(engine, 60)
    await clock.strike()
    assert len(await _facts(engine, dossier)) == 1, "its last day is not over"
    await _past(engine, 1)
    await clock.strike()
    last = (await _facts(engine, dossier))[-1]
    assert (last.kind, last.actor, [*last.set["state"]]) == ("dossier.decided", None, ["submitted", outcome])
    assert last.details == {"silence": True, "outcome": outcome, "automatic": "silence", "cause": 1}
    async with reading(engine) as db:
        told = await BUILDERS["mail.decided"](db, last, "https://relais.example")
    assert isinstance(told, Addressed)
    assert "Le délai légal est passé sans réponse du service" in " ".join(told.letter.paragraphs)
    assert await _scheduled(engine) == 0


async def test_silence_decides_nothing_that_somebody_decided(engine: AsyncEngine, community: Community) -> None:
    dossier = await _file(engine, community, [], silence="refusal", statutory_days=60)
    by = community.paul.as_agent
    async with transaction(engine) as db:
        seen = version_of(await actions.claim(db, dossier, seen=Version(1), by=by))
        seen = version_of(await actions.start_review(db, dossier, seen=seen, by=by))
        await actions.decide(db, dossier, outcome="accepted", reason="", seen=seen, by=by)
    await _past(engine, 90)
    await Clock(engine, _ring).strike()
    assert len(await _facts(engine, dossier)) == 4


async def test_a_loop_stops_within_the_day_and_says_so(engine: AsyncEngine, community: Community) -> None:
    always = {"!": [{"var": "profile.agent"}]}
    there = {"id": "there", "on": "examination", "when": always, "do": {"go_to": "visit"}}
    back = {"id": "back", "on": "visit", "when": always, "do": {"go_to": "examination"}}
    dossier = await _file(engine, community, [FORWARD, there, back])
    clock = Clock(engine, _ring)
    for _ in range(14):
        await clock.strike()
    facts = await _facts(engine, dossier)
    assert (len(facts), facts[-1].details["did"]) == (102, "stopped")
    assert await _scheduled(engine) == 0


async def test_two_clocks_take_a_step_once(engine: AsyncEngine, community: Community) -> None:
    dossier = await _file(engine, community, [HELLO, FORWARD])
    await asyncio.gather(*(Clock(engine, _ring).strike() for _ in range(4)))
    assert len(await _facts(engine, dossier)) == 3


async def test_a_dossier_without_process_is_left_alone(engine: AsyncEngine, community: Community) -> None:
    async with transaction(engine) as db:
        dossier = DossierId((await community.file(db)).subject_id)
        assert await process.advance(db, dossier, by=SYSTEM) is None
    assert await _scheduled(engine) == 0


@pytest.mark.timeout(120)
async def test_a_relay_killed_in_the_middle_sends_each_mail_once(
    engine: AsyncEngine, community: Community, sink: Sink, processes: Processes
) -> None:
    """Forty requests, each with two mails of its process, and three relays killed meanwhile."""
    again = {**HELLO, "id": "again"}
    first = await _file(engine, community, [HELLO, again])
    async with transaction(engine) as db:
        found = await db.execute(text("select procedure_id from dossiers where id = :id"), {"id": first})
        at = (await db.execute(text("select id from procedures where slug = 'visite'"))).scalar_one()
        assert found.scalar_one() == at
    await processes.ready("worker")
    for _ in range(3):
        relay = processes.start("relay")
        for _ in range(13):
            await _one_more(engine, community, at)
        await asyncio.sleep(0.7)
        relay.kill()
    await processes.ready("relay")
    await until(partial(all_done, engine, 3 * 40), seconds=60)
    names = [each.name for each in await effects_in(engine)]
    assert names.count("mail.automatic") == 80
    await check(engine, History(mails=list(sink.by_message_id.elements())))


async def _one_more(engine: AsyncEngine, community: Community, procedure: Any) -> None:
    async with transaction(engine) as db:
        at = Neighbours(community.etat_civil, procedure, (community.paul, community.ines))
        await community.file(db, at=at)
