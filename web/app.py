"""The web process: pages, REST and live sockets in one ASGI application. Nothing else composes them."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send

import web.desk.routes
import web.portal.routes
import web.studio.routes
from api import health
from api.app import PREFIX, Rest
from api.limits import SignInLimits
from api.middleware import Door, origin_of
from api.routes import OPERATIONS
from api.state import State
from api.uploads import BODY_MAX
from infra.bell import Bell
from infra.database import engine
from infra.logs import RequestIds
from infra.object_store import Documents
from infra.outside import Outside, read_sources
from infra.settings import Settings
from realtime.live import Live
from realtime.socket import LiveSocket
from web.page import error_page, open_page
from web.serve import serve_forever

POOL = 10  # connections for requests
LIVE_POOL = 3  # for the follower, sessions and presence: a flood of requests does not delay the sockets
VALKEY_SECONDS = 1.0


def create_app(settings: Settings) -> ASGIApp:
    """The application; its servers are reached when it starts."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[dict[str, Any]]:
        async with running(settings) as state:
            yield state

    pages = Starlette(routes=routes(settings), exception_handlers={HTTPException: _page_of_status}, lifespan=lifespan)
    return RequestIds(Door(Site(Rest(OPERATIONS), pages), settings, most=BODY_MAX))


class Site:
    """The REST door beside the pages. It finds its operations and tells its errors by itself: the routers and exception
    handlers of the pages would be passed through for nothing, each time that one of its requests waits.
    """

    def __init__(self, rest: Rest, pages: Starlette) -> None:
        self._rest = rest
        self._pages = pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        of_rest = scope["type"] == "http" and (scope["path"] + "/").startswith(f"{PREFIX}/")
        await (self._rest if of_rest else self._pages)(scope, receive, send)


def routes(settings: Settings) -> Sequence[BaseRoute]:
    """Every address of the web process but the REST door's."""
    live = LiveSocket(origins=[origin_of(settings.public_url)], secure=settings.secure)
    return [
        *health.routes,
        WebSocketRoute("/live", live),
        *web.portal.routes.routes,
        *web.desk.routes.routes,
        *web.studio.routes.routes,
    ]


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[dict[str, Any]]:
    """What requests and sockets share, from the process's start to its end."""
    requests = engine(settings.database_url, pool_size=POOL, application="relais web")
    sockets = engine(settings.database_url, pool_size=LIVE_POOL, application="relais live", planned_once=True)
    bell = Bell(settings.redis_url)
    redis = Redis.from_url(
        settings.redis_url,
        socket_timeout=VALKEY_SECONDS,
        socket_connect_timeout=VALKEY_SECONDS,
        retry=Retry(NoBackoff(), 0),
    )
    live = Live(sockets, redis, bell)
    state = State(
        settings=settings,
        engine=requests,
        bell=bell,
        redis=redis,
        documents=Documents(settings.objects_url),
        limits=SignInLimits(settings.redis_url),
        outside=Outside(read_sources(Path(settings.lookup_sources))),
        follower=live.follower,
    )
    looks = asyncio.create_task(state.looks.write_forever())
    await _open(requests, POOL)
    try:
        async with live.running():
            yield {"relais": state, "live": live}
    finally:
        looks.cancel()
        await asyncio.gather(looks, return_exceptions=True)
        state.figures.shutdown(wait=False, cancel_futures=True)
        await state.outside.close()
        await bell.close()
        await redis.aclose()
        await requests.dispose()
        await sockets.dispose()


async def _open(pool: AsyncEngine, connections: int) -> None:
    """Open the pool's connections before the first request, which would wait for them. PostgreSQL may be away."""
    with suppress(SQLAlchemyError, OSError):
        async with AsyncExitStack() as stack:
            for _ in range(connections):
                await stack.enter_async_context(pool.connect())


async def _page_of_status(request: Request, error: Exception) -> Response:
    """No such page, no such method: a page too."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    response = error_page(await open_page(request), status)
    if isinstance(error, HTTPException) and error.headers:
        response.headers.update(error.headers)
    return response


async def serve(settings: Settings) -> None:
    """Answer until SIGTERM."""
    await serve_forever(create_app(settings), settings)
