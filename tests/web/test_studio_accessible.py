"""Every page of the studio, in both languages, as axe sees it; narrow, in one language, with nothing that the policy refuses."""

import pytest
from playwright.async_api import Page

from tests.api.house import House
from tests.languages import OTHER, says
from tests.web.desk import Office, violations
from tests.web.test_one_language import READ

pytestmark = pytest.mark.timeout(240)  # a browser on a busy machine


async def _pages(house: House) -> dict[str, str]:
    """Name → address, for Lea, who writes a copy of a procedure, with a fault in it."""
    lea = await house.as_("lea")
    begun = await lea.post("/procedure-drafts", json={"title": "Bac à compost", "source": "composteur"})
    slug = begun.json()["slug"]
    broken = {"edit": {"edit": "change_field", "field": "homes", "set": {"min": 9, "max": 1}}}
    done = await lea.post(f"/procedure-drafts/{slug}/edits", json=broken, headers={"if-match": '"1"'})
    assert done.status_code == 200, done.text
    base = f"/agent/studio/{slug}"
    elements = (
        "presentation",
        "suite",
        "conditions",
        "aiguillage",
        "page:logement",
        "field:size",
        "field:homes",
        "field:address",
    )
    return {
        "list": "/agent/studio",
        "new": "/agent/studio/nouvelle",
        **{element: f"{base}?element={element}" for element in elements},
        "history": f"{base}/historique",
        "publication": f"{base}/publication",
        "preview": f"{base}/apercu",
        "trial": f"{base}/essayer",
        "course": f"{base}/deroulement",
    }


async def _foreign(page: Page) -> list[str]:
    language = str(await page.locator("html").get_attribute("lang"))
    texts = await page.evaluate(READ)
    return [" ".join(text.split())[:200] for text in texts if says(text, OTHER[language])]


@pytest.mark.parametrize(("locale", "width"), [("fr-FR", 390), ("en-GB", 1280)])
async def test_no_page_of_the_studio_has_a_fault_that_axe_knows(office: Office, locale: str, width: int) -> None:
    found, wide, mixed, noise = {}, {}, {}, []
    page = await office.open("lea", "/agent/studio", locale=locale, width=width)
    page.on("console", lambda message: noise.append(message.text))
    page.on("pageerror", lambda error: noise.append(str(error)))
    for name, path in (await _pages(office.house)).items():
        await page.goto(office.house.url + path)
        await page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
        if faults := await violations(page):
            found[name] = faults
        if over := await page.evaluate("document.documentElement.scrollWidth - innerWidth"):
            wide[name] = over
        if foreign := await _foreign(page):
            mixed[name] = foreign
    assert found == {}
    assert wide == {}
    assert mixed == {}
    assert noise == []
