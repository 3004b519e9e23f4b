"""Each measure beside its twin in plain SQL over the database, on communities that Hypothesis invents."""

import inspect
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from analytics import measures
from analytics.access import SMALL, Reader, detail, hide_small
from analytics.facts import Fold
from analytics.published import PUBLISHED, definition
from analytics.tables import Tables
from casework.demo.load import Plan, load_into
from casework.dossiers import actions
from casework.ids import DossierId, Version
from casework.terms import PARIS
from infra.database import transaction
from tests.people import Community, settle

pytestmark = pytest.mark.timeout(180)
SECRET = "a secret of at least thirty-two characters"

_VOLUMES = """
    select date_trunc('week', submitted_at at time zone 'Europe/Paris')::date as week, directorate_id::text,
           count(*) as received
    from dossiers where submitted_at is not null group by 1, 2 order by 1, 2
"""
_DELAYS = """
    select directorate_id::text, count(*) as decided,
           percentile_cont(0.5) within group (order by extract(epoch from decided_at - submitted_at) / 86400) as median,
           percentile_cont(0.9) within group (order by extract(epoch from decided_at - submitted_at) / 86400) as p90
    from dossiers where submitted_at is not null and decided_at is not null group by 1 order by 1
"""
_OPEN = """
    select count(*) from dossiers
    where submitted_at is not null and (submitted_at at time zone 'Europe/Paris')::date <= :day
      and (decided_at is null or (decided_at at time zone 'Europe/Paris')::date > :day)
"""
_NOW = """
    select count(*) as open, count(*) filter (where late) as late,
           count(*) filter (where uncovered_since is not null) as uncovered
    from dossiers where state in ('submitted', 'under_review', 'awaiting_citizen')
"""


async def _rows(engine: AsyncEngine, statement: str, **binds: Any) -> list[tuple[Any, ...]]:
    async with engine.connect() as db:
        return [tuple(row) for row in await db.execute(text(statement), binds)]


async def _live(engine: AsyncEngine, community: Community, lives: list[tuple[str, int]]) -> None:
    """Each dossier: which procedure, and how far it came (0 filed, 1 claimed, 2 in review, 3 decided)."""
    for procedure, steps in lives:
        who = (community.paul if procedure == "birth" else community.omar).as_agent
        async with transaction(engine) as db:
            filed = await community.file(db, procedure=procedure)
            id_ = DossierId(filed.subject_id)
            if steps > 0:
                await actions.claim(db, id_, seen=Version(1), by=who)
            if steps > 1:
                await actions.start_review(db, id_, seen=Version(2), by=who)
            if steps > 2:
                await actions.decide(db, id_, seen=Version(3), outcome="accepted", reason="oui", by=who)


lives = st.lists(st.tuples(st.sampled_from(("birth", "lamp")), st.integers(0, 3)), max_size=8)


async def _agrees(engine: AsyncEngine, tables: Tables) -> None:
    await Fold(engine, tables, SECRET).once()
    dossiers = tables.read("dossiers").lazy()
    assert measures.volumes(dossiers, "directorate_id").collect().rows() == await _rows(engine, _VOLUMES)
    delays = measures.time_to_decision(dossiers, "directorate_id").collect().rows()
    expected = await _rows(engine, _DELAYS)
    assert [row[:2] for row in delays] == [row[:2] for row in expected]
    for ours, theirs in zip(delays, expected, strict=True):
        assert ours[2:] == pytest.approx([float(each) for each in theirs[2:]])
    assert measures.now(dossiers).collect().rows() == await _rows(engine, _NOW)
    today = datetime.now(PARIS).date()
    days = measures.backlog(dossiers, today - timedelta(days=3), today + timedelta(days=1)).collect()
    for day, count in days.rows():
        assert [(count,)] == await _rows(engine, _OPEN, day=day)


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(invented=lives)
async def test_the_figures_are_the_databases(engine: AsyncEngine, invented: list[tuple[str, int]]) -> None:
    async with transaction(engine) as db:
        known = (await db.execute(text("select count(*) from directorates"))).scalar_one()
        if known:
            await db.execute(text("alter table journal disable trigger user"))
            await db.execute(
                text(
                    "truncate journal, dossiers, contents, schedule, procedure_revisions, procedures, roles, accounts, "
                    "services, directorates cascade"
                )
            )
            await db.execute(text("alter table journal enable trigger user"))
        community = await settle(db)
    await _live(engine, community, invented)
    with TemporaryDirectory() as folder:
        await _agrees(engine, Tables(Path(folder).as_uri()))


def _cells(*counts: int) -> pl.LazyFrame:
    return pl.LazyFrame(
        {
            "directorate_id": [f"d{number}" for number in range(len(counts))],
            "n": list(counts),
            "m": [1.0] * len(counts),
        },
        schema={"directorate_id": pl.String, "n": pl.Int64, "m": pl.Float64},
    )


@given(st.lists(st.integers(0, 20), min_size=1, max_size=8), st.integers(0, 7))
def test_no_small_cell_can_be_read_or_computed(counts: list[int], own: int) -> None:
    reader = Reader(frozenset({f"d{own}"}))
    rows = hide_small(_cells(*counts), reader, count="n", hides=["m"]).sort("directorate_id").collect().to_dicts()
    hidden = [place for place, row in enumerate(rows) if row["n"] is None]
    for place, (row, real) in enumerate(zip(rows, counts, strict=True)):
        if place == own:
            assert row["n"] == real, "one's own is shown"
        elif 0 < real < SMALL:
            assert row["n"] is row["m"] is None
        elif row["n"] is not None:
            assert row["n"] == real
    others = [place for place, real in enumerate(counts) if real > 0 and place != own]
    assert len(hidden) != 1 or len(others) == 1


async def test_the_detail_is_ones_own(engine: AsyncEngine, tables: Tables) -> None:
    async with transaction(engine) as db:
        community = await settle(db)
    await _live(engine, community, [("birth", 0), ("birth", 1), ("lamp", 0)])
    await Fold(engine, tables, SECRET).once()
    dossiers = tables.read("dossiers").lazy()
    seen = {
        who: detail(dossiers, reader).collect().height
        for who, reader in {
            "hugo": Reader(frozenset({str(community.usagers)})),
            "manager": Reader(services=frozenset({str(community.voirie)})),
            "nobody": Reader(),
        }.items()
    }
    assert seen == {"hugo": 2, "manager": 1, "nobody": 0}


async def test_what_was_taken_over_and_how_long_it_waited(engine: AsyncEngine, tables: Tables) -> None:
    async with transaction(engine) as db:
        await load_into(db, Plan(datetime.now(PARIS).date(), scale=0.005), store=None, told=lambda *_: None)
    await _agrees(engine, tables)
    ours = measures.continuity(tables.read("facts").lazy(), tables.read("dossiers").lazy(), "directorate_id")
    theirs = await _rows(
        engine,
        """
        select d.directorate_id::text, count(*),
               percentile_cont(0.5) within group (order by extract(epoch from j.at
                   - cast(j.payload #>> '{set,uncovered_since,0}' as timestamptz)) / 3600)
        from journal j join dossiers d on d.id = j.subject_id
        where j.kind = 'dossier.taken_over' and j.payload #>> '{set,uncovered_since,0}' is not null
        group by 1 order by 1
        """,
    )
    assert theirs, "the demo takes over"
    for mine, expected in zip(ours.collect().rows(), theirs, strict=True):
        assert mine[:2] == expected[:2]
        assert mine[2] == pytest.approx(float(expected[2]))


def test_every_measure_is_published_with_its_definition_in_both_languages() -> None:
    written = {name for name, each in vars(measures).items() if inspect.isfunction(each) and not name.startswith("_")}
    assert set(PUBLISHED) == written
    for name, published in PUBLISHED.items():
        assert published.measure is getattr(measures, name)
        said = definition(published.measure)
        assert said["fr"] != said["en"]
        assert all(each.endswith(".") and "Columns" not in each for each in said.values())
