"""The studio's pages by their forms, without JavaScript: every kind of question, faults in place, conflicts, rights."""

from typing import Any

import httpx
import pytest
from sqlalchemy import text

from casework.forms.kinds import KINDS
from casework.procedures.drafting import new_field
from infra.cookies import session_cookie
from infra.database import transaction
from infra.i18n import translator
from tests.api.house import House
from web.studio.words import of

STUDIO = "/agent/studio"
BY_HAND = ("computed",)  # shown, kept, and written in the file of the procedure


async def browsing(house: House, who: str) -> httpx.AsyncClient:
    """A browser of this person, without scripts."""
    token = await house.token(getattr(house.community, who))
    client = httpx.AsyncClient(
        base_url=house.url, cookies={session_cookie(secure=False): token}, headers={"accept-language": "fr"}, timeout=30
    )
    return await house._stack.enter_async_context(client)


async def begun(house: House, client: httpx.AsyncClient, title: str = "Prêt de vélo", source: str = "") -> str:
    answer = await client.post(STUDIO, data={"title": title, "source": source})
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


async def draft(house: House, path: str) -> dict[str, Any]:
    found = await (await house.as_("lea")).get(f"/procedure-drafts/{path.rpartition('/')[2]}")
    return dict(found.json())


async def test_every_kind_of_question_is_added_shown_and_saved(house: House) -> None:
    lea = await browsing(house, "lea")
    path = await begun(house, lea)
    kinds = [kind for kind in KINDS if kind not in BY_HAND]
    assert set(kinds) == set(of(translator("fr")).kind)
    for number, kind in enumerate(kinds):
        asked = {"act": "add-field", "page": "demande", "new.label": f"Question {number} ?", "new.kind": kind}
        added = await lea.post(path, data=asked)
        assert added.status_code == 303
        shown = await lea.get(added.headers["location"])
        assert shown.status_code == 200, kind
        assert f"Question {number}" in shown.text
        element = added.headers["location"].partition("element=")[2]
        was = "{}"
        saved = await lea.post(
            path, data={"element": element, "act": "save", "was": was, "label.fr": f"Q{number}", "kind": kind}
        )
        assert saved.status_code == 303, saved.text
    assert (await lea.get(f"{path}/apercu?page=demande")).status_code == 200
    found = await draft(house, path)
    assert [each["label"]["fr"] for each in found["definition"]["form"]["pages"][0]["fields"]] == [
        f"Q{number}" for number in range(len(kinds))
    ]


async def test_a_fault_is_told_in_its_place_and_stops_nothing(house: House) -> None:
    lea = await browsing(house, "lea")
    path = await begun(house, lea)
    await lea.post(path, data={"act": "add-field", "page": "demande", "new.label": "Âge", "new.kind": "integer"})
    form = {"element": "field:age", "kind": "integer", "label.fr": "Âge", "min": "dix", "was": "{}"}
    assert (await lea.post(path, data=form)).status_code == 303
    page = await lea.get(f"{path}?element=field:age")
    assert "un nombre entier est attendu ici" in page.text
    assert 'value="dix"' in page.text
    publication = await lea.get(f"{path}/publication")
    assert "un nombre entier est attendu ici" in publication.text
    refused = await lea.post(f"{path}/publication", data={"seen": (await draft(house, path))["revision"]})
    assert refused.status_code == 409
    form["min"] = "10"
    await lea.post(path, data=form)
    done = await lea.post(f"{path}/publication", data={"seen": (await draft(house, path))["revision"]})
    assert done.status_code == 303
    assert "La démarche est publiée" in (await lea.get(done.headers["location"])).text
    assert (await lea.get("/demarches/pret-de-velo")).status_code == 200


async def test_a_late_change_of_the_same_thing_is_shown_beside_the_other_and_nothing_is_lost(house: House) -> None:
    lea, max_ = await browsing(house, "lea"), await browsing(house, "max")
    path = await begun(house, lea)
    await lea.post(path, data={"act": "add-field", "page": "demande", "new.label": "Âge", "new.kind": "integer"})
    seen = (await draft(house, path))["revision"]
    was = '{"kind": "integer", "label": {"fr": "Âge", "en": "Âge"}}'
    form = {"element": "field:age", "seen": str(seen), "was": was, "kind": "integer", "label.en": "Âge"}
    assert (await max_.post(path, data={**form, "label.fr": "Votre âge"})).status_code == 303
    late = await lea.post(path, data={**form, "label.fr": "Quel âge avez-vous"})
    assert late.status_code == 409
    assert "Max Royer a modifié la même chose entre-temps" in late.text
    assert "Votre âge" in late.text
    assert 'value="Quel âge avez-vous"' in late.text
    now = str((await draft(house, path))["revision"])
    assert (await lea.post(path, data={**form, "seen": now, "label.fr": "Quel âge avez-vous"})).status_code == 303
    await max_.post(path, data={"act": "remove:field:age", "seen": str(int(now) + 1)})
    gone = await lea.post(path, data={**form, "seen": str(int(now) + 1), "label.fr": "Ma phrase"})
    assert gone.status_code == 409
    assert "Ma phrase" in gone.text


async def test_questions_and_pages_move_are_copied_and_taken_out(house: House) -> None:
    lea = await browsing(house, "lea")
    path = await begun(house, lea)

    async def do(act: str, **more: str) -> list[list[str]]:
        answer = await lea.post(path, data={"act": act, **more})
        assert answer.status_code == 303, answer.text
        assert (await lea.get(answer.headers["location"])).status_code == 200
        return [
            [each["id"] for each in page["fields"]]
            for page in (await draft(house, path))["definition"]["form"]["pages"]
        ]

    for label in ("Un", "Deux"):
        await do("add-field", **{"page": "demande", "new.label": label, "new.kind": "text"})
    await do("add-page", **{"new.title": "Seconde page"})
    assert await do("down:field:un") == [["deux", "un"], []]
    assert await do("down:field:un") == [["deux"], ["un"]]
    assert await do("up:field:un") == [["deux", "un"], []]
    assert await do("copy:un") == [["deux", "un", "un_2"], []]
    assert await do("place", moved="field:un_2", page="seconde-page", before="") == [["deux", "un"], ["un_2"]]
    assert await do("up:page:seconde-page") == [["un_2"], ["deux", "un"]]
    assert await do("remove:field:un_2") == [[], ["deux", "un"]]
    assert await do("remove:page:seconde-page") == [["deux", "un"]]
    assert (await lea.post(f"{path}/annuler", data={})).status_code == 303
    assert len((await draft(house, path))["definition"]["form"]["pages"]) == 2
    await do("contacts")
    found = await draft(house, path)
    assert found["definition"]["applicant"] == {"name": ["first_name", "last_name"], "email": "email"}
    history = await lea.get(f"{path}/historique")
    assert "a annulé une modification" in history.text
    assert "a copié la question" in history.text
    for element in (
        "presentation",
        "suite",
        "conditions",
        "aiguillage",
        "messages",
        "page:demande",
        "nowhere:else",
        "field:",
    ):
        assert (await lea.get(f"{path}?element={element}")).status_code == 200


async def test_the_preview_follows_the_answers_and_keeps_nothing(house: House) -> None:
    lea = await browsing(house, "lea")
    path = await begun(house, lea, source="composteur")
    page = await lea.get(f"{path}/apercu?page=logement")
    assert "Taille du composteur" not in page.text
    assert page.headers["x-frame-options"] == "SAMEORIGIN"
    page = await lea.post(f"{path}/apercu?page=logement", data={"housing": "garden"})
    assert "Taille du composteur" in page.text
    assert (await draft(house, path))["revision"] == 1


async def test_beginning_asks_for_a_name_and_an_abandoned_draft_is_gone(house: House) -> None:
    lea = await browsing(house, "lea")
    empty = await lea.post(STUDIO, data={"title": " "})
    assert empty.status_code == 422
    assert "Répondez à cette question" in empty.text
    path = await begun(house, lea)
    assert path.rpartition("/")[2] in (await lea.get(STUDIO)).text
    stale = await lea.post(f"{path}/abandon", data={"seen": "7"})
    assert stale.headers["location"] == path
    assert (await lea.post(f"{path}/abandon", data={"seen": "1"})).headers["location"] == STUDIO
    assert (await lea.get(path)).status_code == 404
    assert (await lea.post(path, data={"act": "contacts"})).status_code == 404
    revised = await lea.post(f"{STUDIO}/acte-de-naissance/brouillon")
    assert (await lea.get(revised.headers["location"])).status_code == 200


@pytest.mark.parametrize(("who", "status"), [("amina", 403), ("paul", 403), ("nora", 404)])
async def test_the_pages_are_the_designers_of_the_directorate(house: House, who: str, status: int) -> None:
    path = await begun(house, await browsing(house, "lea"))
    other = await browsing(house, who)
    pages = [path, f"{path}/historique", f"{path}/apercu", f"{path}/publication"]
    assert [(await other.get(page)).status_code for page in pages] == [status] * len(pages)
    acts = [path, f"{path}/annuler", f"{path}/publication", f"{path}/accord", f"{path}/abandon", f"{path}/brouillon"]
    assert [(await other.post(act, data={"act": "contacts", "seen": "1"})).status_code for act in acts] == [
        status
    ] * len(acts)
    assert (await draft(house, path))["revision"] == 1


async def test_a_procedure_is_tried_and_the_trial_kept_as_a_scenario(house: House) -> None:
    lea = await browsing(house, "lea")
    path = await begun(house, lea, source="composteur")
    empty = await lea.get(f"{path}/essayer")
    assert "Taille du composteur" not in empty.text
    assert "réponses sont à corriger" in empty.text
    answers = {"housing": "garden", "size": "small", "trained": "true", "collect_at": "lusignan"}
    tried = await lea.post(f"{path}/essayer", data={**answers, "act": "judge"})
    assert "Taille du composteur" in tried.text
    assert "Répondez à cette question" in tried.text
    unnamed = await lea.post(f"{path}/essayer", data={**answers, "act": "keep"})
    assert unnamed.status_code == 422
    kept = await lea.post(f"{path}/essayer", data={**answers, "act": "keep", "name": "Maison avec jardin"})
    assert kept.status_code == 200
    assert "est gardé" in kept.text
    again = await lea.post(f"{path}/essayer", data={**answers, "act": "keep", "name": "Maison avec jardin"})
    assert again.status_code == 422
    found = await draft(house, path)
    scenario = found["definition"]["scenarios"][-1]
    assert scenario["answers"]["size"] == "small"
    assert "homes" in scenario["expect"]["hidden"]
    assert [each for each in found["faults"] if "scenario" in each["path"]] == []


async def test_a_scenario_that_does_not_hold_stops_the_publication_and_says_why(house: House) -> None:
    lea = await browsing(house, "lea")
    path = await begun(house, lea)
    await lea.post(path, data={"act": "add-field", "page": "demande", "new.label": "Nom", "new.kind": "text"})
    await lea.post(f"{path}/essayer", data={"nom": "Benali", "act": "keep", "name": "Un nom"})
    page = await lea.get(f"{path}/publication")
    assert "Tout se passe comme prévu" in page.text
    was = '{"kind": "text", "label": {"fr": "Nom", "en": "Nom"}}'
    form = {"element": "field:nom", "was": was, "kind": "text", "label.fr": "Nom", "label.en": "Nom"}
    hidden = {"visible_if.join": "all", "visible_if.0.name": "profile.signed_in"}
    assert (await lea.post(path, data={**form, **hidden})).status_code == 303
    page = await lea.get(f"{path}/publication")
    assert "devrait être affiché" in page.text
    refused = await lea.post(f"{path}/publication", data={"seen": (await draft(house, path))["revision"]})
    assert refused.status_code == 409
    assert (await draft(house, path))["published"] is None


async def test_where_the_directorate_wants_it_a_colleague_reads_first(house: House) -> None:
    async with transaction(house.engine) as db:
        await db.execute(text("update directorates set review = true where slug = 'usagers'"))
    lea, max_ = await browsing(house, "lea"), await browsing(house, "max")
    path = await begun(house, lea)
    await lea.post(path, data={"act": "add-field", "page": "demande", "new.label": "Nom", "new.kind": "text"})
    seen = {"seen": str((await draft(house, path))["revision"])}
    refused = await lea.post(f"{path}/publication", data=seen)
    assert refused.status_code == 409
    assert "une autre personne relise" in refused.text
    assert (await max_.post(f"{path}/accord", data={"seen": "1"})).status_code == 409
    assert (await max_.post(f"{path}/accord", data=seen)).status_code == 303
    assert "Relue par Max Royer" in (await lea.get(f"{path}/publication")).text
    assert (await lea.post(f"{path}/publication", data=seen)).status_code == 303


async def test_what_is_written_by_hand_is_shown_and_kept(house: House) -> None:
    lea = await browsing(house, "lea")
    path = await begun(house, lea)
    client = await house.as_("lea")
    for seen, kind in enumerate(BY_HAND, start=1):
        field = new_field({}, f"Question {kind}", kind)
        added = {"edit": {"edit": "add_field", "page": "demande", "field": field}}
        slug = path.rpartition("/")[2]
        done = await client.post(f"/procedure-drafts/{slug}/edits", json=added, headers={"if-match": f'"{seen}"'})
        assert done.json()["faults"] == [], done.text
        element = f"field:{field['id']}"
        assert (await lea.get(f"{path}?element={element}")).status_code == 200
        form = {"element": element, "was": "{}", "kind": kind, "label.fr": f"Autre {kind}", "seen": str(seen + 1)}
        assert (await lea.post(path, data=form)).status_code == 303
    fields = (await draft(house, path))["definition"]["form"]["pages"][0]["fields"]
    assert fields[0]["value"] == 0


async def test_questions_are_asked_as_often_as_there_are_children(house: House) -> None:
    lea = await browsing(house, "lea")
    path = await begun(house, lea)
    asked = {"act": "add-field", "page": "demande", "new.label": "Enfants", "new.kind": "block"}
    await lea.post(path, data=asked)
    shown = await lea.get(f"{path}?element=field:enfants")
    assert "Nouvelle question dans ce bloc" in shown.text
    for label in ("Prénom", "Cantine"):
        await lea.post(path, data={**asked, "page": "block:enfants", "new.label": label, "new.kind": "text"})
    await lea.post(path, data={"act": "remove:field:precision"})
    await lea.post(path, data={"act": "up:field:cantine", "element": "field:cantine"})
    form = {"element": "field:cantine", "was": "{}", "kind": "text", "label.fr": "Cantine", "required": "always"}
    assert (await lea.post(path, data={**form, "required_if.join": "all"})).status_code == 303
    form = {
        "element": "field:enfants",
        "was": "{}",
        "kind": "block",
        "label.fr": "Enfants",
        "row.fr": "Enfant",
        "most": "3",
    }
    assert (await lea.post(path, data=form)).status_code == 303
    assert (await lea.get(f"{path}?element=field:prenom")).status_code == 200
    found = await draft(house, path)
    assert found["faults"] == []
    block = found["definition"]["form"]["pages"][0]["fields"][0]
    assert [each["id"] for each in block["fields"]] == ["cantine", "prenom"]
    assert block["fields"][0]["required"] is True
    assert (block["row"]["fr"], block["most"]) == ("Enfant", 3)
    for page in (f"{path}/apercu", f"{path}/essayer"):
        assert "Prénom" in (await lea.get(page)).text
        more = await lea.post(page, data={"enfants.rows": "1", "act": "add:enfants"})
        assert more.text.count("Cantine") == 2


async def test_a_new_version_says_what_changes_for_whom_and_open_requests_follow_when_asked(house: House) -> None:
    lea, amina = await browsing(house, "lea"), await house.as_("amina")
    path = await begun(house, lea)
    slug = path.rpartition("/")[2]
    await lea.post(path, data={"act": "add-field", "page": "demande", "new.label": "Nom", "new.kind": "text"})
    seen = str((await draft(house, path))["revision"])
    assert (await lea.post(f"{path}/publication", data={"seen": seen})).status_code == 303
    filed = await amina.post("/dossiers", json={"procedure": slug, "answers": {"nom": "Benali"}})
    assert filed.status_code == 201, filed.text

    await lea.post(path, data={"act": "add-field", "page": "demande", "new.label": "Quartier", "new.kind": "text"})
    form = {"element": "field:quartier", "was": "{}", "kind": "text", "label.fr": "Quartier", "required": "always"}
    await lea.post(path, data={**form, "required_if.join": "all"})
    page = await lea.get(f"{path}/publication")
    assert "Ce qui change depuis la version en ligne" in page.text
    assert "Quartier" in page.text
    assert "une réponse sera demandée à la personne" in page.text
    seen = str((await draft(house, path))["revision"])
    assert (await lea.post(f"{path}/publication", data={"seen": seen})).status_code == 303
    page = await lea.get(f"{path}/publication")
    assert "1 demande en cours est liée" in page.text
    moved = await lea.post(f"{path}/demandes", data={"seen": "2"})
    assert moved.status_code == 303
    assert "est liée" not in (await lea.get(f"{path}/publication")).text
    assert await house.count("select revision from dossiers where id = :id", id=filed.json()["id"]) == 2

    assert (await lea.post(f"{path}/retour", data={"seen": "1"})).status_code == 409
    assert (await lea.post(f"{path}/retour", data={"seen": "2"})).status_code == 303
    shown = await amina.get(f"/procedures/{slug}")
    assert [each["id"] for each in shown.json()["form"]["pages"][0]["fields"]] == ["nom"]
    # Nobody wrote in the draft since: it begins again as what is in force.
    await lea.post(f"{path}/brouillon")
    found = await draft(house, path)
    assert (found["base"], found["changed"]) == (3, False)
    assert [each["id"] for each in found["definition"]["form"]["pages"][0]["fields"]] == ["nom"]


async def test_a_mail_that_leaves_by_itself_is_written_in_the_studio(house: House) -> None:
    lea = await browsing(house, "lea")
    path = await begun(house, lea)
    await lea.post(path, data={"act": "add-field", "page": "demande", "new.label": "Nom", "new.kind": "text"})
    assert (await lea.post(path, data={"element": "messages", "was": "{}", "mail.0.on": "accepted"})).status_code == 303
    page = await lea.get(f"{path}?element=messages")
    assert "Votre demande {{ reference }}" in page.text
    found = await draft(house, path)
    assert found["faults"] == []
    assert found["definition"]["process"]["automatic"][0]["on"] == "accepted"
