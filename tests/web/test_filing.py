"""A citizen files: every kind of question, with and without JavaScript, once whatever the clicks, nothing lost."""

import html
import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from playwright.async_api import Browser, BrowserContext, Page, expect

from infra.cookies import session_cookie
from tests.api.house import BIRTH, House
from tests.web.filling import A_FILE, PDF, PNG, answer, box, filed, fill, go_on

pytestmark = pytest.mark.timeout(240)  # a browser on a busy machine

EVERYTHING = {
    "certificate": "full",
    "born_last_name": "Benali",
    "born_first_names": "Amina, Lina",
    "born_on": "1990-03-27",
    "born_in": "86194",
    "relation": "self",
    "parents": "Karim Benali et Lina Moreau",
    "supporting_document": "a file",
    "first_name": "Amina",
    "last_name": "Benali",
    "email": "amina.benali@exemple.fr",
    "address": {"street": "12 rue de la Regratterie", "postal_code": "86000", "city": "Poitiers"},
}


@pytest.fixture(params=[True, False], ids=["with-script", "without-script"])
async def visitor(request: pytest.FixtureRequest, browser: Browser) -> AsyncIterator[Page]:
    """A new visitor, with and without JavaScript."""
    context = await browser.new_context(
        locale="fr-FR", java_script_enabled=request.param, viewport={"width": 390, "height": 844}
    )
    context.set_default_timeout(10_000)
    yield await context.new_page()
    await context.close()


async def _form(house: House, slug: str = BIRTH) -> dict[str, Any]:
    found = await (await house.as_("amina")).get(f"/procedures/{slug}")
    return dict(found.json()["form"])


async def _signed_in(house: House, context: BrowserContext, who: str = "amina") -> None:
    token = await house.token(getattr(house.community, who))
    await context.add_cookies([{"name": session_cookie(secure=False), "value": token, "url": house.url}])


async def test_a_request_with_every_kind_of_question_is_filed_and_followed(house: House, visitor: Page) -> None:
    await visitor.goto(house.url)
    await visitor.get_by_role("searchbox").fill("naissance")
    async with visitor.expect_navigation():
        await visitor.get_by_role("button", name="Chercher").click()
    await visitor.get_by_role("link", name="Acte de naissance").click()
    await visitor.get_by_role("link", name="Commencer ma demande").click()
    await fill(visitor, await _form(house), EVERYTHING)
    shown = await visitor.locator("main").inner_text()
    for words in (
        "Copie intégrale",
        "27\u00a0mars 1990",
        "Moi-même",
        "justificatif été.pdf",
        "12 rue de la Regratterie",
    ):
        assert words in shown, words
    reference = await filed(visitor)
    code = await visitor.locator("#code-de-suivi").inner_text()
    assert await house.count("select count(*) from dossiers where state = 'submitted'") == 1
    assert await house.count("select count(*) from documents where dossier_id is not null") == 1

    # Another browser, with the code alone.
    elsewhere = await visitor.context.browser.new_context(locale="fr-FR")  # type: ignore[union-attr]
    page = await elsewhere.new_page()
    await page.goto(f"{house.url}/suivre")
    await page.locator("#code").fill(code.lower())
    await page.locator("#email").fill("amina.benali@exemple.fr")
    async with page.expect_navigation():
        await page.get_by_role("button", name="Voir où en est ma demande").click()
    await expect(page.locator("main")).to_contain_text(reference)
    await expect(page.locator(".timeline")).to_contain_text("Vous avez déposé votre demande")
    await elsewhere.close()


async def test_faults_are_told_on_top_and_at_their_question_and_answers_are_kept(house: House, visitor: Page) -> None:
    await visitor.goto(f"{house.url}/demarches/{BIRTH}/demande")
    await box(visitor, "born_last_name").fill("Benali")
    await box(visitor, "born_on").fill("2999-01-01")
    await go_on(visitor)
    summary = visitor.locator("#erreurs")
    await expect(summary.locator("a")).to_have_count(4)
    assert (await visitor.title()).startswith("Erreur")
    await expect(box(visitor, "born_last_name")).to_have_value("Benali")
    await expect(box(visitor, "born_on")).to_have_value("2999-01-01")
    await expect(box(visitor, "born_on")).to_have_attribute("aria-describedby", re.compile("born_on-faute"))
    for link in await summary.locator("a").all():
        target = (await link.get_attribute("href") or "").removeprefix("#")
        await expect(box(visitor, target)).to_have_count(1)


async def test_a_question_appears_only_on_its_answer(house: House, visitor: Page) -> None:
    """With JavaScript it follows the answer; without, the button that says so does the same."""
    await visitor.goto(f"{house.url}/demarches/objet-perdu/demande")
    await expect(box(visitor, "imei")).to_have_count(0)
    await visitor.locator('input[name="object"][value="phone"]').check()
    button = visitor.get_by_role("button", name="Mettre à jour les questions")
    if await button.is_visible():
        async with visitor.expect_navigation():
            await button.click()
    await expect(box(visitor, "imei")).to_be_visible()
    await expect(visitor.locator('input[name="object"][value="phone"]')).to_be_checked()
    await visitor.locator('input[name="object"][value="keys"]').check()
    if await button.is_visible():
        async with visitor.expect_navigation():
            await button.click()
    await expect(box(visitor, "imei")).to_have_count(0)


async def test_one_goes_back_and_changes_an_answer(house: House, visitor: Page) -> None:
    await visitor.goto(f"{house.url}/demarches/{BIRTH}/demande")
    await fill(visitor, await _form(house), EVERYTHING)
    await go_on(visitor, "edit:acte")
    await expect(box(visitor, "born_last_name")).to_have_value("Benali")
    await box(visitor, "born_last_name").fill("Ben Ali")
    await fill(visitor, await _form(house), {})
    await expect(visitor.locator("main")).to_contain_text("Ben Ali")
    await go_on(visitor, "edit:coordonnees")
    await go_on(visitor, "back")
    await expect(box(visitor, "parents")).to_have_value(EVERYTHING["parents"])


async def test_a_file_that_is_no_document_is_refused_at_its_question(house: House, visitor: Page) -> None:
    await visitor.goto(f"{house.url}/demarches/{BIRTH}/demande")
    form = await _form(house)
    for field in form["pages"][0]["fields"]:
        await answer(visitor, field, EVERYTHING[field["id"]])
    await go_on(visitor)
    await visitor.locator('input[name="relation"][value="self"]').check()
    await box(visitor, "parents").fill("Karim et Lina")
    await box(visitor, "supporting_document").set_input_files({**A_FILE, "buffer": b"MZ this is a program"})
    if not await visitor.locator(".wrong").count():
        await go_on(visitor)
    await expect(visitor.locator(".wrong")).to_contain_text("Ce type de fichier n’est pas accepté")
    await expect(box(visitor, "parents")).to_have_value("Karim et Lina")
    await box(visitor, "supporting_document").set_input_files(A_FILE)
    await go_on(visitor)
    await go_on(visitor, "back")
    await expect(visitor.locator(".files")).to_contain_text("justificatif été.pdf")
    await go_on(visitor, await visitor.locator('button[value^="remove:"]').get_attribute("value") or "")
    await expect(visitor.locator(".files")).to_have_count(0)


async def test_a_double_click_and_a_repeated_post_make_one_dossier(house: House, page: Page) -> None:
    await page.goto(f"{house.url}/demarches/{BIRTH}/demande")
    await fill(page, await _form(house), EVERYTHING)
    carried = await page.locator('input[name="carried"]').input_value()
    await page.locator('button[value="file"]').dblclick()
    await expect(page.locator("h1")).to_have_text("Votre demande est bien arrivée")
    first = page.url
    async with httpx.AsyncClient(base_url=house.url) as client:
        for _ in range(2):
            sent = {"carried": carried, "page": "verification", "act": "file"}
            again = await client.post(f"/demarches/{BIRTH}/demande", data=sent)
            assert again.status_code == 303, again.text
            assert first.endswith(again.headers["location"])
    assert await house.count("select count(*) from dossiers where state = 'submitted'") == 1


async def test_a_draft_waits_for_its_author(house: House, page: Page, browser: Browser) -> None:
    await _signed_in(house, page.context)
    await page.goto(f"{house.url}/demarches/{BIRTH}/demande")
    for field in (await _form(house))["pages"][0]["fields"]:
        await answer(page, field, EVERYTHING[field["id"]])
    await go_on(page)
    assert await house.count("select count(*) from dossiers where state = 'draft'") == 1

    phone = await browser.new_context(locale="fr-FR")
    await _signed_in(house, phone)
    later = await phone.new_page()
    await later.goto(f"{house.url}/mes-demandes")
    await later.locator("section", has=later.locator("#brouillons")).get_by_role("link").click()
    await expect(box(later, "born_last_name")).to_have_value("Benali")
    await fill(later, await _form(house), {k: v for k, v in EVERYTHING.items() if k not in ("born_on", "certificate")})
    await filed(later)
    assert await house.count("select count(*) from dossiers") == 1
    assert await house.count("select count(*) from dossiers where state = 'submitted'") == 1
    await later.goto(f"{house.url}/mes-demandes")
    await expect(later.locator(".state")).to_have_text(["Reçue"])
    await phone.close()


async def test_somebody_elses_draft_and_dossier_do_not_exist(house: House, page: Page) -> None:
    dossier = await house.filed("amina")
    await _signed_in(house, page.context, "bilal")
    for path in (
        f"/dossiers/{dossier}",
        f"/dossiers/{dossier}/recu",
        f"/demarches/{BIRTH}/demande?brouillon={dossier}",
    ):
        answered = await page.goto(house.url + path)
        assert answered is not None
        assert answered.status == 404, path
        await expect(page.locator("h1")).to_have_text("Cette page n’existe pas")


async def test_the_citizen_answers_a_request_to_complete_and_reads_what_happened(house: House, visitor: Page) -> None:
    dossier, version = await house.held("paul")
    paul = await house.as_("paul")
    asked = await paul.post(
        f"/dossiers/{dossier}/ask-completion", json={"reason": "Il manque le nom de vos parents."},
        headers={"if-match": f'"{version}"'},
    )  # fmt: skip
    assert asked.status_code == 200, asked.text
    await _signed_in(house, visitor.context)
    await visitor.goto(f"{house.url}/dossiers/{dossier}")
    await expect(visitor.locator("main")).to_contain_text("Il manque le nom de vos parents.")
    async with visitor.expect_navigation():
        await visitor.get_by_role("button", name="Envoyer ma réponse").click()
    await expect(visitor.locator(".summary")).to_contain_text("Dites en quelques mots")
    await visitor.locator("#reponse").fill("Karim et Lina.\nVoir le fichier.")
    await visitor.locator("#documents").set_input_files(A_FILE)
    async with visitor.expect_navigation():
        await visitor.get_by_role("button", name="Envoyer ma réponse").click()
    await expect(visitor.locator(".timeline")).to_contain_text("Vous avez complété votre demande")
    await expect(visitor.locator(".timeline")).to_contain_text("Un agent a pris votre demande en charge")
    await expect(visitor.locator("main")).not_to_contain_text("Paul")
    link = await house.count("select id::text from documents where dossier_id is not null")
    download = await visitor.context.request.get(f"{house.url}/documents/{link}")
    assert await download.body() == PDF
    assert download.headers["content-disposition"].startswith("attachment")


@pytest.mark.timeout(180)
async def test_every_public_procedure_can_be_filed_page_by_page_without_javascript(house: House) -> None:
    """What the pages' own HTML posts, for the example of each procedure of the catalogue."""
    amina = await house.as_("amina")
    slugs = [each["slug"] for each in (await amina.get("/procedures")).json()["items"]]
    assert len(slugs) == 36
    refused = {}
    token = await house.token(house.community.amina)
    async with httpx.AsyncClient(base_url=house.url, cookies={session_cookie(secure=False): token}) as client:
        for slug in slugs:
            told = await _file_by_posts(client, slug, (await amina.get(f"/procedures/{slug}")).json())
            if told:
                refused[slug] = told
    assert refused == {}
    assert await house.count("select count(*) from dossiers where state = 'submitted'") == 36


async def _file_by_posts(client: httpx.AsyncClient, slug: str, procedure: dict[str, Any]) -> str | None:
    """None when it was filed; else what the page said."""
    address = f"/demarches/{slug}/demande"
    shown = (await client.get(address)).text
    for _ in range(12):
        here, carried = _hidden(shown, "page"), _hidden(shown, "carried")
        if here == "verification":
            done = await client.post(address, data={"carried": carried, "page": here, "act": "file"})
            return None if done.status_code == 303 else done.text[-1500:]
        fields = next(each for each in procedure["form"]["pages"] if each["id"] == here)["fields"]
        data: dict[str, Any] = {"carried": carried, "page": here, "act": "next"}
        files = []
        for field in fields:
            data |= _boxes(field, procedure["example"].get(field["id"]))
            if field["kind"] == "attachment" and f'type="file" id="{field["id"]}"' in shown:
                files.append((field["id"], _piece(field)))
        answered = await client.post(address, data=data, files=files or {"none": ("", b"")})
        shown = answered.text
        if answered.status_code != 200:
            return " | ".join(re.findall(r'class="wrong".*?</span>([^<]*)</span>', shown, re.DOTALL)) or shown[:500]
    return "no end"


def _piece(field: dict[str, Any]) -> tuple[str, bytes, str]:
    """A file of a type that the question takes."""
    if "pdf" in field.get("types", ["pdf"]):
        return "piece.pdf", PDF, "application/pdf"
    return "photo.png", PNG, "image/png"


def _hidden(shown: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', shown)
    assert found is not None, shown[:800]
    return html.unescape(found[1])


def _boxes(field: dict[str, Any], value: Any) -> dict[str, Any]:
    """The boxes that a browser would post for this answer."""
    if value is None or field["kind"] == "attachment":
        return {}
    if field["kind"] == "block":
        boxes: dict[str, Any] = {f"{field['id']}.rows": str(len(value))}
        for number, row in enumerate(value):
            for each in field["fields"]:
                boxes |= _boxes({**each, "id": f"{field['id']}[{number}].{each['id']}"}, row.get(each["id"]))
        return boxes
    if isinstance(value, dict):
        return {f"{field['id']}.{part}": typed for part, typed in value.items()}
    if isinstance(value, bool):
        return {field["id"]: str(value).lower()}
    return {field["id"]: value}
