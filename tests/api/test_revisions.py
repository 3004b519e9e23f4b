"""A procedure changes while requests are open: what a dry run says is what moving does, and going back loses nothing."""

import copy
from collections import OrderedDict
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from jsonschema_rs import Draft202012Validator
from sqlalchemy import text

from casework.authority import SYSTEM
from casework.dossiers import behind
from casework.procedures import catalogue, packages
from casework.procedures.actions import Listing, publish
from casework.procedures.package import read
from cli import procedure as command
from infra.database import transaction
from infra.settings import Failed
from tests.api.house import BIRTH, House, act
from tests.cli.test_procedure import HOSTILE

_NUMBERS = count(1)


@pytest.fixture(autouse=True)
def _own_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Databases of tests are copies: the same procedure and revision is another package in each."""
    monkeypatch.setattr(packages, "_packages", OrderedDict())
    monkeypatch.setattr(packages, "_processes", OrderedDict())


def words(fr: str) -> dict[str, str]:
    return {"fr": fr, "en": f"{fr} (en)"}


def field(id_: str, kind: str = "text", **more: Any) -> dict[str, Any]:
    return {"id": id_, "kind": kind, "label": words(id_), **more}


def choice(id_: str, *values: str, **more: Any) -> dict[str, Any]:
    return field(id_, "choice", choices=[{"value": each, "label": words(each)} for each in values], **more)


FIELDS = [field("a"), field("b", "integer"), choice("c", "un", "deux"), field("d", "yes_no")]


def definition(slug: str, fields: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """A package of Paul's service that asks this."""
    base = catalogue.load().packages[BIRTH].definition
    head = {key: base[key] for key in ("theme", "channels", "target_days", "silence", "receipt", "title", "summary")}
    page = {"id": "demande", "title": words("Demande"), "fields": fields}
    place = {"directorate": "usagers", "service": "etat-civil"}
    return {"slug": slug, **head, **place, "form": {"pages": [page]}, **more}


async def published(house: House, slug: str, asked: dict[str, Any]) -> None:
    read(asked)
    listing = Listing(slug, slug, "papiers", internal=False, target_days=10)
    async with transaction(house.engine) as db:
        at = house.community.etat_civil
        assert await publish(db, slug, definition=asked, listing=listing, service_id=at, by=SYSTEM)


async def filed(house: House, slug: str, answers: dict[str, Any]) -> str:
    answer = await (await house.as_("amina")).post("/dossiers", json={"procedure": slug, "answers": answers})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def dry(house: House, slug: str, **asked: Any) -> list[dict[str, Any]]:
    """What a dry run says, of all chunks."""
    return await chunks(house, f"/procedures/{slug}/dry-run", asked, {})


async def moved(house: House, slug: str, revision: int) -> list[dict[str, Any]]:
    return await chunks(house, f"/procedures/{slug}/move", {}, {"if-match": f'"{revision}"'})


async def chunks(house: House, path: str, asked: dict[str, Any], headers: dict[str, str]) -> list[dict[str, Any]]:
    lea, items, after = await house.as_("lea"), [], None
    while True:
        answer = await lea.post(path, json={**asked, "after": after}, headers=headers)
        assert answer.status_code == 200, answer.text
        items += answer.json()["items"]
        after = answer.json()["next"]
        if after is None:
            return items


async def state_of(house: House, id_: str) -> dict[str, Any]:
    statement = """
        select d.revision, d.step, s.slug as service, d.version,
               (select body from contents c where c.dossier_id = d.id and c.kind = 'answers') as answers,
               (select array_agg(kind order by version) from journal where subject_id = d.id) as facts
        from dossiers d join services s on s.id = d.service_id where d.id = :id
    """
    async with house.engine.connect() as db:
        return dict((await db.execute(text(statement), {"id": id_})).one()._mapping)


NEW_FIELDS: dict[str, list[dict[str, Any]]] = {
    "nothing": FIELDS,
    "one goes": FIELDS[1:],
    "one is another kind": [FIELDS[0], field("b"), *FIELDS[2:]],
    "one is asked of all": [*FIELDS, field("e", required=True)],
    "one becomes required": [FIELDS[0] | {"required": True}, *FIELDS[1:]],
    "a choice goes": [*FIELDS[:2], choice("c", "deux", "trois"), FIELDS[3]],
    "a bound": [FIELDS[0], field("b", "integer", max=5), *FIELDS[2:]],
    "one is hidden": [*FIELDS[:2], FIELDS[2] | {"visible_if": {">": [{"var": "b"}, 5]}}, FIELDS[3]],
}
ROUTING = [{"when": {"==": [{"var": "c"}, "deux"]}, "service": "voirie"}]
PROCESS = {"steps": [{"id": "arrival", "state": "submitted", "title": words("Arrivée")}]}
answers = st.fixed_dictionaries(
    {},
    optional={"a": st.just("Ici"), "b": st.integers(0, 9), "c": st.sampled_from(["un", "deux"]), "d": st.booleans()},
)
people = st.lists(st.tuples(answers, st.booleans()), min_size=1, max_size=4)


@settings(
    max_examples=12,
    phases=[Phase.generate, Phase.reuse],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(change=st.sampled_from(sorted(NEW_FIELDS)), routed=st.booleans(), steps=st.booleans(), filings=people)
async def test_a_dry_run_says_exactly_what_the_move_does(
    house: House, change: str, routed: bool, steps: bool, filings: list[tuple[dict[str, Any], bool]]
) -> None:
    slug = f"essai-{next(_NUMBERS)}"
    await published(house, slug, definition(slug, FIELDS))
    before = {}
    for sent, by_hand in filings:
        id_ = await filed(house, slug, sent)
        if by_hand:
            place = str(house.community.voirie)
            await act(await house.as_("paul"), id_, "reroute", 1, service=place, reason="Pour eux.")
        before[id_] = await state_of(house, id_)
    more = ({"routing": ROUTING} if routed else {}) | ({"process": PROCESS} if steps else {})
    later = definition(slug, NEW_FIELDS[change], **more)
    if later == definition(slug, FIELDS):
        later["target_days"] = 11
    rehearsed = await dry(house, slug, definition=later)
    await published(house, slug, later)
    said = await dry(house, slug)
    assert said == rehearsed, "a candidate is judged as what is published"
    assert {each["id"] for each in said} == set(before)
    assert {id_: await state_of(house, id_) for id_ in before} == before, "a dry run writes nothing"

    assert await moved(house, slug, 2) == said
    for each in said:
        was, now = before[each["id"]], await state_of(house, each["id"])
        assert now["answers"] == was["answers"]
        assert now["step"] == each["step"]
        if each["verdict"] == "impossible":
            assert now == was
            assert each["lost"]
            continue
        assert now["revision"] == 2
        assert now["service"] == (each["service"] or was["service"])
        rerouted = ["dossier.rerouted"] if each["service"] else []
        assert now["facts"] == [*was["facts"], "dossier.revision_changed", *rerouted]
        if "dossier.rerouted" in was["facts"]:
            assert each["service"] is None, "somebody chose its service"
        asks = "select payload -> 'asks' from journal where subject_id = :id and kind = 'dossier.revision_changed'"
        assert await house.count(asks, id=each["id"]) == sorted({fault["field"] for fault in each["faults"]})
        assert (each["ask"] is not None) == (each["verdict"] == "to_ask") == bool(each["faults"])
    settled = {id_: await state_of(house, id_) for id_ in before}
    again = await moved(house, slug, 2)
    assert {each["verdict"] for each in again} <= {"impossible"}
    assert {id_: await state_of(house, id_) for id_ in before} == settled


async def test_many_requests_go_in_chunks_and_what_is_decided_stays(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(behind, "CHUNK", 2)
    await published(house, "essai", definition("essai", FIELDS))
    ids = [await filed(house, "essai", {"a": "Ici"}) for _ in range(5)]
    paul, lea = await house.as_("paul"), await house.as_("lea")
    for name, seen in (("claim", 1), ("start-review", 2)):
        await act(paul, ids[4], name, seen)
    await act(paul, ids[4], "decide", 3, outcome="accepted", reason="Oui.")
    await published(house, "essai", definition("essai", [*FIELDS, field("e")]))
    first = await lea.post("/procedures/essai/move", json={}, headers={"if-match": '"2"'})
    assert (first.json()["total"], len(first.json()["items"])) == (4, 2)
    assert first.json()["next"] == ids[1]
    rest = await moved(house, "essai", 2)  # from the start again, as after a crash
    assert [each["id"] for each in rest] == ids[2:4]
    assert (await state_of(house, ids[4]))["revision"] == 1
    await published(house, "essai", definition("essai", FIELDS, target_days=3))
    late = await lea.post("/procedures/essai/move", json={}, headers={"if-match": '"2"'})
    assert (late.json()["code"], late.json()["version"]) == ("stale", 3)


async def test_going_back_publishes_the_former_revision_again(house: House) -> None:
    lea, slug = await house.as_("lea"), "essai"
    first, second = definition(slug, FIELDS), definition(slug, [*FIELDS, field("e", required=True)])
    await published(house, slug, first)
    await published(house, slug, second)
    stale = await lea.post(f"/procedures/{slug}/roll-back", json={"to": 1}, headers={"if-match": '"1"'})
    assert stale.json()["code"] == "stale"
    done = await lea.post(f"/procedures/{slug}/roll-back", json={"to": 1}, headers={"if-match": '"2"'})
    assert done.json() == {"slug": slug, "revision": 3, "published": True}, done.text
    for revision, asked in ((1, first), (2, second), (3, first), (None, first)):
        query = {} if revision is None else {"revision": revision}
        found = await lea.get(f"/procedures/{slug}/package", params=query)
        assert found.json()["definition"] == asked
        assert found.headers["etag"] == f'"{revision or 3}"'
    again = "select (payload ->> 'again')::int from journal where kind = 'procedure.published' order by at desc limit 1"
    assert await house.count(again) == 1
    same = await lea.post(f"/procedures/{slug}/roll-back", json={"to": 3}, headers={"if-match": '"3"'})
    assert same.json() == {"slug": slug, "revision": 3, "published": False}
    none = await lea.post(f"/procedures/{slug}/roll-back", json={"to": 9}, headers={"if-match": '"3"'})
    assert none.status_code == 404


def scenario(**expect: Any) -> dict[str, Any]:
    return {"name": "Ici", "on": "2027-03-01", "answers": {"a": "Ici"}, "expect": expect}


async def test_what_a_red_scenario_says_is_told_and_not_published(house: House) -> None:
    lea = await house.as_("lea")
    red = definition("essai", FIELDS, scenarios=[scenario(hidden=["b"])])
    kept = await lea.post("/procedures/import", json={"definition": red, "keep": True})
    assert kept.status_code == 200, kept.text
    assert [each["code"] for each in kept.json()["red"]] == ["scenario_shown"]
    assert kept.json()["coverage"]["routes"] == 100
    refused = await lea.post("/procedure-drafts/essai/publish", json={}, headers={"if-match": '"1"'})
    assert refused.json()["code"] == "not_publishable"
    assert [each["field"] for each in refused.json()["faults"]] == ["scenarios[0].expect.hidden"]
    assert "Ici" in refused.json()["faults"][0]["params"]["sentence"]

    green = definition("essai", FIELDS, scenarios=[scenario(shown=["b"], service="etat-civil")])
    asked = {"definition": green, "keep": True}
    assert (await lea.post("/procedures/import", json=asked)).json()["code"] == "stale", "somebody may be writing it"
    kept = await lea.post("/procedures/import", json=asked, headers={"if-match": '"1"'})
    assert kept.json()["red"] == []
    late = {"edit": {"edit": "change_head", "set": {"target_days": 20}}}
    refused = await lea.post("/procedure-drafts/essai/edits", json=late, headers={"if-match": '"1"'})
    assert refused.json()["code"] == "stale", "an edit of what was there before"
    seen = {"if-match": f'"{kept.json()["draft"]}"'}
    done = await lea.post("/procedure-drafts/essai/publish", json={}, headers=seen)
    assert done.json()["published"], done.text


async def test_a_package_goes_out_and_comes_back_as_it_was(house: House) -> None:
    lea = await house.as_("lea")
    asked = definition("essai", FIELDS, routing=ROUTING, scenarios=[scenario()])
    await published(house, "essai", asked)
    out = await lea.get("/procedures/essai/package.yaml")
    assert out.headers["content-type"].startswith("application/yaml")
    back = await lea.post("/procedures/import", json={"yaml": out.text, "keep": True})
    assert back.status_code == 200, back.text
    assert (await lea.get("/procedure-drafts/essai")).json()["definition"] == asked
    same = await lea.post("/procedures/essai/difference", json={})
    assert same.json() == {"revision": 1, "changes": []}
    other = copy.deepcopy(asked)
    other["form"]["pages"][0]["fields"].pop()
    told = await lea.post("/procedures/essai/difference", json={"definition": other}, headers={"accept-language": "en"})
    assert [each["sentence"] for each in told.json()["changes"]] == ["the question “d” is removed."]


async def test_a_file_goes_out_and_comes_back_by_the_command(
    house: House, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lea = await house.as_("lea")
    asked = definition("essai", FIELDS, routing=ROUTING)
    await published(house, "essai", asked)
    await command.export(house.settings, "essai")
    file = tmp_path / "essai.yaml"
    file.write_text(capsys.readouterr().out, "utf-8")
    await command.import_(house.settings, file)
    draft = (await lea.get("/procedure-drafts/essai")).json()
    assert (draft["definition"], draft["base"], draft["updated_by"]) == (asked, 1, None)
    with pytest.raises(Failed, match="a déjà un brouillon"):
        await command.import_(house.settings, file)
    with pytest.raises(Failed, match="n’est pas publiée"):
        await command.export(house.settings, "nulle-part")
    file.write_text(file.read_text("utf-8").replace("service: etat-civil", "service: nulle-part"), "utf-8")
    with pytest.raises(Failed, match="à corriger"):
        await command.import_(house.settings, file)
    assert "service : " in capsys.readouterr().out


async def test_who_a_later_revision_is_not_for_ends_by_their_own(house: House) -> None:
    await published(house, "essai", definition("essai", FIELDS))
    id_ = await filed(house, "essai", {"b": 3})
    later = definition("essai", FIELDS)
    later["form"]["eligibility"] = [{"refuse_if": {"<": [{"var": "b"}, 5]}, "because": words("Trop peu.")}]
    (said,) = await dry(house, "essai", definition=later)
    assert (said["id"], said["verdict"], said["lost"][0]["code"]) == (id_, "impossible", "not_eligible")


async def test_the_schema_is_everybodys(house: House) -> None:
    found = await (await house.anonymous()).get("/procedures/package-schema")
    assert found.headers["content-type"] == "application/schema+json"
    assert Draft202012Validator(found.json()).is_valid(definition("essai", FIELDS, routing=ROUTING))


async def test_a_draft_that_somebody_is_changing_is_not_written_over(house: House) -> None:
    lea, max_ = await house.as_("lea"), await house.as_("max")
    asked = definition("essai", FIELDS)
    await lea.post("/procedures/import", json={"definition": asked, "keep": True})
    edit = {"edit": {"edit": "change_head", "set": {"target_days": 20}}}
    await max_.post("/procedure-drafts/essai/edits", json=edit, headers={"if-match": '"1"'})
    refused = await lea.post("/procedures/import", json={"definition": asked, "keep": True})
    assert (refused.json()["code"], refused.json()["version"]) == ("stale", 2)
    judged = await lea.post("/procedures/import", json={"definition": asked})
    assert judged.json()["draft"] is None


@pytest.mark.parametrize("document", HOSTILE.values(), ids=HOSTILE.keys())
async def test_what_is_hostile_is_refused_in_few_words(house: House, document: str) -> None:
    refused = await (await house.as_("lea")).post("/procedures/import", json={"yaml": document, "keep": True})
    assert refused.status_code == 422, refused.text
    assert 1 <= len(refused.json()["faults"]) <= 100
    assert len(refused.content) < 50_000


async def test_json_that_is_hostile_is_refused_too(house: House) -> None:
    lea = await house.as_("lea")
    deep = '{"definition": {"form": ' + "[" * 900 + "]" * 900 + "}}"
    refused = await lea.post("/procedures/import", content=deep, headers={"content-type": "application/json"})
    assert refused.status_code == 422, refused.text
    assert refused.json()["faults"][0]["code"] == "too_deep"
    deeper = '{"definition": {"form": ' + "[" * 100_000 + "]" * 100_000 + "}}"
    refused = await lea.post("/procedures/import", content=deeper, headers={"content-type": "application/json"})
    assert 400 <= refused.status_code < 500, refused.text
    for asked in ({}, {"definition": {}, "yaml": "a: 1"}):
        assert (await lea.post("/procedures/import", json=asked)).json()["code"] == "invalid"


async def test_only_designers_of_the_directorate_do_it(house: House) -> None:
    """Everybody else is told no; a designer of another directorate's procedure, that there is none."""
    await published(house, "essai", definition("essai", FIELDS))
    calls = [
        ("GET", "package", None), ("GET", "package.yaml", None), ("POST", "difference", {}), ("POST", "dry-run", {}),
        ("POST", "move", {}), ("POST", "roll-back", {"to": 1}),
    ]  # fmt: skip
    for method, name, body in calls:
        for who, slug, status in (
            ("nobody", "essai", 401), ("amina", "essai", 403), ("paul", "essai", 403), ("root", "essai", 403),
            ("lea", "eclairage-public", 404), ("lea", "nulle-part", 404),
        ):  # fmt: skip
            client = await house.anonymous() if who == "nobody" else await house.as_(who)
            answer = await client.request(method, f"/procedures/{slug}/{name}", json=body, headers={"if-match": '"1"'})
            assert answer.status_code == status, f"{who} {name} {slug}: {answer.text}"
    theirs = {"definition": definition("eclairage-public", FIELDS), "keep": True}
    refused = await (await house.as_("lea")).post("/procedures/import", json=theirs)
    assert refused.status_code == 404, "a slug that is another directorate's"
    assert await house.count("select count(*) from procedure_drafts") == 0
    elsewhere = definition("essai", FIELDS) | {"directorate": "technique", "service": "voirie"}
    refused = await (await house.as_("lea")).post("/procedures/import", json={"definition": elsewhere, "keep": True})
    assert refused.status_code == 404
