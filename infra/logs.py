"""Logs: one JSON object a line on stderr, each with the request that it belongs to. Never a citizen's data."""

import logging
import re
import sys
import uuid
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, cast

import structlog
from structlog.contextvars import bind_contextvars, clear_contextvars

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

REQUEST_ID = b"x-request-id"
_ACCEPTED = re.compile(rb"[A-Za-z0-9._-]{8,64}")  # a foreign id goes to the logs: nothing that could forge a line


def configure(level: str = "info", *, process: str) -> None:
    """Once a process, before its first line. `process` names it (web, worker, relay…)."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.ExtraAdder(), _without_colour],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                lambda _logger, _name, event: {"process": process, **event},
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    # These speak of every statement and every connection at "info".
    for chatty in ("sqlalchemy.engine", "httpx", "asyncio", "arq.worker", "websockets", "mail.log"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, root.level))
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def logger(name: str) -> structlog.stdlib.BoundLogger:
    """A logger whose lines carry what the request bound: `logger(__name__).info("dossier claimed", dossier=id)`."""
    return cast("structlog.stdlib.BoundLogger", structlog.get_logger(name))


def _without_colour(_logger: object, _name: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """uvicorn says everything twice, the second time for terminals."""
    event.pop("color_message", None)
    return event


class RequestIds:
    """Pure ASGI middleware: every request and socket has an id, in its log lines and in its answer's X-Request-ID."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        given = dict(scope["headers"]).get(REQUEST_ID, b"")
        request_id = given if _ACCEPTED.fullmatch(given) else uuid.uuid4().hex.encode()
        clear_contextvars()
        bind_contextvars(request=request_id.decode())

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), (REQUEST_ID, request_id)]
            await send(message)

        await self._app(scope, receive, answer)
