"""ADR 0022: the development mailbox is a real server that keeps every mail once."""

import mailbox
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path

import aiosmtplib
import pytest

from tests.servers import Processes, Running


def _mail(number: int) -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = "ne-pas-repondre@relais.localhost"
    mail["To"] = "amina@exemple.fr"
    mail["Subject"] = "Votre demande est bien reçue"
    mail["Date"] = f"Tue, 24 Nov 2026 10:00:0{number} +0000"
    mail["Message-ID"] = f"<{number}@relais.localhost>"
    mail.set_content("Bonjour,\n\nÀ bientôt.\n")
    return mail


async def _send(box: Running, mail: EmailMessage) -> None:
    await aiosmtplib.send(mail, hostname="127.0.0.1", port=box.settings.mailbox_port, start_tls=False)


def _kept(box: Running) -> list[mailbox.MaildirMessage]:
    return list(mailbox.Maildir(box.settings.data_dir / "mailbox", create=False))


@pytest.fixture
async def box(processes_on: Callable[[str, str], Processes]) -> Running:
    return await processes_on("postgresql://nobody@127.0.0.1:1/none", "redis://127.0.0.1:1/0").start("mailbox")


async def test_a_mail_is_kept_once_whole(box: Running) -> None:
    for number in (1, 2, 1):
        await _send(box, _mail(number))
    kept = _kept(box)
    assert sorted(str(mail["Message-ID"]) for mail in kept) == ["<1@relais.localhost>", "<2@relais.localhost>"]
    body = kept[0].get_payload(decode=True)
    assert isinstance(body, bytes)
    assert "À bientôt." in body.decode()


async def test_a_mail_that_was_acknowledged_survives_a_kill(box: Running) -> None:
    await _send(box, _mail(1))
    box.kill()
    assert len(_kept(box)) == 1


async def test_it_stops_when_asked(box: Running, tmp_path: Path) -> None:
    assert box.stop() == 0
