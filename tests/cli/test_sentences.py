"""Whatever ends a command, it is one sentence in French, and no traceback."""

import errno
import os

import asyncpg
import pytest
from sqlalchemy.exc import DBAPIError

from cli import main


def _full() -> OSError:
    return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/data/logs/web.log")


@pytest.mark.parametrize(
    ("error", "begins"),
    [
        (_full(), "Le disque est plein : "),
        (asyncpg.DiskFullError("could not extend file\nHINT: Check free disk space."), "Le disque est plein : "),
        (DBAPIError("insert", {}, asyncpg.DiskFullError("could not extend file")), "Le disque est plein : "),
        (PermissionError(errno.EACCES, "Permission denied", "/data/run.lock"), "Impossible d’écrire /data/run.lock "),
        (ConnectionRefusedError(errno.ECONNREFUSED, "refused"), "La base de données ou Valkey ne répond pas : "),
        (
            asyncpg.CannotConnectNowError("starting up\nmore"),
            "La base de données ou Valkey ne répond pas : starting up",
        ),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_failure_is_a_sentence(
    error: Exception, begins: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails() -> None:
        raise error

    monkeypatch.setattr(main, "app", fails)
    monkeypatch.delenv("LOG_LEVEL", raising=False)
    with pytest.raises(SystemExit) as end:
        main.main()
    assert end.value.code == 1
    told = capsys.readouterr().err
    assert told.startswith(begins)
    assert told.count("\n") == 1
