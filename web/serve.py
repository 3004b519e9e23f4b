"""uvicorn, as this application wants it: on our own listening socket, ended in under ten seconds."""

import contextlib
from collections.abc import Iterator

import uvicorn
from starlette.types import ASGIApp

from infra.listen import allow_sockets, listening_socket
from infra.settings import Settings
from realtime.wire import Socket

FRAME_MAX = 64 * 1024  # bytes a WebSocket message
GRACE_SECONDS = 6  # for requests on their way when SIGTERM comes


class _Server(uvicorn.Server):
    """Ends with the exit code 0 when it was asked to end: uvicorn would raise the signal again."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        with contextlib.ExitStack() as stack:
            stack.enter_context(super().capture_signals())
            yield
            self._captured_signals.clear()


async def serve_forever(app: ASGIApp, settings: Settings) -> None:
    """Answer until SIGTERM or SIGINT. Raises infra.settings.Failed when the port is taken."""
    allow_sockets()
    listener = listening_socket(settings.host, settings.port)
    config = uvicorn.Config(
        app,
        loop="none",  # the caller's
        http="httptools",
        ws=Socket,
        ws_max_size=FRAME_MAX,
        ws_ping_interval=None,  # the listening socket's keep-alive finds a dead browser; pages say `ping` themselves
        ws_per_message_deflate=False,  # its memory and processor time are worth more than the bytes that it saves
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=True,
        forwarded_allow_ips=settings.trusted_proxies,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    await _Server(config).serve(sockets=[listener])
