"""The dashboards in their frame, in both languages: as axe sees them, and without a word of the other language."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Frame, Page, expect

from tests.dashboards.conftest import Desk
from tests.web.desk import violations

pytestmark = pytest.mark.timeout(240)  # a browser on a busy machine

WIDTHS = (390, 1280)
SAID = {
    "fr": ("Vue d’ensemble", "Délai de décision par démarche", "Les mêmes chiffres en tableau", "à reprendre"),
    "en": ("Overview", "Time to decision by procedure", "The same figures as a table", "to take over"),
}
# What is read in every shadow too, and what is only said aloud.
TEXT = """() => {
  const words = (node) => [...node.childNodes].flatMap((each) =>
    each.nodeType === Node.TEXT_NODE ? [each.data]
    : each.nodeType !== Node.ELEMENT_NODE || ["SCRIPT", "STYLE"].includes(each.tagName) ? []
    : [each.ariaLabel ?? "", each.title ?? "", ...(each.shadowRoot ? words(each.shadowRoot) : []), ...words(each)]);
  return words(document.body).map((each) => each.trim()).filter(Boolean).join("\\n");
}"""


@pytest.fixture(
    params=[(language, width) for language in SAID for width in WIDTHS], ids=lambda each: f"{each[0]}-{each[1]}"
)
async def hugo(request: pytest.FixtureRequest, desk: Desk, browser: Browser) -> AsyncIterator[tuple[str, Page, Frame]]:
    """Hugo's browser with every chart drawn: its language, the desk's page, the frame in it."""
    language, width = request.param
    context = await browser.new_context(locale="fr-FR", viewport={"width": width, "height": 900})
    await context.add_cookies([{"name": "langue", "value": language, "url": desk.web.url}])
    page = await context.new_page()
    await page.goto(f"{desk.web.url}/connexion?suite=/agent/tableaux-de-bord")
    await page.locator("input[name=email]").first.fill("hugo@exemple.fr")
    await page.locator("input[name=password]").first.fill("demo")
    await page.locator("input[name=password]").first.press("Enter")
    inside = page.frame_locator("iframe")
    await expect(inside.locator("canvas, svg.marks")).to_have_count(5, timeout=60_000)
    yield language, page, page.frames[1]
    await context.close()


async def test_nothing_that_axe_knows_is_wrong_and_every_word_is_the_readers(hugo: tuple[str, Page, Frame]) -> None:
    language, page, frame = hugo
    for opener in await frame.locator("details > summary").all():
        await opener.click()
    assert await violations(page) == []
    assert await violations(frame) == []
    assert await frame.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert await page.locator("html").get_attribute("lang") == language
    assert await frame.locator("html").get_attribute("lang") == language
    shown = await frame.evaluate(TEXT)
    for words in SAID[language]:
        assert words in shown
    (other,) = set(SAID) - {language}
    assert not [words for words in SAID[other] if words in shown]


@pytest.mark.parametrize(
    ("language", "said"), [("fr", "Revenir au bureau des agents"), ("en", "Back to the agents’ desk")]
)
async def test_a_closed_door_speaks_the_readers_language(desk: Desk, page: Page, language: str, said: str) -> None:
    await page.goto(f"{desk.dashboards.url}/entrer?billet=invented&langue={language}")
    assert await page.locator("html").get_attribute("lang") == language
    await expect(page.get_by_role("link", name=said)).to_be_visible()
    assert await violations(page) == []
