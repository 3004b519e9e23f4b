"""The wire: frames made once, put on every socket as they are. An ASGI extension of uvicorn's WebSocket.

An ASGI `websocket.send` carries a text, which each socket encodes and frames again, through every wrapper that a
framework put around `send`. A fact goes to dozens of sockets in the same bytes (a server's frames bear no mask), so
that was half of what a frame cost. `scope["extensions"]["relais.wire"]` holds the socket's `Wire`.
"""

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

EXTENSION = "relais.wire"
_SHORT, _MEDIUM = 126, 1 << 16  # bytes of payload from which the length takes two bytes, then eight


def framed(payload: bytes) -> bytes:
    """One whole text frame from a server (RFC 6455, 5.2): FIN, opcode 1, no mask."""
    size = len(payload)
    if size < _SHORT:
        return b"\x81" + size.to_bytes(1, "big") + payload
    if size < _MEDIUM:
        return b"\x81\x7e" + size.to_bytes(2, "big") + payload
    return b"\x81\x7f" + size.to_bytes(8, "big") + payload


class Gone(Exception):
    """The client is not there any more."""


class Wire:
    """What a socket can be given, once it is accepted."""

    __slots__ = ("_socket",)

    def __init__(self, socket: "Socket") -> None:
        self._socket = socket

    def put(self, frames: bytes) -> bool:
        """Whole frames, sent without waiting. False where the client does not read what it got: nothing was sent.

        Raises Gone.
        """
        socket = self._socket
        if socket.disconnected or socket.close_sent or socket.transport.is_closing():
            raise Gone
        if not socket.writable.is_set():
            return False
        socket.transport.write(frames)
        return True

    async def readable(self) -> None:
        """Until the client reads again, or is gone."""
        await self._socket.writable.wait()


class Socket(WebSocketsSansIOProtocol):
    """uvicorn's WebSocket, with its wire."""

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if hasattr(self, "scope"):  # a handshake that is none gets no scope
            self.scope["extensions"][EXTENSION] = {"wire": Wire(self)}
