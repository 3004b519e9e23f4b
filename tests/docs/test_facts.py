"""docs/facts.md cannot lie: its tables are the declared kinds, its diagrams what the rules do."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from msgspec.structs import replace as with_

from casework.authority import SYSTEM
from casework.continuity import rules as absences
from casework.continuity.model import Absence
from casework.dossiers import rules
from casework.dossiers.model import FACT_COLUMNS, STATES, Dossier
from casework.dossiers.progress import Due
from casework.errors import Refused
from casework.facts import KINDS
from casework.forms.model import Wording
from casework.ids import DossierId, Version
from casework.journal.fact import Fact
from casework.journal.table import STREAMS
from casework.procedures.automatic import Late
from casework.procedures.dry_run import Verdict
from casework.procedures.process import Action, Process
from casework.procedures.steps import Step
from tests.docs.tables import named, rows, section, transitions
from workers.reactions import REACTIONS

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
SOMEBODY = UUID(int=1)
OTHER = UUID("00000000-0000-7000-8000-000000000002")
DOCUMENT = "facts.md"
_TITLE = Wording("Visite", "Visit")
ACTION = Action("plan_visit", _TITLE, ("examination",), "visit", ("service",), None)
PROCESS = Process((Step("examination", "submitted", _TITLE), Step("visit", "under_review", _TITLE)), (ACTION,))
DUE = Due("late", 1, Late(), NOW)


@pytest.mark.parametrize("stream", sorted({kind.partition(".")[0] for kind in KINDS}))
def test_each_fact_is_told_as_it_is_declared(stream: str) -> None:
    article = "an" if stream == "absence" else "a"
    told = rows(DOCUMENT, f"Facts of {article} {stream}")
    assert [named(row[0]) for row in told] == [[kind] for kind in KINDS if kind.startswith(f"{stream}.")]
    for fact, v, means, changes, details, audience, follows in told:
        kind = KINDS[named(fact)[0]]
        assert int(v) == kind.v
        assert means.endswith(".")
        assert set(named(changes)) == kind.changes
        assert set(named(details)) == kind.details
        expected = ("agents, citizen" if kind.told_to_citizen else "agents") if stream == "dossier" else ""
        assert audience == expected
        assert named(follows) == [reaction.effect for reaction in REACTIONS.get(named(fact)[0], ())]


def test_the_other_streams_are_named() -> None:
    written = {kind.partition(".")[0] for kind in KINDS}
    assert set(named(section(DOCUMENT, "Streams without facts yet"))) == set(STREAMS) - written


def _dossier(state: str) -> Dossier:
    """A dossier of this state to which every act of the state can be done by SYSTEM's own nobody."""
    columns: dict[str, Any] = {**dict.fromkeys(FACT_COLUMNS), "late": False, "message_count": 0, "state": state}
    return Dossier(DossierId(SOMEBODY), "2026-1-A", Version(3), b"", NOW, **columns)


def _calls(dossier: Dossier) -> dict[str, list[Callable[[], Fact | None]]]:
    """Each act of the table, done in every way that leads to another state."""
    usual: dict[str, Any] = {"seen": None, "by": SYSTEM, "at": NOW}
    said: dict[str, Any] = {**usual, "content": "", "documents": ()}
    due = with_(dossier, due_at=NOW - timedelta(days=1))
    uncovered = with_(dossier, holder_id=SOMEBODY, uncovered_since=NOW, taken_over_from=SOMEBODY)
    at_step = with_(dossier, step="examination")
    clock: dict[str, Any] = {"by": SYSTEM, "at": NOW}
    return {
        "reach_page": [lambda: rules.reach_page(dossier, page=2, **clock)],
        "submit": [lambda: rules.submit(dossier, filing={}, due_at=NOW, **said)],
        "expire_draft": [lambda: rules.expire_draft(dossier, **clock)],
        "claim": [lambda: rules.claim(dossier, **usual)],
        "release": [lambda: rules.release(uncovered, **{**usual, "by": replace(SYSTEM, capacity="manager")})],
        "assign": [lambda: rules.assign(dossier, to=SOMEBODY, cover={}, batch_id=None, **usual)],
        "reroute": [lambda: rules.reroute(dossier, service_id=OTHER, directorate_id=OTHER, content="", **usual)],
        "move": [lambda: rules.move(dossier, service_id=OTHER, directorate_id=OTHER, by_hand=False, **clock)],
        "move_revision": [
            lambda: rules.move_revision(with_(dossier, revision=1), revision=2, verdict=Verdict("unchanged"), **clock)
        ],
        "start_review": [lambda: rules.start_review(dossier, **usual)],
        "act": [lambda: rules.act(at_step, ACTION, PROCESS, holds=True, **usual)],
        "do_task": [lambda: rules.do_task(dossier, 2, asked=[2], **usual)],
        "go_to": [lambda: rules.go_to(at_step, "visit", PROCESS, due=DUE, **clock)],
        "take_step": [lambda: rules.take_step(dossier, did="mail", due=DUE, **clock)],
        "close": [
            lambda outcome=outcome: rules.close(dossier, outcome=outcome, content=None, due=DUE, **clock)  # type: ignore[misc] # as above
            for outcome in ("accepted", "refused", "closed_without_action")
        ],
        "ask_completion": [lambda: rules.ask_completion(dossier, content="", **usual)],
        "complete": [lambda: rules.complete(dossier, **said)],
        "write": [lambda: rules.post_message(dossier, content="", **usual)],
        "reply": [
            lambda: rules.post_message(dossier, content="", **{**usual, "by": replace(SYSTEM, capacity="citizen")})
        ],
        "decide": [
            lambda outcome=outcome: rules.decide(dossier, outcome=outcome, content="", **usual)  # type: ignore[misc] # mypy cannot infer a lambda with a default
            for outcome in ("accepted", "refused", "closed_without_action")
        ],
        "take_over": [lambda: rules.take_over(uncovered, batch_id=None, **usual)],
        "hand_back": [
            lambda: rules.hand_back(uncovered, away=False, **{**usual, "by": replace(SYSTEM, capacity="manager")})
        ],
        "uncover": [lambda: rules.uncover(dossier, absence_id=SOMEBODY, cover_id=None, **clock)],
        "cover": [lambda: rules.cover(uncovered, **clock)],
        "give_place": [lambda: rules.give_place(with_(dossier, waiting_since=NOW), **clock)],
        "become_late": [lambda: rules.become_late(due, **clock)],
    }


def test_the_life_of_a_dossier_is_what_the_rules_do() -> None:
    done: set[str] = set()
    moved = {("[*]", "draft", "open_draft")}
    for state in STATES:
        calls = _calls(_dossier(state))
        assert set(calls) == set(rules.ACTS)
        for act, ways in calls.items():
            for way in ways:
                try:
                    fact = way()
                except Refused:
                    assert state not in rules.ACTS[act].states, f"{act} in {state}: the test's own dossier is refused"
                    continue
                if fact is None:
                    continue
                assert state in rules.ACTS[act].states
                done.add(act)
                if "state" in fact.changes and fact.changes["state"] != state:
                    moved.add((state, fact.changes["state"], act))
    assert done == set(rules.ACTS)
    left = {source for source, _, _ in moved}
    assert transitions(DOCUMENT, "The life of a dossier") == moved | {(s, "[*]", "") for s in STATES if s not in left}


def test_the_life_of_an_absence_is_what_the_rules_do() -> None:
    declared = absences.declare(starts_at=NOW, ends_at=NOW, declared_by=None, substitutes=(), content="")
    moved = {("[*]", declared.changes["state"], "declare")}
    states = {"declared", "begun", "ended", "cancelled"}
    for state in states:
        for starts in (NOW - timedelta(hours=1), NOW + timedelta(hours=1)):
            for ends in (NOW - timedelta(minutes=1), NOW + timedelta(hours=2)):
                absence = Absence(SOMEBODY, 1, b"", NOW, SOMEBODY, starts, ends, state, None)
                for name, act in (("begin", absences.begin), ("end", absences.end), ("cancel", absences.cancel)):
                    try:
                        fact = act(absence)
                    except Refused:
                        continue
                    if fact is not None:
                        moved.add((state, fact.changes["state"], name))
    left = {source for source, _, _ in moved}
    assert transitions(DOCUMENT, "The life of an absence") == moved | {(s, "[*]", "") for s in states - left}
