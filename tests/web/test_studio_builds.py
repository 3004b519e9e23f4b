"""A designer makes the compost-bin procedure from an empty page, tries it, publishes it, and a citizen files it.

What it costs her is counted and printed: clicks and special keys on one side, characters typed on the other.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
from playwright.async_api import Locator, Page, expect

from tests.web.desk import Office
from tests.web.filling import box, go_on

pytestmark = pytest.mark.timeout(240)  # a browser on a busy machine
MOST = 150  # clicks and special keys


@dataclass(slots=True)
class Hand:
    """A person's hand, which counts what it does."""

    page: Page
    gestures: int = 0
    characters: int = 0

    async def click(self, target: Locator | str) -> None:
        self.gestures += 1
        await (self.page.locator(target) if isinstance(target, str) else target).click()

    async def press(self, keys: str) -> None:
        self.gestures += 1
        await self.page.keyboard.press(keys)

    async def type(self, words: str) -> None:
        for place, line in enumerate(words.split("\n")):
            if place:
                await self.press("Enter")
            self.characters += len(line)
            await self.page.keyboard.type(line)

    async def pick(self, target: Locator | str, value: str) -> None:
        """A choice in a list: opened, then chosen."""
        self.gestures += 2
        await (self.page.locator(target) if isinstance(target, str) else target).select_option(value)

    @asynccontextmanager
    async def saved(self) -> AsyncIterator[None]:
        """What is done inside ends in a saved change, shown."""
        before = await self.page.locator("#studio").get_attribute("data-revision")
        yield
        await expect(self.page.locator("#studio")).not_to_have_attribute("data-revision", str(before))


async def question(hand: Hand, label: str, kind: str, choices: str = "", *, required: bool = True) -> None:
    page = hand.page
    async with hand.saved():
        await hand.press("Alt+n")
        await expect(page.locator("[data-adder]")).to_be_focused()
        await hand.type(label)
        await hand.pick('[name="new.kind"]', kind)
        await hand.click('button[value="add-field"]')
    await expect(page.locator(".element h2")).to_have_text(label)
    if choices:
        async with hand.saved():
            await hand.click('[name="choices.fr"]')
            await hand.press("Control+a")
            await hand.type(choices)
            await hand.press("Tab")
    if required:
        async with hand.saved():
            await hand.pick('.element [name="required"]', "always")


async def condition(hand: Hand, name: str, value: str) -> None:
    async with hand.saved():
        await hand.pick('[name="visible_if.0.name"]', name)
    shown = hand.page.locator('[name="visible_if.0.value"]')
    if await shown.input_value() != value:
        async with hand.saved():
            await hand.pick(shown, value)


async def test_a_designer_builds_the_compost_bin_procedure_and_a_citizen_files_it(office: Office) -> None:
    page = await office.open("lea", "/agent/studio", width=1440)
    noise: list[str] = []
    page.on("pageerror", lambda error: noise.append(str(error)))
    page.on("console", lambda message: noise.append(message.text) if message.type == "error" else None)
    hand = Hand(page)

    await hand.click("text=Nouvelle démarche")
    await expect(page.locator("#title")).to_be_focused()  # the page asks for it; a hand waits to see it
    await hand.type("Composteur")
    await hand.press("Enter")
    await expect(page.locator("#studio h1")).to_have_text("Composteur")

    await question(hand, "Vous habitez", "choice", "Une maison avec jardin\nUn appartement\nUne résidence")
    await question(hand, "Taille du composteur", "choice", "300 litres\n600 litres")
    await condition(hand, "vous_habitez", "une_maison_avec_jardin")
    await question(hand, "Nombre de logements", "integer")
    await condition(hand, "vous_habitez", "une_residence")
    await question(hand, "Avez-vous déjà composté ?", "yes_no")
    await question(hand, "Où viendrez-vous le retirer ?", "choice", "Pôle déchets, Poitiers\nDéchèterie de Chauvigny")
    async with hand.saved():
        await hand.click('button[value="contacts"]')  # five more questions, ready made

    # The mail: what the receipt says.
    await hand.click('[data-node="suite"]')
    async with hand.saved():
        await hand.click('[name="what_next.fr"]')
        await hand.press("Control+a")
        await hand.type("Nous vous proposons une date de retrait.")
        await hand.press("Tab")

    # She tries it in the frame beside: the size is asked of who has a garden.
    await hand.click('[data-node="page:demande"]')
    frame = page.frame_locator("#apercu")
    await expect(frame.locator("#taille_du_composteur")).to_have_count(0)
    await hand.click(frame.locator('input[value="une_maison_avec_jardin"]'))
    await expect(frame.locator("#taille_du_composteur")).to_be_visible()
    await expect(frame.locator("#nombre_de_logements")).to_have_count(0)

    await hand.click("text=Vérifier et publier")
    await hand.click("text=Publier la démarche")
    await expect(page.locator("text=La démarche est publiée.")).to_be_visible()
    assert noise == []
    print(f"\nclicks and special keys: {hand.gestures}; characters typed: {hand.characters}")
    assert hand.gestures <= MOST

    amina = await office.open("amina", "/demarches/composteur-2/demande", width=390)
    await amina.locator('input[value="une_maison_avec_jardin"]').check()
    await amina.locator('input[name="taille_du_composteur"]').first.check()
    await amina.locator('input[name="avez_vous_deja_composte"][value="true"]').check()
    await amina.locator('input[name="ou_viendrez_vous_le_retirer"]').first.check()
    await go_on(amina)
    for id_, typed in {"first_name": "Amina", "last_name": "Benali", "email": "amina@exemple.fr"}.items():
        await box(amina, id_).fill(typed)
    await go_on(amina)
    await go_on(amina, "file")
    await expect(amina.locator(".reference")).to_be_visible()


async def test_two_designers_see_each_other_and_each_other_s_changes(office: Office) -> None:
    lea_client = await office.house.as_("lea")
    await lea_client.post("/procedure-drafts", json={"title": "Bac", "source": "composteur"})
    path = "/agent/studio/bac?element=field:housing"
    lea = await office.open("lea", path)
    max_ = await office.open("max", path)
    await expect(lea.locator("#presence")).to_contain_text("Max Royer est ici aussi", timeout=20_000)
    await expect(max_.locator("#presence")).to_contain_text("Lea Fontaine", timeout=20_000)

    label = max_.locator('.element [name="label.fr"]')
    await label.fill("Où vivez-vous")
    await label.press("Tab")
    # Lea, who is not typing, sees it by herself.
    await expect(lea.locator('.element [name="label.fr"]')).to_have_value("Où vivez-vous", timeout=20_000)

    # Both change the same thing: who comes second sees both, and nothing is lost.
    mine = lea.locator('.element [name="label.fr"]')
    await mine.fill("Votre logement est")
    await label.fill("Vous logez dans")
    await label.press("Tab")
    await expect(max_.locator(".element h2")).to_have_text("Vous logez dans")
    await mine.press("Tab")
    await expect(lea.locator('[role="alert"]')).to_contain_text("Max Royer a modifié la même chose")
    await expect(lea.locator('[role="alert"]')).to_contain_text("Vous logez dans")
    await expect(mine).to_have_value("Votre logement est")
    await lea.locator('.element .form-foot button[value="save"]').click()
    await expect(lea.locator(".element h2")).to_have_text("Votre logement est")
    await expect(lea.locator('[role="alert"]')).to_have_count(0)


async def test_questions_are_moved_by_the_pointer_and_by_keys(office: Office) -> None:
    lea_client = await office.house.as_("lea")
    await lea_client.post("/procedure-drafts", json={"title": "Bac", "source": "composteur"})
    lea = await office.open("lea", "/agent/studio/bac?element=field:housing", width=1440)

    async def order() -> list[str]:
        found = await lea.locator('.tree [data-element^="field:"]').all()
        return [str(await each.get_attribute("data-element")) for each in found]

    before = await order()
    hand = Hand(lea)
    async with hand.saved():
        await hand.press("Alt+ArrowDown")
    assert (await order())[:2] == [before[1], before[0]]
    async with hand.saved():
        await hand.press("Alt+z")
    assert await order() == before
    async with hand.saved():
        await lea.locator('[data-node="field:housing"]').hover()
        await lea.mouse.down()
        box_ = await lea.locator('[data-element="field:trained"] > .node').bounding_box()
        assert box_ is not None
        await lea.mouse.move(box_["x"] + 30, box_["y"] + 6, steps=8)
        await lea.mouse.move(box_["x"] + 30, box_["y"] + 4)
        await lea.mouse.up()
    after = await order()
    assert after.index("field:housing") == after.index("field:trained") - 1
    assert after != before
