"""One procedure with a question of every kind: filled in on a phone, filed, and read at the desk."""

import re
from collections import OrderedDict
from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import Browser, BrowserContext, Page, expect

from casework.authority import SYSTEM
from casework.forms.kinds import KINDS
from casework.procedures import package as packages_of
from casework.procedures import packages
from casework.procedures.actions import Listing, publish
from infra.cookies import session_cookie
from infra.database import transaction
from tests.api.house import House
from tests.web.desk import Office, violations
from tests.web.filling import A_FILE, answer, box, filed, go_on

pytestmark = pytest.mark.timeout(240)  # a browser on a busy machine

SLUG = "toutes-les-questions"


def wording(text: str) -> dict[str, str]:
    return {"fr": text, "en": text}


def choices(*values: str) -> list[dict[str, Any]]:
    return [{"value": value, "label": wording(value.capitalize())} for value in values]


def field(kind: str, label: str, **more: Any) -> dict[str, Any]:
    return {"id": more.pop("id", kind), "kind": kind, "label": wording(label), **more}


FORM: dict[str, Any] = {
    "pages": [
        {
            "id": "demande",
            "title": wording("La demande"),
            "fields": [
                field("title", "Ce que vous demandez"),
                field("explanation", "Répondez simplement."),
                field("text", "Objet", required=True),
                field("long_text", "Précisions"),
                field("integer", "Nombre de jours", min=1),
                field("decimal", "Surface", digits=3),
                field("money", "Loyer"),
                field("date", "Jour"),
                field("time", "Heure", min="08:00"),
                field("choice", "Couleur", choices=choices("bleu", "vert")),
                field("choices", "Jours", choices=choices("lundi", "mardi")),
                field(
                    "linked_choice",
                    "Sujet",
                    choices=[
                        {**first, "choices": choices(*under)}
                        for first, under in zip(
                            choices("voirie", "parc"), (("lampadaire", "trou"), ("banc",)), strict=True
                        )
                    ],
                ),
                field("yes_no", "Urgent"),
                field("phone", "Téléphone"),
                field("address", "Adresse"),
                field("commune", "Commune"),
                field("country", "Pays de naissance"),
                field("attachment", "Pièce"),
            ],
        },
        {
            "id": "numeros",
            "title": wording("Vos numéros"),
            "fields": [
                field("siret", "SIRET"),
                field("rna", "RNA"),
                field("iban", "IBAN"),
                field("number_plate", "Plaque"),
                field("dossier", "Demande précédente"),
                field("point", "Où est-ce"),
                field(
                    "block",
                    "Vos enfants",
                    required=True,
                    row=wording("Enfant"),
                    most=3,
                    fields=[
                        field("text", "Prénom", id="child", required=True),
                        field("yes_no", "Cantine", id="canteen"),
                        field("money", "Prix du repas", id="price", required=True, visible_if={"var": "canteen"}),
                        field("attachment", "Certificat", id="proof"),
                        field("address", "Son école", id="school"),
                    ],
                ),
                field(
                    "computed", "Total des repas", gives="money", value={"total": [{"var": "block"}, {"var": "price"}]}
                ),
            ],
        },
        {
            "id": "vous",
            "title": wording("Vous"),
            "fields": [
                field("text", "Prénom", id="first_name", required=True),
                field("text", "Nom", id="last_name", required=True),
                field("email", "Adresse électronique", required=True),
                field("signature", "Signature", required=True),
                field("consent", "J’accepte le règlement", required=True),
            ],
        },
    ]
}
FIRST_PAGE: dict[str, Any] = {
    "text": "Un lampadaire éteint",
    "long_text": "Depuis lundi,\nla nuit.",
    "integer": 3,
    "decimal": "12,345",
    "money": "1 250,5 €",
    "date": "2026-12-24",
    "time": "08:30",
    "choice": "vert",
    "choices": ["mardi"],
    "linked_choice": {"first": "voirie", "second": "lampadaire"},
    "yes_no": True,
    "phone": "05 49 00 00 00",
    "address": {"street": "12 rue des Écoles", "postal_code": "86000", "citycode": "86194"},
    "commune": "86194",
    "country": "PT",
    "attachment": "a file",
}
READ_BACK = (
    "Un lampadaire éteint", "12,345", "1\u202f250,50\u00a0€", "24\u00a0décembre 2026", "8\u202fh\u202f30", "Vert", "Mardi",
    "Voirie", "Lampadaire", "Portugal", "732 829 320 00074", "W861000123", "FR76 3000 6000 0112 3456 7890 189", "AB-123-CD",
    "Devant la poste", "Enfant 1 – Prénom", "Enfant 2 – Prix du repas", "7,10\u00a0€", "Lina Moreau",
)  # fmt: skip


@pytest.fixture(autouse=True)
def _own_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Databases of tests are copies: the same procedure and revision is another package in each."""
    monkeypatch.setattr(packages, "_packages", OrderedDict())


@pytest.fixture(autouse=True)
async def _published(house: House) -> None:
    definition = {
        "slug": SLUG,
        "title": wording("Toutes les questions"),
        "summary": wording("Une question de chaque sorte."),
        "theme": "cadre-de-vie",
        "directorate": "technique",
        "service": "etat-civil",
        "channels": ["online"],
        "target_days": 10,
        "silence": "none",
        "applicant": {"name": ["first_name", "last_name"], "email": "email"},
        "receipt": {"what_next": wording("Nous vous répondons.")},
        "form": FORM,
    }
    packages_of.read(definition)
    listing = Listing("Toutes les questions", "Every question", "cadre-de-vie", internal=False, target_days=10)
    async with transaction(house.engine) as db:
        at = house.community.etat_civil
        assert await publish(db, SLUG, definition=definition, listing=listing, service_id=at, by=SYSTEM)


@pytest.fixture(params=[True, False], ids=["with-script", "without-script"])
async def amina(request: pytest.FixtureRequest, house: House, browser: Browser) -> AsyncIterator[BrowserContext]:
    """Amina's phone, with and without JavaScript."""
    context = await browser.new_context(
        locale="fr-FR", java_script_enabled=request.param, viewport={"width": 390, "height": 844},
        geolocation={"latitude": 46.58022449, "longitude": 0.34}, permissions=["geolocation"],
    )  # fmt: skip
    context.set_default_timeout(10_000)
    token = await house.token(house.community.amina)
    await context.add_cookies([{"name": session_cookie(secure=False), "value": token, "url": house.url}])
    yield context
    await context.close()


def _field(id_: str) -> dict[str, Any]:
    return next(each for page in FORM["pages"] for each in page["fields"] if each["id"] == id_)


def test_the_form_has_every_kind() -> None:
    asked = {each["kind"] for page in FORM["pages"] for each in page["fields"]}
    assert asked == set(KINDS)


async def _press(page: Page, value: str) -> None:
    async with page.expect_navigation():
        await page.locator(f'button[value="{value}"]').click()


async def test_every_kind_of_question_is_answered_filed_and_read_at_the_desk(
    house: House, amina: BrowserContext, office: Office, request: pytest.FixtureRequest
) -> None:
    script = "with-script" in request.node.name
    before = await (await house.as_("amina")).get(f"/dossiers/{await house.filed()}")
    page = await amina.new_page()
    noise: list[str] = []
    page.on("pageerror", lambda error: noise.append(str(error)))
    await page.goto(f"{house.url}/demarches/{SLUG}/demande")
    for id_, value in FIRST_PAGE.items():
        await answer(page, _field(id_), value)
    if script:
        assert await violations(page) == []
    await go_on(page)

    for id_, typed in {"siret": "732 829 320 00075", "rna": "w861000123", "iban": "fr7630006000011234567890189",
                       "number_plate": "ab123cd", "dossier": "2026-0001234-X"}.items():  # fmt: skip
        await box(page, id_).fill(typed)
    await box(page, "point.words").fill("Devant la poste")
    if script:
        await page.get_by_role("button", name="Utiliser ma position").click()
        await expect(box(page, "point.lat")).to_have_value("46,580224")
    await expect(box(page, "block[0].child")).to_have_count(1)  # what must be answered is asked at once
    await box(page, "block[0].child").fill("Zoé")
    await _press(page, "add:block")
    await _press(page, "add:block")
    await box(page, "block[1].child").fill("Léo")
    await page.locator('input[name="block[1].canteen"][value="true"]').check()
    if not script:
        await _press(page, "update")
    await box(page, "block[1].price").fill("7,1")
    await box(page, "block[1].proof").set_input_files(A_FILE)
    await box(page, "block[2].child").fill("de trop")
    await _press(page, "drop:block[2]")
    await expect(box(page, "block[2]")).to_have_count(0)
    await expect(box(page, "block[1].child")).to_have_value("Léo")
    await go_on(page)
    told = await page.locator("#erreurs").inner_text()
    assert "14 chiffres" in told
    assert "Aucun de vos dossiers" in told
    await box(page, "siret").fill("73282932000074")
    await box(page, "dossier").fill(before.json()["reference"].lower())
    if script:
        assert await violations(page) == []
        assert await page.evaluate("document.documentElement.scrollWidth - innerWidth") == 0
    await go_on(page)

    for id_, typed in {"first_name": "Lina", "last_name": "Moreau", "email": "lina@exemple.fr"}.items():
        await box(page, id_).fill(typed)
    await go_on(page)
    told = await page.locator("#erreurs").inner_text()
    assert "Cochez cette case" in told
    await box(page, "signature.name").fill("Lina Moreau")
    if script:
        await _draw(page)
    await box(page, "consent").check()
    if script:
        assert await violations(page) == []
    await go_on(page)
    shown = await page.locator("main").inner_text()
    assert [words for words in READ_BACK if words not in shown] == []
    await expect(page.locator("svg.signature")).to_have_count(int(script))
    await filed(page)
    assert noise == []

    id_ = await house.count("select id from dossiers where procedure_id <> (select procedure_id from dossiers limit 1)")
    await page.goto(f"{house.url}/dossiers/{id_}")
    shown = await page.locator("main").text_content() or ""
    assert [words for words in READ_BACK if words not in shown] == []
    desk = await office.open("paul", f"/agent/dossiers/{id_}")
    shown = await desk.locator("main").inner_text()
    assert [words for words in READ_BACK if words not in shown] == []
    await expect(desk.locator("svg.signature polyline")).to_have_count(int(script))
    assert await violations(desk) == []


async def _draw(page: Page) -> None:
    """Sign with the mouse; what was drawn first is cleared."""
    canvas, drawn = page.locator("canvas"), page.locator('[name="signature.strokes"]')
    await canvas.scroll_into_view_if_needed()
    edge = await canvas.bounding_box()
    assert edge is not None
    for clear in (True, False):
        await page.mouse.move(edge["x"] + 20, edge["y"] + 20)
        await page.mouse.down()
        await page.mouse.move(edge["x"] + 90, edge["y"] + 60, steps=5)
        await page.mouse.up()
        await expect(drawn).to_have_value(re.compile(r"^\[\[\[\d+,\d+\],.*\]\]\]$"))
        if clear:
            await page.get_by_role("button", name="Effacer").click()
            await expect(drawn).to_have_value("")


@pytest.mark.parametrize(
    "strokes", ['[[[1,1],[2,"<script>alert(1)</script>"]]]', '"><svg onload=alert(1)>', "[" * 900, "[[[1e9,1]]]"]
)
async def test_a_drawing_that_is_none_is_refused_and_never_shown(house: House, strokes: str) -> None:
    client = await house.as_("amina")
    answers = {"signature": {"name": "Lina", "strokes": strokes}}
    found = await client.post(f"/procedures/{SLUG}/evaluate", json={"answers": answers})
    assert found.status_code == 200
    assert ("signature.strokes", "bad_drawing") in {(each["field"], each["code"]) for each in found.json()["faults"]}


async def test_the_dossier_of_somebody_else_is_not_named(house: House) -> None:
    id_ = await house.filed("amina")
    reference = (await (await house.as_("amina")).get(f"/dossiers/{id_}")).json()["reference"]
    for who, faults in (("amina", []), ("bilal", ["unknown_dossier"])):
        found = await (await house.as_(who)).post(
            f"/procedures/{SLUG}/evaluate", json={"answers": {"dossier": reference}}
        )
        assert [each["code"] for each in found.json()["faults"] if each["field"] == "dossier"] == faults
    bilal, asked = await house.as_("bilal"), await house.example(SLUG)
    filed = await bilal.post("/dossiers", json={"procedure": SLUG, "answers": asked | {"dossier": reference}})
    assert filed.status_code == 422
    assert [(each["field"], each["code"]) for each in filed.json()["faults"]] == [("dossier", "unknown_dossier")]
    assert (await bilal.post("/dossiers", json={"procedure": SLUG, "answers": asked})).status_code == 201
    anonymous = await house.anonymous()
    found = await anonymous.post(f"/procedures/{SLUG}/evaluate", json={"answers": {"dossier": reference}})
    assert "unknown_dossier" in {each["code"] for each in found.json()["faults"]}
