"""Outside services: an address inside is never reached by mistake, and what comes is bounded."""

import asyncio
import socket
from pathlib import Path
from typing import Any

import httpcore
import pytest

from infra.outside import Outside, Source, Unreachable, is_public, read_sources
from infra.settings import Failed
from tests.fares import fare_server

INSIDE = """
    0.0.0.0 10.0.0.1 100.64.0.1 127.0.0.1 127.255.255.254 169.254.169.254 172.16.0.1 172.31.255.255 192.0.0.1 192.0.2.1
    192.168.1.1 198.18.0.1 198.51.100.1 203.0.113.1 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255 :: ::1
    ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:a9fe:a9fe 64:ff9b::7f00:1 64:ff9b::a00:1 64:ff9b:1::1 100::1 2001:db8::1
    2002:7f00:1:: 2002:a00:1:: fc00::1 fd12:3456::1 fe80::1 fe80::1%eth0 ff02::1 ff0e::1 nonsense
"""
OUTSIDE = "1.1.1.1 93.184.216.34 2606:4700:4700::1111 64:ff9b::101:101 ::ffff:1.1.1.1 2002:101:101::"
LOOPBACK = """
    127.0.0.1 127.1 127.0.1 0x7f.1 0x7f000001 2130706433 017700000001 0177.0.0.1 0 0.0.0.0 localhost LOCALHOST localhost.
    [::1] [::] [::ffff:127.0.0.1] [::ffff:7f00:1] [0:0:0:0:0:0:0:1] [fe80::1] 10.0.0.1 192.168.0.1 169.254.169.254
    127.0.0.1. 127。0。0。1 ①②⑦.⓪.⓪.①
"""


@pytest.mark.parametrize("address", INSIDE.split())
def test_an_address_inside_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", OUTSIDE.split())
def test_an_address_of_the_internet_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("host", LOOPBACK.split())
async def test_no_way_of_writing_loopback_reaches_it(host: str) -> None:
    """A canary listens on every address of this machine: it gets no connection, by whatever name."""
    reached: list[Any] = []

    async def note(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        reached.append(writer.get_extra_info("peername"))
        writer.close()

    canary = await asyncio.start_server(note, host="127.0.0.1", port=0)
    port = canary.sockets[0].getsockname()[1]
    outside = Outside({"them": Source(f"https://{host}:{port}"), "plain": Source(f"http://{host}:{port}")})
    try:
        for name in ("them", "plain"):
            with pytest.raises(Unreachable):
                await outside.get(name, "/", timeout_seconds=5, kept_seconds=0)
    finally:
        await outside.close()
        canary.close()
        await canary.wait_closed()
    assert reached == []


async def test_the_connection_goes_to_the_address_that_was_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    """The name changes its mind after it was looked up (DNS rebinding): nobody looks it up again."""
    answers = iter([[(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.216.34", 443))]])

    async def resolve(*_: Any, **__: Any) -> Any:
        return next(answers)

    gone: list[str] = []

    async def connect(self: Any, host: str, port: int, *_: Any, **__: Any) -> Any:
        gone.append(host)
        raise httpcore.ConnectError("far enough")

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolve, raising=False)
    monkeypatch.setattr(httpcore.AnyIOBackend, "connect_tcp", connect)
    outside = Outside({"them": Source("https://rebinding.example")})
    with pytest.raises(Unreachable):
        await outside.get("them", "/", timeout_seconds=5, kept_seconds=0)
    await outside.close()
    assert gone == ["93.184.216.34"]


async def test_one_address_inside_among_several_is_enough_to_refuse(monkeypatch: pytest.MonkeyPatch) -> None:
    async def resolve(*_: Any, **__: Any) -> Any:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, 443)) for each in ("93.184.216.34", "10.0.0.1")]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolve, raising=False)
    outside = Outside({"them": Source("https://both.example")})
    with pytest.raises(Unreachable, match="inside"):
        await outside.get("them", "/", timeout_seconds=5, kept_seconds=0)
    await outside.close()


async def test_what_comes_is_kept_as_long_as_it_is_good() -> None:
    async with fare_server() as fares:
        outside = Outside({"fares": Source(fares.url, {"Authorization": "Bearer s3cret"}, private=True)})
        for path, kept in (("/fares?level=lower", 60), ("/fares?level=lower", 60), ("/fares?level=upper", 0)):
            found = await outside.get("fares", path, timeout_seconds=5, kept_seconds=kept)
            assert found["fare"]["zone"] == "A"
        await outside.get("fares", "/fares?level=upper", timeout_seconds=5, kept_seconds=0)
        assert [query for query, _ in fares.asked] == ["level=lower", "level=upper", "level=upper"]
        assert {secret for _, secret in fares.asked} == {"Bearer s3cret"}
        await outside.close()


@pytest.mark.parametrize("mood", ["broken", "slow", "elsewhere", "long", "no-json"])
async def test_no_usable_answer_is_none_and_the_source_rests(mood: str) -> None:
    async with fare_server() as fares:
        fares.mood = mood
        outside = Outside({"fares": Source(fares.url, private=True)})
        for _ in range(3):
            with pytest.raises(Unreachable):
                await outside.get("fares", "/fares?level=lower", timeout_seconds=0.5, kept_seconds=60)
        await outside.close()
        assert len(fares.asked) == 1, "a redirect is not followed, and a source that failed is left alone"


def test_the_operators_file(tmp_path: Path) -> None:
    file = tmp_path / "lookups.yaml"
    assert read_sources(file) == {}
    file.write_text("fares: {url: 'https://fares.example.org/v1', headers: {Authorization: Bearer x}}", "utf-8")
    assert read_sources(file)["fares"].headers == {"Authorization": "Bearer x"}
    for wrong in (
        "fares: {url: 'http://fares.example.org'}",
        "fares: {url: 'ftp://fares.example.org', private: true}",
        "fares: {url: 'https://'}",
        "fares: {url: 'https://x', headers: {A: \"b\\r\\nHost: y\"}}",
        "fares: {address: 'https://x'}",
        "fares: 3",
        "[",
    ):
        file.write_text(wrong, "utf-8")
        with pytest.raises(Failed):
            read_sources(file)
