"""A procedure with a process, for tests: two steps of examination, and an agent's actions between them."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from casework.authority import SYSTEM
from casework.procedures.actions import Listing, publish
from casework.procedures.catalogue import SHIPPED
from casework.procedures.package import load_yaml
from tests.people import Community, Neighbours

ENGLISH = {
    "Arrivée": "Arrival", "Examen": "Examination", "Visite": "Visit", "Prévoir une visite": "Plan a visit",
    "Visite faite": "Visit done", "Vérifier l’assurance": "Check the insurance",
}  # fmt: skip


def wording(text: str) -> dict[str, str]:
    """A title in both languages; other texts, which no test of words reads, are the same in both."""
    return {"fr": text, "en": ENGLISH.get(text, text)}


STEPS = [
    {"id": "arrival", "state": "submitted", "title": wording("Arrivée")},
    {"id": "examination", "state": "under_review", "title": wording("Examen")},
    {"id": "visit", "state": "under_review", "title": wording("Visite")},
]
ACTIONS = [
    {"id": "plan_visit", "title": wording("Prévoir une visite"), "from": ["examination"], "to": "visit"},
    {"id": "visited", "title": wording("Visite faite"), "from": ["visit"], "to": "examination",
     "by": ["manager", "holder"]},
]  # fmt: skip
PROCESS: dict[str, Any] = {"steps": STEPS, "actions": ACTIONS}
# What happens at once when a request is filed, one thing each: for tests of the clock.
HELLO = {
    "id": "hello",
    "on": "submitted",
    "do": {"mail": {"subject": wording("Dossier {{ reference }}"), "body": wording("Bonjour {{applicant}}.")}},
}
TO_DO = {"id": "to_do", "on": "submitted", "do": {"task": {"title": wording("Vérifier l’assurance")}}}
FORWARD = {"id": "forward", "on": "arrival", "do": {"go_to": "examination"}}
CLOSED = {
    "id": "closed",
    "on": "submitted",
    "do": {"close": "refused", "reason": wording("Trop tard, {{ first_name }}.")},
}


def definition(process: dict[str, Any] | None = None, **head: Any) -> dict[str, Any]:
    """A package of the catalogue with this process; `head`: other keys of it."""
    document: dict[str, Any] = load_yaml((SHIPPED / "acte-de-naissance.yaml").read_text("utf-8"))
    return {**document, "process": PROCESS if process is None else process, **head}


async def publish_process(
    db: AsyncConnection, community: Community, process: dict[str, Any] | None = None, **head: Any
) -> Neighbours:
    """Publish it for Paul's and Ines's service, in the caller's transaction: what `community.file(at=…)` takes."""
    listing = Listing("Visite", "Visit", "etat-civil", internal=False, target_days=10)
    made = await publish(
        db, "visite", definition=definition(process, slug="visite", **head), listing=listing,
        service_id=community.etat_civil, by=SYSTEM,
    )  # fmt: skip
    assert made is not None
    return Neighbours(community.etat_civil, made.subject_id, (community.paul, community.ines))
