"""HTTP to services outside, that others declare: named sources, their secrets, and never an address inside by mistake.

A source is a line of the operator's file (LOOKUP_SOURCES): where it is, and the headers that let us in. Who declares a
look-up writes the source's name and a path, so a secret is sent to its own host only. Every address that the host's name
has is judged before a connection is opened, and the connection goes to the address that was judged: a name that changes
its mind between the two (DNS rebinding) gains nothing. Redirects are not followed. OWASP ASVS 5, 1.3.6 (SSRF).
"""

import asyncio
import ipaddress
import socket
import ssl
import time
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpcore
import msgspec
import yaml

from infra.logs import logger
from infra.settings import Failed

log = logger(__name__)

BODY_MAX = 256 * 1024  # bytes of one answer
KEPT_MAX = 2_000  # answers in memory
REST_SECONDS = 10.0  # after a failure the source is left alone: forty forms do not each wait for its time-out
_NAT64 = ipaddress.ip_network("64:ff9b::/96")  # RFC 6052: the last four bytes are an IPv4 address
_OUR_NAT64 = ipaddress.ip_network("64:ff9b:1::/48")  # RFC 8215: of the local network


class Source(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An outside service, as the operator's file names it."""

    url: str
    headers: dict[str, str] = msgspec.field(default_factory=dict)  # secrets: shown and logged nowhere
    private: bool = False  # it is meant to be inside the network


class Unreachable(Exception):
    """The source gave no usable answer: `why` is for the log and for the operator, never for a page."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer, and until when it is good (seconds of the monotonic clock)."""

    document: Any
    until: float


def read_sources(file: Path) -> dict[str, Source]:
    """The sources of this YAML file; none where there is no file. Raises Failed for a file that says something else."""
    try:
        document = yaml.safe_load(file.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise Failed(f"{file} n’est pas lisible : {type(error).__name__}.") from error
    try:
        sources = msgspec.convert(document or {}, dict[str, Source])
    except msgspec.ValidationError as error:
        raise Failed(f"{file} : {error}.") from error
    for name, source in sources.items():
        parts = urlsplit(source.url)
        if parts.scheme not in (("http", "https") if source.private else ("https",)) or not parts.hostname:
            raise Failed(f"{file} : l’adresse de « {name} » doit commencer par https://.")
        if any(not text.isprintable() for pair in source.headers.items() for text in pair):
            raise Failed(f"{file} : un en-tête de « {name} » contient un caractère interdit.")
    return sources


class Outside:
    """The sources of this installation. One for a process: connections, answers and rests are shared."""

    def __init__(self, sources: Mapping[str, Source]) -> None:
        self._sources = dict(sources)
        context = ssl.create_default_context()
        self._pools = {
            private: httpcore.AsyncConnectionPool(
                ssl_context=context, max_connections=20, network_backend=_Judging(private=private)
            )
            for private in (False, True)
        }
        self._kept: OrderedDict[tuple[str, str], Kept] = OrderedDict()
        self._resting: dict[str, float] = {}

    @property
    def names(self) -> frozenset[str]:
        """The sources that this installation knows."""
        return frozenset(self._sources)

    async def get(self, name: str, path: str, *, timeout_seconds: float, kept_seconds: float) -> Any:
        """The JSON that the source gives under `path` (it begins with /), at most `kept_seconds` old. Raises Unreachable."""
        now = time.monotonic()
        kept = self._kept.get((name, path))
        if kept is not None and now < kept.until:
            return kept.document
        source = self._sources.get(name)
        if source is None:
            raise Unreachable("unknown source")
        if now < self._resting.get(name, 0.0):
            raise Unreachable("it failed a moment ago")
        try:
            async with asyncio.timeout(timeout_seconds):
                document = await self._ask(source, path)
        except Unreachable as error:
            self._rest(name, error.why)
            raise
        except (
            TimeoutError,
            OSError,
            httpcore.NetworkError,
            httpcore.ProtocolError,
            httpcore.TimeoutException,
        ) as error:
            self._rest(name, type(error).__name__)
            raise Unreachable(type(error).__name__) from error
        if kept_seconds > 0:
            self._kept[name, path] = Kept(document, now + kept_seconds)
            self._kept.move_to_end((name, path))
            if len(self._kept) > KEPT_MAX:
                self._kept.popitem(last=False)
        return document

    async def close(self) -> None:
        """Close the connections."""
        for pool in self._pools.values():
            await pool.aclose()

    def _rest(self, name: str, why: str) -> None:
        self._resting[name] = time.monotonic() + REST_SECONDS
        log.warning("outside.unreachable", source=name, why=why)  # never the path: it holds answers

    async def _ask(self, source: Source, path: str) -> Any:
        headers = [(b"accept", b"application/json"), (b"accept-encoding", b"identity"), (b"user-agent", b"Relais")]
        headers += [(name.encode("ascii", "replace"), value.encode()) for name, value in source.headers.items()]
        url = source.url.rstrip("/") + path
        if not url.isascii():  # a look-alike of another host
            raise Unreachable("no such host")
        async with self._pools[source.private].stream("GET", url, headers=headers) as response:
            if response.status != 200:  # a redirect too: it would choose the host instead of the operator
                raise Unreachable(f"status {response.status}")
            body = b""
            async for chunk in response.aiter_stream():
                body += chunk
                if len(body) > BODY_MAX:
                    raise Unreachable("too long an answer")
        try:
            return msgspec.json.decode(body)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
            raise Unreachable("no JSON") from error


class _Judging(httpcore.AsyncNetworkBackend):
    """Connects to an address that was judged, and to no other."""

    def __init__(self, *, private: bool) -> None:
        self._private = private
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the library's own interface
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        try:
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (socket.gaierror, UnicodeError) as error:
            raise Unreachable("no such host") from error
        addresses = list(dict.fromkeys(str(each[4][0]) for each in found))
        if not addresses or (not self._private and not all(map(is_public, addresses))):
            raise Unreachable("an address inside")
        return await self._inner.connect_tcp(addresses[0], port, timeout, local_address, socket_options)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def is_public(address: str) -> bool:
    """Whether anybody on the Internet may be reached at this IP address: none of ours, no neighbour, no loopback."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        if ip in _OUR_NAT64:
            return False
        if ip in _NAT64:
            return is_public(str(ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)))
        hidden = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if hidden is not None:
            return is_public(str(hidden))
    return ip.is_global and not ip.is_multicast
