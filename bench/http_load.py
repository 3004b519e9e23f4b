"""The HTTP load client: twenty keep-alive connections, each with one claim after the other.

python -m bench.http_load PLAN

Answers are parsed by httptools (C). What the client costs is in the table, beside an empty POST that shows how many
requests it can make.
"""

import asyncio
import sys
from typing import cast

import httptools
import uvloop

from bench import ours
from bench.community import FIRST_VERSION, identity
from bench.processes import cpu_seconds
from bench.writers import Plan, read_plan, run


class Connection(asyncio.Protocol):
    """One HTTP/1.1 connection; one request at a time."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.answer: asyncio.Future[tuple[int, bytes]] | None = None
        self.body = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's is one in all but its bases
        self.parser = httptools.HttpResponseParser(self)

    def data_received(self, data: bytes) -> None:
        self.parser.feed_data(data)

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        status, body = self.parser.get_status_code(), self.body
        keep = self.parser.should_keep_alive()
        self.parser = httptools.HttpResponseParser(self)
        self.body = b""
        if not keep and self.transport:
            self.transport.close()
            self.transport = None
        if self.answer and not self.answer.done():
            self.answer.set_result((status, body))

    def connection_lost(self, fault: Exception | None) -> None:
        self.transport = None
        if self.answer and not self.answer.done():
            self.answer.set_exception(ConnectionResetError("the server closed the connection"))

    async def ask(self, request: bytes) -> tuple[int, bytes]:
        assert self.transport is not None
        self.answer = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        return await self.answer


def request(plan: Plan, writer: int, number: int) -> bytes:
    """The claim of a dossier by an agent of its service, as the target's door wants it."""
    headers = [
        f"POST /dossiers/{identity('dossier', number)}/claim HTTP/1.1",
        f"Host: {plan.url.removeprefix('http://')}",
        f'If-Match: "{FIRST_VERSION}"',
    ]
    body = b""
    if plan.how == "ours":
        headers[0] = f"POST /api/v1/dossiers/{identity('dossier', number)}/claim HTTP/1.1"
        headers += [f"{name}: {value}" for name, value in ours.headers(plan.url, writer)]
    elif plan.how == "empty":
        headers[0] = "POST /empty HTTP/1.1"
    else:
        body = b'{"agent":"%s"}' % str(identity("agent", writer)).encode()
    if body:
        headers.append("Content-Type: application/json")
    headers.append(f"Content-Length: {len(body)}")
    return "\r\n".join(headers).encode() + b"\r\n\r\n" + body


async def main() -> None:
    plan = read_plan(sys.argv[1])
    host, port = plan.url.removeprefix("http://").split(":")
    loop = asyncio.get_running_loop()

    async def connect() -> Connection:
        _, connection = await loop.create_connection(Connection, host, int(port))
        return connection

    connections = [await connect() for _ in range(plan.writers)]
    strange: dict[str, int] = {}

    async def act(writer: int, number: int) -> bool:
        connection = connections[writer]
        if connection.transport is None:  # a server that ends connections now and then (max requests, keep-alive)
            connection = connections[writer] = await connect()
        status, body = await connection.ask(request(plan, writer, number))
        if status in (200, 201, 204):
            return True
        told = f"{status} {body[:200]!r}"
        strange[told] = strange.get(told, 0) + 1
        if len(strange) < 4 and strange[told] == 1:
            print(told, file=sys.stderr, flush=True)
        return False

    await run(plan, act, lambda: cpu_seconds(plan.pids))


if __name__ == "__main__":
    uvloop.run(main())
