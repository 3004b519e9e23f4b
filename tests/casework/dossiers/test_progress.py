"""What is due, over whatever processes and pasts: it never raises, nothing is due twice, and time only moves on."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from casework.dossiers.progress import A_DAY_MOST, Happening, Look, Standing, Stop, look
from casework.forms.model import Wording
from casework.forms.rule_reading import NOBODY
from casework.procedures.automatic import Automatic, Close, Do, GoTo, Late, Mail, Remind
from casework.procedures.process import Process, Silence
from casework.procedures.steps import STATES, Step

WORDS = Wording("Oui", "Yes")
STEPS = (
    Step("arrival", "submitted", WORDS),
    Step("examination", "under_review", WORDS),
    Step("visit", "under_review", WORDS),
)
NAMES = [each.id for each in STEPS]
MAIL = Mail(WORDS, WORDS)
BEGUN = datetime(2026, 3, 2, 9, tzinfo=UTC)  # a Monday

dos: st.SearchStrategy[Do] = st.one_of(
    st.sampled_from([MAIL, Remind(), Late(), Close("refused", WORDS)]), st.sampled_from(NAMES).map(GoTo)
)
automatics = st.builds(
    Automatic, id=st.sampled_from("abcde"), on=st.sampled_from([*NAMES, *STATES]),
    after=st.none() | st.integers(1, 40), when=st.none(), do=dos, deadline=st.booleans(),
)  # fmt: skip
processes = st.builds(
    Process, steps=st.just(STEPS), actions=st.just(()),
    automatic=st.lists(automatics, max_size=5, unique_by=lambda each: each.id).map(tuple),
    silence=st.none() | st.just(Silence("refused", 60)),
)  # fmt: skip
changes: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.just({}), st.fixed_dictionaries({"state": st.sampled_from(STATES)}),
    st.fixed_dictionaries({"step": st.sampled_from([*NAMES, None])}),
    st.fixed_dictionaries({"state": st.sampled_from(STATES), "step": st.sampled_from(NAMES)}),
)  # fmt: skip
details: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
    [{}, {"action": "x"}, {"did": "stopped", "automatic": "", "cause": 1}, {"automatic": "a", "cause": 1}]
)
hours = st.integers(0, 24 * 40)


@st.composite
def pasts(draw: st.DrawFn) -> tuple[Happening, ...]:
    """A filing, and whatever comes after it, in the order of time."""
    at, past = BEGUN, [Happening(1, BEGUN, {"state": "submitted", "step": "arrival"}, {})]
    for version in range(2, draw(st.integers(2, 12))):
        at += timedelta(hours=draw(hours))
        past.append(Happening(version, at, draw(changes), draw(details)))
    return tuple(past)


def standing(past: tuple[Happening, ...]) -> Standing:
    return Standing(past, {}, {}, "online", NOBODY)


def taken(process: Process, past: tuple[Happening, ...], found: Look, now: datetime) -> Happening:
    """What the clock writes of what is due."""
    due = found.due
    assert due is not None
    told: dict[str, Any] = {"automatic": due.automatic, "cause": due.cause}
    match due.do:
        case GoTo(step=to):
            step = process.step(to)
            assert step is not None
            return Happening(past[-1].version + 1, now, {"step": to, "state": step.state}, told)
        case Close(outcome=outcome) | Silence(outcome=outcome):
            return Happening(past[-1].version + 1, now, {"state": outcome, "step": None}, told)
        case Late():
            return Happening(past[-1].version + 1, now, {"late": True}, told)
        case Stop():
            return Happening(past[-1].version + 1, now, {}, {**told, "did": "stopped"})
    return Happening(past[-1].version + 1, now, {}, told)


@settings(max_examples=300)
@given(processes, pasts(), hours)
def test_nothing_is_due_twice_and_it_comes_to_an_end(process: Process, past: tuple[Happening, ...], later: int) -> None:
    now = past[-1].at + timedelta(hours=later)
    before = {(each.details.get("automatic"), each.details.get("cause")) for each in past}
    for _ in range(A_DAY_MOST + 3):
        found = look(process, standing(past), now=now)
        assert found == look(process, standing(past), now=now)
        if found.due is None:
            assert found.next is None or found.next > now
            return
        assert found.due.at <= now
        cause = found.due.automatic, found.due.cause
        assert cause not in before or isinstance(found.due.do, Stop | Silence)
        before.add(cause)
        past = (*past, taken(process, past, found, now))
    raise AssertionError("it goes on for ever")


@given(processes, pasts(), hours)
def test_the_moment_to_look_again_is_not_too_late(process: Process, past: tuple[Happening, ...], later: int) -> None:
    """Nothing falls due between now and the moment at which the clock comes back."""
    now = past[-1].at + timedelta(hours=later)
    found = look(process, standing(past), now=now)
    if found.due is None:
        until = found.next or now + timedelta(days=3_000)
        for part in (0.3, 0.9, 0.999):
            assert look(process, standing(past), now=now + (until - now) * part).due is None


def one(on: str, after: int | None, do: Do = MAIL, *, deadline: bool = False) -> Process:
    return Process(STEPS, (), (Automatic("a", on, after, None, do, deadline),))


FILED = Happening(1, BEGUN, {"state": "submitted", "step": "arrival"}, {})
EXAMINED = Happening(2, BEGUN + timedelta(hours=1), {"state": "under_review", "step": "examination"}, {})
PAST = (FILED, EXAMINED)


def _next(process: Process, past: tuple[Happening, ...]) -> str | None:
    found = look(process, standing(past), now=past[-1].at)
    assert found.due is None
    return found.next.isoformat() if found.next else None


def test_a_step_is_taken_in_the_morning_and_a_term_ends_with_its_day() -> None:
    assert _next(one("examination", 5), PAST) == "2026-03-09T08:00:00+01:00"
    assert _next(one("examination", 5, Late(), deadline=True), PAST) == "2026-03-10T00:00:00+01:00"


def test_a_term_waits_with_the_citizen_and_goes_on_by_the_time_awaited() -> None:
    process = one("examination", 5, Late(), deadline=True)
    asked = Happening(3, BEGUN + timedelta(days=1), {"state": "awaiting_citizen"}, {})
    assert _next(process, (*PAST, asked)) is None
    answered = Happening(4, BEGUN + timedelta(days=21), {"state": "under_review"}, {})
    assert _next(process, (*PAST, asked, answered)) == "2026-03-30T00:00:00+02:00"  # twenty days, and summer time


def test_what_hangs_on_the_wait_itself_does_not_wait() -> None:
    asked = Happening(3, BEGUN + timedelta(days=1), {"state": "awaiting_citizen"}, {})
    assert _next(one("awaiting_citizen", 5), (*PAST, asked)) == "2026-03-10T08:00:00+01:00"


def test_what_comes_later_is_for_who_is_still_there() -> None:
    visited = Happening(3, BEGUN + timedelta(days=1), {"step": "visit"}, {})
    assert _next(one("examination", 5), (*PAST, visited)) is None
    at_once = look(one("submitted", None), standing((*PAST, visited)), now=visited.at)
    assert at_once.due is not None, "the mail of the very moment is owed in any case"


def test_a_later_revision_does_not_catch_up_with_the_past() -> None:
    moved = Happening(3, BEGUN + timedelta(days=1), {"revision": 2}, {})
    assert look(one("submitted", None), standing(PAST), now=BEGUN).due is not None
    assert _next(one("submitted", None), (*PAST, moved)) is None
    assert _next(one("examination", 5), (*PAST, moved)) == "2026-03-09T08:00:00+01:00"


def test_silence_counts_calendar_days_and_stops_with_the_citizen() -> None:
    process = replace(one("visit", None), silence=Silence("refused", 60))
    assert _next(process, (FILED,)) == "2026-05-02T00:00:00+02:00"
    asked = Happening(3, BEGUN + timedelta(days=10), {"state": "awaiting_citizen"}, {})
    assert _next(process, (*PAST, asked)) is None
    answered = Happening(4, BEGUN + timedelta(days=20), {"state": "under_review"}, {})
    assert _next(process, (*PAST, asked, answered)) == "2026-05-12T00:00:00+02:00"
    decided = Happening(5, BEGUN + timedelta(days=30), {"state": "accepted"}, {})
    assert _next(process, (*PAST, asked, answered, decided)) is None
