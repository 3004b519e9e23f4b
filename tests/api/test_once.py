"""Idempotency-Key: what is repeated is done once (Zulip's test_idempotent_request.py, and one more)."""

import asyncio
from uuid import uuid4

import httpx
from sqlalchemy import text

from infra.database import transaction
from tests.api.house import BIRTH, House, act, in_days

DOSSIERS = "select count(*) from dossiers"


async def _file(client: httpx.AsyncClient, house: House, key: str | None, **more: object) -> httpx.Response:
    headers = {"idempotency-key": key} if key else {}
    body = {"procedure": BIRTH, "answers": await house.example(), **more}
    return await client.post("/dossiers", json=body, headers=headers)


async def test_without_a_key_each_post_makes_one(house: House) -> None:
    amina = await house.as_("amina")
    ids = {(await _file(amina, house, None)).json()["id"] for _ in range(2)}
    assert len(ids) == 2


async def test_the_same_key_gives_the_same_answer(house: House) -> None:
    amina, key = await house.as_("amina"), str(uuid4())
    first, second = await _file(amina, house, key), await _file(amina, house, key)
    assert (first.status_code, first.json()) == (second.status_code, second.json())
    assert await house.count(DOSSIERS) == 1
    assert await house.count("select count(*) from journal where kind = 'dossier.submitted'") == 1


async def test_without_an_account_the_tracking_code_is_the_same_too(house: House) -> None:
    nobody, key = await house.anonymous(), str(uuid4())
    first, second = await _file(nobody, house, key), await _file(nobody, house, key)
    assert first.json()["tracking_code"] == second.json()["tracking_code"]
    assert (await _file(nobody, house, "short")).status_code == 400, "a key that could be guessed names nobody"


async def test_another_key_makes_another_dossier(house: House) -> None:
    amina = await house.as_("amina")
    await _file(amina, house, str(uuid4()))
    await _file(amina, house, str(uuid4()))
    assert await house.count(DOSSIERS) == 2


async def test_a_key_belongs_to_its_person(house: House) -> None:
    key = str(uuid4())
    mine = await _file(await house.as_("amina"), house, key)
    other = await _file(await house.as_("bilal"), house, key)
    assert mine.json()["id"] != other.json()["id"]


async def test_the_same_key_with_another_body_is_refused(house: House) -> None:
    amina, key = await house.as_("amina"), str(uuid4())
    await _file(amina, house, key)
    refused = await _file(amina, house, key, draft=True)
    assert (refused.status_code, refused.json()["code"]) == (422, "idempotency_key_reused")
    assert await house.count(DOSSIERS) == 1


async def test_the_same_key_for_another_route_is_refused(house: House) -> None:
    paul, key = await house.as_("paul"), str(uuid4())
    one, two = await house.filed(), await house.filed()
    headers = {"idempotency-key": key, "if-match": '"1"'}
    assert (await paul.post(f"/dossiers/{one}/claim", headers=headers)).status_code == 200
    refused = await paul.post(f"/dossiers/{two}/claim", headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (422, "idempotency_key_reused")


async def test_what_was_refused_may_be_tried_again_with_its_key(house: House) -> None:
    amina, key = await house.as_("amina"), str(uuid4())
    headers = {"idempotency-key": key}
    refused = await amina.post("/dossiers", json={"procedure": BIRTH, "answers": {}}, headers=headers)
    assert refused.status_code == 422
    assert await house.count("select count(*) from idempotency_keys") == 0
    assert (await _file(amina, house, key)).status_code == 201


async def test_an_act_repeated_after_its_lost_answer_is_told_as_done(house: House) -> None:
    paul, id_, key = await house.as_("paul"), await house.filed(), str(uuid4())
    headers = {"idempotency-key": key, "if-match": '"1"'}
    first = await paul.post(f"/dossiers/{id_}/claim", headers=headers)
    await act(paul, id_, "start-review", 2)
    again = await paul.post(f"/dossiers/{id_}/claim", headers=headers)
    assert (again.status_code, again.json()) == (200, first.json())
    without = await paul.post(f"/dossiers/{id_}/claim", headers={"if-match": '"1"'})
    assert without.status_code == 412


async def test_rights_lost_between_two_tries_are_lost(house: House) -> None:
    paul, id_ = await house.as_("paul"), await house.filed()
    headers = {"idempotency-key": str(uuid4()), "if-match": '"1"'}
    assert (await paul.post(f"/dossiers/{id_}/claim", headers=headers)).status_code == 200
    async with transaction(house.engine) as db:
        await db.execute(text("delete from roles where account_id = :id"), {"id": house.community.paul.id})
        await db.execute(text("update dossiers set holder_id = null where id = :id"), {"id": id_})
    await asyncio.sleep(1.1)
    assert (await paul.post(f"/dossiers/{id_}/claim", headers=headers)).status_code == 404


async def test_a_hundred_equal_posts_at_once_make_one_dossier(house: House) -> None:
    key, answers = str(uuid4()), await house.example()
    body, headers = {"procedure": BIRTH, "answers": answers}, {"idempotency-key": key}
    amina = await house.as_("amina")

    async def post() -> httpx.Response:
        answer = await amina.post("/dossiers", json=body, headers=headers)
        while answer.status_code == 503:
            await asyncio.sleep(float(answer.headers["retry-after"]))
            answer = await amina.post("/dossiers", json=body, headers=headers)
        return answer

    answers_ = await asyncio.gather(*(post() for _ in range(100)))
    assert {answer.status_code for answer in answers_} == {201}
    assert len({answer.text for answer in answers_}) == 1
    assert await house.count(DOSSIERS) == 1


async def test_an_absence_and_a_file_are_kept_once_too(house: House) -> None:
    paul, key = await house.as_("paul"), str(uuid4())
    until = {"date": in_days(2), "half": "pm"}
    body, headers = {"until": until, "reason": "Congés"}, {"idempotency-key": key}
    declared = [await paul.post("/absences", json=body, headers=headers) for _ in range(2)]
    assert declared[0].json()["id"] == declared[1].json()["id"], declared[1].text
    png = b"\x89PNG\r\n\x1a\n" + b"\x00" * 64
    files, headers = {"file": ("a.png", png, "image/png")}, {"idempotency-key": "f" * 20}
    sent = [await paul.post("/documents", files=files, headers=headers) for _ in range(2)]
    assert sent[0].json()["id"] == sent[1].json()["id"], sent[1].text
    assert await house.count("select count(*) from documents") == 1
