"""A web process killed with -9 in the middle of an act: nothing half-made, and the same key gets the one result."""

import asyncio
from uuid import uuid4

import httpx
import msgspec
import pytest
from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncEngine
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from casework.accounts import queries as accounts
from casework.accounts.actions import open_session
from infra.database import reading, transaction
from tests.history import Answered, History, Screen, check
from tests.people import settle
from tests.servers import Processes, until

# The act stops there: before it has the dossier's row, or with all of it written and the COMMIT under way.
BEFORE = "select from dossiers for update"
AT_COMMIT = "select pg_advisory_xact_lock(7)"
_STOP_AT_COMMIT = (
    """
    create function wait_at_commit() returns trigger language plpgsql as
    $$ begin perform pg_advisory_xact_lock_shared(7); return null; end $$
    """,
    """
    create constraint trigger wait_at_commit after insert on journal deferrable initially deferred
    for each row execute function wait_at_commit()
    """,
)
_WAITING = text(
    """
    select count(*) from pg_stat_activity
    where datname = current_database() and application_name = 'relais web' and wait_event_type = 'Lock'
    """
)
_AT_WORK = text(
    "select count(*) from pg_stat_activity where datname = current_database() and state <> 'idle' and pid <> pg_backend_pid()"
)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("where", [BEFORE, AT_COMMIT], ids=["before it writes", "at its commit"])
async def test_killed_in_the_middle_of_an_act_the_same_key_gets_the_one_result(
    engine: AsyncEngine, processes: Processes, where: str
) -> None:
    async with transaction(engine) as db:
        people = await settle(db)
        filed = await people.file(db)
        account = await accounts.by_id(db, people.paul.id)
        token, _ = await open_session(db, account)
        for statement in _STOP_AT_COMMIT if where == AT_COMMIT else ():
            await db.execute(text(statement))
    first, second = await processes.start("web"), await processes.start("web")
    screen, key = Screen(people.paul.viewer), str(uuid4())
    screen.load("queue:service", {filed.subject_id: filed.version})

    async def claim(url: str) -> httpx.Response:
        headers = {"authorization": f"Bearer {token}", "if-match": '"1"', "idempotency-key": key}
        async with httpx.AsyncClient(base_url=f"{url}/api/v1", headers=headers, timeout=20) as client:
            return await client.post(f"/dossiers/{filed.subject_id}/claim")

    socket, position = await _watch(first.url, token, screen, str(filed.position))
    async with transaction(engine) as holding:
        await holding.execute(text(where))
        lost = asyncio.create_task(claim(first.url))
        assert await until(lambda: _counts(engine, _WAITING, 1))
        first.kill()
        with pytest.raises(httpx.HTTPError):
            await lost
    assert await until(lambda: _counts(engine, _AT_WORK, 0))
    with pytest.raises(Exception, match="close"):
        await socket.recv()

    # Its screen goes on with the other process, from where it was.
    began = asyncio.get_running_loop().time()
    socket, _ = await _watch(second.url, token, screen, position)
    print(f"the socket was back after {asyncio.get_running_loop().time() - began:.2f} s")
    answers = [await claim(second.url) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200], answers[0].text
    assert answers[0].json() == answers[1].json()
    assert answers[0].json()["version"] == 2

    async def told() -> bool:
        screen.hear(msgspec.json.decode(await asyncio.wait_for(socket.recv(), 5)))
        return screen.rows["queue:service"][filed.subject_id] == 2

    if screen.rows["queue:service"][filed.subject_id] != 2:  # committed before the catch-up, it was part of it
        assert await until(told)
    await socket.close()
    answered = [Answered.of(filed), Answered(filed.subject_id, 2, people.paul.id)]
    await check(engine, History(answered, unanswered=0, screens=[screen]))


async def _watch(url: str, token: str, screen: Screen, since: str) -> tuple[ClientConnection, str]:
    """A socket that has caught up; the position it stands at."""
    socket = await connect(
        url.replace("http", "ws", 1) + "/live", compression=None, subprotocols=[Subprotocol("relais.v1")],
        additional_headers={"Cookie": f"relais={token}", "Origin": url},
    )  # fmt: skip
    await socket.send(msgspec.json.encode({"op": "watch", "topic": "queue:service", "since": since}).decode())
    while True:
        frame = msgspec.json.decode(await asyncio.wait_for(socket.recv(), 10))
        screen.hear(frame)
        assert frame["op"] in ("hello", "fact", "watching"), frame
        if frame["op"] == "watching":
            return socket, frame["position"]


async def _counts(engine: AsyncEngine, statement: TextClause, number: int) -> bool:
    async with reading(engine) as db:
        return int((await db.execute(statement)).scalar_one()) == number
