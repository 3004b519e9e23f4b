"""openapi.json is valid, and the real process answers only what it says: schemathesis, with and without a session."""

import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings, strategies
from jsonschema_rs import Draft202012Validator
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from analytics.facts import Fold
from analytics.tables import Tables
from api.app import PREFIX
from api.openapi import document
from api.routes import OPERATIONS
from casework.accounts import queries as accounts
from casework.accounts.actions import open_session
from infra.database import engine as make_engine
from infra.database import transaction
from infra.embedded import Valkey
from tests.api.house import BIRTH
from tests.people import Community
from tests.servers import SECRET, Cluster, Processes

# How many requests each operation gets from each caller; a long run sets more.
EXAMPLES = int(os.environ.get("SCHEMA_EXAMPLES", "4"))
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
]
_NUMBERS = count()


@dataclass(frozen=True, slots=True)
class Target:
    """A real `relais web`, sessions of its people, and ids of what is there."""

    url: str
    tokens: dict[str, str]
    ids: tuple[str, ...]


@pytest.fixture(scope="module")
async def target(
    portal: tuple[str, Community], postgres: Cluster, valkey: Valkey, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Target]:
    name = f"schema_{next(_NUMBERS)}"
    await postgres.execute(f"create database {name} template {portal[0]} strategy file_copy")
    processes = Processes(tmp_path_factory.mktemp("schema"), postgres.url(name), valkey.url())
    try:
        web = await processes.start("web", LOG_LEVEL="error")
        tokens = await _sign_in(postgres.url(name), portal[1], web.settings.figures_url)
        yield Target(web.url, tokens, await _things(web.url, tokens))
    finally:
        processes.stop()
        await postgres.drop(name)


async def _sign_in(database_url: str, community: Community, figures_url: str) -> dict[str, str]:
    engine, tokens = make_engine(database_url), {}
    await Fold(engine, Tables(figures_url), SECRET).once()  # so that Hugo, who directs, has figures
    async with transaction(engine) as db:
        for name in ("amina", "paul", "hugo"):
            account = await accounts.by_id(db, getattr(community, name).id)
            tokens[name], _ = await open_session(db, account)
    await engine.dispose()
    return tokens


async def _things(url: str, tokens: dict[str, str]) -> tuple[str, ...]:
    """A filed dossier that Paul holds, a draft of Amina's, an absence of Paul's."""
    headers = {name: {"authorization": f"Bearer {token}"} for name, token in tokens.items()}
    async with httpx.AsyncClient(base_url=url + PREFIX, timeout=30) as client:
        answers = (await client.get(f"/procedures/{BIRTH}")).json()["example"]
        filed = await client.post("/dossiers", json={"procedure": BIRTH, "answers": answers}, headers=headers["amina"])
        draft = await client.post("/dossiers", json={"procedure": BIRTH, "draft": True}, headers=headers["amina"])
        id_ = filed.json()["id"]
        await client.post(f"/dossiers/{id_}/claim", headers={**headers["paul"], "if-match": '"1"'})
        absence = await client.post(
            "/absences",
            json={"from": {"date": "2098-01-01", "half": "am"}, "until": {"date": "2098-01-02", "half": "pm"},
                  "reason": "Congés"},
            headers=headers["paul"],
        )  # fmt: skip
        return id_, draft.json()["id"], absence.json()["id"]


def test_the_description_is_valid(tmp_path: Path) -> None:
    described = document(OPERATIONS, server=PREFIX)
    names = [operation.name for operation in OPERATIONS]
    assert len(set(names)) == len(names)
    for name, schema in described["components"]["schemas"].items():
        Draft202012Validator({**schema, "components": described["components"]})
        assert name.isidentifier()
    operations = [operation for path in described["paths"].values() for operation in path.values()]
    told = {int(status) for operation in operations for status in operation["responses"]}
    assert told >= {200, 201, 204, 400, 401, 403, 404, 409, 412, 413, 415, 422, 428, 429, 503}


@pytest.mark.timeout(180)
@pytest.mark.parametrize("caller", ["nobody", "amina", "paul", "hugo"])
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["right", "wrong"])
def test_no_operation_answers_what_is_not_described(target: Target, caller: str, mode: GenerationMode) -> None:
    schema = schemathesis.openapi.from_url(f"{target.url}{PREFIX}/openapi.json")
    headers = {"Authorization": f"Bearer {target.tokens[caller]}"} if caller in target.tokens else {}
    tried = 0
    for found in schema.get_all_operations():
        assert isinstance(found, Ok)
        operation = found.ok()
        if operation.path == "/session" and (caller != "nobody" or operation.method == "delete"):
            continue  # it would end the session that the others need
        if mode is GenerationMode.NEGATIVE and not _can_be_wrong(operation):
            continue
        tried += _try(operation, target, headers, mode)
    assert tried >= EXAMPLES


def _can_be_wrong(operation: Any) -> bool:
    return bool(operation.body or operation.query or operation.path_parameters or operation.headers)


def _try(operation: Any, target: Target, headers: dict[str, str], mode: GenerationMode) -> int:
    made = 0
    ids = strategies.sampled_from((None, *target.ids))

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=(Phase.explicit, Phase.generate),
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode), id_=ids)
    def ask(case: Case[Any], id_: str | None) -> None:
        nonlocal made
        if id_ is not None and "id" in (case.path_parameters or {}):
            case.path_parameters["id"] = id_
        case.call_and_validate(headers=headers, checks=CHECKS)
        made += 1

    ask()
    return made
