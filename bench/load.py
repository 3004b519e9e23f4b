"""The load client of the live measure: N sockets, every frame parsed and stamped, nothing else done meanwhile.

It is a process that obeys lines on its standard input and answers each with one line of JSON:

    connect A B      open the sockets A to B-1 of the plan and wait until each is told that it watches
    mark             forget what was received, begin to count its own CPU and lateness
    wait COUNT SECONDS   until COUNT facts were received since the mark, or SECONDS have passed
    report PATH      write PATH: msgpack {"frames": [[socket, dossier, version, instant], ...]}; answer its own figures
    quit

The plan (JSON, the path is the first argument) is a list of sockets {url, headers, say, ready, beat}: `say` is the text
sent after the handshake (or null), `ready` the `op` of the frame that says that the subscription holds, `beat` seconds
of silence after which it says {"op":"ping"} (0: never).

Every socket offers permessage-deflate, as every browser does; it inflates where the server accepts.

The frame is decoded to its four fields by msgspec before the clock is read: a client that had not parsed has not seen.
"""

import asyncio
import gc
import json
import sys
import time
import zlib
from pathlib import Path
from typing import Any

import msgspec
import uvloop
from picows import (  # type: ignore[import-not-found,unused-ignore]  # of the group `bench`, which checks do without
    WSFrame,
    WSListener,
    WSMsgType,
    WSTransport,
    ws_connect,
)

from bench.pace import say
from bench.processes import own_cpu
from bench.table import percentile
from infra.listen import allow_sockets

AT_ONCE = 50  # handshakes under way
LOOK_SECONDS = 5.0  # how often a socket asks itself when it last heard something
LATENESS_STEP = 0.005
OFFERED = [("Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits")]  # Chromium's words


class Frame(msgspec.Struct):
    """What the client needs of any server frame; unknown fields are skipped by the decoder."""

    op: str
    dossier: str = ""
    version: int = 0
    code: str = ""


_decode = msgspec.json.Decoder(Frame).decode


class Client:
    """All sockets of this process and what they received."""

    def __init__(self, plan: list[dict[str, Any]]) -> None:
        self.plan = plan
        self.frames: list[tuple[int, str, int, int]] = []
        self.octets = 0
        self.others: dict[str, int] = {}
        self.lost: list[str] = []
        self.closing = False
        self.watching: dict[int, asyncio.Future[None]] = {}
        self.transports: list[WSTransport] = []
        self.lateness: list[float] = []
        self.heard: dict[int, float] = {}
        self.marked = (0.0, 0.0)

    async def connect(self, first: int, end: int) -> None:
        gate = asyncio.Semaphore(AT_ONCE)

        async def one(index: int) -> None:
            async with gate:
                spec = self.plan[index]
                ready = self.watching[index] = asyncio.get_running_loop().create_future()
                transport, _ = await ws_connect(
                    lambda: Socket(self, index),
                    spec["url"],
                    extra_headers=[*OFFERED, *(tuple(header) for header in spec["headers"])],
                    websocket_handshake_timeout=20,
                )
                self.transports.append(transport)
                if spec.get("say"):
                    transport.send(WSMsgType.TEXT, spec["say"].encode())
                await asyncio.wait_for(ready, 20)
                if spec.get("beat"):
                    beats.add(asyncio.create_task(self.beat(transport, float(spec["beat"]), index)))

        await asyncio.gather(*(one(index) for index in range(first, end)))

    async def beat(self, transport: WSTransport, seconds: float, index: int) -> None:
        """As the page's module does it: every five seconds it asks itself whether it heard nothing for a heartbeat."""
        await asyncio.sleep(LOOK_SECONDS * (index % 97) / 97)  # spread, as real ones would be
        while not transport.is_disconnected:
            if time.monotonic() - self.heard[index] > seconds:
                transport.send(WSMsgType.TEXT, b'{"op":"ping"}')
            await asyncio.sleep(LOOK_SECONDS)

    async def measure_lateness(self) -> None:
        """How late a timer of this process fires: the most that the client itself can have added to a latency."""
        while True:
            before = time.monotonic()
            await asyncio.sleep(LATENESS_STEP)
            self.lateness.append(time.monotonic() - before - LATENESS_STEP)

    def mark(self) -> None:
        self.frames.clear()
        self.lateness.clear()
        self.others.clear()
        self.octets = 0
        gc.collect()
        gc.freeze()
        gc.disable()  # a pause of the client's collector is not the server's latency
        self.marked = (time.monotonic(), own_cpu())

    def report(self, path: Path) -> dict[str, object]:
        elapsed = time.monotonic() - self.marked[0]
        busy = own_cpu() - self.marked[1]
        gc.enable()
        late = sorted(self.lateness)
        path.write_bytes(msgspec.msgpack.encode({"frames": self.frames}))
        count = len(self.frames)
        return {
            "frames": count,
            "octets": self.octets / count if count else 0.0,
            "others": self.others,
            "lost": self.lost[:5],
            "client_cpu": 100 * busy / elapsed,
            "client_us": 1e6 * busy / count if count else 0.0,
            "client_late_p99": 1000 * percentile(late, 0.99) if late else 0.0,
            "client_late_max": 1000 * late[-1] if late else 0.0,
        }


class Socket(WSListener):  # type: ignore[misc,unused-ignore]
    """One socket: parse, stamp, keep."""

    def __init__(self, client: Client, index: int) -> None:
        self.client = client
        self.index = index
        self.inflate: zlib._Decompress | None = None

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        self.client.heard[self.index] = time.monotonic()
        if frame.msg_type is not WSMsgType.TEXT:
            if frame.msg_type is WSMsgType.CLOSE and not self.client.closing:
                self.client.lost.append(
                    f"socket {self.index} closed: {frame.get_close_code()} {frame.get_close_reason()}"
                )
                transport.disconnect()
            return
        payload: bytes | memoryview = frame.get_payload_as_memoryview()
        if frame.rsv1:  # compressed, RFC 7692, 7.2.2: four octets that the sender left out, then the stream goes on
            if self.inflate is None:
                self.inflate = zlib.decompressobj(-zlib.MAX_WBITS)
            payload = self.inflate.decompress(bytes(payload) + b"\x00\x00\xff\xff")
        seen = _decode(payload)
        if seen.op == "fact":
            self.client.frames.append((self.index, seen.dossier, seen.version, time.monotonic_ns()))
            self.client.octets += frame.payload_size
            return
        self.client.others[seen.op] = self.client.others.get(seen.op, 0) + 1
        waiting = self.client.watching[self.index]
        if seen.op == self.client.plan[self.index]["ready"] and not waiting.done():
            waiting.set_result(None)
        elif seen.op == "refused" and not waiting.done():
            waiting.set_exception(RuntimeError(f"refused: {seen.code}"))

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        if not self.client.closing:
            self.client.lost.append(f"socket {self.index} was cut")
        waiting = self.client.watching[self.index]
        if not waiting.done():
            waiting.set_exception(RuntimeError("cut before it watched"))


beats: set[asyncio.Task[None]] = set()


async def main() -> None:
    allow_sockets()
    client = Client(json.loads(Path(sys.argv[1]).read_text()))  # noqa: ASYNC240
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    lateness = asyncio.create_task(client.measure_lateness())
    say({"ready": True})
    while words := (await reader.readline()).decode().split():
        command, rest = words[0], words[1:]
        try:
            if command == "connect":
                await client.connect(int(rest[0]), int(rest[1]))
                say({"connected": len(client.transports)})
            elif command == "mark":
                client.mark()
                say({"marked": True})
            elif command == "wait":
                until = time.monotonic() + float(rest[1])
                while len(client.frames) < int(rest[0]) and time.monotonic() < until:  # noqa: ASYNC110
                    await asyncio.sleep(0.02)
                await asyncio.sleep(0.25)  # a duplicate would come just after
                say({"frames": len(client.frames)})
            elif command == "report":
                say(client.report(Path(rest[0])))
            else:
                break
        except Exception as fault:  # noqa: BLE001
            say({"failed": f"{command}: {fault!r}; {client.lost[:3]}"})
    client.closing = True
    lateness.cancel()
    for task in beats:
        task.cancel()
    for transport in client.transports:
        transport.disconnect(graceful=False)


if __name__ == "__main__":
    uvloop.run(main())
