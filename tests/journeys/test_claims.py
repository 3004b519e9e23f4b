"""Fifty agents of one service click « Prendre » in the same instant: one holds the dossier, and all are told who."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from uuid import UUID, uuid4

import httpx
import msgspec
import pytest
from sqlalchemy import text
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from casework.access import Viewer
from casework.ids import AccountId, new_id
from infra.database import transaction
from tests.api.conftest import house, portal
from tests.api.house import House
from tests.history import Answered, History, Screen, check
from tests.people import Person

__all__ = ["house", "portal"]  # fixtures

AGENTS, ROUNDS = 50, 10
_AGENT = text(
    "insert into accounts (id, kind, email, given_name, family_name) values (:id, 'agent', :email, :name, 'Dupont')"
)
_ROLE = text("insert into roles (account_id, role, service_id) values (:id, 'agent', :service)")


@dataclass
class Desk:
    """One agent: who clicks, and the screen of the service's queue."""

    person: Person
    name: str
    client: httpx.AsyncClient
    socket: ClientConnection
    screen: Screen

    async def follow(self) -> None:
        async for message in self.socket:
            self.screen.hear(msgspec.json.decode(message))


@pytest.fixture
async def desks(house: House) -> AsyncIterator[list[Desk]]:
    """Fifty of them, signed in, their queues open and live."""
    service = house.community.etat_civil
    people = [
        Person(id_, Viewer(id_, "agent", services=frozenset({service})))
        for id_ in (AccountId(new_id()) for _ in range(AGENTS))
    ]
    async with transaction(house.engine) as db:
        for number, person in enumerate(people):
            await db.execute(_AGENT, {"id": person.id, "email": f"agent{number}@exemple.fr", "name": f"Agent {number}"})
            await db.execute(_ROLE, {"id": person.id, "service": service})
    async with AsyncExitStack() as stack:
        made = []
        for number, person in enumerate(people):
            token = await house.token(person)
            headers = {"Cookie": f"relais={token}", "Origin": house.url}
            socket = await stack.enter_async_context(
                connect(
                    house.url.replace("http", "ws") + "/live", additional_headers=headers, compression=None,
                    subprotocols=[Subprotocol("relais.v1")],
                )
            )  # fmt: skip
            await socket.send('{"op":"watch","topic":"queue:service"}')
            screen = Screen(person.viewer)
            screen.load("queue:service", {})
            made.append(Desk(person, f"Agent {number} Dupont", await house.anonymous(token), socket, screen))
        tasks = [asyncio.create_task(desk.follow()) for desk in made]
        yield made
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@pytest.mark.timeout(180)
async def test_fifty_claims_in_the_same_instant_have_one_winner_whom_all_are_told(
    house: House, desks: list[Desk]
) -> None:
    history = History(screens=[desk.screen for desk in desks])

    async def claim(desk: Desk, dossier: str) -> httpx.Response:
        headers = {"if-match": '"1"', "idempotency-key": str(uuid4())}
        answer = await desk.client.post(f"/dossiers/{dossier}/claim", headers=headers)
        while answer.status_code == 503:  # the pool is asked by fifty at once: come back, under the same key
            await asyncio.sleep(float(answer.headers["retry-after"]))
            answer = await desk.client.post(f"/dossiers/{dossier}/claim", headers=headers)
        return answer

    for _ in range(ROUNDS):
        dossier = await house.filed()
        answers = await asyncio.gather(*(claim(desk, dossier) for desk in desks))
        [winner] = [desk for desk, answer in zip(desks, answers, strict=True) if answer.status_code == 200]
        history.answered.append(Answered(UUID(dossier), 2, winner.person.id))
        refusals = [answer for answer in answers if answer.status_code != 200]
        assert {answer.status_code for answer in refusals} == {412}
        assert {answer.json()["held_by"]["name"] for answer in refusals} == {winner.name}

        async def all_see(dossier: str = dossier) -> None:
            while {desk.screen.rows["queue:service"].get(UUID(dossier)) for desk in desks} != {2}:  # noqa: ASYNC110 - sockets tell no event
                await asyncio.sleep(0.01)

        await asyncio.wait_for(all_see(), 10)
    await check(house.engine, history)
