"""`relais run` as a terminal starts it, for the tests that watch it."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

from infra.processes import free_port, wait_until
from tests.servers import ROOT


class Run:
    """One `relais run`, as a terminal starts it."""

    def __init__(
        self,
        folder: Path,
        processes: str = "",
        *,
        release: str = "python -c pass",
        procfile: Path | None = None,
        **variables: object,
    ) -> None:
        self.data = folder / "data"
        if procfile is None:
            procfile = folder / "Procfile"
            procfile.write_text(f"release: {release}\n{processes}\n")
        self._output = folder / f"output-{time.monotonic_ns()}"
        port = variables.get("PORT") or free_port()
        self.url = f"http://127.0.0.1:{port}"
        given = {
            "DATA_DIR": self.data, "PORT": port, "DASHBOARDS_PORT": free_port(), "MAILBOX_PORT": free_port(),
            "DEMO": 0, "DATABASE_URL": "", "REDIS_URL": "", "SMTP_URL": "", **variables,
        }  # fmt: skip
        with self._output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "cli.main", "run", "--procfile", str(procfile)],
                cwd=ROOT,
                env={**os.environ, **{name: str(value) for name, value in given.items()}},
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def output(self) -> str:
        return self._output.read_text()

    def ready(self) -> "Run":
        assert self.says("Relais est prêt"), self.output
        return self

    def says(self, sentence: str, *, seconds: float = 100) -> bool:
        wait_until(lambda: sentence in self.output or self.process.poll() is not None, seconds=seconds)
        return sentence in self.output

    def ends(self, *, seconds: float = 60) -> int:
        return self.process.wait(seconds)

    def numbers(self, name: str) -> list[int]:
        """The process ids that a steady process has told, oldest first."""
        return [int(number) for number in re.findall(r"I am (\d+)", (self.data / f"logs/{name}.log").read_text())]

    def everything(self) -> list[int]:
        """The ids of all its descendants that live."""
        parents = {}
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                state, parent = stat.read_text().rpartition(")")[2].split()[:2]
            except OSError:
                continue
            if state != "Z":
                parents[int(stat.parent.name)] = int(parent)
        family, grown = {self.process.pid}, True
        while grown:
            more = {pid for pid, parent in parents.items() if parent in family} - family
            family |= more
            grown = bool(more)
        return sorted(family - {self.process.pid})


def living(pids: list[int]) -> list[int]:
    """Those that still run. As `_gone` of a zombie: it holds nothing."""

    def runs(pid: int) -> bool:
        try:
            return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
        except OSError:
            return False

    return [pid for pid in pids if runs(pid)]
