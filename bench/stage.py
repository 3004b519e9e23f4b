"""What a measure asks of a target: to start its processes and say which of them are which."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypedDict

from bench.processes import Process
from bench.servers import Servers

SOCKETS = 900
TOPICS = 20
RATE = 50.0


class SocketPlan(TypedDict):
    """One socket for the load client: where, with which headers, what to say, which `op` tells that it watches."""

    url: str
    headers: list[tuple[str, str]]
    say: str | None
    ready: str
    beat: float
    topic: int


@dataclass
class LiveStage:
    """A target of the live measure, started."""

    holders: Sequence[int]
    """Processes that hold sockets: theirs is the CPU per delivery and the memory per socket."""
    sockets: Sequence[SocketPlan]
    writer: Process
    """It speaks `bench.pace`'s language."""
    others: Sequence[int] = field(default_factory=list)
    """Other processes of the target but the two servers: a relay, for instance."""


@dataclass(frozen=True)
class LiveTarget:
    name: str
    start: Callable[[Servers, Path], AbstractContextManager[LiveStage]]
    """Start it with servers of the measure and a folder for its logs; leaving the context stops it."""
    what: str
    share: float = 1.0
    """Of the measure's rate: over 1 for the client's proof; under 1 for a peer that cannot carry the rate."""


class NotReady(Exception):
    """This target cannot run from this tree: the sentence says why. The table then has a row without figures."""


@dataclass
class ActionStage:
    """A target of the measure of actions, started: the program that acts, and what it is told."""

    program: str
    """A module that takes the path of a `bench.writers.Plan`: in-process writers, or the HTTP client."""
    pids: Sequence[int] = field(default_factory=list)
    """The server's processes where the program is a client; none: the program does the work itself."""
    url: str = ""
    how: str = "peer"


@dataclass(frozen=True)
class ActionTarget:
    name: str
    start: Callable[[Servers, str, Path], AbstractContextManager[ActionStage]]
    """Start it on the database at this address, with a folder for its logs."""
    what: str
    http: bool
    claims: bool = True
    """Whether it claims dossiers: an empty POST does not, and leaves the database as it was."""
