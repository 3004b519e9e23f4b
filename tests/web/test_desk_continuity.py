"""Paul is away: his dossiers are taken over with what he was typing, and he finds them again with what happened."""

import re
from typing import Any

import pytest
from playwright.async_api import expect

from tests.api.house import act, in_days
from tests.web.desk import Office, is_live

pytestmark = pytest.mark.timeout(180)  # several screens, each a browser's context, on a busy machine


async def _away(office: Office, **more: Any) -> None:
    """Paul leaves unplanned, until the evening in three days."""
    body = {"until": {"date": in_days(3), "half": "pm"}, "reason": "Formation", **more}
    declared = await (await office.house.as_("paul")).post("/absences", json=body)
    assert declared.status_code == 201, declared.text
    await office.tick()


async def test_the_work_goes_on_while_its_holder_is_away(office: Office) -> None:
    first, _ = await office.house.held("paul")
    second, _ = await office.house.held("paul")
    paul = await office.open("paul", f"/agent/dossiers/{first}")
    await paul.get_by_label("Répondre à l’usager").fill("Bonjour, votre acte")
    await expect(paul.locator("[data-kept]")).to_contain_text("Brouillon enregistré")

    ines = await office.open("ines", "/agent/files/to-take-over")
    await is_live(ines)
    await _away(office)
    row = ines.locator(f'tr[data-row="{first}"]')
    await expect(row).to_contain_text("À reprendre")
    await expect(row).to_contain_text("Formation")

    await row.get_by_role("link", name="Reprendre").click()
    brief = ines.locator("#reprise")
    await expect(brief).to_contain_text("pendant l’absence de Paul Martin")
    await expect(brief).to_contain_text("Prendre la décision")
    await expect(brief).to_contain_text("Bonjour, votre acte")
    await expect(brief.get_by_role("button", name=re.compile("Tout reprendre.*2"))).to_be_visible()
    await brief.get_by_role("button", name="Reprendre ce dossier").click()
    await expect(ines.get_by_label("Répondre à l’usager")).to_have_value("Bonjour, votre acte")
    await expect(paul.locator("[data-part=acts]")).to_contain_text("Ines Caron")
    await expect(paul.locator("[data-part=acts]")).to_contain_text("à la place de Paul Martin")

    claire = await office.open("claire", f"/agent/dossiers/{second}")
    await claire.get_by_role("button", name="Reprendre ce dossier").click()
    await expect(claire.locator("[data-part=acts]")).to_contain_text("Vous")


async def test_everything_is_taken_over_at_once_and_given_back_on_return(office: Office) -> None:
    ids = [(await office.house.held("paul"))[0] for _ in range(3)]
    await _away(office, substitutes=[str(office.house.community.ines.id)])
    claire = await office.open("claire", "/agent/files/to-take-over")
    await expect(claire.locator("[data-empty]")).to_be_visible()
    await expect(claire.get_by_role("button", name=re.compile("Tout reprendre"))).to_have_count(0)
    ines = await office.open("ines", f"/agent/dossiers/{ids[0]}")
    await expect(ines.locator("#reprise")).to_contain_text("On vous le demande à vous")
    await ines.get_by_role("button", name=re.compile("Tout reprendre.*3")).click()
    await expect(ines.get_by_role("heading", level=1)).to_contain_text(re.compile("3.dossiers repris"))
    await ines.get_by_role("link", name="Voir mes dossiers").click()
    await expect(ines.locator("tbody tr")).to_have_count(3)

    paul = await office.open("paul", "/agent/absences")
    await paul.get_by_role("button", name=re.compile("Y mettre fin")).click()
    await office.tick()
    await paul.goto(office.house.url + "/agent")
    await paul.get_by_role("link", name="Voir le bilan").click()
    panel = paul.locator("section.panel", has=paul.locator(f"#d-{ids[0]}"))
    await expect(panel).to_contain_text("Ines Caron, à la place de Paul Martin, a repris le dossier.")
    await panel.get_by_role("button", name=re.compile("Reprendre ce dossier")).click()
    await expect(panel).to_contain_text("Suivi par vous.")
    await expect(panel.get_by_role("button")).to_have_count(0)

    await ines.goto(f"{office.house.url}/agent/dossiers/{ids[1]}")
    await expect(ines.locator("[data-part=acts]")).to_contain_text("Paul Martin est de retour")
    await ines.get_by_role("button", name="Rendre le dossier à Paul Martin").click()
    await expect(ines.locator("[data-part=acts]")).to_contain_text("Paul Martin")


async def test_an_absence_is_declared_by_half_days_with_its_substitutes_in_order(office: Office) -> None:
    claire = await office.open("claire", "/agent/absences")
    await claire.get_by_label("Pour").select_option(label="Paul Martin")
    await claire.get_by_label("À partir du").fill(in_days(5))
    await claire.get_by_label("Jusqu’au, inclus").fill(in_days(4))
    await claire.get_by_role("button", name="Déclarer l’absence").click()
    summary = claire.locator("#erreurs")
    await expect(summary.get_by_role("link")).to_have_count(1)  # what for is asked first
    await claire.get_by_label("Motif").fill("Congés")
    await claire.get_by_role("button", name="Déclarer l’absence").click()
    await expect(summary).to_contain_text("L’absence finit avant de commencer.")

    await expect(claire.get_by_label("Motif")).to_have_value("Congés")
    await claire.get_by_label("Jusqu’au, inclus").fill(in_days(6))
    await claire.locator("#au-demi").select_option("am")
    await claire.get_by_label("1. Collègue").select_option(label="Ines Caron")
    await claire.get_by_role("button", name="Déclarer l’absence").click()
    line = claire.locator(".absence-list li")
    await expect(line).to_contain_text("Paul Martin")
    await expect(line).to_contain_text(re.compile("matin.*au.*matin"))
    await expect(line).to_contain_text("remplacement : Ines Caron".replace(" :", "\u202f:"))
    await line.get_by_role("button", name=re.compile("Annuler")).click()
    await expect(line).to_contain_text("Annulée")


async def test_words_typed_in_a_panel_stay_when_the_panel_changes(office: Office) -> None:
    first, version = await office.house.held("paul")
    await _away(office)
    await act(await office.house.as_("ines"), first, "take-over", version + 1)
    ines = await office.open("ines", f"/agent/dossiers/{first}")
    await is_live(ines)
    await ines.get_by_text("Décider").click()
    reason = ines.get_by_label("Motif, lu par l’usager")
    await reason.fill("L’acte n’est pas dans nos registres.")

    paul = await office.house.as_("paul")
    absence = (await paul.get("/absences")).json()["items"][0]["id"]
    assert (await paul.delete(f"/absences/{absence}")).status_code < 300
    await office.tick()
    # Something else happens: the page is read again, but for the panel in which she types; that one once she stops.
    said = await (await office.house.as_("amina")).post(f"/dossiers/{first}/messages", json={"message": "Bonjour"})
    assert said.status_code < 300
    await expect(ines.locator(".talk")).to_contain_text("Bonjour")
    await expect(reason).to_be_focused()
    await ines.get_by_role("heading", level=1).click()
    await expect(ines.locator("[data-part=acts]")).to_contain_text("Paul Martin est de retour")
    await expect(reason).to_be_visible()
    await expect(reason).to_have_value("L’acte n’est pas dans nos registres.")
    await ines.get_by_label("Refuser la demande").check()
    await ines.get_by_role("button", name="Rendre la décision").click()
    await expect(ines.locator(".state").first).to_have_text("Refusé")
