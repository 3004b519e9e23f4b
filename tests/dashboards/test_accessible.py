"""The dashboards in their frame, in both languages: as axe sees them, and without a word of the other language."""

import re
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


@pytest.fixture(params=[(language, width) for language in SAID for width in WIDTHS], ids=lambda each: f"{each[0]}-{each[1]}")
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
    import os
    if os.environ.get("SHOTS"):
        await frame.locator("h1").first.wait_for()
        await page.screenshot(path=f"{os.environ['SHOTS']}/{language}-{page.viewport_size['width']}-page.png", full_page=True)
    assert await violations(page) == []
    assert await violations(frame) == []
    assert await page.locator("html").get_attribute("lang") == language
    assert await frame.locator("html").get_attribute("lang") == language
    shown = await frame.locator("body").inner_text()
    print(shown[:3000])
    for words in SAID[language]:
        assert words in shown
    (other,) = set(SAID) - {language}
    assert not [words for words in SAID[other] if words in shown]
