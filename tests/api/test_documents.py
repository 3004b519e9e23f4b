"""Files: stored first, judged by their bytes, attached by answers, read by whoever sees the dossier."""

import hashlib
from typing import Any

import httpx

from api.documents import clean_name
from casework.forms.model import FILE_MAX
from tests.api.house import BIRTH, House

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00\x00\x00\rIHDR" + b"\x00" * 64
PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"


async def _send(client: httpx.AsyncClient, content: bytes, name: str = "pièce jointe.pdf") -> httpx.Response:
    return await client.post("/documents", files={"file": (name, content, "application/x-msdownload")})


async def _answers(house: House, *ids: str) -> dict[str, Any]:
    return {**await house.example(), "relation": "represented", "supporting_document": list(ids)}


async def test_a_file_goes_with_its_dossier(house: House) -> None:
    amina, paul, omar = await house.as_("amina"), await house.as_("paul"), await house.as_("omar")
    stored = await _send(amina, PDF)
    assert stored.status_code == 201, stored.text
    file = stored.json()
    assert (file["media_type"], file["size"]) == ("application/pdf", len(PDF))
    assert file["sha256"] == hashlib.sha256(PDF).hexdigest()
    assert (await paul.get(f"/documents/{file['id']}")).status_code == 404, "not attached yet"

    filed = await amina.post("/dossiers", json={"procedure": BIRTH, "answers": await _answers(house, file["id"])})
    assert filed.status_code == 201, filed.text
    got = await paul.get(f"/documents/{file['id']}")
    assert got.content == PDF
    assert got.headers["content-type"] == "application/pdf"
    assert got.headers["content-disposition"].startswith("attachment;")
    assert (await omar.get(f"/documents/{file['id']}")).status_code == 404
    seen = (await paul.get(f"/dossiers/{filed.json()['id']}")).json()
    assert [document["filename"] for document in seen["documents"]] == ["pièce jointe.pdf"]
    answer = next(each for each in seen["answers"] if each["kind"] == "attachment")
    assert [document["id"] for document in answer["documents"]] == [file["id"]]


async def test_somebody_elses_file_cannot_be_attached(house: House) -> None:
    bilals = (await _send(await house.as_("bilal"), PDF)).json()["id"]
    amina = await house.as_("amina")
    refused = await amina.post("/dossiers", json={"procedure": BIRTH, "answers": await _answers(house, bilals)})
    assert refused.status_code == 422
    assert [fault["code"] for fault in refused.json()["faults"]] == ["unknown_document"]


async def test_without_an_account_a_claim_attaches(house: House) -> None:
    nobody = await house.anonymous()
    file = (await _send(nobody, PDF)).json()
    body = {"procedure": BIRTH, "answers": await _answers(house, file["id"])}
    assert (await nobody.post("/dossiers", json=body)).status_code == 422, "an id is no right"
    assert (await nobody.post("/dossiers", json={**body, "claims": {file["id"]: "guessed"}})).status_code == 422
    filed = await nobody.post("/dossiers", json={**body, "claims": {file["id"]: file["claim"]}})
    assert filed.status_code == 201, filed.text


async def test_the_bytes_say_what_a_file_is(house: House) -> None:
    amina = await house.as_("amina")
    assert (await _send(amina, PNG, "page.pdf")).json()["media_type"] == "image/png"
    for content in (b"", b"MZ\x90\x00" + b"\x00" * 100, b"<html><script>", b"PK\x03\x04" + b"\x00" * 100, b"GIF89a"):
        refused = await _send(amina, content)
        assert (refused.status_code, refused.json()["code"]) == (415, "wrong_media_type"), content
    big = await _send(amina, PDF + b"\x00" * FILE_MAX)
    assert (big.status_code, big.json()["code"]) == (413, "too_large")
    assert await house.count("select count(*) from documents") == 1


async def test_what_is_no_form_is_told(house: House) -> None:
    amina = await house.as_("amina")
    cases: list[tuple[dict[str, Any], int]] = [
        ({"content": b"x", "headers": {"content-type": "text/plain"}}, 415),
        ({"content": b"x", "headers": {"content-type": "multipart/form-data"}}, 400),
        ({"content": b"--b\r\nbroken", "headers": {"content-type": "multipart/form-data; boundary=b"}}, 422),
        ({"files": {"other": ("a.pdf", PDF)}}, 422),
        ({"files": [("file", ("a.pdf", PDF)), ("file", ("b.pdf", PDF))]}, 400),
        ({"files": {"file": ("a.pdf", PDF)}, "data": {"more": "1"}}, 400),
    ]
    for given, status in cases:
        answer = await amina.post("/documents", **given)
        assert answer.status_code == status, (given, answer.text)
        assert answer.headers["content-type"] == "application/problem+json"


def test_names_of_files_are_only_names() -> None:
    assert clean_name("../../etc/passwd") == "passwd"
    assert clean_name("C:\\Users\\me\\photo.jpg") == "photo.jpg"
    assert clean_name("a\r\nSet-Cookie: x.pdf") == "aSet-Cookie: x.pdf"
    assert clean_name("...") == "document"
    assert len(clean_name("é" * 500 + ".pdf")) == 200
    assert clean_name("é" * 500 + ".pdf").endswith(".pdf")
