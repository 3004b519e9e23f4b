"""ADR 0020: embedded servers keep what they acknowledged, change no folder, and leave no orphan."""

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import redis

from infra.embedded import PostgreSQL, Valkey
from infra.processes import wait_until
from infra.settings import Failed
from tests.servers import ROOT

SMALL = {"shared_buffers": "32MB"}


def _gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def test_postgresql_keeps_what_it_acknowledged_and_its_address(tmp_path: Path) -> None:
    server = PostgreSQL(tmp_path / "pg", options=SMALL)
    server.start()
    try:
        assert server.sql("show server_encoding") == "UTF8"
        assert server.sql("show timezone") == "UTC"
        assert server.sql("show fsync") == "on"
        assert server.sql("select datlocprovider, datlocale from pg_database where datname = 'relais'") == "b|C.UTF-8"
        address = server.url()
        server.sql("create table kept (id int); insert into kept values (7)", database="relais")
        server.kill()
        server.start()
        assert server.url() == address
        assert server.sql("select id from kept", database="relais") == "7"
    finally:
        server.stop()


def test_valkey_keeps_what_it_acknowledged_and_its_address(tmp_path: Path) -> None:
    server = Valkey(tmp_path / "valkey")
    server.start()
    try:
        with redis.Redis.from_url(server.url()) as client:
            client.set("kept", "7")
            assert client.config_get("maxmemory-policy")["maxmemory-policy"] == "noeviction"
            assert client.wait(0, 1) == 0
        server.stop()
        server.start()
        with redis.Redis.from_url(server.url()) as client:
            assert client.get("kept") == b"7"
    finally:
        server.stop()


def test_a_stranger_needs_the_password(tmp_path: Path) -> None:
    server = Valkey(tmp_path / "valkey")
    server.start()
    try:
        with redis.Redis(port=server.port) as client, pytest.raises(redis.AuthenticationError):
            client.get("anything")
        assert stat.S_IMODE((tmp_path / "valkey/password").stat().st_mode) == 0o600
    finally:
        server.stop()


def test_a_closed_folder_stays_closed(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    server = PostgreSQL(closed / "pg", options=SMALL)
    server.start()
    try:
        assert server.sql("select 1") == "1"
        assert stat.S_IMODE(closed.stat().st_mode) == 0o700
        assert stat.S_IMODE((closed / "pg/data").stat().st_mode) == 0o700
    finally:
        server.stop()


def test_killing_the_starter_leaves_no_orphan(tmp_path: Path) -> None:
    program = f"""
import sys, time
from pathlib import Path
from infra.embedded import PostgreSQL, Valkey
servers = [PostgreSQL(Path({str(tmp_path)!r}) / "pg", options={SMALL!r}), Valkey(Path({str(tmp_path)!r}) / "valkey")]
for server in servers:
    server.start()
print(*(server.child.pid for server in servers), flush=True)
time.sleep(60)
"""
    starter = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert starter.stdout
    with starter.stdout:
        pids = [int(word) for word in starter.stdout.readline().split()]
    assert len(pids) == 2
    assert not any(map(_gone, pids))
    os.kill(starter.pid, signal.SIGKILL)
    starter.wait()
    assert wait_until(lambda: all(map(_gone, pids)), seconds=10)


def test_data_of_another_version_are_a_sentence(tmp_path: Path) -> None:
    data = tmp_path / "pg/data"
    data.mkdir(parents=True, mode=0o700)
    (data / "PG_VERSION").write_text("12\n")
    if os.geteuid() == 0:
        import pwd

        nobody = pwd.getpwnam("nobody")
        for path in (data, data / "PG_VERSION"):
            os.chown(path, nobody.pw_uid, nobody.pw_gid)
    with pytest.raises(Failed, match="PostgreSQL ne démarre pas"):
        PostgreSQL(tmp_path / "pg", options=SMALL).start()
