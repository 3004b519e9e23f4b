"""`relais dashboards`: Panel on an origin and in a process of its own, without the database."""

import asyncio
import signal
from pathlib import Path

import panel as pn
from panel.io.server import get_server

from analytics.figures import Shelf
from analytics.tables import Tables
from dashboards import blocks
from dashboards.gate import Gate, House, Named, close_the_doors, doors
from dashboards.readers import Readers
from infra.listen import taken
from infra.logs import logger
from infra.settings import Failed, Settings

log = logger(__name__)

FOLDER = Path(__file__).parent
TOKEN_SECONDS = 60  # between a page and its socket
UNUSED_MS = 15_000  # a document whose socket is gone


async def serve(settings: Settings) -> None:
    """Serve every notebook of this folder until SIGTERM. Raises Failed when the port is taken."""
    readers = Readers(settings)
    house = House(settings, readers)
    blocks.furnish(Shelf(Tables(settings.figures_url)), readers)
    close_the_doors(house)
    pn.config.session_history = 0
    try:
        server = get_server(
            {path.stem: str(path) for path in sorted(FOLDER.glob("*.ipynb"))},
            port=settings.dashboards_port,
            address=settings.host,
            websocket_origin=[house.own.partition("://")[2]],
            auth_provider=Gate(house),
            extra_patterns=doors(house),
            secret_key=settings.secret_key,
            sign_sessions=True,
            generate_session_ids=False,
            session_token_expiration=TOKEN_SECONDS,
            include_headers=[],
            include_cookies=[],
            unused_session_lifetime_milliseconds=UNUSED_MS,
            check_unused_sessions_milliseconds=5_000,
            keep_alive_milliseconds=20_000,
            use_xheaders=True,
        )
    except OSError as error:
        raise Failed(taken(settings.host, settings.dashboards_port, "DASHBOARDS_PORT")) from error
    for context in server._tornado._applications.values():
        context.application.add(Named(house))
    server.start()
    watching = asyncio.create_task(readers.watch_forever())
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    log.info("dashboards.ready", port=settings.dashboards_port)
    try:
        await stop.wait()
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        server.stop()
        await readers.close()
