"""A small fare server: the outside service that look-ups ask in tests."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

FARES = {"primary": 75, "lower": 110, "upper": 145}  # euros a year


@dataclass(slots=True)
class Fares:
    """The server as a test steers it: `mood` says how it answers, `asked` what it was asked and with which secret."""

    port: int
    mood: str = "well"  # well | broken | slow | elsewhere | long | no-json | nonsense
    asked: list[tuple[str, str]] = field(default_factory=list)
    wake: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    async def answer(self, request: Request) -> Response:
        query = str(request.url.query)
        self.asked.append((query, request.headers.get("authorization", "")))
        match self.mood:
            case "broken":
                return JSONResponse({"fare": {"amount": 1}}, 500)
            case "slow":
                await self.wake.wait()
            case "elsewhere":
                return RedirectResponse(f"{self.url}/fares?level=primary")
            case "long":
                return JSONResponse({"fare": {"amount": 1}, "more": "x" * 300_000})
            case "no-json":
                return Response("<h1>Tarif</h1>")
            case "nonsense":
                return JSONResponse({"fare": {"amount": "beaucoup"}})
        amount = FARES.get(request.query_params.get("level", ""), 0)
        return JSONResponse({"fare": {"amount": amount, "zone": "A"}})


@asynccontextmanager
async def fare_server() -> AsyncIterator[Fares]:
    """The server, listening on a free port of this machine."""
    listener = socket.create_server(("127.0.0.1", 0))
    fares = Fares(listener.getsockname()[1])
    app = Starlette(routes=[Route("/v1/fares", fares.answer)])
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off", timeout_graceful_shutdown=1))
    task = asyncio.create_task(server._serve(sockets=[listener]))
    try:
        while not server.started and not task.done():  # noqa: ASYNC110 - uvicorn has a flag, and no event
            await asyncio.sleep(0.01)
        yield fares
    finally:
        fares.wake.set()
        server.should_exit = True
        await task
        listener.close()
