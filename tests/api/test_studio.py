"""The studio by its door: two designers on one draft, conflicts that lose nothing, undoing, and who may do what."""

import asyncio
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from infra.database import transaction
from tests.api.house import House

DRAFTS = "/procedure-drafts"
LABEL = {"fr": "Où habitez-vous ?", "en": "Where do you live?"}


async def begun(house: House, title: str = "Prêt de vélo", who: str = "lea", **more: Any) -> dict[str, Any]:
    answer = await (await house.as_(who)).post(DRAFTS, json={"title": title, **more})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def edit(client: httpx.AsyncClient, slug: str, seen: int, **edit: Any) -> httpx.Response:
    return await client.post(f"{DRAFTS}/{slug}/edits", json={"edit": edit}, headers={"if-match": f'"{seen}"'})


async def edited(client: httpx.AsyncClient, slug: str, seen: int, **asked: Any) -> dict[str, Any]:
    answer = await edit(client, slug, seen, **asked)
    assert answer.status_code == 200, answer.text
    assert answer.headers["etag"] == f'"{answer.json()["revision"]}"'
    return dict(answer.json())


def question(id_: str = "home", label: str = "Où ?") -> dict[str, Any]:
    return {"id": id_, "kind": "text", "label": {"fr": label, "en": label}}


def label_of(draft: dict[str, Any], field: str) -> str:
    every = (each for page in draft["definition"]["form"]["pages"] for each in page["fields"])
    return str(next(each["label"]["fr"] for each in every if each["id"] == field))


async def test_a_procedure_is_written_and_published_and_a_citizen_files_it(house: House) -> None:
    lea, amina = await house.as_("lea"), await house.as_("amina")
    draft = await begun(house)
    assert draft["slug"] == "pret-de-velo"
    assert [each["element"] for each in draft["faults"]] == ["page:demande"]
    assert all(each["sentence"] for each in draft["faults"])
    draft = await edited(lea, draft["slug"], 1, edit="add_field", page="demande", field=question())
    assert draft["faults"] == []
    refused = await lea.post(f"{DRAFTS}/pret-de-velo/publish", json={}, headers={"if-match": '"1"'})
    assert refused.json()["code"] == "stale"
    done = await lea.post(f"{DRAFTS}/pret-de-velo/publish", json={}, headers={"if-match": '"2"'})
    assert done.json() == {"slug": "pret-de-velo", "revision": 1, "published": True}
    filed = await amina.post("/dossiers", json={"procedure": "pret-de-velo", "answers": {"home": "Ici"}})
    assert filed.status_code == 201, filed.text
    listed = {each["slug"]: each for each in (await lea.get(DRAFTS)).json()["items"]}
    assert listed["pret-de-velo"]["state"] == "published"
    assert listed["pret-de-velo"]["open"] == 1
    assert "eclairage-public" not in listed, "another directorate's"
    again = await lea.post(f"{DRAFTS}/pret-de-velo/publish", json={}, headers={"if-match": '"2"'})
    assert again.json() == {"slug": "pret-de-velo", "revision": 1, "published": False}


async def test_what_does_not_hold_is_kept_and_not_published(house: House) -> None:
    lea = await house.as_("lea")
    draft = await begun(house)
    await edited(lea, draft["slug"], 1, edit="change_head", set={"theme": "nulle-part", "target_days": 0})
    refused = await lea.post(f"{DRAFTS}/{draft['slug']}/publish", json={}, headers={"if-match": '"2"'})
    assert refused.json()["code"] == "not_publishable"
    assert {each["field"] for each in refused.json()["faults"]} == {"target_days", "form.pages[0].fields"}


async def test_two_designers_change_different_things_at_once(house: House) -> None:
    lea, max_ = await house.as_("lea"), await house.as_("max")
    slug = (await begun(house))["slug"]
    seen = (await edited(lea, slug, 1, edit="add_field", page="demande", field=question("a")))["revision"]
    edits = [
        (lea, {"edit": "change_field", "field": "a", "set": {"label": LABEL}}),
        (max_, {"edit": "change_field", "field": "a", "set": {"required": True}}),
        (lea, {"edit": "change_head", "set": {"target_days": 20}}),
        (max_, {"edit": "add_field", "page": "demande", "field": question("b")}),
    ]
    answers = await asyncio.gather(*(edit(client, slug, seen, **asked) for client, asked in edits))
    assert [each.status_code for each in answers] == [200] * 4, [each.text for each in answers]
    found = (await lea.get(f"{DRAFTS}/{slug}")).json()
    fields = found["definition"]["form"]["pages"][0]["fields"]
    assert {each["id"]: each.get("required") for each in fields} == {"a": True, "b": None}
    assert label_of(found, "a") == LABEL["fr"]
    assert found["definition"]["target_days"] == 20
    assert found["revision"] == seen + 4


async def test_two_designers_change_the_same_thing_and_the_later_one_is_told(house: House) -> None:
    lea, max_ = await house.as_("lea"), await house.as_("max")
    slug = (await begun(house))["slug"]
    await edited(lea, slug, 1, edit="add_field", page="demande", field=question("a"))
    await edited(max_, slug, 2, edit="change_field", field="a", set={"label": LABEL})
    late = await edit(lea, slug, 2, edit="change_field", field="a", set={"label": {"fr": "Non", "en": "No"}})
    assert late.status_code == 412
    assert late.json()["code"] == "edit_conflict"
    assert late.json()["held_by"]["name"] == "Max Royer"
    assert late.json()["version"] == 3
    assert [each["field"] for each in late.json()["faults"]] == ["field:a.label"]
    gone = await edited(max_, slug, 3, edit="remove_field", field="a")
    late = await edit(lea, slug, 3, edit="change_field", field="a", set={"required": True})
    assert late.json()["code"] == "edit_conflict"
    late = await edit(lea, slug, gone["revision"], edit="change_field", field="a", set={"required": True})
    assert (late.status_code, late.json()["faults"][0]["code"]) == (422, "no_such_element")


async def test_one_takes_back_ones_own_changes_under_other_peoples(house: House) -> None:
    lea, max_ = await house.as_("lea"), await house.as_("max")
    slug = (await begun(house))["slug"]
    await edited(lea, slug, 1, edit="add_field", page="demande", field=question("a"))
    await edited(lea, slug, 2, edit="change_field", field="a", set={"label": LABEL})
    await edited(max_, slug, 3, edit="add_field", page="demande", field=question("b"))
    undone = await lea.post(f"{DRAFTS}/{slug}/undo", json={})
    assert label_of(undone.json(), "a") == "Où ?"
    assert label_of(undone.json(), "b") == "Où ?"
    undone = await lea.post(f"{DRAFTS}/{slug}/undo", json={})
    assert [each["id"] for each in undone.json()["definition"]["form"]["pages"][0]["fields"]] == ["b"]
    assert (await lea.post(f"{DRAFTS}/{slug}/undo", json={})).json()["code"] == "nothing_to_undo"
    listed = (await max_.get(f"{DRAFTS}/{slug}/changes")).json()["items"]
    assert [(each["code"], each["actor"]["name"], each["undone"]) for each in listed] == [
        ("undo", "Lea Fontaine", False),
        ("undo", "Lea Fontaine", False),
        ("add_field", "Max Royer", False),
        ("change_field", "Lea Fontaine", True),
        ("add_field", "Lea Fontaine", True),
    ]
    assert listed[3]["keys"] == ["label"]


async def test_nothing_is_taken_back_over_a_later_change_of_the_same_thing(house: House) -> None:
    lea, max_ = await house.as_("lea"), await house.as_("max")
    slug = (await begun(house))["slug"]
    await edited(lea, slug, 1, edit="change_head", set={"target_days": 20})
    await edited(max_, slug, 2, edit="change_head", set={"target_days": 30})
    refused = await lea.post(f"{DRAFTS}/{slug}/undo", json={})
    assert refused.json()["code"] == "edit_conflict"
    await max_.post(f"{DRAFTS}/{slug}/undo", json={})
    assert (await lea.post(f"{DRAFTS}/{slug}/undo", json={})).json()["definition"]["target_days"] == 15


async def test_only_the_last_two_hundred_changes_are_remembered(house: House) -> None:
    lea = await house.as_("lea")
    slug = (await begun(house))["slug"]
    for number in range(203):
        await edited(lea, slug, number + 1, edit="change_head", set={"target_days": 1 + number % 9})
    assert len((await lea.get(f"{DRAFTS}/{slug}/changes")).json()["items"]) == 200
    late = await edit(lea, slug, 3, edit="change_head", set={"theme": "eau"})
    assert late.json()["code"] == "stale"
    assert (await edit(lea, slug, 999, edit="change_head", set={"theme": "eau"})).json()["code"] == "stale"


async def test_a_published_procedure_is_revised_and_a_copy_leaves_it_as_it_is(house: House) -> None:
    lea = await house.as_("lea")
    slug = "acte-de-naissance"
    # The settled one belongs to Lea's directorate; the catalogue's own is published over it, as a second revision.
    draft = (await lea.post(f"{DRAFTS}/{slug}/revise", json={})).json()
    assert draft["base"] == draft["published"]
    assert not draft["changed"]
    assert (await lea.post(f"{DRAFTS}/{slug}/undo", json={})).json()["code"] == "nothing_to_undo"
    again = (await lea.post(f"{DRAFTS}/{slug}/revise", json={})).json()
    assert again["revision"] == draft["revision"]
    copy = await begun(house, "Acte de reconnaissance", source=slug)
    assert copy["definition"]["form"] == draft["definition"]["form"]
    assert copy["published"] is None
    other = await begun(house, "Panne d’éclairage", source="eclairage-public")
    assert other["definition"]["directorate"] == "usagers"
    thrown = await lea.delete(f"{DRAFTS}/{slug}", headers={"if-match": f'"{draft["revision"]}"'})
    assert thrown.status_code == 204
    assert (await lea.get(f"{DRAFTS}/{slug}")).status_code == 404
    assert (await lea.get(f"/procedures/{slug}")).status_code == 200


async def test_where_the_directorate_wants_it_another_designer_agrees(house: House) -> None:
    lea, max_ = await house.as_("lea"), await house.as_("max")
    async with transaction(house.engine) as db:
        await db.execute(text("update directorates set review = true where slug = 'usagers'"))
    slug = (await begun(house))["slug"]
    await edited(lea, slug, 1, edit="add_field", page="demande", field=question())
    seen = {"if-match": '"2"'}
    assert (await lea.post(f"{DRAFTS}/{slug}/publish", json={}, headers=seen)).json()["code"] == "needs_approval"
    await lea.post(f"{DRAFTS}/{slug}/approve", json={}, headers=seen)
    assert (await lea.post(f"{DRAFTS}/{slug}/publish", json={}, headers=seen)).json()["code"] == "needs_approval"
    agreed = await max_.post(f"{DRAFTS}/{slug}/approve", json={}, headers=seen)
    assert agreed.json()["approved_by"]["name"] == "Max Royer"
    changed = await edited(lea, slug, 2, edit="change_head", set={"target_days": 3})
    assert changed["approved_by"] is None
    seen = {"if-match": '"3"'}
    assert (await lea.post(f"{DRAFTS}/{slug}/publish", json={}, headers=seen)).json()["code"] == "needs_approval"
    await max_.post(f"{DRAFTS}/{slug}/approve", json={}, headers=seen)
    assert (await lea.post(f"{DRAFTS}/{slug}/publish", json={}, headers=seen)).json()["published"]


@pytest.mark.parametrize(
    ("who", "status"), [("nobody", 401), ("amina", 403), ("paul", 403), ("hugo", 403), ("nora", 404)]
)
async def test_nobody_else_reads_or_writes_a_draft(house: House, who: str, status: int) -> None:
    slug = (await begun(house))["slug"]
    client = await house.anonymous() if who == "nobody" else await house.as_(who)
    seen = {"if-match": '"1"'}
    change = {"edit": {"edit": "change_head", "set": {"target_days": 3}}}
    answers = [
        await client.get(f"{DRAFTS}/{slug}"),
        await client.get(f"{DRAFTS}/{slug}/changes"),
        await client.post(f"{DRAFTS}/{slug}/revise", json={}),
        await client.post(f"{DRAFTS}/{slug}/edits", json=change, headers=seen),
        await client.post(f"{DRAFTS}/{slug}/undo", json={}),
        await client.post(f"{DRAFTS}/{slug}/approve", json={}, headers=seen),
        await client.post(f"{DRAFTS}/{slug}/publish", json={}, headers=seen),
        await client.delete(f"{DRAFTS}/{slug}", headers=seen),
    ]
    assert [each.status_code for each in answers] == [status] * len(answers)
    found = (await (await house.as_("lea")).get(f"{DRAFTS}/{slug}")).json()
    assert (found["revision"], found["published"]) == (1, None)


@pytest.mark.parametrize(
    "body",
    [
        {"edit": {"edit": "publish"}},
        {"edit": {"edit": "change_field", "field": "a"}},
        {"edit": {"edit": "add_field", "page": "demande", "field": "a"}},
        {"edit": {}},
        {},
    ],
)
async def test_an_edit_that_is_none_is_refused(house: House, body: dict[str, Any]) -> None:
    slug = (await begun(house))["slug"]
    answer = await (await house.as_("lea")).post(f"{DRAFTS}/{slug}/edits", json=body, headers={"if-match": '"1"'})
    assert (answer.status_code, answer.json()["code"]) == (422, "wrong_shape")
    empty = await (await house.as_("lea")).post(DRAFTS, json={"title": "  "})
    assert (empty.status_code, empty.json()["code"]) == (422, "invalid")
