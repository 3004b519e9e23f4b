"""From a request to its decision, over HTTP."""

from tests.api.house import House, act


async def test_a_request_goes_from_filing_to_decision(house: House) -> None:
    amina, paul = await house.as_("amina"), await house.as_("paul")
    id_ = await house.filed()

    queue = (await paul.get("/queues/service")).json()
    assert [row["id"] for row in queue["items"]] == [id_]
    assert queue["counts"]["service"] == 1
    assert queue["position"]
    assert queue["items"][0]["applicant"] == "Amina Benali"

    await act(paul, id_, "claim", 1)
    await act(paul, id_, "start-review", 2)
    await act(paul, id_, "ask-completion", 3, reason="Il manque la page 2.")
    seen = (await amina.get(f"/dossiers/{id_}")).json()
    assert seen["state"] == "awaiting_citizen"
    assert "complete" in seen["acts"]
    assert seen["holder"] is None, "an administration answers, not a person"
    assert [message["body"] for message in seen["messages"]] == ["Il manque la page 2."]
    assert seen["messages"][0]["author"] is None

    done = await amina.post(f"/dossiers/{id_}/complete", json={"message": "La voici."})
    assert done.status_code == 200, done.text
    brief = (await paul.get(f"/dossiers/{id_}/brief")).json()
    assert [point["code"] for point in brief["open_points"]] == ["citizen_waits_for_an_answer"]
    await act(paul, id_, "decide", 5, outcome="accepted", reason="")

    told = (await amina.get(f"/dossiers/{id_}/timeline")).json()["items"]
    assert [entry["kind"].removeprefix("dossier.") for entry in told] == [
        "submitted", "claimed", "review_started", "completion_asked", "completed", "decided",
    ]  # fmt: skip
    assert all(entry["actor"] is None for entry in told if entry["side"] == "agent")
    inside = (await paul.get(f"/dossiers/{id_}/timeline")).json()["items"]
    assert inside[1]["actor"]["name"] == "Paul Martin"
    assert (await paul.get("/queues/service")).json()["items"] == []


async def test_the_view_shows_answers_with_their_questions(house: House) -> None:
    id_ = await house.filed()
    view = (await (await house.as_("paul")).get(f"/dossiers/{id_}", headers={"accept-language": "en"})).json()
    by_field = {answer["field"]: answer for answer in view["answers"]}
    assert by_field["certificate"]["label"] == "Which document do you need?"
    assert by_field["certificate"]["shown"] == ["Full copy"]
    assert view["service"]["name"] == "État civil"
    assert set(view["acts"]) == {"claim", "assign", "reroute"}


async def test_a_draft_is_kept_changed_and_filed(house: House) -> None:
    amina, bilal = await house.as_("amina"), await house.as_("bilal")
    begun = await amina.post("/dossiers", json={"procedure": "acte-de-naissance", "draft": True, "answers": {"x": 1}})
    assert begun.status_code == 201, begun.text
    id_ = begun.json()["id"]
    seen = await amina.get(f"/dossiers/{id_}")
    assert seen.json()["draft_answers"] == {"x": 1}
    assert (await bilal.get(f"/dossiers/{id_}")).status_code == 404
    assert (await (await house.as_("paul")).get(f"/dossiers/{id_}")).status_code == 404
    assert (await amina.get("/dossiers")).json()["items"][0]["state"] == "draft"

    change = {"answers": await house.example(), "page": 1}
    saved = await amina.patch(f"/dossiers/{id_}", json=change, headers={"if-match": seen.headers["etag"]})
    assert saved.status_code == 200, saved.text
    again = await amina.patch(f"/dossiers/{id_}", json=change, headers={"if-match": seen.headers["etag"]})
    assert again.status_code == 412, "typed in another window meanwhile"
    filed = await amina.post(f"/dossiers/{id_}/submit", json={}, headers={"if-match": saved.headers["etag"]})
    assert filed.status_code == 200, filed.text
    assert filed.json()["state"] == "submitted"
    assert (await amina.post(f"/dossiers/{id_}/submit", json={})).status_code == 409
    assert (await (await house.as_("paul")).get(f"/dossiers/{id_}")).status_code == 200


async def test_filing_and_following_without_an_account(house: House) -> None:
    nobody = await house.anonymous()
    filed = await nobody.post("/dossiers", json={"procedure": "acte-de-naissance", "answers": await house.example()})
    assert filed.status_code == 201, filed.text
    code = filed.json()["tracking_code"]
    wrong = await nobody.post("/session", json={"tracking_code": code, "email": "other@example.org"})
    assert wrong.status_code == 401
    typed = code.lower().replace("-", " ")
    opened = await nobody.post("/session", json={"tracking_code": typed, "email": "Camille.Martin@example.org"})
    assert opened.status_code == 201, opened.text
    follower = await house.anonymous(opened.json()["token"])
    seen = (await follower.get(f"/dossiers/{filed.json()['id']}")).json()
    assert seen["applicant"] == "Camille Martin"
    other = await house.filed()
    assert (await follower.get(f"/dossiers/{other}")).status_code == 404
    assert (await follower.get("/queues/service")).status_code == 403


async def test_a_reply_is_kept_while_it_is_typed(house: House) -> None:
    id_, _ = await house.held()
    paul, ines = await house.as_("paul"), await house.as_("ines")
    empty = await paul.get(f"/dossiers/{id_}/scratch/reply")
    assert empty.json()["revision"] == 0
    kept = await paul.put(f"/dossiers/{id_}/scratch/reply", json={"body": "Bonjour"}, headers={"if-match": '"0"'})
    assert kept.headers["etag"] == '"1"'
    assert (await ines.get(f"/dossiers/{id_}/scratch/reply")).json()["body"] is None
    sent = await paul.post(f"/dossiers/{id_}/messages", json={"message": "Bonjour, …"})
    assert sent.status_code == 201, sent.text
    assert (await paul.get(f"/dossiers/{id_}/scratch/reply")).json()["revision"] == 0
