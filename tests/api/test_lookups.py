"""A field filled from outside: by the fare server while it answers, by the person when it does not."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from sqlalchemy import text

from casework.authority import SYSTEM
from casework.procedures import catalogue
from casework.procedures.actions import Listing, publish
from infra.database import transaction
from tests.api.house import BIRTH, House
from tests.fares import Fares, fare_server

LEVELS = [{"value": each, "label": {"fr": each, "en": each}} for each in ("primary", "lower", "upper")]
LOOKUP = {"id": "fare", "source": "fares", "path": "/fares?level={level}", "fills": {"fare": "/fare/amount"}}


@pytest.fixture
async def fares(tmp_path: Path) -> AsyncIterator[Fares]:
    async with fare_server() as server:
        source = {"url": server.url, "headers": {"Authorization": "Bearer s3cret"}, "private": True}
        (tmp_path / "lookups.yaml").write_text(yaml.safe_dump({"fares": source}), "utf-8")
        yield server


@pytest.fixture
async def house(fares: Fares, house: House) -> House:
    """The application, which found the file of sources when it started."""
    return house


async def _published(house: House, **lookup: Any) -> None:
    """A birth certificate that asks for a level, and has a fare."""
    package = catalogue.load().packages[BIRTH]
    pages = package.definition["form"]["pages"]
    fields = [
        {"id": "level", "kind": "choice", "label": {"fr": "Niveau", "en": "Level"}, "choices": LEVELS},
        {
            "id": "fare",
            "kind": "integer",
            "label": {"fr": "Tarif", "en": "Fare"},
            "required": True,
            "min": 0,
            "max": 500,
        },
        {
            "id": "dear",
            "kind": "text",
            "label": {"fr": "Aide", "en": "Help"},
            "visible_if": {">": [{"var": "fare"}, 100]},
        },
    ]
    form = {"pages": [{**pages[0], "fields": [*fields, *pages[0]["fields"]]}, *pages[1:]]}
    definition = {**package.definition, "form": form, "lookups": [LOOKUP | lookup]}
    listing = Listing(package.title.fr, package.title.en, package.theme, internal=False, target_days=10)
    async with transaction(house.engine) as db:
        at = house.community.etat_civil
        assert await publish(db, BIRTH, definition=definition, listing=listing, service_id=at, by=SYSTEM)


async def _judged(client: httpx.AsyncClient, answers: dict[str, Any]) -> dict[str, Any]:
    answer = await client.post(f"/procedures/{BIRTH}/evaluate", json={"answers": answers})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_earlier_answers_fill_it_and_later_rules_read_it(house: House, fares: Fares) -> None:
    await _published(house)
    amina = await house.as_("amina")
    before = await _judged(amina, {})
    assert before["waiting"] == ["fare"]
    assert "fare" not in [each["field"] for each in before["faults"]]
    assert fares.asked == []
    cheap, dear = await _judged(amina, {"level": "primary"}), await _judged(amina, {"level": "lower", "fare": 1})
    assert (cheap["answers"]["fare"], dear["answers"]["fare"]) == (75, 110), "what is typed into it is ignored"
    assert dear["looked_up"] == ["fare"]
    assert "dear" in dear["visible"]
    assert "dear" not in cheap["visible"]
    assert fares.asked == [("level=primary", "Bearer s3cret"), ("level=lower", "Bearer s3cret")]


async def test_filing_asks_again_and_the_fact_says_where_it_came_from(house: House, fares: Fares) -> None:
    await _published(house)
    amina, answers = await house.as_("amina"), await house.example() | {"level": "lower", "fare": 1}
    filed = await amina.post("/dossiers", json={"procedure": BIRTH, "answers": answers})
    assert filed.status_code == 201, filed.text
    id_ = filed.json()["id"]
    details = "select payload -> 'looked_up' from journal where subject_id = :id and version = 1"
    assert await house.count(details, id=id_) == ["fare"]
    seen = (await (await house.as_("paul")).get(f"/dossiers/{id_}")).json()
    (fare,) = [each for each in seen["answers"] if each["field"] == "fare"]
    assert (fare["value"], fare["origin"]) == (110, "looked_up")
    drafted = await amina.post("/dossiers", json={"procedure": BIRTH, "answers": answers, "draft": True})
    draft = drafted.json()["id"]
    submitted = await amina.post(f"/dossiers/{draft}/submit", json={})
    assert submitted.status_code == 200, submitted.text
    assert await house.count("select body ->> 'fare' from contents where dossier_id = :id", id=draft) == "110"


@pytest.mark.parametrize("mood", ["broken", "elsewhere", "long", "no-json", "nonsense", "slow"])
async def test_when_it_is_down_the_person_is_asked(house: House, fares: Fares, mood: str) -> None:
    await _published(house, timeout_seconds=1)
    fares.mood = mood
    amina, answers = await house.as_("amina"), await house.example() | {"level": "lower"}
    answers.pop("fare", None)
    unsaid = await amina.post("/dossiers", json={"procedure": BIRTH, "answers": answers})
    assert [(each["field"], each["code"]) for each in unsaid.json()["faults"]] == [("fare", "required")]
    judged = await _judged(amina, answers | {"fare": 120})
    assert (judged["declared"], judged["looked_up"]) == (["fare"], [])
    filed = await amina.post("/dossiers", json={"procedure": BIRTH, "answers": answers | {"fare": 120}})
    assert filed.status_code == 201, filed.text
    seen = (await (await house.as_("paul")).get(f"/dossiers/{filed.json()['id']}")).json()
    (fare,) = [each for each in seen["answers"] if each["field"] == "fare"]
    assert (fare["value"], fare["origin"]) == (120, "declared")


async def test_where_nobody_may_say_it_instead_one_waits(house: House, fares: Fares) -> None:
    await _published(house, if_down="wait", source="nobody")
    amina, answers = await house.as_("amina"), await house.example() | {"level": "lower", "fare": 120}
    refused = await amina.post("/dossiers", json={"procedure": BIRTH, "answers": answers})
    assert [(each["field"], each["code"]) for each in refused.json()["faults"]] == [("fare", "lookup_down")]


async def test_where_its_rule_does_not_hold_it_is_asked_as_any_other(house: House, fares: Fares) -> None:
    await _published(house, when={"==": [{"var": "level"}, "lower"]})
    judged = await _judged(await house.as_("amina"), {"level": "upper", "fare": 33})
    assert (judged["answers"]["fare"], judged["looked_up"], judged["declared"]) == (33, [], [])
    assert fares.asked == []


async def test_nobody_asks_by_a_procedure_that_is_not_for_them(house: House, fares: Fares) -> None:
    await _published(house, internal=True)
    async with transaction(house.engine) as db:
        await db.execute(text("update procedure_revisions set internal = true where definition ? 'lookups'"))
    asked = {"procedure": BIRTH, "answers": {"level": "lower"}}
    assert (await (await house.as_("amina")).post("/dossiers", json=asked)).status_code == 404
    assert fares.asked == []


async def test_a_kept_answer_is_asked_once(house: House, fares: Fares) -> None:
    await _published(house, keep_minutes=5)
    for name in ("amina", "paul"):
        await _judged(await house.as_(name), {"level": "upper"})
    assert len(fares.asked) == 1
