"""The worked example of a look-up: the fare of school transport, from a small fare server to the price that is kept."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.api.house import House
from tests.fares import Fares, fare_server

SLUG = "transport-scolaire"


@pytest.fixture
async def fares(tmp_path: Path) -> AsyncIterator[Fares]:
    async with fare_server() as server:
        source = {"url": server.url, "private": True}
        (tmp_path / "lookups.yaml").write_text(yaml.safe_dump({"transport-fares": source}), "utf-8")
        yield server


@pytest.fixture
async def house(fares: Fares, house: House) -> House:
    """The application, which found the file of sources when it started."""
    return house


async def _filed(house: House, answers: dict[str, Any]) -> dict[str, Any]:
    """The request as its citizen reads it."""
    amina = await house.as_("amina")
    filed = await amina.post("/dossiers", json={"procedure": SLUG, "answers": answers})
    assert filed.status_code == 201, filed.text
    seen = (await amina.get(f"/dossiers/{filed.json()['id']}")).json()
    return {"price": seen["price"], **{each["field"]: each["value"] for each in seen["answers"]}}


async def test_the_fare_is_looked_up_and_makes_the_price(house: House, fares: Fares) -> None:
    answers = await house.example(SLUG)
    said = {
        **answers,
        "level": "lower",
        "assigned": True,
        "disability": False,
        "start_on": answers["start_on"],
        "fare": 1,
    }
    kept = await _filed(house, said)
    assert kept["fare"] == 110, "what was typed is ignored"
    assert kept["price"] == round(100 * kept["to_pay"]) > 0
    assert [query for query, _ in fares.asked] == [f"level=lower&commune={answers['address']['citycode']}"]
    fares.mood = "broken"
    elsewhere = {**answers["address"], "citycode": "86070", "postal_code": "86300"}
    declared = await _filed(house, {**said, "address": elsewhere, "fare": 90})
    assert declared["fare"] == 90
    assert declared["price"] == round(100 * declared["to_pay"])
