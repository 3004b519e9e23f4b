"""Filling a form of the portal in, as a person does: by label and box, page after page."""

import base64
from collections.abc import Mapping
from typing import Any

from playwright.async_api import FilePayload, Page, expect

PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
PNG = base64.b64decode(
    b"iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
A_FILE: FilePayload = {"name": "justificatif été.pdf", "mimeType": "application/pdf", "buffer": PDF}


def box(page: Page, id_: str) -> Any:
    """The box of a question, or of a part of one (`address.street`)."""
    return page.locator(f'[id="{id_}"]')


async def answer(page: Page, field: Mapping[str, Any], value: Any) -> None:
    """Answer one question. `value` as the API takes it; for an attachment anything: a PDF is chosen."""
    id_, kind = field["id"], field["kind"]
    match kind:
        case "choice" | "yes_no":
            wanted = {True: "true", False: "false"}.get(value, value) if kind == "yes_no" else value
            await page.locator(f'input[name="{id_}"][value="{wanted}"]').check()
        case "choices":
            for each in value:
                await page.locator(f'input[name="{id_}"][value="{each}"]').check()
        case "address":
            for part, typed in value.items():
                if part == "citycode":
                    await box(page, f"{id_}.{part}").select_option(typed)
                else:
                    await box(page, f"{id_}.{part}").fill(typed)
        case "commune":
            await box(page, id_).select_option(value)
        case "country":
            await box(page, id_).select_option(value)
        case "linked_choice":
            await box(page, id_).select_option(f"{value['first']} {value['second']}")
        case "attachment":
            await box(page, id_).set_input_files(A_FILE)
        case _:
            await box(page, id_).fill(str(value))


async def go_on(page: Page, act: str = "next") -> None:
    """Press the button of the step."""
    async with page.expect_navigation():
        await page.locator(f'button[value="{act}"]').click()


async def fill(page: Page, form: Mapping[str, Any], answers: Mapping[str, Any]) -> None:
    """Every page of the form with these answers, up to the page where they are checked."""
    while not await page.locator('button[value="file"]').count():
        here = await page.locator('input[name="page"]').input_value()
        fields = next(each for each in form["pages"] if each["id"] == here)["fields"]
        for field in fields:
            if field["id"] in answers:
                await answer(page, field, answers[field["id"]])
        await go_on(page)
        told = page.locator("#erreurs")
        assert not await told.count(), await told.inner_text()


async def filed(page: Page) -> str:
    """Send the request; its reference, as the receipt shows it."""
    await go_on(page, "file")
    await expect(page.locator("h1")).to_have_text("Votre demande est bien arrivée")
    return (await page.locator(".reference").first.inner_text()).strip()
