"""What an auditor asks of the journal: has anything been changed?"""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from casework.journal import evidence, read
from infra.database import reading, transaction
from tests.people import settle

_TAMPER = text(
    "update journal set payload = payload || '{\"outcome\": \"accepted\"}' where stream = 'dossier' and subject_id = :id and version = 1"
)


async def test_an_untouched_journal_is_whole(engine: AsyncEngine) -> None:
    async with transaction(engine) as db:
        c = await settle(db)
        await c.file(db)
    async with reading(engine) as db:
        verdict = await evidence.verify(db)
    assert verdict.breaks == ()
    assert (verdict.subjects, verdict.facts) == (3, 3), "two procedures published, one dossier filed"


async def test_a_changed_fact_shows_even_when_the_trigger_was_lifted(engine: AsyncEngine) -> None:
    async with transaction(engine) as db:
        c = await settle(db)
        filed = await c.file(db)
        await db.execute(text("alter table journal disable trigger append_only"))
        await db.execute(_TAMPER, {"id": filed.subject_id})
        await db.execute(text("alter table journal enable trigger append_only"))
    async with reading(engine) as db:
        (broken,) = (await evidence.verify(db)).breaks
    assert (broken.subject_id, broken.version, broken.why) == (filed.subject_id, 1, "digest")


async def test_a_new_epoch_is_one_more(engine: AsyncEngine) -> None:
    async with transaction(engine) as db:
        assert await read.epoch(db) == 1
        assert await evidence.new_epoch(db) == 2
    async with reading(engine) as db:
        assert await read.epoch(db) == 2
