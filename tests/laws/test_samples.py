"""One stored sample of each (kind, v) that was ever written, read by every reader for ever.

`samples.json` only grows: a kind whose payload changes gets a new `v` in its facts.py, an upcaster in casework/facts.py
and a second sample here; the first one stays.
"""

import ast
import json
from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import polars as pl
import pytest

from analytics.facts import Fold
from analytics.tables import KEPT, Tables
from api.people import entry
from casework import facts
from casework.access import Viewer
from casework.accounts.model import SESSION
from casework.continuity.model import ABSENCE
from casework.dossiers.model import DOSSIER
from casework.dossiers.queues import Keys, keys_before, queues_of
from casework.dossiers.timeline import entry_of
from casework.facts import KINDS, upcast
from casework.ids import AccountId
from casework.journal import load, read
from casework.journal.fact import Recorded, canonical, digest
from casework.journal.load import Row
from casework.journal.table import STREAMS
from casework.procedures.model import PROCEDURE
from infra.database import engine as make_engine
from infra.database import reading, transaction
from infra.i18n import translator
from realtime.frames import Frames
from realtime.seen import Now, Seen
from realtime.topics import topic_of
from tests.servers import ROOT, Cluster
from web.timeline import for_agent, for_citizen
from workers.reactions import effects_of

SAMPLES = json.loads((Path(__file__).parent / "samples.json").read_text())
STREAM_OF = {each.name: each for each in (DOSSIER, ABSENCE, SESSION, PROCEDURE)}
SERVICE = UUID("01a214fa-bca0-7508-9989-a55ae4db1539")
AMINA = UUID("01a214fa-bcba-7e9d-8e87-a3526100db82")  # who files in the samples


def _row(sample: dict[str, Any]) -> Row:
    def id_(name: str) -> UUID | None:
        return UUID(sample[name]) if sample[name] else None

    return Row(
        sample["stream"], UUID(sample["subject_id"]), sample["version"], sample["kind"], sample["v"],
        datetime.fromisoformat(sample["at"]), id_("actor"), id_("on_behalf_of"), id_("mandate_id"),
        canonical(sample["payload"]).decode(), bytes.fromhex(sample["digest"]),
    )  # fmt: skip


def _written() -> Iterator[str]:
    """The kinds that casework makes facts of."""
    for path in (ROOT / "casework").rglob("*.py"):
        for call in (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)):
            if isinstance(call.func, ast.Name) and call.func.id == "Fact":
                assert isinstance(call.args[0], ast.Constant), f"{path}: a kind is written out, so that it can be found"
                yield str(call.args[0].value)


def test_every_kind_that_is_written_is_declared_and_has_a_sample_of_each_version() -> None:
    assert set(_written()) == set(KINDS)
    assert {kind.partition(".")[0] for kind in KINDS} == set(STREAM_OF) <= set(STREAMS)
    wanted = {(name, v) for name, kind in KINDS.items() for v in range(1, kind.v + 1)}
    assert sorted((each["kind"], each["v"]) for each in SAMPLES) == sorted(wanted)


def test_every_older_version_is_read_as_todays(monkeypatch: pytest.MonkeyPatch) -> None:
    assert set(facts.UPCASTERS) == {(name, v) for name, kind in KINDS.items() for v in range(1, kind.v)}
    monkeypatch.setattr(
        facts, "UPCASTERS", {("x", 1): lambda p: {**p, "a": 1}, ("x", 2): lambda p: {**p, "b": p["a"] + 1}}
    )
    assert upcast("x", 1, {}) == {"a": 1, "b": 2}
    assert upcast("x", 3, {"c": 1}) == {"c": 1}


@pytest.fixture(scope="module")
async def replayed(
    postgres: Cluster, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[dict[tuple[str, int], Recorded], pl.DataFrame]]:
    """All of them as a journal: its facts by (kind, v), and what the figures made of them."""
    name = await postgres.fresh()
    engine, tables = make_engine(postgres.url(name)), Tables(tmp_path_factory.mktemp("samples").as_uri())
    async with transaction(engine) as db:
        await load.load(db, [_row(sample) for sample in SAMPLES])
    async with reading(engine) as db:
        facts_ = (await read.after(db, read.START)).facts
    await Fold(engine, tables, "a secret of at least thirty-two characters").once()
    yield {(fact.kind, fact.v): fact for fact in facts_}, tables.read("facts")
    await engine.dispose()
    await postgres.drop(name)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda each: f"{each['kind']}-{each['v']}")
def test_a_sample_is_read_as_ever(
    replayed: tuple[dict[tuple[str, int], Recorded], pl.DataFrame], sample: dict[str, Any]
) -> None:
    """As evidence, as state, as a step told, as a frame, as what follows, as a figure."""
    row, (read_, figures) = _row(sample), replayed
    fact = read_[row.kind, row.v]
    proof = digest(bytes.fromhex(sample["previous"]), row.stream, row.subject_id, row.version, row.kind, row.v, row.at,
                   row.actor, row.on_behalf_of, row.mandate_id, sample["payload"])  # fmt: skip
    assert proof == row.digest

    kind, stream = KINDS[fact.kind], STREAM_OF[fact.stream]
    assert fact.set.keys() <= kind.changes <= set(stream.owned)
    assert fact.details.keys() <= kind.details
    folded = stream.fold(dict.fromkeys(stream.owned), fact.set)
    assert {name for name, value in folded.items() if value is not None} == {
        name for name, (_, after) in fact.set.items() if after is not None
    }
    assert isinstance(effects_of(fact), tuple)

    counted = figures.filter(pl.col("id") == fact.position.id).to_dicts()
    assert len(counted) == (fact.stream == "dossier")
    for each in counted:
        _is_told(fact, folded)
        _is_counted(each, fact, folded)


def _is_told(fact: Recorded, folded: dict[str, Any]) -> None:
    for audience, told in (("citizen", KINDS[fact.kind].told_to_citizen), ("agent", True)):
        step = entry_of(fact, audience, citizen_id=AMINA)  # type: ignore[arg-type] # mypy widens the two names to str
        assert (step is not None) == told
        if step is not None:
            for t in (translator("fr"), translator("en")):
                words = (for_citizen if audience == "citizen" else for_agent)(entry(step, {}), t)
                assert words.sentence not in (t("Le dossier a avancé."), t("Votre dossier a avancé.")), fact.kind

    now = {**folded, "state": folded["state"] or "under_review", "late": bool(folded["late"]), "citizen_id": AMINA,
           "service_id": SERVICE}  # fmt: skip
    keys = Keys(**{name: now[name] for name in Keys.__slots__})
    queues = queues_of(keys_before(keys, fact.set)) | queues_of(keys)
    seen = Seen(fact, Now(fact.version, msgspec.Raw(b"{}"), keys, None, queues_of(keys)), queues, frozenset(), {})
    clerk = Viewer(AccountId(SERVICE), "agent", services=frozenset({SERVICE}))
    topics = [topic_of(name, clerk) for name in ("queue:service", f"dossier:{fact.subject_id}")]
    assert all(topics)
    for framed in (
        Frames(seen).dossier("dossier:x", Viewer(AccountId(AMINA), "citizen")),
        Frames(seen).dossier("dossier:x", clerk),
        Frames(seen).queue(topics[0], clerk),  # type: ignore[arg-type] # `all` just said that it is one
    ):
        frame = msgspec.json.decode(framed[framed.index(b"{") :])  # after the header of its WebSocket frame
        assert (frame["op"], frame["version"], frame["dossier"]) == ("fact", fact.version, str(fact.subject_id))


def _is_counted(counted: dict[str, Any], fact: Recorded, folded: dict[str, Any]) -> None:
    """The row of the figures says of each column what the fact, read as today's, says."""
    assert (counted["kind"], counted["version"], counted["at"]) == (fact.kind, fact.version, fact.at)
    for name in set(KEPT) - {"uncovered"}:
        value = folded[name] if name in fact.set else None
        assert counted[name] == (str(value) if isinstance(value, UUID) else value), name
    since = fact.set.get("uncovered_since")
    assert counted["uncovered"] == (None if since is None else since[1] is not None)
