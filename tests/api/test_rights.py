"""Who may do what: every route by every role, and the acts that pages offer against those that the door accepts."""

from itertools import product
from typing import Any
from uuid import UUID

import httpx
import pytest

from api.app import Rest
from api.http import Operation
from api.routes import OPERATIONS
from casework.authority import SYSTEM
from casework.dossiers.actions import uncover
from casework.ids import DossierId
from infra.database import transaction
from tests.api.house import House, act, in_days
from tests.api.test_continuity import away

ROLES = ("nobody", "bilal", "omar", "root")  # none of them has anything to do with Amina's dossier
TARGETED = [each for each in OPERATIONS if "{id}" in each.path]

BODIES: dict[str, dict[str, Any]] = {
    "assign": {"agent": "00000000-0000-7000-8000-000000000000"},
    "reroute": {"service": "00000000-0000-7000-8000-000000000000", "reason": "x"},
    "act": {"action": "x"},
    "do_task": {"task": 2},
    "ask_completion": {"reason": "x"},
    "decide": {"outcome": "accepted"},
    "write": {"message": "x"},
    "complete": {"message": "x"},
    "change_draft": {"answers": {}},
    "keep_typing": {"body": "x"},
}


def test_every_operation_is_served_at_its_address() -> None:
    served = Rest(OPERATIONS).operations
    found = [operation for by_method in served.values() for operation in by_method.values()]
    assert sorted(each.name for each in found) == sorted(each.name for each in OPERATIONS)
    assert {"/".join(path) for path in served} == {each.path for each in OPERATIONS}


async def _call(client: httpx.AsyncClient, operation: Operation, id_: str, seen: int) -> httpx.Response:
    headers = {"if-match": f'"{seen}"'} if operation.if_match != "no" else {}
    body = BODIES.get(operation.name, {}) if operation.takes is not None else None
    return await client.request(operation.method, operation.path.replace("{id}", id_), headers=headers, json=body)


async def test_nobody_reaches_what_is_not_theirs(house: House) -> None:
    """Every route with an id in it, by everybody who has no right to it: 401 or 404, and nothing written."""
    amina, paul = await house.as_("amina"), await house.as_("paul")
    pdf = {"file": ("a.pdf", b"%PDF-1.7\n%%EOF\n")}
    file = (await amina.post("/documents", files=pdf)).json()["id"]
    answers = {**await house.example(), "relation": "represented", "supporting_document": [file]}
    filed = await amina.post("/dossiers", json={"procedure": "acte-de-naissance", "answers": answers})
    draft = await amina.post("/dossiers", json={"procedure": "acte-de-naissance", "draft": True})
    declared = await paul.post("/absences", json={"until": {"date": in_days(1), "half": "pm"}, "reason": "x"})
    ids = {
        "documents": [file],
        "dossiers": [filed.json()["id"], draft.json()["id"]],
        "absences": [declared.json()["id"]],
    }
    facts = await house.count("select count(*) from journal where stream <> 'session'")

    clients = {name: await house.anonymous() if name == "nobody" else await house.as_(name) for name in ROLES}
    tried = 0
    for operation, (name, client) in product(TARGETED, clients.items()):
        for id_ in ids[operation.path.split("/")[1]]:
            answer = await _call(client, operation, id_, 1)
            expected = {401} if name == "nobody" else {404}
            if name == "bilal" and answer.status_code == 403:
                expected = {403}  # agents' routes say no to a citizen before they look for anything
                assert "not_allowed" in operation.refuses
                elsewhere = await _call(client, operation, "01a20b4f-0000-7000-8000-000000000000", 1)
                assert elsewhere.status_code == 403, f"{operation.name} tells what exists"
            assert answer.status_code in expected, f"{name} {operation.method} {operation.path}: {answer.text}"
            tried += 1
    assert tried == 4 * sum(len(ids[each.path.split("/")[1]]) for each in TARGETED)
    assert await house.count("select count(*) from journal where stream <> 'session'") == facts


async def test_a_draft_is_its_authors_alone(house: House) -> None:
    amina = await house.as_("amina")
    draft = (await amina.post("/dossiers", json={"procedure": "acte-de-naissance", "draft": True})).json()["id"]
    for name in ("paul", "claire", "hugo", "root", "bilal"):
        assert (await (await house.as_(name)).get(f"/dossiers/{draft}")).status_code == 404, name


async def test_figures_and_dashboards_are_for_those_who_direct_or_manage(house: House) -> None:
    """403 for everybody else, before anything is looked for."""
    for name in ("nobody", "amina", "bilal", "paul", "omar", "root", "claire", "hugo"):
        client = await house.anonymous() if name == "nobody" else await house.as_(name)
        expected = {"nobody": 401, "claire": 0, "hugo": 0}.get(name, 403)
        for method, path in (("GET", "/figures/now"), ("GET", "/figures/none"), ("POST", "/dashboards/tickets")):
            status = (await client.request(method, path)).status_code
            assert status == expected or (not expected and status in (201, 404, 503)), f"{name} {path}: {status}"


STATES = ("submitted", "claimed", "under_review", "awaiting", "uncovered", "taken_over", "decided")
ACTS = {
    "claim": "claim", "release": "release", "assign": "assign", "reroute": "reroute", "start-review": "start_review",
    "ask-completion": "ask_completion", "decide": "decide", "take-over": "take_over", "hand-back": "hand_back",
    "complete": "complete", "messages": "post_message",
}  # fmt: skip


@pytest.mark.parametrize("state", STATES)
async def test_what_is_offered_is_what_is_accepted(house: House, state: str) -> None:
    """For everybody who sees the dossier: an act is offered if and only if the door does it."""
    bodies = {
        "assign": {"agent": str(house.community.ines.id)}, "ask-completion": {"reason": "x"},
        "reroute": {"service": str(house.community.voirie), "reason": "x"},
        "decide": {"outcome": "accepted"}, "messages": {"message": "x"}, "complete": {"message": "x"},
    }  # fmt: skip
    id_ = await _in_state(house, state)
    accepted = 0
    for who in ("amina", "paul", "ines", "claire", "hugo"):
        client = await house.as_(who)
        seen = (await client.get(f"/dossiers/{id_}")).json()
        for route, offered in ACTS.items():
            answer = await client.post(
                f"/dossiers/{id_}/{route}", json=bodies.get(route, {}), headers={"if-match": f'"{seen["version"]}"'}
            )
            assert (answer.status_code < 300) == (offered in seen["acts"]), f"{who} {route} in {state}: {answer.text}"
            if answer.status_code < 300:
                accepted += 1
                id_ = await _in_state(house, state)
                seen = (await client.get(f"/dossiers/{id_}")).json()
    assert accepted >= 1


async def _in_state(house: House, state: str) -> str:
    """A new dossier in this state; where it needs an absence, Paul's."""
    paul, ines = await house.as_("paul"), await house.as_("ines")
    id_ = await house.filed()
    if state == "submitted":
        return id_
    await act(paul, id_, "claim", 1)
    if state == "claimed":
        return id_
    await act(paul, id_, "start-review", 2)
    if state == "awaiting":
        await act(paul, id_, "ask-completion", 3, reason="x")
    if state == "decided":
        await act(paul, id_, "decide", 3, outcome="accepted")
    if state in ("uncovered", "taken_over"):
        if not await house.count("select count(*) from absences"):
            await away(house, house.community.paul)
        async with transaction(house.engine) as db:
            await uncover(db, DossierId(UUID(id_)), by=SYSTEM)
    if state == "taken_over":
        await act(ines, id_, "take-over", 4)
    return id_
