"""The drawing of a procedure's course: nothing overlaps, every way is an arrow, whatever was written."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from casework.procedures.steps import STATES as OF_PROCESS
from web.studio.diagram import HEIGHT, LINE, MARGIN, STATES, WIDTH, Node, Way, course, draw

WORDS = {state: state.replace("_", " ") for state in STATES}


def test_the_states_are_the_process_s() -> None:
    assert set(STATES) == set(OF_PROCESS)


def test_without_a_process_the_usual_states_are_drawn() -> None:
    nodes, ways = course({}, WORDS, {"decide": "Décider"}, "fr")
    assert [each.id for each in nodes] == list(STATES)
    assert ("under_review", "accepted", "Décider") in [(each.source, each.target, each.label) for each in ways]
    drawing = draw(nodes, ways)
    rows = {box.node.id: box.y for box in drawing.boxes}
    assert rows["submitted"] < rows["under_review"] < rows["awaiting_citizen"] == rows["accepted"]
    assert len(drawing.arrows) == len(ways)


def test_steps_stand_in_their_state_s_place_with_the_actions_between_them() -> None:
    process = {
        "steps": [
            {"id": "visit", "state": "under_review", "title": {"fr": "Visite sur place", "en": "Visit"}},
            {"id": "opinion", "state": "under_review", "title": {"fr": "Avis", "en": "Opinion"}},
            {"id": 3},
        ],
        "actions": [
            {"id": "visited", "title": {"fr": "Noter la visite", "en": "Visited"}, "from": ["visit"], "to": "opinion"},
            {"id": "lost", "from": ["nowhere"], "to": "opinion"},
            "x",
        ],
    }
    nodes, ways = course(process, WORDS, {}, "en")
    assert [each.label for each in nodes][:3] == ["submitted", "Visit", "Opinion"]
    told = {(each.source, each.target) for each in ways}
    assert {("submitted", "visit"), ("visit", "opinion"), ("opinion", "accepted")} <= told
    assert ("nowhere", "opinion") not in told


@st.composite
def graphs(draw_: st.DrawFn) -> tuple[list[Node], list[Way]]:
    ids = [f"n{number}" for number in range(draw_(st.integers(1, 8)))]
    some = st.sampled_from(ids)
    ways = draw_(st.lists(st.builds(Way, source=some, target=some, label=st.text(max_size=5)), max_size=14))
    return [Node(id_, "under_review", draw_(st.text(max_size=90))) for id_ in ids], ways


@given(graphs())
def test_no_two_boxes_overlap_and_all_are_inside(graph: tuple[list[Node], list[Way]]) -> None:
    nodes, ways = graph
    drawing = draw(nodes, ways)
    places: list[Any] = [(box.x, box.y) for box in drawing.boxes]
    assert len(places) == len(nodes)
    for number, (x, y) in enumerate(places):
        assert x - WIDTH // 2 >= MARGIN
        assert x + WIDTH // 2 <= drawing.width
        assert y + HEIGHT <= drawing.height
        for other_x, other_y in places[:number]:
            assert abs(x - other_x) >= WIDTH or abs(y - other_y) >= HEIGHT
    assert len(drawing.arrows) == len({(way.source, way.target) for way in ways if way.source != way.target})
    assert all(len(line) <= LINE for box in drawing.boxes for line in box.lines)
