"""A form comes filled in with what is known, and with nothing that somebody made up."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

from sqlalchemy import text

from casework.authority import SYSTEM
from casework.procedures import catalogue
from casework.procedures.actions import Listing, publish
from infra.database import transaction
from tests.api.house import BIRTH, House


async def _remembering(house: House, *names: str) -> None:
    """The birth certificate, which remembers these answers."""
    package = catalogue.load().packages[BIRTH]
    pages = [
        {
            **page,
            "fields": [{**field, **({"remember": True} if field["id"] in names else {})} for field in page["fields"]],
        }
        for page in package.definition["form"]["pages"]
    ]
    listing = Listing(package.title.fr, package.title.en, package.theme, internal=False, target_days=10)
    definition = {**package.definition, "form": {"pages": pages}}
    async with transaction(house.engine) as db:
        at = house.community.etat_civil
        await publish(db, BIRTH, definition=definition, listing=listing, service_id=at, by=SYSTEM)


async def _known(house: House, who: str | None, link: str = "") -> dict[str, Any]:
    client = await house.as_(who) if who else await house.anonymous()
    answer = await client.get(f"/procedures/{BIRTH}/prefill", params={"link": link} if link else {})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_the_account_says_who_asks(house: House) -> None:
    async with transaction(house.engine) as db:
        await db.execute(text("update accounts set phone = '+33549000000' where email = 'amina@exemple.fr'"))
    known = await _known(house, "amina")
    assert known["answers"]["email"] == "amina@exemple.fr"
    assert set(known["origins"].values()) == {"account"}
    assert (await _known(house, None))["answers"] == {}


async def test_the_last_request_is_remembered_by_its_own_person(house: House) -> None:
    await _remembering(house, "parents", "relation")
    answers = await house.example()
    amina = await house.as_("amina")
    for parents in ("Karim et Lina", "Lina et Karim"):
        filed = await amina.post("/dossiers", json={"procedure": BIRTH, "answers": answers | {"parents": parents}})
        assert filed.status_code == 201, filed.text
    known = await _known(house, "amina")
    assert known["answers"]["parents"] == "Lina et Karim"
    assert known["origins"]["parents"] == "earlier"
    assert "birth_date" not in known["answers"], "only what the form remembers"
    assert "parents" not in (await _known(house, "paul"))["answers"]
    async with transaction(house.engine) as db:
        await db.execute(text("delete from contents"))  # erased: nothing is left to remember
    assert "parents" not in (await _known(house, "amina"))["answers"]


async def test_a_link_fills_in_what_an_agent_wrote(house: House) -> None:
    paul, amina = await house.as_("paul"), await house.as_("amina")
    asked = {"answers": {"parents": "Karim et Lina", "relation": "self"}}
    made = await paul.post(f"/procedures/{BIRTH}/links", json=asked)
    assert made.status_code == 200, made.text
    (signed,) = parse_qs(urlsplit(made.json()["url"]).query)["lien"]
    known = await _known(house, None, signed)
    assert known["answers"] == asked["answers"]
    assert set(known["origins"].values()) == {"link"}
    forged = signed[:20] + ("A" if signed[20] != "A" else "B") + signed[21:]
    for wrong in (forged, signed.partition(".")[0], "", "....", signed + "AA"):
        assert (await _known(house, None, wrong))["answers"] == {}
    other = await (await house.anonymous()).get("/procedures/composteur/prefill", params={"link": signed})
    assert other.json()["answers"] == {}
    assert (await amina.post(f"/procedures/{BIRTH}/links", json=asked)).status_code == 403
    wrong = await paul.post(f"/procedures/{BIRTH}/links", json={"answers": {"relation": "cousin", "nobody": 1}})
    assert {each["code"] for each in wrong.json()["faults"]} == {"not_a_choice", "unknown_field"}
    long = await paul.post(f"/procedures/{BIRTH}/links", json={"answers": {"parents": "x" * 300}, "days": 91})
    assert long.status_code == 422


async def test_the_page_begins_with_it(house: House) -> None:
    paul = await house.as_("paul")
    made = await paul.post(f"/procedures/{BIRTH}/links", json={"answers": {"parents": "Zoé <b>"}})
    assert made.status_code == 200, made.text
    anonymous = await house.anonymous()
    page = await anonymous.get(made.json()["url"].replace(house.settings.public_url, house.url))
    assert page.status_code == 200
    assert "Zoé <b>" not in page.text
    assert "Zoé " in page.text
    assert "ce que nous savons déjà" in page.text
