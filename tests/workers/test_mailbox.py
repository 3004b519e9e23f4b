"""The development mailbox keeps each mail once, and the mails of Relais are the same whenever they are written."""

import asyncio
import mailbox
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from aiosmtpd.smtp import SMTP

from cli.mailbox import Maildir
from infra.mail import Letter, Mail, Mailer, Undeliverable, compose, message_id, text_of

SENDER = "Relais <ne-pas-repondre@relais.example>"
LETTER = Letter(
    "Objet", ("Bonjour Zoé,", "1 < 2 & « 3 »"), (("Référence", "2026-1"),), ("Suivre", "https://r.example/?a=1&b=2")
)


def _mail(number: int = 1, to: str = "zoe@exemple.fr", letter: Letter = LETTER) -> Mail:
    at = datetime(2026, 11, 24, 1, 2, 3, tzinfo=UTC)
    return Mail(message_id(f"1.{number}.mail.receipt", SENDER), (to,), at, "fr", letter)


async def test_a_mail_sent_again_is_kept_once(tmp_path: Path) -> None:
    folder = tmp_path / "mailbox"
    server = await asyncio.get_running_loop().create_server(
        partial(SMTP, Maildir(folder), hostname="relais.example", enable_SMTPUTF8=True), host="127.0.0.1", port=0
    )
    mailer = Mailer(f"smtp://127.0.0.1:{server.sockets[0].getsockname()[1]}", SENDER)
    for number in (1, 2, 1, 1):
        await mailer.send(_mail(number))
    server.close()
    kept = mailbox.Maildir(folder, create=False)
    assert sorted(str(mail["Message-ID"]) for mail in kept) == [
        "<1.1.mail.receipt@relais.example>",
        "<1.2.mail.receipt@relais.example>",
    ]
    assert list((folder / "tmp").iterdir()) == []


def test_the_same_mail_is_the_same_bytes() -> None:
    assert compose(_mail(), SENDER).as_bytes() == compose(_mail(), SENDER).as_bytes()


def test_what_people_wrote_is_text_in_both_parts() -> None:
    message = compose(_mail(letter=Letter("Objet", ("<script>x</script>",), (("<b>", "\"'&"),))), SENDER)
    html = message.get_body(("html",))
    assert html is not None
    assert "<script>" not in html.get_content()
    assert "<b>" not in html.get_content()


def test_the_text_part_can_be_read_alone() -> None:
    assert text_of(LETTER, "fr") == (
        "Bonjour Zoé,\n\n1 < 2 & « 3 »\n\nRéférence\u202f: 2026-1\n\nSuivre\nhttps://r.example/?a=1&b=2\n"
    )


@pytest.mark.parametrize("to", ["zoe@exemple.fr\r\nBcc: x@evil.example", "nobody", "a@b@c"])
def test_an_address_that_no_header_holds_is_final(to: str) -> None:
    with pytest.raises(Undeliverable):
        compose(_mail(to=to), SENDER)


def test_a_subject_cannot_add_a_header() -> None:
    with pytest.raises(Undeliverable):
        compose(_mail(letter=Letter("Objet\r\nBcc: x@evil.example", ())), SENDER)
