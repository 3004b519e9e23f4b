"""Every page of the desk, in both languages, as axe sees it; on a phone it has no sideways scroll."""

from collections.abc import Mapping

import pytest

from infra.database import transaction
from tests.api.house import act, in_days
from tests.processes import HELLO, PROCESS, publish_process
from tests.web.desk import Office, violations


async def _pages(office: Office) -> Mapping[str, tuple[str, str]]:
    """Name → who opens which address. Paul is away; Ines took one of his dossiers over, one waits."""
    held, _ = await office.house.held("paul")
    taken, _ = await office.house.held("paul")
    free = await office.house.filed()
    async with transaction(office.house.engine) as db:
        at = await publish_process(db, office.house.community, {**PROCESS, "automatic": [HELLO]})
        stepped = str((await office.house.community.file(db, at=at)).subject_id)
    paul, ines = await office.house.as_("paul"), await office.house.as_("ines")
    body = {"until": {"date": in_days(3), "half": "am"}, "reason": "Formation"}
    absence = (await paul.post("/absences", json=body)).json()["id"]
    for act_, seen in (("claim", 1), ("start-review", 2)):
        await act(ines, stepped, act_, seen)
    await office.tick()
    version = (await ines.get(f"/dossiers/{taken}")).json()["version"]
    done = await ines.post(f"/dossiers/{taken}/take-over", json={}, headers={"if-match": f'"{version}"'})
    assert done.status_code == 200, done.text
    return {
        "queue": ("ines", "/agent/files/service"),
        "mine": ("ines", "/agent/files/mine"),
        "to-take-over": ("ines", "/agent/files/to-take-over"),
        "late": ("ines", "/agent/files/late"),
        "free": ("ines", f"/agent/dossiers/{free}"),
        "brief": ("ines", f"/agent/dossiers/{held}"),
        "taken": ("ines", f"/agent/dossiers/{taken}"),
        "stepped": ("ines", f"/agent/dossiers/{stepped}"),
        "step of a request": ("amina", f"/dossiers/{stepped}"),
        "absences": ("claire", "/agent/absences"),
        "returned": ("paul", f"/agent/absences/{absence}/bilan"),
        "dashboards": ("hugo", "/agent/tableaux-de-bord"),
    }


@pytest.mark.timeout(240)
@pytest.mark.parametrize("locale", ["fr-FR", "en-GB"])
async def test_no_page_of_the_desk_has_a_fault_that_axe_knows(office: Office, locale: str) -> None:
    found = {}
    for name, (who, path) in (await _pages(office)).items():
        page = await office.open(who, path, locale=locale)
        for opener in await page.locator("details > summary").all():
            await opener.click()
        found[name] = await violations(page)
        await page.context.close()
    assert not any(found.values()), found


@pytest.mark.timeout(240)
async def test_no_page_scrolls_sideways_on_a_phone(office: Office) -> None:
    wide = {}
    for name, (who, path) in (await _pages(office)).items():
        page = await office.open(who, path, width=390)
        wide[name] = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
        await page.context.close()
    assert not [name for name, over in wide.items() if over > 0], wide
