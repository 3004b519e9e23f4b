"""The listening socket of a web process: made by us, because what it must bear is set on it."""

import errno
import os
import socket
import sys

from infra.settings import Failed

USER_TIMEOUT_MS = 20_000
BACKLOG = 2_048  # 900 browsers that come back in the same second
INHERITED = "RELAIS_LISTENING_SOCKET"  # file descriptor that `relais web` shares with its N processes


def listening_socket(host: str, port: int) -> socket.socket:
    """A listening TCP socket, whose accepted sockets inherit TCP_USER_TIMEOUT. Raises Failed when the port is taken.

    A browser that stops reading is otherwise never freed: neither a ping's time limit nor SIGTERM closes its socket.
    """
    inherited = os.environ.get(INHERITED)
    if inherited:
        return socket.socket(fileno=int(inherited))
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if sys.platform == "linux":
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, USER_TIMEOUT_MS)
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


def taken(host: str, port: int, variable: str = "PORT") -> str:
    """The sentence for a port in use."""
    return (
        f"Le port {port} de {host} est déjà pris par un autre programme : "
        f"arrêtez-le, ou choisissez-en un autre, par exemple {variable}={port + 10 if port < 65000 else port - 10}."
    )
