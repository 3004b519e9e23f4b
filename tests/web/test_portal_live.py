"""A citizen in front of their request: what the service does appears by itself, and no typed word is lost."""

import asyncio
import re
from typing import Any

import pytest
from playwright.async_api import Page, Route, expect

from casework.journal.evidence import new_epoch
from infra.database import transaction
from tests.api.house import BIRTH, House, act
from tests.web.desk import Line, Office, is_live, violations

pytestmark = pytest.mark.timeout(180)  # several screens, each a browser's context, on a busy machine


async def _writes(house: House, who: str, dossier: str, message: str, **headers: str) -> None:
    said = await (await house.as_(who)).post(
        f"/dossiers/{dossier}/messages", json={"message": message}, headers=headers
    )
    assert said.status_code < 300, said.text


async def _stays(page: Page) -> None:
    await page.evaluate("window.here = true")


async def _stayed(page: Page) -> bool:
    return bool(await page.evaluate("window.here === true"))


async def test_each_step_and_each_message_appears_without_reload(office: Office) -> None:
    house, dossier = office.house, await office.house.filed()
    amina = await office.open("amina", f"/dossiers/{dossier}", width=390)
    await is_live(amina)
    await _stays(amina)
    await expect(amina.locator("[data-link]")).to_have_text("Mise à jour en direct")
    paul, said = await house.as_("paul"), amina.locator("[data-said]")

    await act(paul, dossier, "claim", 1)
    await expect(amina.locator(".timeline")).to_contain_text("Un agent a pris votre demande en charge.")
    await expect(said).to_have_text("Un agent a pris votre demande en charge.")
    await act(paul, dossier, "start-review", 2)
    await expect(amina.locator("main .state")).to_have_text("En cours d’examen")
    await _writes(house, "paul", dossier, "Bonjour, quel est votre second prénom ?", **{"if-match": '"3"'})
    await expect(amina.locator(".talk")).to_contain_text("quel est votre second prénom")
    await expect(said).to_have_text("Le service vous a écrit.")
    await expect(said).to_have_attribute("role", "status")
    await act(paul, dossier, "decide", 4, outcome="accepted", reason="")
    await expect(amina.locator("main .state")).to_have_text("Acceptée")
    await expect(amina.locator("#en-bref + dl")).to_contain_text("Réponse le")

    assert await _stayed(amina)
    assert "Paul" not in await amina.locator("main").inner_text()
    assert await violations(amina) == []


async def test_a_reply_under_way_is_never_lost(office: Office) -> None:
    house = office.house
    dossier, version = await house.held("paul")
    amina = await office.open("amina", f"/dossiers/{dossier}", width=390)
    await is_live(amina)
    box = amina.get_by_label("Écrire au service")
    await box.fill("Je vous ai envoyé")
    before = await box.bounding_box()
    await _writes(house, "paul", dossier, "Avez-vous le livret ?", **{"if-match": f'"{version}"'})
    await expect(amina.locator(".talk")).to_contain_text("Avez-vous le livret")
    await expect(box).to_be_focused()
    after = await box.bounding_box()
    assert before
    assert after
    assert abs(after["y"] - before["y"]) < 2, "it stays under the finger"
    await box.press_sequentially(" le livret.")
    await amina.get_by_role("heading", level=1).click()  # the focus is elsewhere, the words are not sent

    await act(await house.as_("paul"), dossier, "ask-completion", version + 1, reason="Il manque le livret de famille.")
    await expect(amina.locator("[data-part=asked]")).to_contain_text("Il manque le livret de famille.")
    await expect(box).to_have_value("Je vous ai envoyé le livret.")
    assert await violations(amina) == []
    answer = amina.get_by_label("Votre réponse")
    await answer.fill("Le voici.")
    await _writes(house, "amina", dossier, "D’un autre appareil.")
    await expect(amina.locator(".talk")).to_contain_text("D’un autre appareil.")
    await expect(answer).to_have_value("Le voici.")
    async with amina.expect_navigation():
        await amina.get_by_role("button", name="Envoyer ma réponse").click()
    await expect(amina.locator(".timeline")).to_contain_text("Vous avez complété votre demande")


async def test_two_windows_of_one_citizen_lose_no_word(office: Office) -> None:
    house = office.house
    dossier, version = await house.held("paul")
    await act(await house.as_("paul"), dossier, "ask-completion", version, reason="Il manque le livret.")
    amina = await office.open("amina", f"/dossiers/{dossier}")
    await is_live(amina)
    await amina.get_by_label("Votre réponse").fill("Voici la page 2.")
    done = await (await house.as_("amina")).post(f"/dossiers/{dossier}/complete", json={"message": "Voici la page 1."})
    assert done.status_code < 300, done.text
    await expect(amina.locator("main .state")).to_have_text("En cours d’examen")
    async with amina.expect_navigation():
        await amina.get_by_role("button", name="Envoyer ma réponse").click()
    await expect(amina.get_by_role("alert")).to_contain_text("Une autre réponse est déjà partie.")
    await expect(amina.get_by_label("Écrire au service")).to_have_value("Voici la page 2.")
    async with amina.expect_navigation():
        await amina.get_by_role("button", name="Envoyer le message").click()
    await expect(amina.locator(".talk")).to_contain_text("Voici la page 2.")


async def test_a_refused_page_goes_on_live(office: Office) -> None:
    """The page of a refusal stands at another address than the request's own."""
    dossier, version = await office.house.held("paul")
    amina = await office.open("amina", f"/dossiers/{dossier}")
    async with amina.expect_navigation():
        await amina.get_by_role("button", name="Envoyer le message").click()
    await expect(amina.get_by_role("alert")).to_contain_text("Écrivez votre message.")
    await is_live(amina)
    await _writes(office.house, "paul", dossier, "Bonjour.", **{"if-match": f'"{version}"'})
    await expect(amina.locator(".talk")).to_contain_text("Bonjour.")


async def test_the_list_of_requests_is_live_on_every_screen_of_its_owner(office: Office) -> None:
    house = office.house
    first = await house.filed()
    phone = await office.open("amina", "/mes-demandes", width=390, locale="en-GB")
    await is_live(phone)
    await _stays(phone)
    await expect(phone.locator(".mine li")).to_have_count(1)
    await house.filed()  # from another device
    await expect(phone.locator(".mine li")).to_have_count(2)
    await expect(phone.locator("[data-said]")).to_have_text(re.compile("^Birth certificate: Received\\.$"))
    await act(await house.as_("paul"), first, "claim", 1)
    await act(await house.as_("paul"), first, "start-review", 2)
    request = phone.locator(".mine li", has=phone.locator(f'[href="/dossiers/{first}"]'))
    await expect(request.locator(".state")).to_have_text("Under review")
    assert await _stayed(phone)
    assert await violations(phone) == []


async def test_a_person_with_a_tracking_code_sees_it_live_too(office: Office, page: Page) -> None:
    house = office.house
    filed = await (await house.anonymous()).post(
        "/dossiers", json={"procedure": BIRTH, "answers": await house.example()}
    )
    assert filed.status_code == 201, filed.text
    told: dict[str, Any] = filed.json()
    email = (await house.example())["email"]
    await page.goto(f"{house.url}/suivre")
    await page.locator("#code").fill(told["tracking_code"])
    await page.locator("#email").fill(email)
    async with page.expect_navigation():
        await page.get_by_role("button", name="Voir où en est ma demande").click()
    await is_live(page)
    await act(await house.as_("paul"), told["id"], "claim", 1)
    await expect(page.locator(".timeline")).to_contain_text("Un agent a pris votre demande en charge.")
    await page.goto(f"{house.url}/mes-demandes")
    await is_live(page)
    await act(await house.as_("paul"), told["id"], "start-review", 2)
    await expect(page.locator(".mine .state")).to_have_text("En cours d’examen")


async def test_a_cut_is_told_quietly_and_the_page_comes_back_exactly_right(office: Office) -> None:
    line, house = Line(), office.house
    dossier, version = await house.held("paul")
    amina = await office.open("amina", f"/dossiers/{dossier}", line=line)
    await is_live(amina)
    await _stays(amina)
    await line.cut()
    await _writes(house, "paul", dossier, "Pendant la coupure.", **{"if-match": f'"{version}"'})
    await expect(amina.locator("[data-link]")).to_contain_text("Connexion interrompue")
    await expect(amina.locator("[data-link]")).to_have_attribute("role", "status")
    await expect(amina.locator(".talk")).to_have_count(0)
    line.mend()
    await expect(amina.locator(".talk")).to_contain_text("Pendant la coupure.")
    await expect(amina.locator("[data-link]")).to_have_text("Mise à jour en direct")
    assert await _stayed(amina)


async def test_after_too_long_the_page_is_read_again_and_what_is_typed_stays(office: Office) -> None:
    """The journal was restored: no position holds any more. And the server does not answer at the first try."""
    house, line = office.house, Line()
    dossier, version = await house.held("paul")
    amina = await office.open("amina", f"/dossiers/{dossier}", line=line)
    await is_live(amina)
    await _stays(amina)
    await amina.get_by_label("Écrire au service").fill("Une question")
    await line.cut()
    async with transaction(house.engine) as db:
        await new_epoch(db)
    await _writes(house, "paul", dossier, "Bonjour.", **{"if-match": f'"{version}"'})
    refused = asyncio.Event()

    async def refuse_once(route: Route) -> None:
        if refused.is_set():
            await route.continue_()
        else:
            refused.set()
            await route.fulfill(status=503)

    await amina.route(f"**/dossiers/{dossier}", refuse_once)
    line.mend()
    await expect(amina.locator(".talk")).to_contain_text("Bonjour.")
    await expect(amina.get_by_label("Écrire au service")).to_have_value("Une question")
    await is_live(amina)
    assert refused.is_set()
    assert await _stayed(amina)


async def test_an_ended_session_leaves_nothing_on_the_screen(office: Office) -> None:
    dossier = await office.house.filed()
    amina = await office.open("amina", f"/dossiers/{dossier}")
    await is_live(amina)
    other = await amina.context.new_page()
    await other.goto(f"{office.house.url}/accessibilite")
    await other.get_by_role("button", name="Se déconnecter").click()
    await amina.wait_for_url(re.compile(f"/connexion\\?suite=/dossiers/{dossier}"))
