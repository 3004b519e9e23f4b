"""The development mailbox: a real SMTP server that delivers everything to one Maildir. ADR: docs/decisions/mailbox.md."""

import asyncio
import mailbox
import signal
from functools import partial
from pathlib import Path

from aiosmtpd.handlers import Mailbox
from aiosmtpd.smtp import SMTP

from infra.listen import listening_socket
from infra.logs import logger
from infra.settings import Settings

MESSAGE_SIZE = 30 * 2**20  # bytes: an attachment of 25 MB, once encoded, is refused as a real server would


def folder(settings: Settings) -> Path:
    """The Maildir, which the mailbox page reads."""
    return settings.data_dir / "mailbox"


async def serve(settings: Settings) -> None:
    """Receive until SIGTERM."""
    kept = folder(settings)
    mailbox.Maildir(kept, create=True)
    handler = Mailbox(str(kept))
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    server = await loop.create_server(
        partial(SMTP, handler, data_size_limit=MESSAGE_SIZE, enable_SMTPUTF8=True, hostname="relais.localhost"),
        sock=listening_socket("127.0.0.1", settings.mailbox_port),
    )
    logger(__name__).info("mailbox ready", port=settings.mailbox_port, folder=str(kept))
    await stopped.wait()
    server.close()
