"""What nobody came back for goes, and nothing else."""

from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from casework.dossiers import actions
from casework.dossiers.contents import save_scratch
from casework.ids import DossierId, new_id
from infra.database import reading, transaction
from infra.object_store import Documents, NoSuchObject
from tests.people import Community
from workers import sweep


async def _silence(position: str) -> None:
    """Nobody listens here."""


@pytest.fixture
def store(tmp_path: Path) -> Documents:
    """A real folder of files."""
    return Documents((tmp_path / "objects").as_uri())


async def _store(engine: AsyncEngine, store: Documents, *, hours: int, dossier: UUID | None = None) -> UUID:
    id_ = new_id()
    await store.keep(id_, b"%PDF-1.7")
    async with transaction(engine) as db:
        await db.execute(
            text(
                """insert into documents (id, dossier_id, filename, media_type, size, sha256, created_at)
                values (:id, :dossier, 'acte.pdf', 'application/pdf', 8, '', now() - make_interval(hours => :hours))"""
            ),
            {"id": id_, "dossier": dossier, "hours": hours},
        )
    return id_


async def _there(store: Documents, id_: UUID) -> bool:
    try:
        await store.read(id_)
    except NoSuchObject:
        return False
    return True


async def test_files_that_no_dossier_has_go_after_a_day_unless_a_draft_names_them(
    engine: AsyncEngine, community: Community, store: Documents
) -> None:
    dossier = await _draft(engine, community)
    forgotten = [await _store(engine, store, hours=25) for _ in range(sweep.STEP_OF_FILES + 3)]
    fresh = await _store(engine, store, hours=23)
    attached = await _store(engine, store, hours=900, dossier=dossier)
    drafted = await _store(engine, store, hours=900)
    async with transaction(engine) as db:
        answers = {"justificatif": [str(drafted)]}
        await save_scratch(db, dossier, "answers", community.amina.id, body=answers, seen=0)
    assert await sweep.documents(engine, store) == len(forgotten)
    assert await sweep.documents(engine, store) == 0
    assert [await _there(store, id_) for id_ in (fresh, attached, drafted)] == [True] * 3
    assert not any([await _there(store, id_) for id_ in forgotten])
    async with reading(engine) as db:
        left = set((await db.execute(text("select id from documents"))).scalars())
    assert left == {fresh, attached, drafted}


async def test_idempotency_keys_are_forgotten_after_seven_days(engine: AsyncEngine) -> None:
    async with transaction(engine) as db:
        await db.execute(
            text(
                """insert into idempotency_keys (principal, key, route, body_hash, subject, version, at)
                select 'anonymous', n::text, '/dossiers', '', gen_random_uuid(), 1,
                    now() - case when n <= 1500 then interval '169 hours' else interval '167 hours' end
                from generate_series(1, 1600) n"""
            )
        )
    assert await sweep.idempotency_keys(engine) == 1500
    assert await sweep.idempotency_keys(engine) == 0


async def test_drafts_expire_with_a_fact_when_nobody_touched_them_for_a_month(
    engine: AsyncEngine, community: Community
) -> None:
    old, typed_in = await _draft(engine, community), await _draft(engine, community)
    async with transaction(engine) as db:
        await save_scratch(db, typed_in, "answers", community.amina.id, body={"nom": "Benali"}, seen=0)
        await db.execute(text("update dossiers set last_at = now() - interval '31 days'"))
    recent = await _draft(engine, community)
    assert await sweep.drafts(engine, _silence) == 1
    assert await sweep.drafts(engine, _silence) == 0
    async with reading(engine) as db:
        states = {row.id: row.state for row in await db.execute(text("select id, state from dossiers"))}
    assert states == {old: "expired", typed_in: "draft", recent: "draft"}


async def _draft(engine: AsyncEngine, community: Community) -> DossierId:
    id_ = DossierId(new_id())
    async with transaction(engine) as db:
        await actions.open_draft(
            db,
            id_,
            procedure_id=community.birth,
            revision=1,
            channel="online",
            applicant={"applicant": "", "applicant_email": None, "search": "", "tracking_hash": None},
            by=community.amina.as_citizen,
        )
    return id_
