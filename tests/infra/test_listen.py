"""The listening socket: what it bears, and what it says when it cannot listen."""

import resource
import socket

import pytest

from infra.listen import IDLE, NOT_SENT, USER_TIMEOUT_MS, allow_sockets, listening_socket
from infra.processes import free_port, port_is_free
from infra.settings import Failed


def test_accepted_sockets_are_freed_when_their_browser_is_silent() -> None:
    with listening_socket("127.0.0.1", free_port()) as listener, socket.create_connection(listener.getsockname()):
        listener.setblocking(True)
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == USER_TIMEOUT_MS
            assert accepted.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == IDLE


def test_a_port_in_use_is_a_sentence() -> None:
    port = free_port()
    with listening_socket("127.0.0.1", port):
        assert not port_is_free("127.0.0.1", port)
        with pytest.raises(Failed, match=f"Le port {port} de 127.0.0.1 est déjà pris"):
            listening_socket("127.0.0.1", port)
    assert port_is_free("127.0.0.1", port)


def test_what_is_not_sent_yet_does_not_pile_up_in_the_kernel() -> None:
    """A browser that reads nothing would otherwise make it hold megabytes, and nobody would know that it is behind."""
    with listening_socket("127.0.0.1", free_port()) as listener, socket.create_connection(listener.getsockname()):
        listener.setblocking(True)
        accepted, _ = listener.accept()
        with accepted:
            accepted.setblocking(False)
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT) == NOT_SENT
            assert accepted.send(b" " * 2**24) < 2**20


def test_as_many_sockets_as_the_machine_allows() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(1_024, before[1]), before[1]))
    try:
        allow_sockets()
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == before[1]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
