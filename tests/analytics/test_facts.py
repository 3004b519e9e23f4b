"""Folding: in pieces or at once the same, once each, whoever dies between two commits."""

from datetime import datetime

import pytest
from deltalake import write_deltalake
from deltalake.exceptions import DeltaError
from polars.testing import assert_frame_equal
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

import analytics.facts
from analytics.facts import Fold
from analytics.tables import Overtaken, Reached, Tables, commit
from casework.demo.load import Plan, load_into
from casework.dossiers import actions
from casework.ids import DossierId, Version
from casework.journal import evidence
from casework.terms import PARIS
from infra.database import transaction
from tests.people import settle

SECRET = "a secret of at least thirty-two characters"


pytestmark = pytest.mark.timeout(180)


async def _demo(engine: AsyncEngine) -> None:
    async with transaction(engine) as db:
        plan = Plan(datetime.now(PARIS).date(), scale=0.003)
        await load_into(db, plan, store=None, told=lambda *_: None)


def _same(one: Tables, other: Tables) -> None:
    for name, key in (("facts", "id"), ("dossiers", "dossier"), ("services", "service_id"), ("procedures", "slug")):
        assert_frame_equal(one.read(name).sort(key), other.read(name).sort(key))


async def test_in_pieces_or_at_once_the_tables_are_the_same(
    engine: AsyncEngine, tables: Tables, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _demo(engine)
    at_once = Tables(tmp_path_factory.mktemp("once").as_uri())
    facts = await Fold(engine, at_once, SECRET).once()

    monkeypatch.setattr(analytics.facts, "CHUNK", 200)
    monkeypatch.setattr(analytics.facts, "BATCH", 600)
    pieces = Fold(engine, tables, SECRET)
    assert await pieces.once() == facts
    assert await pieces.once() == 0
    _same(tables, at_once)
    assert tables.read("facts")["id"].is_unique().all()

    tables.tidy("facts")
    tables.tidy("dossiers")
    assert await Fold(engine, tables, SECRET).once() == 0, "tidying kept the position"
    await pieces.clear()
    assert await pieces.once() == facts
    _same(tables, at_once)


async def test_a_death_between_two_commits_repeats_nothing(
    engine: AsyncEngine, tables: Tables, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with transaction(engine) as db:
        community = await settle(db)
        filed = await community.file(db)
    await Fold(engine, tables, SECRET).once()
    async with transaction(engine) as db:
        await actions.claim(db, DossierId(filed.subject_id), seen=Version(1), by=community.paul.as_agent)

    with monkeypatch.context() as patched:
        fold = Fold(engine, tables, SECRET)
        patched.setattr(Tables, "upsert", _refuses)
        with pytest.raises(DeltaError):
            await fold.once()
    assert tables.read("facts").height == 2
    assert tables.read("dossiers")["version"].to_list() == [1]

    await Fold(engine, tables, SECRET).once()
    assert tables.read("facts")["version"].sort().to_list() == [1, 2]
    assert tables.read("dossiers")["version"].to_list() == [2]


def _refuses(*_: object, **__: object) -> None:
    raise DeltaError("the store is down")


async def test_two_writers_do_not_both_go_on_from_one_version(engine: AsyncEngine, tables: Tables) -> None:
    async with transaction(engine) as db:
        community = await settle(db)
        await community.file(db)
    await Fold(engine, tables, SECRET).once()
    slow, quick = Fold(engine, tables, SECRET), Fold(engine, tables, SECRET)
    await slow.once()
    await quick.once()
    async with transaction(engine) as db:
        await community.file(db)
    await quick.once()
    with pytest.raises(Overtaken):
        await slow.once()
    slow.forget()
    await slow.once()
    assert tables.read("facts")["id"].is_unique().all()
    assert tables.read("facts").height == 2

    one, other = tables.open("facts"), tables.open("facts")
    assert one is not None
    assert other is not None
    rows = tables.read("facts")
    write_deltalake(one, rows, mode="append", commit_properties=commit("facts", Reached()))
    with pytest.raises(DeltaError):  # it looked, slept, and comes back
        write_deltalake(other, rows, mode="append", commit_properties=commit("facts", Reached()))


async def test_after_a_restore_everything_is_rebuilt(engine: AsyncEngine, tables: Tables) -> None:
    async with transaction(engine) as db:
        community = await settle(db)
        await community.file(db)
    fold = Fold(engine, tables, SECRET)
    await fold.once()
    before = tables.read("facts")
    async with transaction(engine) as db:
        await evidence.new_epoch(db)
    await fold.once()
    assert_frame_equal(tables.read("facts"), before)
    assert tables.reached("facts").epoch == 2


async def test_nobody_is_in_the_tables(engine: AsyncEngine, tables: Tables) -> None:
    async with transaction(engine) as db:
        community = await settle(db)
        filed = await community.file(db)
    await Fold(engine, tables, SECRET).once()
    people = {str(each.id) for each in community.everybody} | {str(filed.subject_id)}
    async with engine.connect() as db:
        people |= {row.name for row in await db.execute(text("select family_name as name from accounts"))}
    written = "".join(str(tables.read(name).to_dicts()) for name in ("facts", "dossiers", "services", "procedures"))
    assert not [each for each in people if each in written]
