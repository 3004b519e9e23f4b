"""The web process beside servers that die: it says so, loses nothing, and comes back by itself."""

import asyncio
import socket
import struct
import time
from collections.abc import AsyncIterator, Callable

import httpx
import pytest
from sqlalchemy import text

from casework.accounts import queries as accounts
from casework.accounts.actions import open_session
from casework.procedures.catalogue import load
from infra.database import engine as make_engine
from infra.database import transaction
from infra.embedded import PostgreSQL, Valkey
from tests.api.house import BIRTH, House
from tests.history import check
from tests.servers import Processes, until
from tests.web.community import open_portal

pytestmark = pytest.mark.timeout(180)  # servers start, die and start again

Start = Callable[[str, str], Processes]


async def _names_down(url: str) -> set[str]:
    async with httpx.AsyncClient(timeout=10) as client:
        answer = await client.get(f"{url}/readyz")
    found = answer.json()
    assert (answer.status_code == 200) == found["ready"]
    return {name for name, check in found["checks"].items() if not check["ok"]}


async def test_readiness_names_what_is_down(
    private_postgresql: PostgreSQL, private_valkey: Valkey, processes_on: Start
) -> None:
    processes = processes_on(private_postgresql.url(), private_valkey.url())
    web = await processes.start("web")
    assert "reader relay" in await _names_down(web.url)
    relay = await processes.start("relay")
    assert await until(lambda: _is_ready(web.url), seconds=15), await _names_down(web.url)

    private_valkey.kill()
    assert await until(lambda: _is_down(web.url, {"valkey"}), seconds=5)
    private_valkey.start()
    assert await until(lambda: _is_ready(web.url), seconds=15)

    private_postgresql.kill()
    assert await until(lambda: _is_down(web.url, {"database"}), seconds=5)
    assert (await _get(f"{web.url}/healthz")).status_code == 200, "alive: to restart it would mend nothing"
    private_postgresql.start()
    assert await until(lambda: _is_ready(web.url), seconds=20), await _names_down(web.url)

    metrics = (await _get(f"{web.url}/metrics")).text
    assert 'relais_up{part="database"} 1.0' in metrics
    relay.kill()
    assert await until(lambda: _is_down(web.url, {"reader relay"}), seconds=30)


async def _get(url: str) -> httpx.Response:
    async with httpx.AsyncClient(timeout=10) as client:
        return await client.get(url)


async def _is_ready(url: str) -> bool:
    return not await _names_down(url)


async def _is_down(url: str, names: set[str]) -> bool:
    return names <= await _names_down(url)


@pytest.fixture
async def desk(
    private_postgresql: PostgreSQL, private_valkey: Valkey, processes_on: Start
) -> AsyncIterator[httpx.AsyncClient]:
    """Amina, over HTTP, before servers that the test may kill."""
    load()
    engine = make_engine(private_postgresql.url())
    async with transaction(engine) as db:
        community = await open_portal(db)
        account = await accounts.by_id(db, community.amina.id)
        token, _ = await open_session(db, account)
    await engine.dispose()
    web = await processes_on(private_postgresql.url(), private_valkey.url()).start("web")
    async with httpx.AsyncClient(
        base_url=f"{web.url}/api/v1", headers={"authorization": f"Bearer {token}"}, timeout=20
    ) as client:
        yield client


async def test_without_valkey_requests_are_filed_all_the_same(desk: httpx.AsyncClient, private_valkey: Valkey) -> None:
    answers = (await desk.get(f"/procedures/{BIRTH}")).json()["example"]
    private_valkey.kill()
    for _ in range(3):
        began = time.perf_counter()
        filed = await desk.post("/dossiers", json={"procedure": BIRTH, "answers": answers})
        assert filed.status_code == 201, filed.text
        assert time.perf_counter() - began < 2
    wrong = await desk.post("/session", json={"email": "paul@exemple.fr", "password": "no"})
    assert wrong.status_code == 401


async def test_without_postgresql_a_problem_and_no_traceback(
    desk: httpx.AsyncClient, private_postgresql: PostgreSQL
) -> None:
    answers = (await desk.get(f"/procedures/{BIRTH}")).json()["example"]
    headers = {"idempotency-key": "the-same-before-and-after"}
    body = {"procedure": BIRTH, "answers": answers}
    private_postgresql.kill()
    down = await desk.post("/dossiers", json=body, headers=headers)
    assert (down.status_code, down.json()["code"]) == (503, "unavailable"), down.text
    assert int(down.headers["retry-after"]) > 0
    assert "Traceback" not in down.text
    private_postgresql.start()

    async def works() -> bool:
        return (await desk.post("/dossiers", json=body, headers=headers)).status_code == 201

    assert await until(works, seconds=15)
    assert len((await desk.get("/dossiers")).json()["items"]) == 1


async def test_an_overloaded_pool_says_come_back(house: House) -> None:
    ids = [await house.filed() for _ in range(12)]
    paul = await house.as_("paul")
    async with transaction(house.engine) as db:
        await db.execute(text("select from dossiers for update"))
        headers = {"if-match": '"1"'}
        answers = await asyncio.gather(*(paul.post(f"/dossiers/{id_}/claim", headers=headers) for id_ in ids))
    assert {answer.status_code for answer in answers} == {503}
    assert all(int(answer.headers["retry-after"]) > 0 for answer in answers)
    again = [await paul.post(f"/dossiers/{id_}/claim", headers={"if-match": '"1"'}) for id_ in ids]
    assert {answer.status_code for answer in again} == {200}


_FULL = (
    """
    create function disk_is_full() returns trigger language plpgsql as
    $$ begin raise exception 'could not extend file' using errcode = 'disk_full'; end $$
    """,
    "create trigger disk_is_full before insert on journal for each row execute function disk_is_full()",
)


async def test_a_full_disk_is_a_problem_nothing_is_half_made_and_it_recovers_alone(house: House) -> None:
    """What PostgreSQL says when its disk is full, at the last statement of a filing."""
    amina, answers = await house.as_("amina"), await house.example()
    body, headers = {"procedure": BIRTH, "answers": answers}, {"idempotency-key": "the-same-before-and-after"}
    async with transaction(house.engine) as db:
        for statement in _FULL:
            await db.execute(text(statement))
    refused = await amina.post("/dossiers", json=body, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (503, "unavailable"), refused.text
    assert refused.headers["content-type"] == "application/problem+json"
    for table in ("dossiers", "contents", "idempotency_keys"):
        assert await house.count(f"select count(*) from {table}") == 0
    async with transaction(house.engine) as db:
        await db.execute(text("drop trigger disk_is_full on journal"))
    assert (await amina.post("/dossiers", json=body, headers=headers)).status_code == 201
    await check(house.engine)


async def test_it_stops_in_time_with_people_connected(processes: Processes) -> None:
    web = await processes.start("web")
    host, port = "127.0.0.1", web.settings.port
    idle = socket.create_connection((host, port))
    half = socket.create_connection((host, port))
    half.sendall(b"POST /api/v1/session HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\n{")
    began = time.perf_counter()
    code = await asyncio.to_thread(web.stop)
    idle.close()
    half.close()
    assert time.perf_counter() - began < 10
    assert code == 0, web.log.read_text()[-2000:]
    assert "Traceback" not in web.log.read_text()


async def test_its_sockets_do_not_wait_for_ever_for_a_dead_reader(processes: Processes) -> None:
    """The sockets that it accepts have TCP_USER_TIMEOUT (RELIABILITY, W1): `ss` shows it nowhere, the kernel tells."""
    from infra.listen import USER_TIMEOUT_MS, listening_socket
    from infra.processes import free_port

    listener = listening_socket("127.0.0.1", port := free_port())
    with listener, socket.create_connection(("127.0.0.1", port)):
        accepted, _ = await asyncio.get_running_loop().sock_accept(listener)
        with accepted:
            raw = accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 4)
            assert struct.unpack("i", raw)[0] == USER_TIMEOUT_MS
