"""Logs: one JSON object a line, with the request's id, whoever writes it."""

import json
import logging
import subprocess
import sys

from infra.logs import Message, RequestIds, Scope
from tests.servers import ROOT

_PROGRAM = """
import logging
from structlog.contextvars import bind_contextvars
from infra import logs
logs.configure("info", process="web")
bind_contextvars(request="r-1")
logs.logger("relais.x").info("dossier claimed", dossier="d-1")
logging.getLogger("foreign").warning("line\\nbroken", extra={"port": 8000})
logging.getLogger("sqlalchemy.engine").info("select secret")
try:
    1 / 0
except ZeroDivisionError:
    logs.logger("relais.x").exception("failed")
"""


def test_every_line_is_one_object() -> None:
    done = subprocess.run([sys.executable, "-c", _PROGRAM], capture_output=True, text=True, check=True, cwd=ROOT)
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert [line["event"] for line in lines] == ["dossier claimed", "line\nbroken", "failed"]
    assert {line["process"] for line in lines} == {"web"}
    assert {line["request"] for line in lines} == {"r-1"}
    assert lines[0]["dossier"] == "d-1"
    assert lines[1]["port"] == 8000
    assert "ZeroDivisionError" in lines[2]["exception"]
    assert all(line["timestamp"].endswith("Z") for line in lines)


async def _answer(given: bytes | None) -> tuple[str | None, bytes]:
    """The id that the application's logs would carry, and the one that the answer carries."""
    seen: list[str | None] = []

    async def app(scope: Scope, receive: object, send: object) -> None:
        from structlog.contextvars import get_contextvars

        seen.append(get_contextvars().get("request"))
        await send({"type": "http.response.start", "status": 200, "headers": []})  # type: ignore[operator]

    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        raise AssertionError("not asked for")

    headers = [(b"x-request-id", given)] if given is not None else []
    await RequestIds(app)({"type": "http", "headers": headers}, receive, send)
    return seen[0], dict(sent[0]["headers"])[b"x-request-id"]


async def test_a_request_keeps_the_id_that_the_proxy_gave() -> None:
    assert await _answer(b"abc-123.DEF_456") == ("abc-123.DEF_456", b"abc-123.DEF_456")


async def test_a_request_without_a_good_id_gets_one() -> None:
    for bad in (None, b"short", b"a" * 65, b'forged\n{"event":"x"}'):
        logged, answered = await _answer(bad)
        assert logged == answered.decode()
        assert answered != bad
        assert len(answered) == 32


def test_the_library_of_logs_is_left_as_it_was() -> None:
    """Nothing of this file configured the logs of pytest's own process."""
    assert not any(handler.__class__ is logging.StreamHandler for handler in logging.getLogger().handlers)
