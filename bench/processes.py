"""Processes of a measure: started, measured through /proc, ended by their id."""

import contextlib
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
_TICKS = os.sysconf("SC_CLK_TCK")


class Failed(Exception):
    """A process of the measure did not start, died, or did not answer: the run does not count."""


def free_port() -> int:
    """A TCP port that nobody listened to an instant ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Process:
    """A child in a process group of its own, its output in a file that is shown when it fails."""

    def __init__(self, name: str, argv: Sequence[str], *, log: Path, env: Mapping[str, str] | None = None,
                 pipes: bool = False, user: str | None = None) -> None:  # fmt: skip
        self.name = name
        self.log = log
        with log.open("ab") as output:
            self._child = subprocess.Popen(
                list(argv),
                cwd=ROOT,
                env={**os.environ, "PYTHONUNBUFFERED": "1", **(env or {})},
                stdin=subprocess.PIPE if pipes else subprocess.DEVNULL,
                stdout=subprocess.PIPE if pipes else output,
                stderr=output,
                text=True,
                start_new_session=True,
                user=user,
            )

    @property
    def pid(self) -> int:
        return self._child.pid

    def alive(self) -> bool:
        return self._child.poll() is None

    def tell(self, *words: object) -> None:
        """One command line to a child with pipes."""
        assert self._child.stdin is not None
        self._child.stdin.write(" ".join(str(word) for word in words) + "\n")
        self._child.stdin.flush()

    def hear(self) -> dict[str, Any]:
        """The child's next line, JSON. Raises Failed when it died instead."""
        assert self._child.stdout is not None
        line = self._child.stdout.readline()
        if not line:
            raise Failed(f"{self.name} ended: {self.last_words()}")
        answer: dict[str, Any] = json.loads(line)
        if "failed" in answer:
            raise Failed(f"{self.name}: {answer['failed']}")
        return answer

    def ask(self, *words: object) -> dict[str, Any]:
        self.tell(*words)
        return self.hear()

    def last_words(self) -> str:
        return self.log.read_text(errors="replace")[-2000:]

    def stop(self, *, by: signal.Signals = signal.SIGTERM, patience: float = 8.0) -> None:
        """Ask, wait, insist. The whole group, so that no worker of a worker is left."""
        if self.alive():
            self._child.send_signal(by)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._child.wait(patience)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._child.pid, signal.SIGKILL)
        self._child.wait(patience)
        for pipe in (self._child.stdin, self._child.stdout):
            if pipe is not None:
                pipe.close()


def python(module: str, *args: object) -> list[str]:
    return [sys.executable, "-m", module, *(str(arg) for arg in args)]


def wait_for_port(process: Process, port: int, *, seconds: float = 20.0) -> None:
    """Until something listens there. Raises Failed when the process dies first or the time is over."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if not process.alive():
            raise Failed(f"{process.name} ended: {process.last_words()}")
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return
        except OSError:
            time.sleep(0.05)
    raise Failed(f"{process.name} does not listen to {port}: {process.last_words()}")


def wait_for_page(process: Process, url: str, *, seconds: float = 60.0) -> None:
    """Until GET url answers 200."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if not process.alive():
            raise Failed(f"{process.name} ended: {process.last_words()}")
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            pass
        time.sleep(0.1)
    raise Failed(f"{process.name} is not ready at {url}: {process.last_words()}")


def family(pid: int) -> list[int]:
    """The process and all that it started and that still live."""
    found = [pid]
    for parent in found:
        try:
            for task in Path(f"/proc/{parent}/task").iterdir():
                found += [int(child) for child in (task / "children").read_text().split()]
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


def cpu_seconds(pids: Iterable[int]) -> float:
    """User and system time of the processes so far, from /proc/<pid>/stat: 10 ms grains.

    Of all their threads, and of the children that they had and that ended: PostgreSQL's backends end with
    their connection.
    """
    total = 0
    for pid in pids:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        total += sum(int(field) for field in fields[11:15])
    return total / _TICKS


def at_rest(pids: Sequence[int], *, seconds: float = 15.0) -> None:
    """Until the processes have nothing left to do of their start (they answer before), or the time is over."""
    end = time.monotonic() + seconds
    before = cpu_seconds(pids)
    while time.monotonic() < end:
        time.sleep(0.5)
        now = cpu_seconds(pids)
        if now - before <= 0.03:
            return
        before = now


def own_cpu() -> float:
    """User and system time of this process so far, seconds, in finer grains than /proc's."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def memory_kb(pids: Iterable[int]) -> int:
    """Proportional set size of the processes, kB: pages that they share with others are counted once."""
    total = 0
    for pid in pids:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1])
    return total


def tcp_memory_kb() -> int:
    """What the kernel holds for TCP buffers of the whole machine, kB: a part of a socket's price."""
    for line in Path("/proc/net/sockstat").read_text().splitlines():
        if line.startswith("TCP:"):
            words = line.split()
            return int(words[words.index("mem") + 1]) * resource.getpagesize() // 1024
    return 0
