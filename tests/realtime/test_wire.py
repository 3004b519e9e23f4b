"""Frames made once, as an independent implementation reads them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode
from websockets.streams import StreamReader

from realtime.wire import framed


def _read(wire: bytes) -> tuple[Frame, int]:
    """The first frame as the library `websockets` reads it, and how many bytes are left."""
    stream = StreamReader()
    stream.feed_data(wire)
    parsing = Frame.parse(stream.read_exact, mask=False, max_size=None)
    try:
        next(parsing)
    except StopIteration as done:
        return done.value, len(stream.buffer)
    raise AssertionError("not a whole frame")


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65_535, 65_536, 200_000])
def test_every_length_is_one_whole_text_frame(size: int) -> None:
    frame, left = _read(framed(b"x" * size))
    assert (frame.opcode, frame.fin, len(frame.data), left) == (Opcode.TEXT, True, size, 0)


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=6))
def test_frames_that_are_joined_come_apart_again(payloads: list[bytes]) -> None:
    wire = b"".join(framed(payload) for payload in payloads)
    for payload in payloads:
        frame, left = _read(wire)
        assert frame.data == payload
        wire = wire[len(wire) - left :]
    assert wire == b""
