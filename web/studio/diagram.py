"""The course of a request as a drawing: states and steps from top to bottom, an arrow for each way on (PURE)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

WIDTH, HEIGHT = 200, 60  # of a box, in pixels
ACROSS, DOWN = 36, 64  # between boxes
MARGIN = 16
LINE = 24  # characters of a line of a box, at most
# In the order of the drawing: what goes back is at the side.
STATES = ("submitted", "under_review", "accepted", "refused", "closed_without_action", "awaiting_citizen")
# The ways that every procedure has: (from, to, code of what is done).
USUAL = (
    ("submitted", "under_review", "start_review"),
    ("under_review", "awaiting_citizen", "ask_completion"),
    ("awaiting_citizen", "under_review", "complete"),
    ("under_review", "accepted", "decide"),
    ("under_review", "refused", "decide"),
    ("under_review", "closed_without_action", "decide"),
)


@dataclass(frozen=True, slots=True)
class Node:
    """A state, or a step inside one."""

    id: str
    state: str
    label: str


@dataclass(frozen=True, slots=True)
class Way:
    """How a request goes from one node to another."""

    source: str
    target: str
    label: str


@dataclass(frozen=True, slots=True)
class Box:
    """A node in its place: the middle of its top edge is (x, y); `lines` of its label."""

    node: Node
    x: int
    y: int
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Drawing:
    """Boxes, and the `d` of each arrow's path, all within width × height."""

    width: int
    height: int
    boxes: tuple[Box, ...]
    arrows: tuple[str, ...]


def course(
    process: Mapping[str, Any], states: Mapping[str, str], usual: Mapping[str, str], language: str
) -> tuple[list[Node], list[Way]]:
    """The nodes and ways of a procedure. `process`: that section of its definition, which may be unfinished or empty;
    `states` and `usual`: the words of the states and of what is always done.
    """
    steps: dict[str, list[Node]] = {}
    for each in _items(process, "steps"):
        state = str(each.get("state"))
        steps.setdefault(state, []).append(Node(str(each.get("id")), state, _said(each.get("title"), language)))
    nodes = [node for state in STATES for node in steps.get(state) or [Node(state, state, states.get(state, state))]]
    known = {node.id for node in nodes}
    first = {state: (steps[state][0].id if state in steps else state) for state in STATES}
    last = {state: (steps[state][-1].id if state in steps else state) for state in STATES}
    ways = [Way(last[source], first[target], usual.get(code, code)) for source, target, code in USUAL]
    for action in _items(process, "actions"):
        sources = action.get("from")
        reached = action.get("to") in known
        ways += [
            Way(str(source), str(action["to"]), _said(action.get("title"), language))
            for source in (sources if isinstance(sources, list) else [])
            if reached and source in known
        ]
    return nodes, ways


def draw(nodes: Sequence[Node], ways: Sequence[Way]) -> Drawing:
    """Each node one row below the lowest of those that lead to it; ways back run along the right side."""
    rows = _rows(nodes, ways)
    by_row: dict[int, list[Node]] = {}
    for node in nodes:
        by_row.setdefault(rows[node.id], []).append(node)
    most = max((len(each) for each in by_row.values()), default=1)
    inner = most * WIDTH + (most - 1) * ACROSS
    boxes: dict[str, Box] = {}
    for row, inside in sorted(by_row.items()):
        left = MARGIN + (inner - (len(inside) * WIDTH + (len(inside) - 1) * ACROSS)) // 2
        for place, node in enumerate(inside):
            x = left + place * (WIDTH + ACROSS) + WIDTH // 2
            boxes[node.id] = Box(node, x, MARGIN + row * (HEIGHT + DOWN), _lines(node.label))
    back = [way for way in ways if rows[way.target] <= rows[way.source] and way.source != way.target]
    arrows, seen = [], set()
    for way in ways:
        if way.source == way.target or (way.source, way.target) in seen:
            continue
        seen.add((way.source, way.target))
        side = back.index(way) if way in back else None
        arrows.append(
            _arrow(boxes[way.source], boxes[way.target], None if side is None else MARGIN + inner + 18 * (side + 1))
        )
    width = 2 * MARGIN + inner + 18 * (len(back) + 1)
    height = 2 * MARGIN + (max(by_row, default=0) + 1) * (HEIGHT + DOWN) - DOWN
    return Drawing(width, height, tuple(boxes.values()), tuple(arrows))


def _rows(nodes: Sequence[Node], ways: Sequence[Way]) -> dict[str, int]:
    """The row of each node: ways that lead to a node listed before do not count, so that there is no circle."""
    order = {node.id: place for place, node in enumerate(nodes)}
    rows: dict[str, int] = {}
    for node in nodes:
        above = [rows[way.source] for way in ways if way.target == node.id and order[way.source] < order[node.id]]
        rows[node.id] = max(above, default=-1) + 1
    return rows


def _arrow(source: Box, target: Box, side: int | None) -> str:
    if side is None:
        y1, y2 = source.y + HEIGHT, target.y - 7
        middle = (y1 + y2) // 2
        return f"M{source.x} {y1}C{source.x} {middle} {target.x} {middle} {target.x} {y2}"
    y1, y2 = source.y + HEIGHT // 2, target.y + HEIGHT // 2
    x1, x2 = source.x + WIDTH // 2, target.x + WIDTH // 2 + 7
    return f"M{x1} {y1}C{side} {y1} {side} {y1} {side} {(y1 + y2) // 2}S{side} {y2} {x2} {y2}"


def _lines(label: str) -> tuple[str, ...]:
    """The label in two lines at most; what is longer ends in an ellipsis, and is whole in the list beside."""
    lines = [""]
    for word in label.split():
        joined = f"{lines[-1]} {word}".strip()
        if len(joined) <= LINE or not lines[-1]:
            lines[-1] = joined
        else:
            lines.append(word)
    kept = [line if len(line) <= LINE else f"{line[: LINE - 1]}…" for line in lines[:2]]
    if len(lines) > 2:
        kept[1] = f"{kept[1][: LINE - 1]}…"
    return tuple(kept)


def _items(process: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    found = process.get(key)
    return [each for each in found if isinstance(each, Mapping)] if isinstance(found, list) else []


def _said(wording: Any, language: str) -> str:
    return str(wording.get(language) or wording.get("fr") or "…") if isinstance(wording, Mapping) else "…"
