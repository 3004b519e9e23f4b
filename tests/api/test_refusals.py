"""What the door refuses, and how it says so: nothing is lost, nothing leaks, nothing is a 500."""

import asyncio
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from casework.ids import new_id
from infra.database import transaction
from tests.api.house import BIRTH, House, act, in_days


def _problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    assert (answer.status_code, answer.json().get("code")) == (status, code), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"
    return dict(answer.json())


async def test_who_comes_second_is_told_what_happened_and_by_whom(house: House) -> None:
    id_ = await house.filed()
    paul, ines = await house.as_("paul"), await house.as_("ines")
    claims = await asyncio.gather(
        *(who.post(f"/dossiers/{id_}/claim", headers={"if-match": '"1"'}) for who in (paul, ines))
    )
    assert sorted(answer.status_code for answer in claims) == [200, 412]
    lost = _problem(next(answer for answer in claims if answer.status_code == 412), 412, "stale")
    winner = {200: "Paul Martin", 412: "Ines Caron"}[claims[0].status_code]
    assert lost["held_by"]["name"] == winner
    assert [(fact["kind"], fact["actor"]["name"]) for fact in lost["facts"]] == [("dossier.claimed", winner)]
    held = _problem(await ines.post(f"/dossiers/{id_}/claim", headers={"if-match": '"2"'}), 409, "already_held")
    assert held["held_by"]["name"] == winner


async def test_a_harmless_fact_since_then_does_not_stop_an_act(house: House) -> None:
    id_ = await house.filed()
    amina, paul = await house.as_("amina"), await house.as_("paul")
    written = await amina.post(f"/dossiers/{id_}/messages", json={"message": "Bonjour"})
    assert written.status_code == 201
    assert (await act(paul, id_, "claim", 1))["version"] == 3


async def test_an_act_must_say_what_it_saw(house: House) -> None:
    paul, id_ = await house.as_("paul"), await house.filed()
    _problem(await paul.post(f"/dossiers/{id_}/claim"), 428, "if_match_missing")
    for wrong in ("*", "1", 'W/"1"', '"x"', '"1", "2"', '"99999999999"', ""):
        _problem(await paul.post(f"/dossiers/{id_}/claim", headers={"if-match": wrong}), 400, "bad_header")
    _problem(await paul.post(f"/dossiers/{id_}/claim", headers={"if-match": '"7"'}), 412, "stale")
    _problem(await paul.post(f"/dossiers/{id_}/decide", headers={"if-match": '"1"'},
                             json={"outcome": "accepted"}), 409, "wrong_state")  # fmt: skip


async def test_titles_are_french_unless_english_is_asked(house: House) -> None:
    nobody = await house.anonymous()
    assert (await nobody.get("/me")).json()["title"] == "Connectez-vous pour continuer"
    english = await nobody.get("/me", headers={"accept-language": "en-GB,en;q=0.9,fr;q=0.2"})
    assert english.json()["title"] == "Sign in to go on"
    assert english.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        (b"{", "bad_json", None),
        (b"[" * 5000, "bad_json", None),
        (b'{"procedure": "\xff"}', "bad_json", None),
        (b"null", "wrong_shape", ""),
        (b"{}", "wrong_shape", "procedure"),
        (b'{"procedure": 3}', "wrong_shape", "procedure"),
        (b'{"procedure": "acte-de-naissance", "anwsers": {}}', "wrong_shape", "anwsers"),
        (b'{"procedure": "acte-de-naissance", "answers": []}', "wrong_shape", "answers"),
        (b'{"procedure": "acte-de-naissance", "draft": "yes"}', "wrong_shape", "draft"),
        (b'{"procedure": "acte-de-naissance", "draft": true, "answers": {"a": "\\u0000"}}', "wrong_shape", ""),
        (b'{"procedure": "acte-de-naissance", "claims": {"x": "y"}}', "wrong_shape", None),
    ],
)
async def test_bodies_that_are_not_what_the_route_takes(
    house: House, body: bytes, code: str, field: str | None
) -> None:
    amina = await house.as_("amina")
    answer = await amina.post("/dossiers", content=body, headers={"content-type": "application/json"})
    told = _problem(answer, 400 if code == "bad_json" else 422, code)
    if field is not None:
        assert told["faults"][0]["field"] == field
    assert await house.count("select count(*) from dossiers") == 0


async def test_answers_that_do_not_hold_are_all_told_at_once(house: House) -> None:
    amina = await house.as_("amina")
    answers = {**await house.example(), "born_on": "2999-01-01", "certificate": "huge", "intruder": 1}
    told = _problem(await amina.post("/dossiers", json={"procedure": BIRTH, "answers": answers}), 422, "invalid")
    assert {fault["field"] for fault in told["faults"]} >= {"born_on", "certificate", "intruder"}


async def test_ten_megabytes_of_text_and_the_wrong_type(house: House) -> None:
    paul, (id_, _) = await house.as_("paul"), await house.held()
    _problem(await paul.post(f"/dossiers/{id_}/messages", json={"message": "é" * 5_000_000}), 413, "too_large")
    _problem(await paul.post(f"/dossiers/{id_}/messages", json={"message": "é" * 10_001}), 422, "wrong_shape")
    _problem(await paul.post(f"/dossiers/{id_}/messages", json={"message": " \n "}), 422, "invalid")
    _problem(await paul.post(f"/dossiers/{id_}/messages", content=b"message=x", headers={
        "content-type": "application/x-www-form-urlencoded"}), 415, "wrong_media_type")  # fmt: skip
    assert await house.count("select count(*) from contents where kind = 'message'") == 0


async def test_forged_pages_and_parameters(house: House) -> None:
    paul = await house.as_("paul")
    for page in ("x", "AAAA", "é", "A" * 43 + "=", "../../etc"):
        _problem(await paul.get("/queues/service", params={"page": page}), 400, "bad_position")
    for params in ({"service": "x"}, {"ids": "1,2"}, {"unknown": "1"}, {"q": "a\x00"}, {"q": "x" * 201}):
        _problem(await paul.get("/queues/service", params=params), 400, "bad_parameter")
    _problem(await paul.get("/queues/nothing"), 404, "not_found")
    _problem(await paul.get("/queues/service", params={"service": str(house.community.voirie)}), 404, "not_found")


async def test_a_page_mark_serves_only_the_list_that_gave_it(house: House) -> None:
    paul, answers = await house.as_("paul"), await house.example()
    amina = await house.as_("amina")
    made = [await amina.post("/dossiers", json={"procedure": BIRTH, "answers": answers}) for _ in range(53)]
    first = await paul.get("/queues/service")
    page = first.json()["next"]
    assert f"page={page}" in first.headers["link"].replace("%3D", "=")
    second = (await paul.get("/queues/service", params={"page": page})).json()
    ids = [row["id"] for row in (*first.json()["items"], *second["items"])]
    assert ids == [answer.json()["id"] for answer in reversed(made)]
    assert second["next"] is None
    _problem(await paul.get("/queues/late", params={"page": page}), 400, "bad_position")


async def test_a_search_without_accents_finds(house: House) -> None:
    paul, id_ = await house.as_("paul"), await house.filed()
    for q, found in (("BENALI amina", [id_]), ("bénàli", [id_]), ("certificat", []), ("100%", []), ("日本", [])):
        rows = (await paul.get("/queues/service", params={"q": q})).json()["items"]
        assert [row["id"] for row in rows] == found, q
    only = (await paul.get("/queues/service", params={"ids": f"{id_},{new_id()}"})).json()
    assert [row["id"] for row in only["items"]] == [id_]


async def test_ended_and_idle_sessions_are_told_apart_from_none(house: House) -> None:
    token = await house.token(house.community.paul)
    client = await house.anonymous(token)
    assert (await client.get("/me")).status_code == 200
    assert (await client.delete("/session")).status_code == 204
    _problem(await client.get("/me"), 401, "session_expired")
    body = {"procedure": BIRTH, "answers": await house.example()}
    _problem(await client.post("/dossiers", json=body), 401, "session_expired")
    assert (await client.get("/procedures")).status_code == 200, "what everybody may read needs no session"
    assert await house.count("select count(*) from journal where kind = 'session.ended'") == 1

    idle = await house.anonymous(await house.token(house.community.ines))
    async with transaction(house.engine) as db:
        await db.execute(text("update sessions set seen_at = now() - interval '31 minutes' where ended_at is null"))
    _problem(await idle.get("/me"), 401, "session_expired")


async def test_too_many_wrong_passwords(house: House) -> None:
    nobody = await house.anonymous()
    wrong = {"email": "paul@exemple.fr", "password": "wrong"}
    for _ in range(10):
        _problem(await nobody.post("/session", json=wrong), 401, "bad_credentials")
    held = _problem(await nobody.post("/session", json=wrong), 429, "too_many_requests")
    assert held["retry_after"] > 0
    good = await nobody.post("/session", json={"email": "Ines@Exemple.fr", "password": "demo"})
    assert good.status_code == 201, "others are not held up"
    cookie = good.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    _problem(await nobody.post("/session", json={"email": "a@b.fr"}), 422, "invalid")


async def test_another_sites_page_cannot_act(house: House) -> None:
    token = await house.token(house.community.paul)
    id_ = await house.filed()
    browser = httpx.AsyncClient(base_url=house.url, cookies={"relais": token})
    act_headers = {"if-match": '"1"'}
    async with browser:
        path = f"/api/v1/dossiers/{id_}/claim"
        for foreign in (
            {"origin": "https://evil.example"},
            {"origin": "null"},
            {"origin": house.url.replace("http", "https")},
            {"sec-fetch-site": "cross-site"},
            {"sec-fetch-site": "same-site", "origin": house.settings.dashboards_url},
        ):
            answer = await browser.post(path, headers={**act_headers, **foreign})
            _problem(answer, 403, "foreign_origin")
        _problem(await browser.get("/api/v1/me", headers={"host": "evil.example"}), 400, "wrong_host")
        ours = {"origin": house.url, "sec-fetch-site": "same-origin"}
        assert (await browser.post(path, headers={**act_headers, **ours})).status_code == 200
        page = await browser.get("/api/v1/me")
        assert "default-src 'self'" in page.headers["content-security-policy"]
        assert house.settings.dashboards_url in page.headers["content-security-policy"]
        assert page.headers["x-content-type-options"] == "nosniff"


async def test_what_is_not_there_is_a_problem_too(house: House) -> None:
    paul = await house.as_("paul")
    _problem(await paul.get("/nothing"), 404, "not_found")
    _problem(await paul.get("/dossiers/not-an-id"), 404, "not_found")
    _problem(await paul.get(f"/dossiers/{new_id()}"), 404, "not_found")
    _problem(await paul.get("/procedures/nothing"), 404, "not_found")
    _problem(await paul.get("/procedures/a%0Ab"), 404, "not_found")
    answer = await paul.put("/me")
    _problem(answer, 405, "method_not_allowed")
    assert answer.headers["allow"]
    listed = {kind["code"] for kind in (await paul.get("/problems")).json()}
    assert "method_not_allowed" in listed


async def test_an_absence_must_make_sense(house: House) -> None:
    paul, claire, omar = await house.as_("paul"), await house.as_("claire"), await house.as_("omar")
    until = {"date": in_days(3), "half": "pm"}
    me, omar_id = str(house.community.paul.id), str(house.community.omar.id)
    _problem(await paul.post("/absences", json={"until": until, "reason": " "}), 422, "invalid")
    for body in (
        {"until": {"date": in_days(-3), "half": "pm"}, "reason": "x"},
        {"until": until, "reason": "x", "substitutes": [me]},
        {"until": until, "reason": "x", "substitutes": [str(new_id())]},
        {"from": {"date": in_days(9), "half": "am"}, "until": until, "reason": "x"},
        {"until": {"date": in_days(9_999), "half": "pm"}, "reason": "x"},
    ):
        _problem(await paul.post("/absences", json=body), 422, "invalid")
    no_month = {"until": {"date": "2026-13-01", "half": "pm"}, "reason": "x"}
    _problem(await paul.post("/absences", json=no_month), 422, "wrong_shape")
    _problem(await omar.post("/absences", json={"until": until, "reason": "x", "agent": me}), 403, "not_allowed")
    _problem(await claire.post("/absences", json={"until": until, "reason": "x", "agent": omar_id}), 403, "not_allowed")
    declared = await claire.post("/absences", json={"until": until, "reason": "Arrêt", "agent": me})
    assert declared.status_code == 201, declared.text
    told = _problem(await paul.post("/absences", json={"until": until, "reason": "x"}), 409, "absences_overlap")
    assert told["title"] == "Une autre absence couvre déjà ces dates"
    assert (await omar.get(f"/absences/{declared.json()['id']}")).status_code == 404
