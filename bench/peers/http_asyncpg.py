"""The limit through HTTP: Starlette and bare asyncpg; and an empty POST, the limit of the client and of the server."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import asyncpg
import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bench.peers.bare_asyncpg import claim


class Claim(msgspec.Struct):
    agent: UUID


async def post_claim(request: Request) -> Response:
    asked = msgspec.json.decode(await request.body(), type=Claim)
    dossier = UUID(request.path_params["dossier"])
    async with request.app.state.pool.acquire() as db:
        status, version = await claim(db, dossier, asked.agent, int(request.headers["if-match"].strip('"')))
    body = msgspec.json.encode({"id": dossier, "version": version})
    return Response(body, status_code=status, media_type="application/json")


async def post_empty(request: Request) -> Response:
    return Response(status_code=204)


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[None]:
    async with asyncpg.create_pool(os.environ["DATABASE_URL"], min_size=20, max_size=20) as pool:
        app.state.pool = pool
        yield


app = Starlette(
    routes=[
        Route("/dossiers/{dossier}/claim", post_claim, methods=["POST"]),
        Route("/empty", post_empty, methods=["POST"]),
    ],
    lifespan=lifespan,
)
