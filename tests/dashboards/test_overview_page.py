"""Hugo opens the dashboards from the desk, and a dossier filed meanwhile comes into them by itself."""

import time

import httpx
import pytest
from playwright.async_api import Page, expect

from tests.dashboards.conftest import Desk

pytestmark = pytest.mark.timeout(180)
PATIENCE = 30.0  # seconds; what it takes on a quiet machine is for bench/ to measure


async def test_hugo_sees_what_was_filed_just_now(desk: Desk, page: Page) -> None:
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    outside: list[str] = []
    page.on("request", lambda request: outside.append(request.url) if _foreign(request.url, desk) else None)
    await page.goto(f"{desk.web.url}/connexion?suite=/agent/tableaux-de-bord")
    await page.locator("input[name=email]").first.fill("hugo@exemple.fr")
    await page.locator("input[name=password]").first.fill("demo")
    await page.locator("input[name=password]").first.press("Enter")
    frame = page.frame_locator("iframe")
    await expect(frame.get_by_role("heading", name="Vue d’ensemble")).to_be_visible(timeout=60_000)
    await expect(frame.locator("canvas, svg.marks").first).to_be_visible(timeout=60_000)
    await expect(frame.get_by_role("heading", name="Continuité")).to_be_visible()
    running = frame.locator("dl > div", has_text="en cours").locator("dd")
    before = int((await running.inner_text()).replace("\u202f", ""))

    await _file(desk)
    began = time.monotonic()
    await expect(running).to_have_text(f"{before + 1}", timeout=PATIENCE * 1_000)
    print(f"commit to chart: {time.monotonic() - began:.2f} s")
    assert not errors
    assert not outside


def _foreign(url: str, desk: Desk) -> bool:
    return not url.startswith((desk.web.url, desk.dashboards.url, "data:", "blob:", "about:"))


async def _file(desk: Desk) -> None:
    amina: httpx.AsyncClient = await desk.signed_in("amina")
    slug = "acte-de-naissance"
    example = (await amina.get(f"/procedures/{slug}")).json()["example"]
    answer = await amina.post("/dossiers", json={"procedure": slug, "answers": example})
    assert answer.status_code == 201, answer.text
