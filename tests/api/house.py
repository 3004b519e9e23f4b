"""The real application on real servers, and people who talk to it over HTTP."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Self

import httpx
import uvicorn
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from casework.accounts import queries as accounts
from casework.accounts.actions import open_session
from casework.accounts.queries import Account
from casework.terms import PARIS
from infra.database import transaction
from infra.settings import Settings
from realtime.wire import Socket
from tests.people import Community, Person
from web.app import create_app

BIRTH = "acte-de-naissance"  # goes to Paul's and Ines's service


@asynccontextmanager
async def serving(settings: Settings) -> AsyncIterator[str]:
    """The application on a listening socket, in this event loop; its address."""
    listener = socket.create_server(("127.0.0.1", settings.port), backlog=512)
    config = uvicorn.Config(
        create_app(settings), ws=Socket, http="httptools", lifespan="on", log_config=None,
        access_log=False, timeout_graceful_shutdown=2,
    )  # fmt: skip
    server = uvicorn.Server(config)
    task = asyncio.create_task(server._serve(sockets=[listener]))
    try:
        while not server.started and not task.done():  # noqa: ASYNC110 - uvicorn has a flag, and no event
            await asyncio.sleep(0.01)
        assert server.started, "the application did not start"
        yield f"http://127.0.0.1:{settings.port}"
    finally:
        server.should_exit = True
        await task
        listener.close()


@dataclass(slots=True)
class House:
    """A community, its application, and a client for each person."""

    settings: Settings
    engine: AsyncEngine
    url: str
    community: Community
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)
    _clients: dict[str, httpx.AsyncClient] = field(default_factory=dict)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def token(self, person: Person) -> str:
        """A new session of this person."""
        async with transaction(self.engine) as db:
            account = await accounts.by_id(db, person.id)
            assert isinstance(account, Account)
            token, _ = await open_session(db, account)
        return token

    async def anonymous(self, token: str | None = None) -> httpx.AsyncClient:
        """A client with this session, or with none."""
        headers = {"authorization": f"Bearer {token}"} if token else {}
        client = httpx.AsyncClient(base_url=f"{self.url}/api/v1", headers=headers, timeout=30)
        return await self._stack.enter_async_context(client)

    async def as_(self, name: str) -> httpx.AsyncClient:
        """`as_("paul")`: his client, always the same."""
        if name not in self._clients:
            self._clients[name] = await self.anonymous(await self.token(getattr(self.community, name)))
        return self._clients[name]

    async def example(self, slug: str = BIRTH) -> dict[str, Any]:
        """Answers that the procedure accepts."""
        found = await (await self.as_("amina")).get(f"/procedures/{slug}")
        assert found.status_code == 200, found.text
        return dict(found.json()["example"])

    async def filed(self, who: str = "amina", slug: str = BIRTH) -> str:
        """The id of a new dossier."""
        answer = await (await self.as_(who)).post(
            "/dossiers", json={"procedure": slug, "answers": await self.example(slug)}
        )
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    async def held(self, by: str = "paul") -> tuple[str, int]:
        """A dossier that an agent examines, and its version."""
        id_, client = await self.filed(), await self.as_(by)
        await act(client, id_, "claim", 1)
        done = await act(client, id_, "start-review", 2)
        return id_, int(done["version"])

    async def count(self, statement: str, **binds: Any) -> Any:
        """One number from the database."""
        async with self.engine.connect() as db:
            return (await db.execute(text(statement), binds)).scalar_one()


def in_days(days: int) -> str:
    """A local date from today on."""
    return (datetime.now(PARIS).date() + timedelta(days=days)).isoformat()


async def act(client: httpx.AsyncClient, id_: str, name: str, seen: int, **body: Any) -> dict[str, Any]:
    """Do an act that must succeed."""
    answer = await client.post(f"/dossiers/{id_}/{name}", json=body, headers={"if-match": f'"{seen}"'})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())
