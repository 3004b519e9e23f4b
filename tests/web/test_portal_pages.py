"""Every page of the portal: what axe finds, what it weighs, its typography, and kind errors."""

import gzip
import re
from collections.abc import AsyncIterator, Mapping
from urllib.parse import urljoin

import httpx
import pytest
from playwright.async_api import Browser, BrowserContext, Response

from infra.cookies import session_cookie
from tests.api.house import BIRTH, House, act
from tests.web.desk import violations
from web.page import local_path
from web.static_files import TABLE, path_of, served

pytestmark = pytest.mark.timeout(240)  # a browser on a busy machine
MOST = 100_000  # bytes of a portal page, all included (DESIGN.md, section 6)


async def _pages(house: House) -> Mapping[str, str]:
    """Name → address, for Amina, who has a request awaiting her answer, a decided one and a draft."""
    awaiting, version = await house.held("paul")
    paul, amina = await house.as_("paul"), await house.as_("amina")
    await act(paul, awaiting, "ask-completion", version, reason="Il manque le nom de vos parents.")
    decided, version = await house.held("paul")
    await act(paul, decided, "decide", version, outcome="refused", reason="L’acte n’est pas dans nos registres.")
    draft = await amina.post("/dossiers", json={"procedure": BIRTH, "answers": {}, "draft": True})
    assert draft.status_code == 201, draft.text
    form = f"/demarches/{BIRTH}/demande"
    return {
        "home": "/",
        "catalogue": "/demarches",
        "search": "/demarches?q=naissance",
        "nothing-found": "/demarches?q=zzzz",
        "procedure": f"/demarches/{BIRTH}",
        "form": form,
        "form-contacts": f"{form}?page=coordonnees",
        "form-file": f"{form}?page=lien",
        "all-kinds": "/demarches/encombrants/demande",
        "mine": "/mes-demandes",
        "awaiting": f"/dossiers/{awaiting}",
        "decided": f"/dossiers/{decided}",
        "receipt": f"/dossiers/{decided}/recu",
        "follow": "/suivre",
        "sign-in": "/connexion?suite=/mes-demandes",
        "accessibility": "/accessibilite",
        "not-found": "/nulle-part",
        "not-allowed": "/agent",
    }


@pytest.fixture(params=["fr-FR", "en-GB"])
async def amina(request: pytest.FixtureRequest, house: House, browser: Browser) -> AsyncIterator[BrowserContext]:
    """Amina's browser, on a phone, in each language."""
    context = await browser.new_context(locale=request.param, viewport={"width": 390, "height": 844})
    context.set_default_timeout(20_000)
    token = await house.token(house.community.amina)
    language = str(request.param)[:2]
    for name, value in ((session_cookie(secure=False), token), ("langue", language)):
        await context.add_cookies([{"name": name, "value": value, "url": house.url}])
    yield context
    await context.close()


async def test_no_page_has_a_fault_that_axe_knows_and_none_scrolls_sideways(
    house: House, amina: BrowserContext
) -> None:
    faults, wide, noise = {}, {}, []
    page = await amina.new_page()
    page.on("console", lambda message: noise.append(message.text) if "status of 4" not in message.text else None)
    page.on("pageerror", lambda error: noise.append(str(error)))
    for name, path in (await _pages(house)).items():
        await page.goto(house.url + path)
        if found := await violations(page):
            faults[name] = found
        if over := await page.evaluate("document.documentElement.scrollWidth - innerWidth"):
            wide[name] = over
    # A form with its faults told.
    await page.goto(f"{house.url}/demarches/{BIRTH}/demande")
    async with page.expect_navigation():
        await page.locator('button[value="next"]').click()
    if found := await violations(page):
        faults["form-with-faults"] = found
    assert faults == {}
    assert wide == {}
    assert noise == []  # nothing that the strict policy refuses, no script that fails


async def test_french_pages_have_narrow_spaces_and_english_ones_no_french_signs(
    house: House, amina: BrowserContext
) -> None:
    page = await amina.new_page()
    wrong = {}
    for name, path in (await _pages(house)).items():
        await page.goto(house.url + path)
        french = await page.locator("html").get_attribute("lang") == "fr"
        text = await page.locator("body").inner_text()
        pattern = r"\w[ \u00a0]?[;:!?](?=\s|$)|« |[ \u00a0]»" if french else r"\w\s[;:!?](?=\s|$)|«"
        found = [
            line for line in text.splitlines() if re.search(pattern, line) and "@" not in line and "://" not in line
        ]
        if found:
            wrong[name] = found
    assert wrong == {}


async def test_a_portal_page_weighs_at_most_100_kilobytes_with_all_that_it_loads(
    house: House, browser: Browser
) -> None:
    """Bytes of a first visit, as they leave: compressed, but for the pages of somebody who is signed in."""
    heavy = {}
    token = await house.token(house.community.amina)
    for path in ("/mes-demandes", f"/dossiers/{(await house.held('paul'))[0]}"):
        weight = await _weight(browser, house.url + path, token)
        if weight > MOST:
            heavy[path] = weight
    for path in (
        "/",
        "/demarches",
        f"/demarches/{BIRTH}",
        f"/demarches/{BIRTH}/demande",
        "/demarches/encombrants/demande",
    ):
        weight = await _weight(browser, house.url + path)
        if weight > MOST:
            heavy[path] = weight
    assert heavy == {}


async def _weight(browser: Browser, url: str, token: str | None = None) -> int:
    loaded: dict[str, Response] = {}
    context = await browser.new_context(locale="fr-FR")
    if token:
        await context.add_cookies([{"name": session_cookie(secure=False), "value": token, "url": urljoin(url, "/")}])
    page = await context.new_page()

    def note(response: Response) -> None:
        loaded[response.url] = response

    page.on("response", note)

    await page.goto(url, wait_until="networkidle")
    weight = 0
    for each in loaded.values():
        plain = each.url.endswith(".woff2") or (token and each.url == url)
        assert plain or each.headers["content-encoding"] == "gzip", each.url
        body = await each.body()
        weight += len(body if plain else gzip.compress(body, 5)) + 300  # and its headers
    await context.close()
    print(f"{url}: {weight} bytes")
    return weight


async def test_files_are_served_by_exact_name_for_ever_and_compressed(house: House) -> None:
    async with httpx.AsyncClient(base_url=house.url) as client:
        for name in TABLE:
            answer = await client.get(path_of(name))
            assert answer.status_code == 200, name
            assert "immutable" in answer.headers["cache-control"]
            assert answer.headers.get("content-encoding") == (None if name.endswith(".woff2") else "gzip")
            assert answer.content == served()[name].body
            again = await client.get(path_of(name), headers={"if-none-match": answer.headers["etag"]})
            assert again.status_code == 304
        old = await client.get("/static/000000000000/portal.css")
        assert (old.status_code, old.headers["cache-control"]) == (200, "no-cache")
        for path in (
            "/static/x/package.json",
            "/static/x/..%2f..%2fpyproject.toml",
            "/node_modules/htmx.org/package.json",
        ):
            assert (await client.get(path)).status_code == 404, path
    for name, file in served().items():
        assert b'"/static/' + name.encode() + b'"' not in b"".join(each.body for each in served().values()), file


async def test_pages_forbid_inline_scripts_and_have_none(house: House) -> None:
    async with httpx.AsyncClient(base_url=house.url) as client:
        for path in ("/", f"/demarches/{BIRTH}/demande", "/connexion", "/nulle-part"):
            answer = await client.get(path)
            policy = answer.headers["content-security-policy"]
            assert "default-src 'self'" in policy
            assert "unsafe" not in policy
            assert not re.search(r"<script(?![^>]*\ssrc=)|\son\w+=|<style|\sstyle=", answer.text), path


async def test_who_is_not_signed_in_is_brought_back_after_signing_in(house: House) -> None:
    async with httpx.AsyncClient(base_url=house.url) as client:
        sent = await client.get("/mes-demandes?a=1")
        assert (sent.status_code, sent.headers["location"]) == (303, "/connexion?suite=/mes-demandes%3Fa%3D1")
        wrong = await client.post("/connexion", data={"email": "amina@exemple.fr", "password": "no"})
        assert wrong.status_code == 422
        assert "Adresse ou mot de passe incorrect" in wrong.text
        right = {"email": "Amina@exemple.fr", "password": "demo", "suite": "/mes-demandes?a=1"}
        opened = await client.post("/connexion", data=right)
        assert (opened.status_code, opened.headers["location"]) == (303, "/mes-demandes?a=1")
        assert "HttpOnly" in opened.headers["set-cookie"]
        elsewhere = await client.post("/connexion", data={**right, "suite": "//evil.example"})
        assert elsewhere.headers["location"] == "/mes-demandes"
        left = await client.post("/deconnexion")
        assert left.headers["location"] == "/"
        assert (await client.get("/mes-demandes")).status_code == 303


async def test_the_choice_of_a_language_is_kept(house: House) -> None:
    async with httpx.AsyncClient(base_url=house.url, headers={"accept-language": "fr"}) as client:
        assert '<html lang="fr"' in (await client.get("/")).text
        chosen = await client.get("/langue/en?retour=/suivre")
        assert chosen.headers["location"] == "/suivre"
        assert '<html lang="en"' in (await client.get("/")).text
        assert (await client.get("/langue/en?retour=//evil.example")).headers["location"] == "/"


async def test_the_development_mailbox_exists_in_demo_mode_only(house: House) -> None:
    async with httpx.AsyncClient(base_url=house.url) as client:
        assert (await client.get("/courriels")).status_code == 404
        assert "exemple.fr" not in (await client.get("/connexion")).text


@pytest.mark.parametrize(
    ("path", "kept"),
    [
        ("/a?b=c", "/a?b=c"),
        (None, "/"),
        ("", "/"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("https://evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("/a\nb", "/"),
    ],
)
def test_we_send_nobody_elsewhere(path: str | None, kept: str) -> None:
    assert local_path(path) == kept
