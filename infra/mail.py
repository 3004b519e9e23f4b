"""Outgoing mail: a text and an HTML part, through a real SMTP server. No business word in it.

The bytes of a mail depend on its contents alone (date and boundary included): a mail sent again after a crash is the
same mail, under the same Message-ID, and a receiving server that drops repeated Message-IDs shows it once.
"""

import asyncio
import hashlib
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from html import escape
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import aiosmtplib

SEND_SECONDS = 6.0  # the whole exchange; the lease of an effect is longer (workers/effects.py)


class Undeliverable(Exception):
    """This mail will never be accepted: a malformed address, or a permanent (5xx) answer."""


@dataclass(frozen=True, slots=True)
class Letter:
    """What a mail says, once: both parts are written from it.

    `facts` are label and value; `link` is its words and its address, on a line of its own.
    """

    subject: str
    paragraphs: Sequence[str]
    facts: Sequence[tuple[str, str]] = ()
    link: tuple[str, str] | None = None
    closing: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Mail:
    """A letter, to whom and under which identity. `date` is an aware time; `language` is a BCP 47 tag."""

    message_id: str
    to: tuple[str, ...]
    date: datetime
    language: str
    letter: Letter


def message_id(local: str, sender: str) -> str:
    """A Message-ID in the sender's domain; `local` holds letters, digits, dots and hyphens only."""
    return f"<{local}@{_domain(sender)}>"


def compose(mail: Mail, sender: str) -> EmailMessage:
    """The message as it goes out. Raises Undeliverable for an address that no header can hold."""
    message = EmailMessage(policy=SMTP)
    try:
        message["From"] = sender
        message["To"] = tuple(Address(addr_spec=address) for address in mail.to)
        message["Subject"] = mail.letter.subject
    except (MessageError, ValueError, IndexError) as fault:
        raise Undeliverable(f"not an address or a subject: {type(fault).__name__}") from fault
    message["Date"] = format_datetime(mail.date)
    message["Message-ID"] = mail.message_id
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no polite program answers it
    message["X-Auto-Response-Suppress"] = "All"  # the same, for Exchange
    parts: dict[str, Any] = {"charset": "utf-8", "cte": "quoted-printable"}
    message.set_content(text_of(mail.letter, mail.language), **parts)
    message.add_alternative(html_of(mail.letter, mail.language), subtype="html", **parts)
    message["Content-Language"] = mail.language
    message.set_boundary(f"relais-{hashlib.sha256(mail.message_id.encode()).hexdigest()[:32]}")
    return message


def text_of(letter: Letter, language: str) -> str:
    """The plain text part."""
    blocks = list(letter.paragraphs)
    if letter.facts:
        colon = "\u202f:" if language == "fr" else ":"
        blocks.append("\n".join(f"{label}{colon} {value}" for label, value in letter.facts))
    if letter.link:
        blocks.append("\n".join(letter.link))
    return "\n\n".join([*blocks, "\n".join(letter.closing)]).strip() + "\n"


_LABEL = "text-align:left;vertical-align:top;padding:4px 16px 4px 0;font-weight:400;color:#4a5559"
_BUTTON = (
    "background:#0b5563;color:#ffffff;padding:12px 20px;border-radius:6px;text-decoration:none;display:inline-block"
)


def html_of(letter: Letter, language: str) -> str:
    """The HTML part: legible in any reader, nothing fetched from outside, every value escaped."""
    body = [f"<p>{escape(paragraph)}</p>" for paragraph in letter.paragraphs]
    if letter.facts:
        rows = "".join(
            f'<tr><th scope="row" style="{_LABEL}">{escape(label)}</th>'
            f'<td style="padding:4px 0"><strong>{escape(value)}</strong></td></tr>'
            for label, value in letter.facts
        )
        body.append(f'<table style="border-collapse:collapse;margin:16px 0">{rows}</table>')
    if letter.link:
        words, address = letter.link
        button = f'<a href="{escape(address)}" style="{_BUTTON}">{escape(words)}</a>'
        body.append(f'<p style="margin:24px 0">{button}</p>')
    if letter.closing:
        body.append(f'<p style="color:#4a5559">{"<br>".join(escape(line) for line in letter.closing)}</p>')
    return (
        f'<!doctype html><html lang="{escape(language)}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>{escape(letter.subject)}</title></head>'
        '<body style="margin:0;padding:24px;background:#faf8f4;color:#17262a;font:16px/1.5 system-ui,sans-serif">'
        f'<div style="max-width:36em;margin:0 auto">{"".join(body)}</div></body></html>\n'
    )


@dataclass(frozen=True, slots=True)
class Mailer:
    """Where mail goes and whom it comes from.

    `url`: `smtp://[user:password@]host[:port]` (STARTTLS where the server offers it; `?starttls=always` requires it),
    or `smtps://…` (TLS from the first byte).
    """

    url: str
    sender: str

    async def send(self, mail: Mail) -> None:
        """Hand the mail to the server. Raises Undeliverable when that is final, else whatever happened."""
        message = compose(mail, self.sender)
        where = urlsplit(self.url)
        if where.scheme not in ("smtp", "smtps") or not where.hostname:
            raise ValueError("SMTP_URL: expected smtp://host:port or smtps://host:port")
        implicit = where.scheme == "smtps"
        always = parse_qs(where.query).get("starttls") == ["always"]
        try:
            async with asyncio.timeout(SEND_SECONDS):
                await aiosmtplib.send(
                    message,
                    sender=parseaddr(self.sender)[1],
                    recipients=list(mail.to),
                    hostname=where.hostname,
                    port=where.port or (465 if implicit else 25),
                    username=unquote(where.username) if where.username else None,
                    local_hostname=socket.gethostname(),  # by default a look-up in the DNS, each time
                    password=unquote(where.password) if where.password else None,
                    use_tls=implicit,
                    start_tls=False if implicit else True if always else None,
                    timeout=SEND_SECONDS,
                )
        # What the server says of the address or of the mail is final when it is a 5xx; what it says of us (greeting,
        # sign-in, sender) is ours to mend, and the mail waits for it.
        except aiosmtplib.SMTPRecipientsRefused as refused:
            codes = [recipient.code for recipient in refused.recipients]
            if min(codes) >= 500:
                raise Undeliverable(f"recipients refused: {codes}") from refused
            raise
        except aiosmtplib.SMTPDataError as answer:
            if answer.code >= 500:
                raise Undeliverable(f"mail refused: {answer.code}") from answer
            raise


def _domain(sender: str) -> str:
    return parseaddr(sender)[1].rpartition("@")[2] or "localhost"
