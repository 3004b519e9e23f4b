"""The Procfile: which processes an installation is made of."""

import os
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path

from infra.settings import Failed

PATH = Path(__file__).resolve().parent.parent / "Procfile"


@dataclass(frozen=True, slots=True)
class Line:
    """One process type and its command, already split into words."""

    name: str
    argv: tuple[str, ...]


def read(path: Path = PATH) -> tuple[Line, ...]:
    """The lines of the Procfile, in order, without `release`. Raises Failed."""
    return tuple(line for line in _all(path) if line.name != "release")


def release(path: Path = PATH) -> Line:
    """What is run before the processes, on each new version."""
    found = [line for line in _all(path) if line.name == "release"]
    if len(found) != 1:
        raise Failed(f"{path} doit avoir une ligne « release: ».")
    return found[0]


def _all(path: Path) -> tuple[Line, ...]:
    lines = []
    try:
        text = path.read_text()
    except OSError as error:
        raise Failed(f"Impossible de lire {path} : {error.strerror}.") from error
    for raw in text.splitlines():
        if raw.strip() and not raw.startswith("#"):
            name, separator, command = raw.partition(":")
            if not separator or not command.strip():
                raise Failed(f"{path} : la ligne « {raw} » n’est pas de la forme « nom: commande ».")
            lines.append(Line(name.strip(), tuple(shlex.split(command))))
    return tuple(lines)


def environment_path() -> str:
    """PATH with this interpreter's own programs first: `relais` is this installation's, without any shell set-up."""
    return f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
