"""Two agents in front of their screens: what one does, the other sees; nobody overwrites anybody, no word is lost."""

import re

import pytest
from playwright.async_api import expect
from sqlalchemy import text

from infra.database import transaction
from tests.api.house import act
from tests.web.desk import Line, Office, is_live

pytestmark = pytest.mark.timeout(180)  # several screens, each a browser's context, on a busy machine


async def test_a_request_appears_and_a_claim_shows_everywhere_without_reload(office: Office) -> None:
    paul, ines = await office.open("paul", "/agent/files/service"), await office.open("ines", "/agent/files/service")
    await is_live(paul)
    await is_live(ines)

    id_ = await office.house.filed()
    for screen in (paul, ines):
        await expect(screen.locator(f'tr[data-row="{id_}"]')).to_be_visible()
        await expect(screen.locator('[data-view="service"] .count')).to_have_text("1")

    await ines.locator(f'tr[data-row="{id_}"]').get_by_role("button", name="Prendre").click()
    await expect(paul.locator(f'tr[data-row="{id_}"]')).to_contain_text("Ines Caron")
    await expect(paul.locator(f'tr[data-row="{id_}"]').get_by_role("button")).to_have_count(0)
    await expect(ines.locator('[data-view="mine"] .count')).to_have_text("1")


async def test_a_row_that_leaves_says_so_before_it_goes(office: Office) -> None:
    id_, version = await office.house.held("paul")
    paul = await office.open("paul", "/agent/files/mine")
    await is_live(paul)
    await act(await office.house.as_("paul"), id_, "release", version)
    await expect(paul.locator(f'tr[data-row="{id_}"]')).to_contain_text("A quitté cette file")
    await expect(paul.locator("tbody tr")).to_have_count(0)
    await expect(paul.locator("[data-empty]")).to_be_visible()


async def test_what_is_under_the_pointer_does_not_move(office: Office) -> None:
    first = await office.house.filed()
    ines = await office.open("ines", "/agent/files/service")
    await is_live(ines)
    row = ines.locator(f'tr[data-row="{first}"]')
    await row.hover()
    before = await row.bounding_box()
    for expected in (2, 3):
        await office.house.filed()
        await expect(ines.locator("tbody tr")).to_have_count(expected)
    after = await row.bounding_box()
    assert before is not None
    assert after is not None
    assert abs(after["y"] - before["y"]) < 2
    assert await ines.evaluate("scrollY") > 0, "the new rows stand above it"


async def test_a_second_claim_is_told_who_was_first(office: Office) -> None:
    id_, line = await office.house.filed(), Line(whole=False)
    paul = await office.open("paul", f"/agent/dossiers/{id_}", line=line)  # his screen does not follow
    await act(await office.house.as_("ines"), id_, "claim", 1)
    await paul.get_by_role("button", name="Prendre ce dossier").click()
    await expect(paul.locator("#refus")).to_contain_text(re.compile("Ines Caron a pris ce dossier à \\d+.h.\\d\\d"))
    await expect(paul.locator("[data-part=acts]")).to_contain_text("Ines Caron")


async def test_a_stale_reply_says_what_happened_and_keeps_the_text(office: Office) -> None:
    id_, version = await office.house.held("paul")
    paul = await office.open("paul", f"/agent/dossiers/{id_}")
    await paul.get_by_label("Répondre à l’usager").fill("Bonjour, votre acte est prêt.")
    await act(await office.house.as_("claire"), id_, "assign", version, agent=str(office.house.community.ines.id))
    await expect(paul.locator("[data-part=acts]")).to_contain_text("Ines Caron")

    await expect(paul.get_by_label("Répondre à l’usager")).to_have_value("Bonjour, votre acte est prêt.")
    await paul.get_by_role("button", name="Envoyer à l’usager").click()
    await expect(paul.locator("#refus")).to_contain_text(re.compile("Claire Roux a confié ce dossier"))
    await expect(paul.get_by_label("Votre texte, non envoyé")).to_have_value("Bonjour, votre acte est prêt.")
    assert (await (await office.house.as_("paul")).get(f"/dossiers/{id_}/messages")).json()["items"] == []


async def test_what_is_typed_survives_a_reload_and_is_sent_once(office: Office) -> None:
    id_, _ = await office.house.held("paul")
    paul = await office.open("paul", f"/agent/dossiers/{id_}")
    await paul.get_by_label("Répondre à l’usager").fill("Il manque la page 2.")
    await expect(paul.locator("[data-kept]")).to_contain_text("Brouillon enregistré")
    await paul.reload()
    await expect(paul.get_by_label("Répondre à l’usager")).to_have_value("Il manque la page 2.")
    await paul.get_by_role("button", name="Envoyer à l’usager").dblclick()
    await expect(paul.locator(".talk li")).to_have_count(1)
    await expect(paul.get_by_label("Répondre à l’usager")).to_have_value("")


async def test_typing_is_not_disturbed_by_what_arrives(office: Office) -> None:
    id_, _ = await office.house.held("paul")
    paul = await office.open("paul", f"/agent/dossiers/{id_}")
    await is_live(paul)
    await paul.get_by_text("Demander un complément").click()
    await paul.get_by_label("Ce qui manque, dit à l’usager").fill("La page 2")
    amina = await office.house.as_("amina")
    assert (await amina.post(f"/dossiers/{id_}/messages", json={"message": "Avez-vous tout reçu ?"})).status_code < 300
    await expect(paul.locator(".talk")).to_contain_text("Avez-vous tout reçu ?")
    await expect(paul.get_by_label("Ce qui manque, dit à l’usager")).to_have_value("La page 2")


async def test_colleagues_see_each_other(office: Office) -> None:
    id_, _ = await office.house.held("paul")
    paul = await office.open("paul", f"/agent/dossiers/{id_}")
    ines = await office.open("ines", f"/agent/dossiers/{id_}")
    await expect(paul.locator("[data-presence]")).to_contain_text("Ines Caron consulte ce dossier")
    await paul.get_by_label("Répondre à l’usager").press_sequentially("Bon")
    await expect(ines.locator("[data-presence]")).to_contain_text("Paul Martin écrit une réponse")
    await ines.goto(office.house.url + "/agent/absences")
    await expect(paul.locator("[data-presence]")).not_to_contain_text("Ines Caron")


async def test_who_began_to_write_before_the_link_was_there_is_seen_writing(office: Office) -> None:
    id_, _ = await office.house.held("paul")
    line = Line(whole=False)
    ines = await office.open("ines", f"/agent/dossiers/{id_}")
    await is_live(ines)
    paul = await office.open("paul", f"/agent/dossiers/{id_}", line=line)
    await paul.get_by_label("Répondre à l’usager").press_sequentially("Bon")
    line.mend()
    await expect(ines.locator("[data-presence]")).to_contain_text("Paul Martin écrit une réponse")


async def test_a_cut_socket_resumes_where_it_stopped(office: Office) -> None:
    line = Line()
    ines = await office.open("ines", "/agent/files/service", line=line)
    await is_live(ines)
    await ines.evaluate("window.here = true")
    await line.cut()
    id_ = await office.house.filed()
    await expect(ines.locator("[data-link]")).to_have_text("Connexion interrompue, reprise en cours…")
    await expect(ines.locator(f'tr[data-row="{id_}"]')).to_have_count(0)
    line.mend()
    await expect(ines.locator(f'tr[data-row="{id_}"]')).to_be_visible()
    await expect(ines.locator("[data-link]")).to_have_text("En direct")
    assert await ines.evaluate("window.here"), "the page was loaded again"


async def test_an_ended_session_leads_to_the_sign_in_page(office: Office) -> None:
    id_, _ = await office.house.held("paul")
    paul = await office.open("paul", f"/agent/dossiers/{id_}")
    await is_live(paul)
    other = await paul.context.new_page()
    await other.goto(office.house.url + "/agent/absences")
    await other.get_by_role("button", name="Se déconnecter").click()
    await paul.wait_for_url(re.compile("/connexion"))


async def test_a_tab_whose_session_was_ended_elsewhere_says_why(office: Office) -> None:
    """Signed out on another machine, or the account disabled: the open tab does not stand there as if it were live."""
    paul = await office.open("paul", "/agent/files/service")
    await is_live(paul)
    async with transaction(office.house.engine) as db:
        disabled = text("update accounts set disabled_at = now() where id = :id")
        await db.execute(disabled, {"id": office.house.community.paul.id})
    await paul.wait_for_url(re.compile("/connexion"))
    await expect(paul.locator("main")).to_contain_text("Votre session a expiré")
