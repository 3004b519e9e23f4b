"""A COMMIT that was done and whose acknowledgement was lost: whoever tries again finds one dossier, not two."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import httpx

from infra.processes import free_port
from tests.api.conftest import house, portal
from tests.api.house import BIRTH, House, serving
from tests.history import Answered, History, check

__all__ = ["house", "portal"]  # fixtures

SUBMISSIONS = 15
_COMMIT = b"commit\x00"


class LossyProxy:
    """Between a process and PostgreSQL: forwards everything, and cuts the line after some COMMITs, before their answer."""

    def __init__(self, database_url: str, *, share: float, seed: int = 3) -> None:
        parts = urlsplit(database_url)
        assert parts.hostname is not None
        assert parts.port is not None
        self._upstream = (parts.hostname, parts.port)
        self.port = free_port()
        self.url = database_url.replace(f":{parts.port}/", f":{self.port}/")
        self._share, self._chance = share, random.Random(seed)
        self.cut = 0

    @asynccontextmanager
    async def running(self) -> AsyncIterator["LossyProxy"]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        try:
            yield self
        finally:
            server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        up_reader, up_writer = await asyncio.open_connection(*self._upstream)
        back = asyncio.create_task(self._forward(up_reader, writer))
        try:
            while chunk := await reader.read(65_536):
                losing = chunk.endswith(_COMMIT) and self._chance.random() < self._share
                if losing:
                    back.cancel()
                    await asyncio.gather(back, return_exceptions=True)
                up_writer.write(chunk)
                if losing:
                    self.cut += 1
                    await up_reader.read(65_536)  # PostgreSQL has committed, and says so to nobody
                    return
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            back.cancel()
            for each in (writer, up_writer):
                with contextlib.suppress(ConnectionError):
                    each.close()

    @staticmethod
    async def _forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while chunk := await reader.read(65_536):
                writer.write(chunk)
            writer.close()  # PostgreSQL's end is passed on too: a client that says goodbye waits for it


async def test_a_lost_acknowledgement_and_a_retry_make_one_dossier(house: House, tmp_path: Path) -> None:
    proxy = LossyProxy(house.settings.database_url, share=0.3)
    lossy = replace(house.settings, database_url=proxy.url, port=free_port())
    answers, token = await house.example(), await house.token(house.community.amina)
    tries, references = 0, set[str]()

    async def submit() -> Answered:
        nonlocal tries
        key = str(uuid4())
        headers = {"authorization": f"Bearer {token}", "idempotency-key": key}
        for _ in range(40):
            tries += 1
            async with httpx.AsyncClient(base_url=url, headers=headers, timeout=10) as client:
                answer = await client.post("/api/v1/dossiers", json={"procedure": BIRTH, "answers": answers})
            if answer.status_code == 201:
                made = answer.json()
                references.add(made["reference"])
                return Answered(UUID(made["id"]), made["version"], house.community.amina.id)
            assert answer.status_code in (500, 503), answer.text
            await asyncio.sleep(0.02)
        raise AssertionError("never answered")

    async with proxy.running(), serving(lossy) as url:
        answered = [await submit() for _ in range(SUBMISSIONS)]
    assert proxy.cut > 3, "acknowledgements were lost, or this shows nothing"
    assert tries > SUBMISSIONS
    assert len(references) == SUBMISSIONS
    assert await house.count("select count(*) from dossiers where state = 'submitted'") == SUBMISSIONS
    await check(house.engine, History(answered, unanswered=0))
