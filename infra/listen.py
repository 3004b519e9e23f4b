"""The listening socket of a web process: made by us, because what it must bear is set on it."""

import errno
import os
import resource
import socket
import sys
from contextlib import suppress

from infra.settings import Failed

USER_TIMEOUT_MS = 20_000
IDLE, BETWEEN, TIMES = 20, 10, 3  # seconds of silence before the kernel asks whether the browser is there, and again
NOT_SENT = 64 * 1024  # bytes that the kernel takes for a browser beyond what is on its way to it
BACKLOG = 2_048  # 900 browsers that come back in the same second
INHERITED = "RELAIS_LISTENING_SOCKET"  # file descriptor that `relais web` shares with its N processes


def listening_socket(host: str, port: int) -> socket.socket:
    """A listening TCP socket; accepted sockets inherit what is set on it. Raises Failed when the port is taken.

    TCP_USER_TIMEOUT: a browser that stops reading is otherwise never freed; neither a ping's time limit nor SIGTERM
    closes its socket. SO_KEEPALIVE: the kernel asks after a silent one, which costs no Python; WebSocket pings for it took
    a twentieth of what live delivery costs. TCP_NOTSENT_LOWAT: the kernel would otherwise take megabytes for it before we
    see that it is behind.
    """
    inherited = os.environ.get(INHERITED)
    if inherited:
        return socket.socket(fileno=int(inherited))
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if sys.platform == "linux":
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, USER_TIMEOUT_MS)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, IDLE)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, BETWEEN)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, TIMES)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, NOT_SENT)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise Failed(taken(host, port)) from error
        raise Failed(f"Impossible d’écouter sur {host}:{port} : {error.strerror}.") from error
    listener.listen(BACKLOG)
    listener.setblocking(False)
    return listener


def allow_sockets() -> None:
    """As many open files as this process may have: the usual limit of 1,024 is passed by 900 browsers and their pools."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):  # macOS: "unlimited" is more than it allows
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def taken(host: str, port: int, variable: str = "PORT") -> str:
    """The sentence for a port in use."""
    return (
        f"Le port {port} de {host} est déjà pris par un autre programme : "
        f"arrêtez-le, ou choisissez-en un autre, par exemple {variable}={port + 10 if port < 65000 else port - 10}."
    )
