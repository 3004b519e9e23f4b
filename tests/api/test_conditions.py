"""Whom a procedure is for, and what it costs: said as soon as the answers do, and kept as it was then."""

from typing import Any

from casework.authority import SYSTEM
from casework.procedures import catalogue
from casework.procedures.actions import Listing, publish
from infra.database import transaction
from tests.api.house import BIRTH, House

BECAUSE = {"fr": "Un proche doit demander lui-même.", "en": "A relative must ask in person."}
REFUSED = [{"refuse_if": {"==": [{"var": "relation"}, "relative"]}, "because": BECAUSE}]


async def _published(house: House, *, eligibility: Any = None, **values: Any) -> None:
    package = catalogue.load().packages[BIRTH]
    form = {**package.definition["form"], **({"eligibility": eligibility} if eligibility else {})}
    listing = Listing(package.title.fr, package.title.en, package.theme, internal=False, target_days=10)
    definition = {**package.definition, "form": form, **values}
    async with transaction(house.engine) as db:
        at = house.community.etat_civil
        assert await publish(db, BIRTH, definition=definition, listing=listing, service_id=at, by=SYSTEM)


async def test_who_it_is_not_for_is_told_why(house: House) -> None:
    await _published(house, eligibility=REFUSED)
    amina, answers = await house.as_("amina"), await house.example()
    judged = await amina.post(f"/procedures/{BIRTH}/evaluate", json={"answers": {"relation": "relative"}})
    told = [each for each in judged.json()["faults"] if each["code"] == "not_eligible"]
    assert told == [{"field": "relation", "code": "not_eligible", "params": {"because": BECAUSE}}]
    refused = await amina.post("/dossiers", json={"procedure": BIRTH, "answers": answers | {"relation": "relative"}})
    assert refused.status_code == 422
    assert [each["code"] for each in refused.json()["faults"]] == ["not_eligible"]
    assert await house.count("select count(*) from dossiers") == 0
    filed = await amina.post("/dossiers", json={"procedure": BIRTH, "answers": answers | {"relation": "self"}})
    assert filed.status_code == 201, filed.text


async def test_the_price_is_the_one_of_the_day_of_filing(house: House) -> None:
    dear = {"if": [{"==": [{"var": "relation"}, "self"]}, {"+": [10.1, 0.2]}, 0]}
    await _published(house, price=dear)
    amina, answers = await house.as_("amina"), await house.example() | {"relation": "self"}
    judged = await amina.post(f"/procedures/{BIRTH}/evaluate", json={"answers": answers})
    assert judged.json()["price"] == 1030
    filed = await amina.post("/dossiers", json={"procedure": BIRTH, "answers": answers})
    await _published(house, price=99)
    for who in ("amina", "paul"):
        seen = await (await house.as_(who)).get(f"/dossiers/{filed.json()['id']}")
        assert seen.json()["price"] == 1030


async def test_a_price_of_zero_is_a_price(house: House) -> None:
    await _published(house, price=0)
    seen = await (await house.as_("amina")).get(f"/dossiers/{await house.filed()}")
    assert seen.json()["price"] == 0


async def test_what_costs_nothing_has_no_price(house: House) -> None:
    seen = await (await house.as_("amina")).get(f"/dossiers/{await house.filed()}")
    assert seen.json()["price"] is None
