"""Each page in its reader's language alone: no sentence of the other one is left in it, read or said aloud."""

import pytest
from playwright.async_api import BrowserContext, Page

from tests.api.house import House
from tests.languages import OTHER, says
from tests.web import test_desk_accessible, test_portal_pages
from tests.web.desk import Office
from tests.web.test_portal_pages import amina

__all__ = ["amina"]
pytestmark = pytest.mark.timeout(240)  # a browser on a busy machine

# Everything that is shown or said; what a page itself marks as another language's (`lang`) is none of this test's.
READ = """() => {
  const words = (node) => [...node.childNodes].flatMap((each) =>
    each.nodeType === Node.TEXT_NODE ? [each.data]
    : each.nodeType !== Node.ELEMENT_NODE || ["SCRIPT", "STYLE"].includes(each.tagName) || each.lang ? []
    : [each.ariaLabel, each.title, each.placeholder, each.alt, ...Object.values(each.dataset), ...words(each)]);
  return [document.title, ...words(document.body)].filter(Boolean);
}"""


async def _foreign(page: Page) -> list[str]:
    """The texts of the page in the language that it is not in."""
    language = str(await page.locator("html").get_attribute("lang"))
    texts = await page.evaluate(READ)
    assert any(says(text, language) for text in texts), "little words are seen"
    return [" ".join(text.split())[:200] for text in texts if says(text, OTHER[language])]


async def test_no_page_of_the_portal_mixes_languages(house: House, amina: BrowserContext) -> None:
    page, mixed = await amina.new_page(), {}
    for name, path in (await test_portal_pages._pages(house)).items():
        await page.goto(house.url + path)
        if found := await _foreign(page):
            mixed[name] = found
    assert mixed == {}


@pytest.mark.parametrize("locale", ["fr-FR", "en-GB"])
async def test_no_page_of_the_desk_mixes_languages(office: Office, locale: str) -> None:
    mixed = {}
    for name, (who, path) in (await test_desk_accessible._pages(office)).items():
        page = await office.open(who, path, locale=locale)
        assert await page.locator("html").get_attribute("lang") == locale[:2]
        if found := await _foreign(page):
            mixed[name] = found
        await page.context.close()
    assert mixed == {}
