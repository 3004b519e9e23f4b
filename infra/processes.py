"""Child processes that end with the one that started them, and the ports that they listen to."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from infra.settings import Failed

_LAUNCH = Path(__file__).with_name("launch.py")


@dataclass(frozen=True, slots=True)
class Account:
    """The user a child becomes. `reach`: it must pass folders that are closed to that user."""

    name: str
    reach: bool = False


class Child:
    """A process in a group of its own: a terminal's Ctrl-C reaches only the one who started it."""

    def __init__(
        self,
        name: str,
        argv: Sequence[str | Path],
        *,
        environment: Mapping[str, str] | None = None,
        log: Path | None = None,
        account: Account | None = None,
        stop_signal: signal.Signals = signal.SIGTERM,
        feed: str | None = None,
        keep: Sequence[int] = (),
    ) -> None:
        """Starts at once. `log` gets both outputs (None: ours); `feed` is its whole standard input, `keep` what it
        inherits among our file descriptors."""
        self.name = name
        self.log = log
        self._stop_signal = stop_signal
        output: IO[bytes] | None = log.open("ab") if log else None
        try:
            self._process = subprocess.Popen(
                [
                    sys.executable, "-I", "-S", str(_LAUNCH), str(os.getpid()), str(int(stop_signal)),
                    account.name if account else "-", "1" if account and account.reach else "0",
                    *map(str, argv),
                ],
                env=dict(environment) if environment is not None else None,
                stdin=subprocess.PIPE if feed is not None else subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=tuple(keep),
                start_new_session=True,
            )  # fmt: skip
        finally:
            if output:
                output.close()
        self.started_at = time.monotonic()
        if feed is not None and self._process.stdin:
            try:
                self._process.stdin.write(feed.encode())
                self._process.stdin.close()
            except BrokenPipeError:
                pass  # it died first: whoever waits for it will say so

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def code(self) -> int | None:
        """The exit code once it is over (negative: the signal), None while it runs."""
        return self._process.poll()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal, which a process that is over does not get."""
        self._process.send_signal(number)

    def ask_to_stop(self) -> None:
        """The first half of `stop`, for those who stop several at once."""
        self.signal(self._stop_signal)

    def stop(self, *, patience: float = 10.0) -> int:
        """Ask, wait `patience` seconds, insist on the whole group. The exit code."""
        self.ask_to_stop()
        try:
            self._process.wait(patience)
        except subprocess.TimeoutExpired:
            pass
        return self.kill()

    def kill(self) -> int:
        """End it and what it started without asking, as a crash would. The exit code."""
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass  # over already; or (macOS) only dead members are left
        return self._process.wait()

    def last_words(self) -> str:
        """The last line that it wrote to its log, empty when there is none."""
        try:
            lines = self.log.read_text(errors="replace").splitlines() if self.log else []
        except OSError:
            return ""
        return next((line.strip() for line in reversed(lines) if line.strip()), "")


def wait_until(ready: Callable[[], bool], *, seconds: float, pause: float = 0.02) -> bool:
    """Poll `ready` until it holds; False once `seconds` are over."""
    end = time.monotonic() + seconds
    while not ready():
        if time.monotonic() >= end:
            return False
        time.sleep(pause)
    return True


def free_port() -> int:
    """A TCP port of the loopback that nobody listened to an instant ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def port_is_free(host: str, port: int) -> bool:
    """Whether a server could listen there now (a connection that lingers after its server does not count)."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def somebody_listens(host: str, port: int) -> bool:
    """Whether a connection is accepted there."""
    try:
        with socket.create_connection((host, port), timeout=1):
            return True
    except OSError:
        return False


def need_space(folder: Path, *, bytes_needed: int) -> None:
    """Raises Failed when the disk of `folder` has less left than that."""
    status = os.statvfs(folder)
    left = status.f_bavail * status.f_frsize
    if left < bytes_needed:
        raise Failed(
            f"Le disque de {folder} est plein : il reste {left // 2**20} Mo, il en faut {bytes_needed // 2**20}."
        )
