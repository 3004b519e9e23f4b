"""The history checker itself: it agrees with a run in which all went well, and sees each kind of fault."""

from collections.abc import AsyncIterator, Callable
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from casework.ids import new_id
from infra.database import transaction
from tests.history import Answered, History, Screen, broken, check, rows_of
from tests.realtime.stage import Stage, stage
from tests.waiting import until
from workers import effects

Frame = dict[str, Any]
TOPIC = "queue:service"


class Run:
    """Omar's and Ines's screens on a filing, a claim and a message; the mails that should have left."""

    def __init__(self, desk: Stage) -> None:
        self.desk = desk
        self.history = History(unanswered=0)
        self.frames: list[Frame] = []
        self.ines = Screen(desk.people.ines.viewer)

    async def act(self) -> None:
        desk, people = self.desk, self.desk.people
        client = await desk.client(people.ines)
        await client.watch(TOPIC)
        filed = await desk.file()
        await client.watch(f"dossier:{filed.subject_id}", str(filed.position))
        claimed = await desk.act(people.paul, "claim", filed.subject_id, 1)
        written = await desk.act(people.paul, "post_message", filed.subject_id, 2, message="Bonjour")
        facts = (filed, claimed, written)
        await until(lambda: len(client.facts(TOPIC)) == 3)
        await client.settled()
        self.frames = client.frames
        async with transaction(desk.engine) as db:
            for trigger in await effects.record(db, facts):
                number = f"<{trigger.journal_id}@relais.example>"
                held = await effects.begin(db, trigger.journal_id, trigger.name, message_id=number)
                assert held is not None
                await effects.done(db, held, note=None)
                self.history.mails = [*(self.history.mails or ()), number]
        self.history.answered = [Answered.of(fact) for fact in facts]

    async def said(self) -> list[str]:
        self.ines = Screen(self.desk.people.ines.viewer)
        self.ines.load(TOPIC, {})
        for frame in self.frames:
            self.ines.hear(frame)
        self.history.screens = [self.ines]
        return await broken(self.desk.engine, self.history)

    async def sql(self, statement: str) -> None:
        async with transaction(self.desk.engine) as db:
            await db.execute(text("set local session_replication_role = replica"))  # without the trigger that refuses
            await db.execute(text(statement))

    def fact(self, topic: str = TOPIC, version: int = 2) -> Frame:
        [frame] = [f for f in self.frames if f["op"] == "fact" and f["topic"] == topic and f["version"] == version]
        return frame


@pytest.fixture
async def run(database_url: str, redis_url: str) -> AsyncIterator[Run]:
    async with stage(database_url, redis_url) as desk:
        made = Run(desk)
        await made.act()
        assert await made.said() == [], "all went well"
        yield made


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        ("delete from journal where kind = 'dossier.claimed'", "gap at version 3"),
        ("update journal set actor = null where kind = 'dossier.claimed'", "digest at version 2"),
        ("update dossiers set holder_id = null", "is not what its facts say"),
        ("delete from effects where name = 'mail.message'", "effect never recorded"),
        ("update effects set state = 'sending' where name = 'mail.message'", "effect not done"),
        ("update effects set journal_id = 0 where name = 'mail.message'", "effect that no fact causes"),
    ],
)
async def test_a_database_that_was_tampered_with(run: Run, statement: str, sentence: str) -> None:
    await run.sql(statement)
    assert sentence in "\n".join(await run.said())


def _lost_answer(run: Run) -> None:
    run.history.answered.append(Answered(new_id(), 2, run.desk.people.paul.id))


def _one_fact_for_two(run: Run) -> None:
    run.history.answered.append(run.history.answered[1])


def _by_somebody_else(run: Run) -> None:
    run.history.answered[1] = run.history.answered[1]._replace(actor=run.desk.people.ines.id, fact=None)


def _answered_nobody(run: Run) -> None:
    run.history.answered.pop()


def _mail_twice(run: Run) -> None:
    assert run.history.mails
    run.history.mails = [*run.history.mails, run.history.mails[0]]


def _mail_missing(run: Run) -> None:
    assert run.history.mails
    run.history.mails = run.history.mails[1:]


def _mail_of_nobody(run: Run) -> None:
    run.history.mails = [*(run.history.mails or ()), "<somebody@else.example>"]


def _frame_missing(run: Run) -> None:
    run.frames.remove(run.fact(version=1))
    run.frames.remove(run.fact(version=2))
    run.frames.remove(run.fact(version=3))


def _frame_twice(run: Run) -> None:
    run.frames.append(run.fact())


def _frame_of_nothing(run: Run) -> None:
    run.frames.append(run.fact() | {"dossier": str(uuid4())})


def _hole(run: Run) -> None:
    topic = f"dossier:{run.fact()['dossier']}"
    run.fact(topic)["op"] = "pong"
    run.frames.insert(0, run.fact() | {"topic": topic, "version": 1, "position": run.fact(version=1)["position"]})


def _other_eyes(run: Run) -> None:
    row = run.fact()["row"]
    row["service_id"] = row["directorate_id"] = str(run.desk.people.voirie)
    row["holder_id"] = str(run.desk.people.omar.id)


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        (_lost_answer, "answered and lost"),
        (_one_fact_for_two, "one fact answered 2 acts"),
        (_by_somebody_else, "kept as"),
        (_answered_nobody, "facts that nobody was answered"),
        (_mail_twice, "mail accepted 2 times in 1 tries"),
        (_mail_missing, "mail never sent"),
        (_mail_of_nobody, "mail that nobody meant"),
        (_frame_missing, "1 missing, 0 ghosts, 0 stale"),
        (_frame_twice, "out of order, or twice"),
        (_frame_of_nothing, "told of what is not in the journal"),
        (_hole, "a hole before"),
        (_other_eyes, "a row for other eyes"),
    ],
)
async def test_a_run_in_which_something_went_wrong(run: Run, fault: Callable[[Run], None], sentence: str) -> None:
    fault(run)
    assert sentence in "\n".join(await run.said())


async def test_what_is_broken_fails_the_test(run: Run) -> None:
    await run.sql("update dossiers set state = 'decided'")
    with pytest.raises(AssertionError, match="is not what its facts say"):
        await check(run.desk.engine)


async def test_a_topic_of_one_service_is_the_same_rows(run: Run) -> None:
    people = run.desk.people
    async with transaction(run.desk.engine) as db:
        assert await rows_of(db, f"{TOPIC}:{people.etat_civil}", people.ines.viewer) == run.ines.rows[TOPIC]
