"""`relais run`: starts everything, says what happens in a sentence, and leaves nothing behind."""

import json
import os
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path

import asyncpg
import pytest

from infra.processes import free_port, need_space, wait_until
from infra.settings import Failed
from tests.cli.supervised import Run, living

pytestmark = pytest.mark.timeout(240)  # some start everything twice; each wait has a shorter limit of its own

# Processes that are real, small, and tell their number.
STEADY = """python -c "import os, time; print('I am', os.getpid(), flush=True); time.sleep(300)" """
DYING = """python -c "import sys; sys.exit('Il me manque une clef.')" """


def _is_one_sentence(output: str) -> bool:
    """What comes after the stages of a start, which end in an ellipsis."""
    lines = [line for line in output.splitlines() if line.strip() and not line.endswith("…")]
    return len(lines) == 1 and "Traceback" not in output


async def _sql(address: str, statement: str) -> object:
    connection = await asyncpg.connect(address)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


async def test_it_stops_cleanly_and_finds_its_data_again(start: Callable[..., Run]) -> None:
    for number, how in enumerate((signal.SIGTERM, signal.SIGINT)):
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # as it is in what a script starts with "&"
        try:
            run = start(f"steady: {STEADY}", release="relais migrate").ready()
        finally:
            signal.signal(signal.SIGINT, before)
        address = json.loads((run.data / "servers.json").read_text())["DATABASE_URL"]
        if number == 0:
            assert await _sql(address, "select count(*) from journal") == 0, "it has migrated"
            await _sql(address, "create table kept as select 7 as id")
        else:
            assert await _sql(address, "select id from kept") == 7
        family = run.everything()
        assert len(family) > 5, "PostgreSQL and its own, Valkey, the mailbox, the process"
        begun = time.monotonic()
        run.process.send_signal(how)
        assert run.ends() == 0
        assert time.monotonic() - begun < 10
        assert living(family) == []
        assert "Relais est arrêté." in run.output
        assert "Traceback" not in run.output
        assert not (run.data / "servers.json").exists(), "passwords of servers that are gone"


async def test_it_prints_where_to_go(start: Callable[..., Run]) -> None:
    run = start(
        f"steady: {STEADY}", PUBLIC_URL="http://relais.test:8080", DASHBOARDS_URL="http://chiffres.test"
    ).ready()
    assert run.says("http://relais.test:8080")
    assert run.says("http://chiffres.test")


async def test_a_dead_process_is_started_again(start: Callable[..., Run]) -> None:
    run = start(f"steady: {STEADY}").ready()
    assert wait_until(lambda: len(run.numbers("steady")) == 1, seconds=5)
    os.kill(run.numbers("steady")[0], signal.SIGKILL)
    assert run.says("Le processus « steady » s’est arrêté (signal 9) ; nouvel essai dans 1 s.")
    assert wait_until(lambda: len(run.numbers("steady")) == 2, seconds=10)
    os.kill(run.numbers("steady")[1], signal.SIGKILL)
    assert run.says("nouvel essai dans 2 s."), "and not at once for ever"


async def test_a_dead_server_is_started_again_with_its_data(start: Callable[..., Run]) -> None:
    run = start(f"steady: {STEADY}").ready()
    address = json.loads((run.data / "servers.json").read_text())["DATABASE_URL"]
    await _sql(address, "create table kept as select 7 as id")
    os.kill(int((run.data / "postgresql/data/postmaster.pid").read_text().splitlines()[0]), signal.SIGKILL)
    assert run.says("PostgreSQL s’est arrêté tout seul ; il a été relancé avec ses données.")
    assert await _sql(address, "select id from kept") == 7


async def test_a_process_that_cannot_start_ends_it_with_its_words(start: Callable[..., Run]) -> None:
    run = start(f"steady: {STEADY}\ndying: {DYING}", DASHBOARDS_PORT=free_port())
    run.says("ne démarre pas")
    family = run.everything()
    assert run.ends() == 1
    assert "Le processus « dying » ne démarre pas (code 1) : Il me manque une clef." in run.output
    assert "Traceback" not in run.output
    assert living(family) == []


async def test_a_port_in_use_is_one_sentence(start: Callable[..., Run]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        run = start(f"steady: {STEADY}", PORT=port)
        assert run.ends() == 1
    assert run.output.startswith(f"Le port {port} de 127.0.0.1 est déjà pris par un autre programme")
    assert _is_one_sentence(run.output)


async def test_data_that_cannot_be_written_are_one_sentence(start: Callable[..., Run], tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file in the folder's place")
    run = start(f"steady: {STEADY}")
    assert run.ends() == 1
    assert run.output.startswith(f"Impossible de lire {tmp_path / 'data'}")
    assert _is_one_sentence(run.output)


async def test_two_on_the_same_data_are_refused(start: Callable[..., Run]) -> None:
    start(f"steady: {STEADY}").ready()
    second = start(f"steady: {STEADY}")
    assert second.ends() == 1
    assert second.output.startswith("Relais tourne déjà avec les données de ")
    assert _is_one_sentence(second.output)


async def test_a_database_that_is_not_there_is_one_sentence(start: Callable[..., Run]) -> None:
    nowhere = f"postgresql://nobody@127.0.0.1:{free_port()}/none"
    run = start(f"steady: {STEADY}", release="relais migrate", DATABASE_URL=nowhere)
    assert run.ends() == 1
    assert "La base de données ou Valkey ne répond pas" in run.output
    assert _is_one_sentence(run.output)


async def test_killing_it_leaves_no_orphan(start: Callable[..., Run]) -> None:
    run = start(f"steady: {STEADY}").ready()
    family = run.everything()
    run.process.kill()
    run.process.wait()
    assert wait_until(lambda: not living(family), seconds=10)
    start(f"steady: {STEADY}").ready()


def test_a_full_disk_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(Failed, match=r"Le disque de .* est plein : il reste"):
        need_space(tmp_path, bytes_needed=2**62)
