"""The journey that Relais exists for, told as it happens to the people who make it, each in a browser of their own.

Amina files; the right agents see it at once; Paul takes it and goes away; Ines goes on in his place; everybody sees.
"""

import re

import pytest
from playwright.async_api import FrameLocator, Locator, Page, expect

from tests.api.house import in_days
from tests.journeys.conftest import PATIENCE, Town
from tests.web.desk import is_live
from tests.web.filling import A_FILE, box, go_on

expect.set_options(timeout=PATIENCE)


@pytest.mark.timeout(300)  # five processes and six browsers; it takes a fifth of it on a quiet machine
async def test_a_request_reaches_the_right_agents_live_and_a_colleague_goes_on_when_one_is_away(town: Town) -> None:
    amina, paul, ines = await town.arrives(width=390), await town.arrives(), await town.arrives()
    claire, omar, hugo = await town.arrives(), await town.arrives(), await town.arrives()
    for person, name in ((paul, "Paul Martin"), (ines, "Ines Caron"), (claire, "Claire Roux"), (omar, "Omar Diallo")):
        await signs_in(person, name)
        await opens_the_queue(person, "Mon service")

    # Amina files, from her phone.
    await signs_in(amina, "Amina Benali")
    await finds_the_birth_certificate(amina)
    await fills_the_form_in(amina)
    reference = await double_clicks_on_file(amina)
    assert await town.house.count("select count(*) from dossiers where state = 'submitted'") == 1
    await finds_the_mail(amina, f"Votre demande {reference} est bien reçue", reference)

    # It is in the open queues of the civil registry, and in no other.
    for agent in (paul, ines, claire):
        await expect(row(agent, reference)).to_contain_text("Amina Benali")
    elsewhere = await town.house.filed("bilal", "eclairage-public")
    await expect(omar.locator("tbody tr")).to_have_count(1)
    await expect(omar.locator(f'tr[data-row="{elsewhere}"]')).to_be_visible()
    await expect(paul.locator("tbody tr")).to_have_count(1)

    # Paul takes it; every screen changes, Amina's too.
    await opens_her_request(amina, reference)
    await takes(paul, reference)
    await expect(row(ines, reference)).to_contain_text("Paul Martin")
    await expect(row(claire, reference)).to_contain_text("Paul Martin")
    await expect(timeline(amina)).to_contain_text("Un agent a pris votre demande en charge.")
    await opens(paul, reference)
    await paul.get_by_role("button", name="Commencer l’instruction").click()
    await expect(row(ines, reference)).to_contain_text("En instruction")
    await expect(amina.locator("main .state")).to_have_text("En cours d’examen")

    # They write to each other, and Ines sees Paul at work, on the row and on the page.
    await expect(face(ines, reference)).to_have_attribute("title", "Paul Martin consulte")
    await writes(paul, "Répondre à l’usager", "Bonjour, quel est votre second prénom ?")
    await expect(face(ines, reference)).to_have_attribute("title", "Paul Martin écrit")
    await sends(paul, "Envoyer à l’usager")
    await expect(conversation(amina)).to_contain_text("quel est votre second prénom")
    await writes(amina, "Écrire au service", "Lina. Merci de votre aide.")
    await sends(amina, "Envoyer le message")
    await expect(conversation(paul)).to_contain_text("Lina. Merci de votre aide.")
    await expect(row(claire, reference)).to_contain_text("Nouveau message")
    await opens(ines, reference)
    await expect(ines.locator("[data-presence]")).to_contain_text("Paul Martin consulte ce dossier")
    await writes(paul, "Répondre à l’usager", "Bonjour, merci, votre acte")
    await expect(ines.locator("[data-presence]")).to_contain_text("Paul Martin écrit une réponse")
    await expect(paul.locator("[data-kept]")).to_contain_text("Brouillon enregistré")

    # Paul, who holds two more dossiers, must leave at once.
    others = [(await town.house.held("paul"))[0] for _ in range(2)]
    await opens_the_queue(ines, "À reprendre")
    await expect(ines.locator("[data-empty]")).to_be_visible()
    await leaves_now(paul, until=in_days(3), reason="Formation", substitute="Ines Caron")
    await finds_the_mail(ines, "Dossiers à reprendre pendant l’absence de Paul Martin", "/agent/files/to-take-over")
    waiting = row(ines, reference)
    await expect(waiting).to_contain_text("À reprendre")
    await expect(waiting).to_contain_text("Formation")
    await expect(waiting.locator('[data-f="due"]')).to_have_text(re.compile(r"^\d.* 20\d\d$"))
    await expect(ines.locator("tbody tr")).to_have_count(3)
    await expect(row(claire, reference)).to_contain_text("À reprendre")

    # Ines reads the brief, on one screen, and takes the dossier over with what Paul was typing; then all the others.
    await waiting.get_by_role("link", name="Reprendre").click()
    brief = ines.locator("#reprise")
    for words in (
        "pendant l’absence de Paul Martin", "Formation", "On vous le demande à vous.",
        "Prochain acte", "Répondre à l’usager", "Échéance",
        "L’usager a écrit et attend une réponse", "Bonjour, merci, votre acte", "Lina. Merci de votre aide.",
    ):  # fmt: skip
        await expect(brief).to_contain_text(words)
    assert await fits_the_screen(ines, brief)
    await brief.get_by_role("button", name="Reprendre ce dossier").click()
    await expect(row(claire, reference)).to_contain_text("à la place de Paul Martin")
    await expect(ines.get_by_label("Répondre à l’usager")).to_have_value("Bonjour, merci, votre acte")
    await opens_the_queue(ines, "À reprendre")
    await ines.get_by_role("button", name=re.compile("Tout reprendre.*2")).click()
    await expect(ines.get_by_role("heading", level=1)).to_have_text(re.compile("2.dossiers repris"))
    for each in others:
        await expect(claire.locator(f'tr[data-row="{each}"]')).to_contain_text("Ines Caronà la place de Paul Martin")

    # Hugo, who directs them, sees the event of a minute ago; then what Ines decides.
    await signs_in(hugo, "Hugo Lefort")
    figures = await opens_the_dashboards(hugo)
    await expect(count_of(figures, "en cours")).to_have_text("3")
    await expect(count_of(figures, "à reprendre")).to_have_text("0")
    await figures.locator("details", has_text="Continuité").locator("summary").click()
    await expect(figures.locator("tr", has_text="Relations aux usagers").last.locator("td").nth(1)).to_have_text("3")
    await opens_the_queue(ines, "Mes dossiers")
    await opens(ines, reference)
    await decides(ines, "Accepter la demande", "Votre acte part demain par courrier.")
    await expect(count_of(figures, "en cours")).to_have_text("2")
    await expect(amina.locator("main .state")).to_have_text("Acceptée")
    await expect(conversation(amina)).to_contain_text("Votre acte part demain par courrier.")

    # The absence ends by itself, and with it what was lent. Paul finds what happened, and goes on.
    await town.evening_comes()
    await expect_the_absence_to_be_over(claire)
    await opens_the_queue(paul, "Mes dossiers")
    await paul.get_by_role("link", name="Voir le bilan").click()
    await expect(paul.locator("section.panel")).to_have_count(3)
    await expect(paul.locator("section.panel", has_text=reference)).to_contain_text(
        "Ines Caron, à la place de Paul Martin, a accepté la demande."
    )
    await opens_the_queue(ines, "Mes dossiers")
    await ines.locator(f'tr[data-row="{others[0]}"]').get_by_role("link").first.click()
    await writes(ines, "Répondre à l’usager", "Bonjour, Paul Martin est de retour.")
    await sends(ines, "Envoyer à l’usager")
    await expect(timeline(ines)).to_contain_text("Ines Caron a écrit à l’usager.")  # in nobody's place any more
    await opens_the_queue(paul, "Mes dossiers")
    await ines.get_by_role("button", name="Rendre le dossier à Paul Martin").click()
    await expect(paul.locator(f'tr[data-row="{others[0]}"]')).to_be_visible()

    # One journal, two readings.
    assert await sentences(amina) == [
        "Vous avez commencé votre demande.",
        "Vous avez déposé votre demande. Nous en avons accusé réception.",
        "Un agent a pris votre demande en charge.",
        "L’examen de votre demande a commencé.",
        "Le service vous a écrit.",
        "Vous nous avez écrit.",
        "Votre demande est acceptée.",
    ]
    assert not re.search("Paul|Ines", await amina.locator("main").inner_text())
    await opens_the_queue(ines, "Mes dossiers")
    await ines.goto(amina.url.replace("/dossiers/", "/agent/dossiers/"))
    assert [each for each in await sentences(ines) if "formulaire" not in each][::-1] == [
        "L’usager a commencé sa demande.",
        "L’usager a déposé sa demande.",
        "Paul Martin a pris le dossier.",
        "Paul Martin a commencé l’instruction.",
        "Paul Martin a écrit à l’usager.",
        "L’usager a écrit.",
        "Le dossier est à reprendre : la personne qui le suit est absente.".replace(" :", "\u202f:"),
        "Ines Caron, à la place de Paul Martin, a repris le dossier.",
        "Ines Caron, à la place de Paul Martin, a accepté la demande.",
    ]


# -- what people do


async def signs_in(person: Page, name: str) -> None:
    """From the people whom the sign-in page of a demonstration lists."""
    await person.get_by_role("link", name="Se connecter").click()
    await person.get_by_role("button", name=name).click()
    await expect(person.get_by_role("button", name="Se déconnecter")).to_be_visible()


async def finds_the_birth_certificate(citizen: Page) -> None:
    await citizen.get_by_role("link", name="Démarches").first.click()
    await citizen.get_by_role("searchbox").fill("naissance")
    await citizen.get_by_role("button", name="Chercher").click()
    await citizen.get_by_role("link", name="Acte de naissance").click()
    await citizen.get_by_role("link", name="Commencer ma demande").click()


async def fills_the_form_in(citizen: Page) -> None:
    """Text, date, choices, an attachment, an e-mail, an address; and a question that one answer alone brings."""
    await citizen.get_by_label("Extrait sans filiation").check()
    await box(citizen, "born_last_name").fill("Benali")
    await box(citizen, "born_first_names").fill("Amina")
    await box(citizen, "born_on").fill("1990-03-27")
    await box(citizen, "born_in").select_option("86194")
    await go_on(citizen)
    await expect(box(citizen, "relation")).to_be_visible()
    await expect(box(citizen, "parents")).to_have_count(0)
    await go_on(citizen, "back")
    await citizen.get_by_label("Copie intégrale").check()
    await go_on(citizen)
    await citizen.get_by_label("Moi-même").check()
    await box(citizen, "parents").fill("Karim Benali et Lina Moreau")
    await box(citizen, "supporting_document").set_input_files(A_FILE)
    await expect(citizen.locator(".files")).to_contain_text("justificatif été.pdf")
    await go_on(citizen)
    await box(citizen, "first_name").fill("Amina")
    await box(citizen, "last_name").fill("Benali")
    await box(citizen, "email").fill("amina@exemple.fr")
    await box(citizen, "address.street").fill("12 rue de la Regratterie")
    await box(citizen, "address.postal_code").fill("86000")
    await box(citizen, "address.city").fill("Poitiers")
    await go_on(citizen)
    await expect(citizen.locator("main")).to_contain_text("27 mars 1990")


async def double_clicks_on_file(citizen: Page) -> str:
    """The reference that the receipt shows."""
    await citizen.get_by_role("button", name="Envoyer ma demande").dblclick()
    await expect(citizen.locator("h1")).to_have_text("Votre demande est bien arrivée")
    return (await citizen.locator(".reference").first.inner_text()).strip()


async def finds_the_mail(person: Page, subject: str, words: str) -> None:
    """In the development mailbox, which does not renew itself: looked at until the job has sent it."""
    received = await person.context.new_page()
    letter = received.locator(".letter", has_text=subject)
    for _ in range(100):
        await received.goto("/courriels")
        if await letter.count():
            break
        await received.wait_for_timeout(200)
    await expect(letter).to_have_count(1)
    await expect(letter).to_contain_text(words)
    await received.close()


async def opens_her_request(citizen: Page, reference: str) -> None:
    await citizen.goto("/mes-demandes")
    await citizen.locator(".mine li", has_text=reference).get_by_role("link").click()
    await is_live(citizen)


async def opens_the_queue(agent: Page, view: str) -> None:
    await agent.goto("/agent")
    await agent.get_by_role("navigation", name="Files de dossiers").get_by_role("link", name=view).click()
    await expect(agent.locator(".tabs [aria-current]")).to_contain_text(view)
    await is_live(agent)


async def takes(agent: Page, reference: str) -> None:
    await row(agent, reference).get_by_role("button", name="Prendre").click()
    await expect(row(agent, reference)).to_contain_text("Paul Martin")


async def opens(agent: Page, reference: str) -> None:
    """From its row."""
    await row(agent, reference).get_by_role("link", name="Acte de naissance").click()
    await is_live(agent)


async def writes(person: Page, label: str, words: str) -> None:
    """Types, as one does; nothing is sent."""
    await person.get_by_label(label).press_sequentially(words)


async def sends(person: Page, button: str) -> None:
    async with person.expect_navigation():
        await person.get_by_role("button", name=button).click()
    await is_live(person)


async def leaves_now(agent: Page, *, until: str, reason: str, substitute: str) -> None:
    """Declares an absence from this minute on."""
    await agent.get_by_role("link", name="Absences").click()
    await agent.locator("#du-demi").select_option(label="dès maintenant")
    await agent.get_by_label("Jusqu’au, inclus").fill(until)
    await agent.get_by_label("Motif").fill(reason)
    await agent.get_by_label("1. Collègue").select_option(label=substitute)
    await agent.get_by_role("button", name="Déclarer l’absence").click()
    await expect(agent.locator(".absence-list li")).to_contain_text("Formation")


async def opens_the_dashboards(director: Page) -> FrameLocator:
    await director.get_by_role("link", name="Tableaux de bord").click()
    figures = director.frame_locator("iframe")
    await expect(figures.get_by_role("heading", name="Vue d’ensemble")).to_be_visible(timeout=60_000)
    return figures


async def decides(agent: Page, outcome: str, reason: str) -> None:
    await agent.get_by_text("Décider").click()
    await agent.get_by_label(outcome).check()
    await agent.get_by_label("Motif, lu par l’usager").fill(reason)
    await agent.get_by_role("button", name="Rendre la décision").click()


async def expect_the_absence_to_be_over(manager: Page) -> None:
    """The relay's clock ends it within a second or two; the page of absences does not renew itself."""
    state = manager.locator(".absence-list li", has_text="Paul Martin").locator(".state")
    for _ in range(100):
        await manager.goto("/agent/absences")
        if await state.inner_text() == "Terminée":
            break
        await manager.wait_for_timeout(200)
    await expect(state).to_have_text("Terminée")


# -- what people see


def row(agent: Page, reference: str) -> Locator:
    """The row of this dossier in an open queue."""
    return agent.locator("tbody tr", has_text=reference)


def face(agent: Page, reference: str) -> Locator:
    """Who else has it open, on its row."""
    return row(agent, reference).locator(".face")


def timeline(person: Page) -> Locator:
    return person.locator(".timeline").last


def conversation(person: Page) -> Locator:
    return person.locator(".talk").last


async def sentences(person: Page) -> list[str]:
    """The steps of the timeline, without their times; what is still to come is none."""
    lines = await timeline(person).locator("li:not([data-next])").all()
    return [(await line.inner_text()).partition("\n")[2].strip() for line in lines]


def count_of(figures: FrameLocator, what: str) -> Locator:
    """One of the counts at the head of the overview."""
    return figures.locator(".numbers div", has_text=what).locator("dd")


async def fits_the_screen(person: Page, panel: Locator) -> bool:
    shown = await panel.bounding_box()
    assert shown is not None
    assert person.viewport_size is not None
    return shown["height"] <= person.viewport_size["height"]
