"""`relais run`: everything that an installation needs, on one machine, until Ctrl-C. What `make run` calls."""

import asyncio
import fcntl
import http.client
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cli import demo, procfile
from cli.last_words import last_words
from cli.servers import Servers
from infra.listen import taken
from infra.processes import Child, need_space, port_is_free, somebody_listens, wait_until
from infra.settings import Failed, Settings

SPACE_NEEDED = 300 * 2**20  # bytes: the demo's own data and some hours of logs
HEALTHY_WITHIN = 90.0  # seconds for all processes to answer, on a slow machine
STANDING = 1.0  # seconds that a process without an address must live to count as started
PATIENCE = 8.0  # seconds that a process has to stop
SETTLED = 30.0  # seconds after which a process counts as well started: its back-off begins anew
PAUSES = (1.0, 2.0, 5.0, 10.0, 30.0)
TRIES_AT_START = 3
# The dashboards execute notebooks: they get neither the database nor the mail server.
HIDDEN = {"dashboards": ("DATABASE_URL", "SMTP_URL")}


def say(sentence: str) -> None:
    """One line for whoever started it."""
    print(sentence, flush=True)


@dataclass(slots=True)
class Kept:
    """A process that is started again whenever it dies."""

    line: procfile.Line
    environment: dict[str, str]
    log: Path
    child: Child | None = None
    deaths: int = 0  # in a row
    again_at: float = 0.0

    def start(self) -> None:
        self.child = Child(self.line.name, _program(self.line.argv), environment=self.environment, log=self.log)

    def died(self) -> int | None:
        """Its exit code when it has just died, once."""
        if self.child is None or self.child.code is None:
            return None
        child, self.child = self.child, None
        self.deaths = 1 if time.monotonic() - child.started_at > SETTLED else self.deaths + 1
        self.again_at = time.monotonic() + self.pause
        return child.kill()

    @property
    def pause(self) -> float:
        """Seconds before the next try."""
        return PAUSES[min(self.deaths, len(PAUSES)) - 1]


class Supervisor:
    """The servers and the processes of one DATA_DIR."""

    def __init__(self, settings: Settings, *, scale: int = 1, procfile_path: Path | None = None) -> None:
        self.settings = settings
        self._scale = scale
        self._release = procfile.release(procfile_path or procfile.PATH)
        self._lines = procfile.read(procfile_path or procfile.PATH)
        self._logs = settings.data_dir / "logs"
        self._servers = Servers(settings)
        self._kept: list[Kept] = []

    def start(self) -> None:
        """From nothing to everything healthy. Raises Failed."""
        begun = time.monotonic()
        self._logs.mkdir(parents=True, exist_ok=True)
        need_space(self.settings.data_dir, bytes_needed=SPACE_NEEDED)
        self._check_ports()
        say("Démarrage de PostgreSQL et de Valkey…")
        self.settings = self._servers.start(self.settings)
        if not self.settings.smtp_url:
            self.settings = replace(self.settings, smtp_url=f"smtp://127.0.0.1:{self.settings.mailbox_port}")
            self._keep(procfile.Line("mailbox", ("relais", "mailbox")))
        self._run(self._release.argv, "release")
        if self.settings.demo:
            self._load_demo()
        say("Démarrage des processus…")
        for line in self._lines:
            self._keep(line)
        self._wait_until_healthy()
        say(f"\nRelais est prêt ({time.monotonic() - begun:.0f} s).")
        say(f"  Portail et espace des agents  {self.settings.public_url}")
        say(f"  Tableaux de bord              {self.settings.dashboards_url}")
        say(f"  Journaux des processus        {self._logs}")
        say("Ctrl-C arrête tout.")

    def watch(self) -> None:
        """Start again what dies, and say so. For ever."""
        while True:
            time.sleep(0.2)
            for name in self._servers.restart_dead():
                say(f"{name} s’est arrêté tout seul ; il a été relancé avec ses données.")
            for kept in self._kept:
                self._look_after(kept)

    def stop(self) -> None:
        """Everything, in the order that loses nothing: those who write, then Valkey and PostgreSQL."""
        children = [kept.child for kept in self._kept if kept.child]
        for child in children:
            child.ask_to_stop()
        end = time.monotonic() + PATIENCE
        for child in children:
            child.stop(patience=max(0.0, end - time.monotonic()))
        self._servers.stop()

    def _keep(self, line: procfile.Line) -> None:
        environment = self._environment(line.name)
        kept = Kept(line, environment, self._logs / f"{line.name}.log")
        self._kept.append(kept)
        kept.start()

    def _environment(self, name: str) -> dict[str, str]:
        environment = {**os.environ, **self.settings.environment(), "PATH": procfile.environment_path()}
        for hidden in HIDDEN.get(name, ()):
            environment.pop(hidden, None)
        return environment

    def _look_after(self, kept: Kept) -> None:
        code = kept.died()
        if code is not None:
            say(
                f"Le processus « {kept.line.name} » s’est arrêté ({_end(code)}) ; "
                f"nouvel essai dans {kept.pause:.0f} s. Son journal : {kept.log}"
            )
        if kept.child is None and time.monotonic() >= kept.again_at:
            kept.start()

    def _check_ports(self) -> None:
        settings = self.settings
        for host, port, variable in (
            (settings.host, settings.port, "PORT"),
            (settings.host, settings.dashboards_port, "DASHBOARDS_PORT"),
            *([] if settings.smtp_url else [("127.0.0.1", settings.mailbox_port, "MAILBOX_PORT")]),
        ):
            if not port_is_free(host, port):
                raise Failed(taken(host, port, variable))

    def _load_demo(self) -> None:
        whose = asyncio.run(demo.found(self.settings.database_url))
        if whose == "real":
            raise Failed(demo.REAL)
        if whose == "empty":
            say("Premier lancement : chargement de la collectivité de démonstration…")
            self._run(("relais", "demo", "--if-empty", "--scale", str(self._scale)), None)

    def _run(self, argv: tuple[str, ...], name: str | None) -> None:
        """A command to its end; its output in a log, or on the terminal. Raises Failed with its last words."""
        log = self._logs / f"{name}.log" if name else None
        child = Child(argv[1], _program(argv), environment=self._environment(argv[1]), log=log)
        try:
            wait_until(lambda: child.code is not None, seconds=3_600, pause=0.05)
        finally:
            code = child.stop(patience=2)
        if code != 0:
            if not log and code > 0:
                raise SystemExit(code)  # it has said why on the terminal
            said = f" : {last_words(child)}" if log else f" ({_end(code)})."
            raise Failed(f"« {' '.join(argv[:2])} » a échoué{said}")

    def _wait_until_healthy(self) -> None:
        end = time.monotonic() + HEALTHY_WITHIN
        while waiting := [kept for kept in self._kept if not self._healthy(kept)]:
            if time.monotonic() > end:
                slow = waiting[0]
                raise Failed(f"Le processus « {slow.line.name} » ne répond pas. Son journal : {slow.log}")
            time.sleep(0.1)
            for kept in self._kept:
                child = kept.child
                code = kept.died()
                if code is not None and child is not None and kept.deaths >= TRIES_AT_START:
                    raise Failed(
                        f"Le processus « {kept.line.name} » ne démarre pas ({_end(code)}) : "
                        f"{last_words(child)} Son journal : {kept.log}"
                    )
                if kept.child is None and time.monotonic() >= kept.again_at:
                    kept.start()

    def _healthy(self, kept: Kept) -> bool:
        if kept.child is None or kept.child.code is not None:
            return False
        settings = self.settings
        match kept.line.name:
            case "web":
                # /readyz answers for the worker and the relay too, which listen to nothing.
                return _answer(settings.host, settings.port, "/readyz", settings.public_url) == 200
            case "dashboards":
                return 0 < _answer(settings.host, settings.dashboards_port, "/", settings.dashboards_url) < 500
            case "mailbox":
                return somebody_listens("127.0.0.1", settings.mailbox_port)
            case _:
                # It listens to nothing: a second without dying.
                return time.monotonic() - kept.child.started_at > STANDING


def run(settings: Settings, *, scale: int = 1, procfile_path: Path | None = None) -> None:
    """Until Ctrl-C or SIGTERM, which are a good end. Raises Failed when it cannot start."""
    for number in (signal.SIGINT, signal.SIGTERM):  # the first is ignored in what a script started with "&"
        signal.signal(number, signal.default_int_handler)
    with _alone(settings.data_dir):
        supervisor = Supervisor(settings, scale=scale, procfile_path=procfile_path)
        try:
            supervisor.start()
            supervisor.watch()
        except KeyboardInterrupt:
            say("\nArrêt de Relais…")
        finally:
            # A second Ctrl-C must not leave half of them behind.
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, signal.SIG_IGN)
            supervisor.stop()
        say("Relais est arrêté.")


@contextmanager
def _alone(data_dir: Path) -> Iterator[None]:
    """Two of us on the same data would fight for them."""
    data_dir.mkdir(parents=True, exist_ok=True)
    with (data_dir / "run.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise Failed(
                f"Relais tourne déjà avec les données de {data_dir} : arrêtez-le, ou choisissez un autre DATA_DIR."
            ) from error
        yield


def _program(argv: tuple[str, ...]) -> list[str]:
    """Its first word as a path: PATH is searched as the child would."""
    for folder in procfile.environment_path().split(os.pathsep):
        candidate = Path(folder) / argv[0]
        if os.access(candidate, os.X_OK) and candidate.is_file():
            return [str(candidate), *argv[1:]]
    raise Failed(f"Le programme « {argv[0]} » est introuvable : lancez make install.")


def _answer(host: str, port: int, path: str, public_url: str) -> int:
    """The HTTP status of a GET, 0 when nobody answers within 2 s."""
    connection = http.client.HTTPConnection({"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host), port, timeout=2)  # noqa: S104
    headers: dict[str, Any] = {"Host": urlsplit(public_url).netloc}
    try:
        connection.request("GET", path, headers=headers)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


def _end(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"code {code}"
