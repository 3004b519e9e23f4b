"""The development mailbox: a real SMTP server on the loopback that keeps every mail in a Maildir, and sends none.

A file's name comes from its mail's date and Message-ID: a mail that is sent again after a crash is kept once, as a good
mail server does. The mail is on the disk before the sender hears "250".
"""

import asyncio
import hashlib
import os
import signal
from contextlib import suppress
from email import message_from_bytes
from email.message import Message
from email.utils import parsedate_to_datetime
from functools import partial
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

from infra.listen import listening_socket
from infra.logs import logger
from infra.settings import Settings

log = logger(__name__)

MESSAGE_SIZE = 30 * 2**20  # bytes: an attachment of 25 MB, once encoded, is refused as a real server would


def folder(settings: Settings) -> Path:
    """The Maildir, which the mailbox page reads."""
    return settings.data_dir / "mailbox"


class Maildir:
    """aiosmtpd's handler: writes each mail into tmp/, then moves it to new/."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("tmp", "new", "cur"):
            (folder / name).mkdir(parents=True, exist_ok=True)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - its name
        """Keep the mail. The answer to its sender."""
        content = envelope.content if isinstance(envelope.content, bytes) else (envelope.content or "").encode()
        try:
            await asyncio.to_thread(self.keep, content)
        except OSError as error:
            log.error("mailbox.cannot_keep", error=error.strerror)
            return "452 4.3.1 Insufficient system storage"
        return "250 2.0.0 Kept"

    def keep(self, content: bytes) -> Path:
        """The file that holds the mail from now on; the same one for the same Message-ID."""
        name = name_of(content)
        kept = self.folder / "new" / name
        if kept.exists() or any((self.folder / "cur").glob(f"{name}*")):
            return kept
        draft = self.folder / "tmp" / f"{name}.{os.getpid()}"
        with draft.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(kept)
        return kept


def name_of(content: bytes) -> str:
    """`<seconds of its Date>.<its Message-ID, hashed>.relais`: sorted, a Maildir lists mails in their order."""
    message: Message = message_from_bytes(content)
    identity = message.get("Message-ID")
    digest = hashlib.sha256(str(identity).encode() if identity else content).hexdigest()[:32]
    seconds = 0
    with suppress(TypeError, ValueError):
        seconds = int(parsedate_to_datetime(str(message["Date"])).timestamp())
    return f"{seconds:010}.{digest}.relais"


async def serve(settings: Settings) -> None:
    """Receive on MAILBOX_PORT of the loopback until SIGTERM or SIGINT. Raises Failed when the port is taken."""
    kept, loop, stop = folder(settings), asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    make = partial(SMTP, Maildir(kept), hostname="relais.localhost", enable_SMTPUTF8=True, data_size_limit=MESSAGE_SIZE)
    server = await loop.create_server(make, sock=listening_socket("127.0.0.1", settings.mailbox_port))
    log.info("mailbox.ready", port=settings.mailbox_port, folder=str(kept))
    await stop.wait()
    server.close()
