"""The published measures through the door, beside plain SQL over the database, for who may have them."""

import shutil
import threading
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

import api.figures
from analytics.access import SMALL
from analytics.facts import Fold
from analytics.published import PUBLISHED
from analytics.tables import Tables
from casework.demo.load import load
from casework.dossiers.search import fold
from casework.journal import read
from casework.terms import PARIS
from infra.database import engine as make_engine
from infra.database import reading
from infra.embedded import Valkey
from infra.processes import free_port
from infra.settings import Settings
from tests.api.house import House, serving
from tests.servers import SECRET, Cluster

pytestmark = pytest.mark.timeout(180)

_DIRECTED = (
    "select r.directorate_id from roles r join accounts a on a.id = r.account_id where a.email = 'hugo@exemple.fr'"
)
_MANAGED = "select r.service_id from roles r join accounts a on a.id = r.account_id where a.email = 'claire@exemple.fr'"
_LOCAL = "at time zone 'Europe/Paris'"
_VOLUMES = f"""
    select cast(date_trunc('week', d.submitted_at {_LOCAL}) as date), cast(d.directorate_id as text), count(*) from dossiers d
    where date_trunc('week', d.submitted_at {_LOCAL}) >= date_trunc('week', cast(:from as timestamp))
      and cast(d.submitted_at {_LOCAL} as date) <= :until group by 1, 2
"""
_DELAYS = f"""
    select p.slug, count(*),
           percentile_cont(0.5) within group (order by extract(epoch from d.decided_at - d.submitted_at) / 86400),
           percentile_cont(0.9) within group (order by extract(epoch from d.decided_at - d.submitted_at) / 86400)
    from dossiers d join procedures p on p.id = d.procedure_id
    where cast(d.decided_at {_LOCAL} as date) between :from and :until and d.directorate_id in ({_DIRECTED})
    group by 1 order by 1
"""
_TAKEN = f"""
    select cast(d.directorate_id as text), count(*),
           percentile_cont(0.5) within group (
               order by extract(epoch from j.at - cast(j.payload #>> '{{set,uncovered_since,0}}' as timestamptz)) / 3600)
    from journal j join dossiers d on d.id = j.subject_id
    where j.kind = 'dossier.taken_over' and j.payload #>> '{{set,uncovered_since,0}}' is not null
      and cast(j.at {_LOCAL} as date) between :from and :until group by 1
"""
_BACKLOG = f"""
    select count(*) from dossiers d
    where cast(d.submitted_at {_LOCAL} as date) <= :day and d.directorate_id in ({_DIRECTED})
      and (d.decided_at is null or cast(d.decided_at {_LOCAL} as date) > :day)
"""
_NOW = """
    select count(*), count(*) filter (where late), count(*) filter (where uncovered_since is not null) from dossiers
    where state in ('submitted', 'under_review', 'awaiting_citizen') and {}
"""


@dataclass(slots=True)
class Office:
    """The application over a small demo community, folded; its people by their first name."""

    settings: Settings
    engine: AsyncEngine
    clients: Mapping[str, httpx.AsyncClient]

    async def asked(self, who: str, measure: str, **parameters: Any) -> dict[str, Any]:
        """A measure that this person gets."""
        answer = await self.clients[who].get(f"/figures/{measure}", params=parameters)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def rows(self, statement: str, **binds: Any) -> list[tuple[Any, ...]]:
        """What the database says."""
        async with self.engine.connect() as db:
            return [tuple(row) for row in await db.execute(text(statement), binds)]


@pytest.fixture(scope="module")
async def office(postgres: Cluster, valkey: Valkey, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Office]:
    """Some 400 dossiers."""
    name = await postgres.fresh()
    settings = Settings.read(
        {"DATABASE_URL": postgres.url(name), "REDIS_URL": valkey.url(), "SECRET_KEY": SECRET, "DEMO": "1",
         "DATA_DIR": str(tmp_path_factory.mktemp("figures")), "PORT": str(free_port())}
    )  # fmt: skip
    engine = make_engine(settings.database_url)
    await load(settings, scale=0.015)
    await Fold(engine, Tables(settings.figures_url), SECRET).once()
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(serving(settings))
        clients = {}
        for who in ("hugo", "claire", "paul", "amina", "root", "nobody"):
            client = httpx.AsyncClient(base_url=f"{url}/api/v1", timeout=30)
            clients[who] = await stack.enter_async_context(client)
            if who != "nobody":
                opened = await client.post("/session", json={"email": f"{who}@exemple.fr", "password": "demo"})
                assert opened.status_code == 201, opened.text
                client.headers["authorization"] = f"Bearer {opened.json()['token']}"
        yield Office(settings, engine, clients)
    await engine.dispose()
    await postgres.drop(name)


def _period(told: Mapping[str, Any]) -> dict[str, date]:
    return {"from": date.fromisoformat(told["from"]), "until": date.fromisoformat(told["until"])}


async def test_volumes_are_the_databases_and_small_cells_are_hidden(office: Office) -> None:
    told = await office.asked("hugo", "volumes")
    assert told["scope"] == "community"
    real = {(week.isoformat(), directorate): count for week, directorate, count in
            await office.rows(_VOLUMES, **_period(told))}  # fmt: skip
    own = {str(row[0]) for row in await office.rows(_DIRECTED)}
    cells = {(row["week"], row["directorate"]["id"]): row for row in told["items"]}
    assert set(cells) == set(real)
    for key, row in cells.items():
        assert row["hidden"] == (row["received"] is None)
        assert row["received"] in (None, real[key])
        if key[1] in own:
            assert not row["hidden"], "one's own is shown"
        elif real[key] < SMALL:
            assert row["hidden"]
    assert any(row["hidden"] for row in cells.values())
    order = [(row["week"], fold(row["directorate"]["name"])) for row in told["items"]]
    assert order == sorted(order), "Éducation comes before Finances"

    weeks = sorted({week for week, _ in real})[-4:-2]
    chosen = await office.asked("hugo", "volumes", **{"from": weeks[0], "until": weeks[-1]})
    assert chosen["scope"] == "community"
    assert chosen["items"] == [row for row in told["items"] if row["week"] in weeks], (
        "a period only chooses among cells"
    )
    one = await office.asked("hugo", "volumes", directorate=min(own))
    assert one["items"] == [row for row in told["items"] if row["directorate"]["id"] in own]


async def test_delays_of_ones_own_procedures_over_a_period(office: Office) -> None:
    today = datetime.now(PARIS).date()
    period = {"from": (today - timedelta(days=500)).isoformat(), "until": (today - timedelta(days=30)).isoformat()}
    told = await office.asked("hugo", "time_to_decision", by="procedure", **period)
    assert told["scope"] == "own"
    expected = await office.rows(_DELAYS, **_period(told))
    assert expected
    found = sorted((row["procedure"]["slug"], row["decided"], row["median"], row["p90"]) for row in told["items"])
    assert [row[:2] for row in found] == [row[:2] for row in expected]
    for ours, theirs in zip(found, expected, strict=True):
        assert ours[2:] == pytest.approx([float(each) for each in theirs[2:]])
    slug = expected[0][0]
    alone = await office.asked("hugo", "time_to_decision", by="procedure", procedure=slug, **period)
    assert [row["procedure"]["slug"] for row in alone["items"]] == [slug]
    assert set(alone["items"][0]["procedure"]["title"]) == {"fr", "en"}


async def test_the_whole_community_is_told_in_one_cut_alone(office: Office) -> None:
    """By directorate, over the usual period, small cells hidden; whoever narrows it is told their own."""
    own = {str(row[0]) for row in await office.rows(_DIRECTED)}
    for measure, count in (("time_to_decision", "decided"), ("continuity", "taken_over")):
        whole = await office.asked("hugo", measure)
        assert whole["scope"] == "community"
        assert {row["directorate"]["id"] for row in whole["items"]} - own
        for row in whole["items"]:
            assert row[count] is None or row[count] >= SMALL or row["directorate"]["id"] in own
        for narrower in ({"until": whole["until"]}, {"procedure": "acte-de-naissance"}, {"by": "procedure"}):
            cut = await office.asked("hugo", measure, **narrower)
            assert cut["scope"] == "own"
            assert {row["directorate"]["id"] for row in cut["items"] if "directorate" in row} <= own


async def test_continuity_is_the_databases(office: Office) -> None:
    told = await office.asked("hugo", "continuity")
    real = {row[0]: row[1:] for row in await office.rows(_TAKEN, **_period(told))}
    shown = [row for row in told["items"] if not row["hidden"]]
    assert {row["directorate"]["id"] for row in told["items"]} == set(real)
    assert shown
    for row in shown:
        count, wait = real[row["directorate"]["id"]]
        assert (row["taken_over"], row["wait"]) == (count, pytest.approx(float(wait)))


async def test_the_backlog_and_this_instant_are_those_of_the_reader(office: Office) -> None:
    told = await office.asked("hugo", "backlog", **{"from": "2026-01-05", "until": "2026-01-11"})
    assert [row["day"] for row in told["items"]] == [f"2026-01-{day:02}" for day in range(5, 12)]
    for row in told["items"]:
        assert await office.rows(_BACKLOG, day=date.fromisoformat(row["day"])) == [(row["open"],)]
    for who, theirs in (("hugo", f"directorate_id in ({_DIRECTED})"), ("claire", f"service_id in ({_MANAGED})")):
        told = await office.asked(who, "now")
        assert told["from"] is told["until"] is None
        (row,) = told["items"]
        assert [(row["open"], row["late"], row["uncovered"])] == await office.rows(_NOW.format(theirs))


async def test_a_measure_says_what_it_means_and_how_fresh_it_is(office: Office) -> None:
    async with reading(office.engine) as db:
        at = (await db.execute(text("select max(at) from journal where stream = 'dossier'"))).scalar_one()
        now = await read.now(db)
    for measure in PUBLISHED:
        told = await office.asked("hugo", measure)
        assert told["measure"] == measure
        assert set(told["definition"]) == {"fr", "en"}
        assert all(sentence.endswith(".") for sentence in told["definition"].values())
        assert read.parse_position(told["position"]) <= now
        assert abs(datetime.fromisoformat(told["at"]) - at) < timedelta(milliseconds=1)
        assert told["next"] is None


async def test_nobody_who_directs_nothing_has_figures(office: Office) -> None:
    for measure in (*PUBLISHED, "no_such_measure"):
        assert (await office.clients["nobody"].get(f"/figures/{measure}")).status_code == 401
        for who in ("paul", "amina", "root"):
            answer = await office.clients[who].get(f"/figures/{measure}")
            assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")


async def test_what_there_is_not_is_not_found(office: Office) -> None:
    hugo = office.clients["hugo"]
    foreign = next(
        row["directorate"]["id"] for row in (await office.asked("hugo", "volumes"))["items"] if row["hidden"]
    )
    nobodys = "01a20b4f-0000-7000-8000-000000000000"
    for address in (
        "/figures/holders", "/figures/volumes/x", "/figures/volumes?procedure=aucune", f"/figures/now?directorate={foreign}",
        f"/figures/volumes?directorate={nobodys}", f"/figures/volumes?by=procedure&directorate={foreign}",
    ):  # fmt: skip
        answer = await hugo.get(address)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), address


@pytest.mark.parametrize(
    ("measure", "query", "field"),
    [
        ("volumes", "agent=paul", "agent"),
        ("volumes", "by=holder", "by"),
        ("volumes", "from=yesterday", "from"),
        ("volumes", "from=2026-02-01&until=2026-01-01", "until"),
        ("volumes", "until=2999-01-01", "until"),
        ("volumes", "until=0001-01-01", "until"),
        ("backlog", "from=1990-01-01", "from"),
        ("backlog", "by=procedure", "by"),
        ("now", "from=2026-01-01", "from"),
        ("time_to_decision", "directorate=x", "directorate"),
    ],
)
async def test_what_cannot_be_asked_is_named(office: Office, measure: str, query: str, field: str) -> None:
    answer = await office.clients["hugo"].get(f"/figures/{measure}?{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_parameter"), answer.text
    assert [fault["field"] for fault in answer.json()["faults"]] == [field]


async def test_before_a_worker_folded_and_without_the_store_one_is_told(house: House, tmp_path: Path) -> None:
    hugo, url = await house.as_("hugo"), house.settings.figures_url
    answer = await hugo.get("/figures/now")
    assert (answer.status_code, answer.json()["code"]) == (503, "figures_not_ready")
    assert answer.headers["retry-after"]
    await Fold(house.engine, Tables(url), SECRET).once()
    assert (await hugo.get("/figures/now")).json()["items"] == [{"open": 0, "late": 0, "uncovered": 0}]
    await house.filed()
    await Fold(house.engine, Tables(url), SECRET).once()
    assert (await hugo.get("/figures/now")).json()["items"] == [{"open": 1, "late": 0, "uncovered": 0}]
    for part in (house.settings.data_dir / "figures/dossiers").glob("*.parquet"):
        part.unlink()
    answer = await hugo.get("/figures/now")
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable"), answer.text
    shutil.rmtree(house.settings.data_dir / "figures")
    assert (await hugo.get("/figures/now")).json()["code"] == "figures_not_ready"


async def test_a_measure_that_takes_long_holds_up_nobody_else(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """One thread counts; the event loop answers others meanwhile; who waits too long is told so."""
    free = threading.Event()
    counted = api.figures._table

    def slow(*asked: Any) -> Any:
        free.wait(20)
        return counted(*asked)

    monkeypatch.setattr(api.figures, "_table", slow)
    monkeypatch.setattr(api.figures, "PATIENCE", 0.3)
    try:
        hugo = office.clients["hugo"]
        for _ in range(2):
            answer = await hugo.get("/figures/now")
            assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
            assert (await hugo.get("/me")).status_code == 200
    finally:
        free.set()
    monkeypatch.undo()
    assert (await office.asked("hugo", "now"))["items"]
