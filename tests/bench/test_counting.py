"""The measures' own honesty: a frame lost, repeated or astray is seen, and a median is a median."""

import pytest

from bench.live import counted, fault
from bench.pace import arrivals
from bench.stage import LiveStage, SocketPlan
from bench.table import Budget, Column, cell, percentile, table

MILLISECOND = 1_000_000
MADE = [(0, "a", 1, 0), (1, "b", 1, 10 * MILLISECOND)]  # topic, key, version, instant
WHOLE = [
    (0, "a", 1, 2 * MILLISECOND),  # socket, key, version, instant
    (2, "a", 1, 4 * MILLISECOND),
    (1, "b", 1, 13 * MILLISECOND),
]


def stage() -> LiveStage:
    """Sockets 0 and 2 watch topic 0, socket 1 topic 1."""
    plans = [SocketPlan(url="", headers=[], say=None, ready="", beat=0.0, topic=topic) for topic in (0, 1, 0)]
    return LiveStage(holders=[], sockets=plans, writer=None)  # type: ignore[arg-type]


def told(frames: list[tuple[int, str, int, int]]) -> tuple[dict[str, float], str | None]:
    figures = counted(MADE, frames, stage())
    return figures, fault({**figures, "cut": 0.0, "strange": 0.0})


def test_a_whole_run_counts() -> None:
    figures, wrong = told(WHOLE)
    assert wrong is None
    assert (figures["frames"], figures["p50"], figures["max"]) == (3, 3.0, 4.0)


@pytest.mark.parametrize("missing", range(3))
def test_a_lost_frame_is_seen(missing: int) -> None:
    _, wrong = told(WHOLE[:missing] + WHOLE[missing + 1 :])
    assert wrong == "1 lost"


@pytest.mark.parametrize("again", WHOLE)
def test_a_repeated_frame_is_seen(again: tuple[int, str, int, int]) -> None:
    _, wrong = told([*WHOLE, again])
    assert wrong == "1 duplicated"


@pytest.mark.parametrize("astray", [(1, "a", 1, 0), (0, "b", 1, 0), (0, "a", 2, 0), (0, "c", 1, 0)])
def test_a_frame_for_somebody_else_or_of_no_event_is_seen(astray: tuple[int, str, int, int]) -> None:
    _, wrong = told([*WHOLE, astray])
    assert wrong == "1 misdelivered"


def test_every_target_gets_the_same_events() -> None:
    first, again, other = (arrivals(50, 10, seed, 20) for seed in (1, 1, 2))
    assert first == again != other
    assert len(first) == 500
    assert all(0 <= at <= 10 and 0 <= topic < 20 for at, topic in first)
    assert [at for at, _ in first] == sorted(at for at, _ in first)


@pytest.mark.parametrize(("share", "expected"), [(0.5, 50), (0.99, 99), (1.0, 100), (0.0, 1)])
def test_percentiles_are_values_that_were_seen(share: float, expected: float) -> None:
    assert percentile([float(value) for value in range(1, 101)], share) == expected


def test_a_cell_tells_median_and_spread() -> None:
    column = Column("p99", "p99 ms")
    assert cell([3.0, 1.0, 2.0], column) == "2.0 (1.0–3.0)"
    assert cell([], column) == "–"
    assert "| ours | – |" in table([column], {"ours": []})


def test_a_budget_at_its_limit_is_kept_and_past_it_missed() -> None:
    assert Budget("x", 2.0, 2.0).kept
    assert not Budget("x", 2.1, 2.0).kept
    assert Budget("x", 2.1, 2.0, at_least=True).kept
    assert "MISSED" in Budget("x", 1.9, 2.0, at_least=True).line()
