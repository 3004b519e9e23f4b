"""The listening socket: what it bears, and what it says when it cannot listen."""

import socket

import pytest

from infra.listen import USER_TIMEOUT_MS, listening_socket
from infra.processes import free_port, port_is_free
from infra.settings import Failed


def test_accepted_sockets_are_freed_when_their_browser_is_silent() -> None:
    with listening_socket("127.0.0.1", free_port()) as listener, socket.create_connection(listener.getsockname()):
        listener.setblocking(True)
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == USER_TIMEOUT_MS


def test_a_port_in_use_is_a_sentence() -> None:
    port = free_port()
    with listening_socket("127.0.0.1", port):
        assert not port_is_free("127.0.0.1", port)
        with pytest.raises(Failed, match=f"Le port {port} de 127.0.0.1 est déjà pris"):
            listening_socket("127.0.0.1", port)
    assert port_is_free("127.0.0.1", port)
