"""`WEB_PROCESSES` greater than one: N processes that accept from one listening socket."""

import os
import signal
import sys
import time
from pathlib import Path

from infra.listen import INHERITED, listening_socket
from infra.logs import logger
from infra.processes import Child
from infra.settings import Settings

PAUSE = 1.0  # seconds before a dead one is replaced: a process that dies at once must not eat the machine


def serve(settings: Settings) -> None:
    """Keep N web processes until SIGTERM."""
    listener = listening_socket(settings.host, settings.port)
    environment = {**os.environ, **settings.environment(), INHERITED: str(listener.fileno()), "WEB_PROCESSES": "1"}
    argv: list[str | Path] = [Path(sys.executable).with_name("relais"), "web"]

    def start(number: int) -> Child:
        return Child(f"web.{number}", argv, environment=environment, keep=[listener.fileno()])

    stopping = False

    def stop(*_: object) -> None:
        nonlocal stopping
        stopping = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    children = [start(number) for number in range(settings.web_processes)]
    while not stopping:
        time.sleep(0.2)
        for number, child in enumerate(children):
            if child.code is not None and not stopping:
                logger(__name__).warning("web process died", number=number, code=child.code)
                time.sleep(PAUSE)
                children[number] = start(number)
    for child in children:
        child.ask_to_stop()
    for child in children:
        child.stop(patience=8)
