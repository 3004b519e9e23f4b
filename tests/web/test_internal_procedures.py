"""What agents ask of each other: a page of the desk, and nothing that a citizen finds."""

import httpx

from infra.cookies import session_cookie
from tests.api.house import House
from tests.people import Person

VEHICLE = "reservation-vehicule"


async def _as(house: House, person: Person) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=house.url, cookies={session_cookie(secure=False): await house.token(person)})


async def test_an_agent_files_one_and_finds_it_again(house: House) -> None:
    paul = await house.as_("paul")
    example = (await paul.get(f"/procedures/{VEHICLE}")).json()["example"]
    async with await _as(house, house.community.paul) as desk:
        page = (await desk.get("/agent/demarches")).text
        assert f"/demarches/{VEHICLE}" in page
        assert "/demarches/acte-de-naissance" not in page
        assert "Vous n’avez rien demandé" in page
        filed = await paul.post("/dossiers", json={"procedure": VEHICLE, "answers": example})
        assert filed.status_code == 201, filed.text
        assert filed.json()["reference"] in (await desk.get("/agent/demarches")).text
        assert (await desk.get(f"/dossiers/{filed.json()['id']}")).status_code == 200


async def test_a_citizen_finds_none(house: House) -> None:
    amina = await house.as_("amina")
    assert (await amina.get(f"/procedures/{VEHICLE}")).status_code == 404
    refused = await amina.post("/dossiers", json={"procedure": VEHICLE, "answers": {}})
    assert refused.status_code == 404
    async with await _as(house, house.community.amina) as portal:
        assert (await portal.get(f"/demarches/{VEHICLE}")).status_code == 404
        assert f'/demarches/{VEHICLE}"' not in (await portal.get("/demarches")).text
        assert (await portal.get("/agent/demarches")).status_code == 403
