"""The development mailbox: what `relais mailbox` received. Demo mode only; elsewhere the page does not exist."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from pathlib import Path

from starlette.responses import Response

from casework.errors import NotFound
from web.page import Page

MOST = 50


@dataclass(frozen=True, slots=True)
class Letter:
    """One received mail, as its text part says it."""

    subject: str
    to: str
    sender: str
    at: datetime | None
    body: str


async def received(page: Page) -> Response:
    """The last mails, newest first."""
    if not page.state.settings.demo:
        raise NotFound
    folder = page.state.settings.data_dir / "mailbox"
    letters = await asyncio.to_thread(_read, folder)
    return page.show("portal/mailbox.html", letters=letters)


def _read(folder: Path) -> list[Letter]:
    kept = [path for name in ("new", "cur") for path in folder.glob(f"{name}/*")]
    newest = sorted(kept, key=lambda path: path.stat().st_mtime_ns, reverse=True)[:MOST]
    return [_letter(path.read_bytes()) for path in newest]


def _letter(raw: bytes) -> Letter:
    message = message_from_bytes(raw, policy=policy.default)
    assert isinstance(message, EmailMessage)
    part = message.get_body(preferencelist=("plain", "html"))
    text = part.get_content() if part is not None else ""
    date = message["date"]
    return Letter(
        str(message["subject"] or ""),
        str(message["to"] or ""),
        str(message["from"] or ""),
        parsedate_to_datetime(str(date)) if date else None,
        text if isinstance(text, str) else "",
    )
