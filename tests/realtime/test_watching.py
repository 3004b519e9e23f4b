"""Subscribe, catch up, stream: contiguous or `resync`; and what is refused."""

import asyncio

import pytest
from websockets.exceptions import InvalidStatus

from casework.ids import new_id
from casework.journal import read
from casework.journal.evidence import new_epoch
from casework.journal.read import parse_position
from infra.database import reading, transaction
from realtime import hub
from tests.people import version_of
from tests.realtime.stage import Client, Stage
from tests.waiting import until


async def position(desk: Stage) -> str:
    """Of a snapshot, as a page would have it."""
    async with reading(desk.engine) as db:
        return str(await read.now(db))


async def test_the_first_word_is_hello(desk: Stage) -> None:
    client = await desk.client(desk.people.paul)
    hello = client.frames[0]
    assert hello["op"] == "hello"
    assert hello["actor"] == {"id": str(desk.people.paul.id), "kind": "agent", "name": "Paul Martin"}
    assert hello["heartbeat"] == 20
    assert hello["epoch"] == desk.live.hub.epoch
    assert client.connection.subprotocol == "relais.v1"


async def test_resume_sends_what_was_missed_once_and_in_order(desk: Stage) -> None:
    people = desk.people
    first = await desk.client(people.ines)
    filed = await desk.file()
    since = await first.watch("queue:service")
    await first.leave()
    claimed = await desk.act(people.paul, "claim", filed.subject_id, version_of(filed))
    reviewed = await desk.act(people.paul, "start_review", filed.subject_id, version_of(claimed))
    elsewhere = await desk.file(procedure="lamp")
    again = await desk.client(people.ines)
    await desk.caught_up()
    named = await again.watch("queue:service", since)
    facts = again.facts("queue:service")
    missed = [fact for fact in facts if fact["version"] > filed.version]
    assert [fact["version"] for fact in missed] == [claimed.version, reviewed.version]
    assert [fact["position"] for fact in missed] == [str(claimed.position), str(reviewed.position)]
    assert again.frames.index(missed[-1]) < again.frames.index(await again.next("watching"))
    assert parse_position(named) > elsewhere.position, "sign-ins are facts too"
    assert missed[-1]["row"]["state"] == "under_review"

    yes = {"outcome": "accepted", "reason": "Oui."}
    decided = await desk.act(people.paul, "decide", filed.subject_id, version_of(reviewed), **yes)
    left = await again.next("fact", version=decided.version)
    assert left["row"] is None
    assert left["kind"] == "dossier.decided"


async def test_the_position_of_an_empty_journal_is_one(desk: Stage) -> None:
    client = await desk.client(desk.people.paul)
    await client.watch("queue:service", "0-0-0")


async def test_every_position_of_a_page_can_be_resumed_from(desk: Stage) -> None:
    client = await desk.client(desk.people.paul)
    for _ in range(3):
        await desk.file()
        await client.watch("queue:service", await position(desk))


@pytest.mark.parametrize("since", ["ffff-1-1", "0-0-1", "1-0-1"])
async def test_a_position_out_of_reach_is_a_resync(desk: Stage, since: str) -> None:
    await desk.claimed(desk.people.paul)
    client = await desk.client(desk.people.paul)
    if since == "1-0-1":  # of this epoch, before everything that memory holds
        desk.live.hub._oldest = desk.live.hub.position
    await client.say("watch", topic="queue:service", since=since)
    assert (await client.next("resync"))["topic"] == "queue:service"
    await desk.file()
    await client.settled()
    assert client.facts() == [], "it watches only once it has loaded again"
    await client.watch("queue:service", await position(desk))


async def test_memory_is_bounded_and_says_so(desk: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "MOST_REMEMBERED", 5)
    monkeypatch.setattr(hub, "SLACK", 3)
    start = await position(desk)
    positions = [str((await desk.file()).position) for _ in range(12)]
    client = await desk.client(desk.people.paul)
    await until(lambda: desk.live.hub.position >= parse_position(positions[-1]))
    assert len(desk.live.hub._recent) <= 8
    await client.say("watch", topic="queue:service", since=start)
    await client.next("resync")
    await client.watch("queue:service", positions[-4])
    assert [fact["position"] for fact in client.facts()] == positions[-3:]


async def test_another_epoch_reloads_everybody(desk: Stage) -> None:
    client = await desk.client(desk.people.paul)
    old = await client.watch("queue:service")
    before = desk.live.hub.epoch
    async with transaction(desk.engine) as db:
        await new_epoch(db)
    await client.next("resync", seconds=5)
    assert desk.live.hub.epoch == before + 1
    filed = await desk.file()
    await until(lambda: desk.live.hub.position == filed.position)
    await client.say("watch", topic="queue:service", since=old if old != "0-0-0" else f"{before:x}-1-1")
    await until(lambda: len([frame for frame in client.frames if frame["op"] == "resync"]) == 2)
    await client.watch("queue:service", await position(desk))


async def test_a_page_loaded_just_after_a_new_epoch_can_be_watched_from(desk: Stage) -> None:
    """Its position is of the epoch before, because nothing has happened in the new one."""
    await desk.claimed(desk.people.paul)
    async with transaction(desk.engine) as db:
        number = await new_epoch(db)
    await until(lambda: desk.live.hub.epoch == number)
    client = await desk.client(desk.people.paul)
    await client.watch("queue:service", await position(desk))


async def test_nothing_is_lost_between_catch_up_and_stream(desk: Stage) -> None:
    """Agents act all the while that sockets subscribe: each sees every version from its position on."""
    people = desk.people
    filed = [await desk.file() for _ in range(10)]
    seen = {each.subject_id: each.version for each in filed}
    since = await position(desk)

    async def act() -> None:
        for each in filed * 2:
            act = "claim" if seen[each.subject_id] % 2 == 1 else "release"
            recorded = await desk.act(people.paul, act, each.subject_id, seen[each.subject_id])
            seen[each.subject_id] = recorded.version
            await asyncio.sleep(0.02)

    acting = asyncio.create_task(act())
    clients: list[Client] = []
    while not acting.done():
        client = await desk.client(people.ines)
        await client.watch("queue:service", since)
        clients.append(client)
    await acting
    assert len(clients) > 3
    await desk.caught_up()
    for client in clients:
        await client.settled()
        for each in filed:
            versions = [fact["version"] for fact in client.facts() if fact["dossier"] == str(each.subject_id)]
            assert versions == [2, 3], "each version once, in order"


async def test_a_dossier_topic_tells_each_audience_its_own(desk: Stage) -> None:
    people = desk.people
    filed = await desk.file()
    topic = f"dossier:{filed.subject_id}"
    paul, amina = await desk.client(people.paul), await desk.client(people.amina)
    for client in (paul, amina):
        await client.watch(topic)
    claimed = await desk.act(people.paul, "claim", filed.subject_id, version_of(filed))
    released = await desk.act(people.paul, "release", filed.subject_id, version_of(claimed))
    inside = await paul.next("fact", version=claimed.version)
    assert inside["entry"]["actor"] == {"id": str(people.paul.id), "name": "Paul Martin"}
    assert inside["entry"]["set"]["holder_id"] == [None, str(people.paul.id)]
    assert inside["entry"]["names"] == {str(people.paul.id): "Paul Martin"}
    outside = await amina.next("fact", version=claimed.version)
    assert outside["entry"]["kind"] == "dossier.claimed"
    assert outside["entry"]["actor"] is None
    assert outside["by"]["id"] is None
    assert "holder_id" not in outside["entry"]["set"]
    hidden = await amina.next("fact", version=released.version)
    assert hidden.keys() == {"op", "topic", "position", "dossier", "version"}, "not told to citizens: no hole, no more"
    assert "Paul" not in str(amina.facts())


async def test_the_inbox_tells_whom_it_concerns(desk: Stage) -> None:
    people = desk.people
    amina, bilal, paul, ines = [
        await desk.client(who) for who in (people.amina, people.bilal, people.paul, people.ines)
    ]
    for client in (amina, bilal, paul, ines):
        await client.watch("inbox")
    filed = await desk.file()
    given = await desk.act(people.claire, "assign", filed.subject_id, version_of(filed), to=people.ines.id)
    assert (await ines.next("fact", topic="inbox"))["version"] == given.version
    reviewed = await desk.act(people.ines, "start_review", filed.subject_id, version_of(given))
    assert (await amina.next("fact", kind="dossier.review_started"))["version"] == reviewed.version
    for client in (bilal, paul, ines):
        await client.settled()
    assert bilal.facts() == []
    assert paul.facts() == []
    assert len(ines.facts()) == 1, "what one did oneself is no news"


async def test_what_may_not_be_watched_is_refused(desk: Stage) -> None:
    people = desk.people
    theirs = await desk.file(people.bilal, procedure="lamp")
    refusals = {
        (people.paul, f"dossier:{theirs.subject_id}"): "not_found",
        (people.paul, f"dossier:{new_id()}"): "not_found",
        (people.paul, f"queue:service:{people.voirie}"): "unknown_topic",
        (people.paul, f"queue:mine:{people.etat_civil}"): "unknown_topic",
        (people.paul, "queue:everything"): "unknown_topic",
        (people.paul, "nothing"): "unknown_topic",
        (people.paul, f"dossier:{str(theirs.subject_id).upper()}"): "unknown_topic",
        (people.amina, f"dossier:{theirs.subject_id}"): "not_found",
        (people.amina, "queue:service"): "unknown_topic",
        (people.root, f"dossier:{theirs.subject_id}"): "not_found",
    }
    clients = {who: await desk.client(who) for who in (people.paul, people.amina, people.root)}
    for (who, topic), code in refusals.items():
        client = clients[who]
        before = len(client.frames)
        await client.say("watch", topic=topic)
        refused = await client.next("refused", after=before)
        assert (refused["code"], refused["topic"]) == (code, topic)
    before = len(clients[people.paul].frames)
    await clients[people.paul].say("watch", topic="queue:service", since="yesterday")
    assert (await clients[people.paul].next("refused", after=before))["code"] == "bad_position"


async def test_fifty_topics_and_no_more(desk: Stage) -> None:
    client = await desk.client(desk.people.paul)
    filed = [await desk.file() for _ in range(51)]
    for each in filed[:50]:
        await client.watch(f"dossier:{each.subject_id}")
    await client.say("watch", topic=f"dossier:{filed[50].subject_id}")
    assert (await client.next("refused"))["code"] == "too_many_topics"
    await client.say("unwatch", topic=f"dossier:{filed[0].subject_id}")
    await client.watch(f"dossier:{filed[50].subject_id}")
    recorded = await desk.act(desk.people.paul, "claim", filed[0].subject_id, 1)
    await until(lambda: desk.live.hub.position >= recorded.position)
    await client.settled()
    assert not [fact for fact in client.facts() if fact["dossier"] == str(filed[0].subject_id)]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '{"op":"watch"}',
        '{"op":"shout"}',
        '{"op":"ping","more":1}',
        '{"op":"viewing","dossier":"7"}',
        "[" * 60_000,
    ],
)
async def test_a_malformed_frame_is_refused_and_the_third_ends_the_socket(desk: Stage, text: str) -> None:
    client = await desk.client(desk.people.paul)
    for times in (1, 2):
        await client.connection.send(text)
        await until(lambda times=times: len([f for f in client.frames if f["op"] == "refused"]) == times)  # type: ignore[misc]
        await client.settled()
    await client.connection.send(text)
    await until(lambda: client.closed is not None)
    assert client.closed == 1008
    assert [frame["code"] for frame in client.frames if frame["op"] == "refused"] == ["malformed"] * 3


async def test_bytes_are_malformed(desk: Stage) -> None:
    client = await desk.client(desk.people.paul)
    await client.connection.send(b'{"op":"ping"}')
    assert (await client.next("refused"))["code"] == "malformed"


async def test_a_frame_over_64_kib_ends_the_socket(desk: Stage) -> None:
    client = await desk.client(desk.people.paul)
    await client.connection.send('{"op":"watch","topic":"' + "a" * 70_000 + '"}')
    await until(lambda: client.closed is not None)
    assert client.closed == 1009


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:1", None])
async def test_a_foreign_page_or_none_at_all_is_refused_before_the_handshake(desk: Stage, origin: str | None) -> None:
    token = await desk.token(desk.people.paul)
    headers = {"Cookie": f"relais={token}", **({"Origin": origin} if origin else {})}
    with pytest.raises(InvalidStatus) as refused:
        await desk.bare(headers)
    assert refused.value.response.status_code == 403


async def test_a_machine_shows_its_token_and_no_origin(desk: Stage) -> None:
    client = await desk.bare({"Authorization": f"Bearer {await desk.token(desk.people.paul)}"})
    client.reading.set()
    assert (await client.next("hello"))["actor"]["id"] == str(desk.people.paul.id)


@pytest.mark.parametrize("cookie", [None, "relais=", "relais=forged", "other=1"])
async def test_without_a_session_the_socket_says_so(desk: Stage, cookie: str | None) -> None:
    client = await desk.bare({"Origin": desk.origin, **({"Cookie": cookie} if cookie else {})})
    client.reading.set()
    await until(lambda: client.closed is not None)
    assert client.closed == 4401
    assert client.frames == []
