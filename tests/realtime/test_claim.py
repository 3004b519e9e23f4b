"""Two agents of one service see a claim; nobody else does."""

from tests.realtime.stage import Stage


async def test_a_claim_reaches_the_service_and_nobody_else(desk: Stage) -> None:
    people = desk.people
    filed = await desk.file()
    paul, ines, omar = [await desk.client(who) for who in (people.paul, people.ines, people.omar)]
    for client in (paul, ines, omar):
        await client.watch("queue:service")
    claimed = await desk.act(people.paul, "claim", filed.subject_id, filed.version)
    for client in (paul, ines):
        frame = await client.next("fact", kind="dossier.claimed")
        assert frame["dossier"] == str(filed.subject_id)
        assert frame["version"] == claimed.version
        assert frame["position"] == str(claimed.position)
        assert frame["by"] == {"id": str(people.paul.id), "kind": "agent", "name": "Paul Martin"}
        assert frame["row"]["holder_name"] == "Paul Martin"
        assert frame["row"]["version"] == claimed.version
    await omar.settled()
    assert omar.facts() == []
