"""Routing: the first rule that holds; what a designer is told when rules meet; and that trying them out is right."""

from datetime import date
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casework.forms.definition import read_form
from casework.forms.strict import DefinitionFault, Reader
from casework.organisation.communes import communes
from casework.procedures.package import BadPackage, Package, load_yaml, read
from casework.procedures.routing import read_routing, route
from tests.casework.procedures.test_package import DOCUMENT

TODAY = date(2026, 11, 26)
TITLE = {"fr": "x", "en": "x"}
FIELDS = [
    {
        "id": "size",
        "kind": "choice",
        "label": TITLE,
        "choices": [{"value": v, "label": TITLE} for v in ("s", "m", "l")],
    },
    {"id": "fair", "kind": "yes_no", "label": TITLE},
    {"id": "guests", "kind": "integer", "label": TITLE},
    {"id": "held_on", "kind": "date", "label": TITLE},
    {"id": "town", "kind": "commune", "label": TITLE},
]
FORM = read_form(Reader.of({"pages": [{"id": "a", "title": TITLE, "fields": FIELDS}]}, "form", []), communes())

SMALL, LARGE, FAIR = {"==": [{"var": "size"}, "s"]}, {"==": [{"var": "size"}, "l"]}, {"var": "fair"}
MANY, MORE = {">": [{"var": "guests"}, 200]}, {">": [{"var": "guests"}, 300]}
SOON = {"<": [{"days": [{"var": "today"}, {"var": "held_on"}]}, 30]}


def judged(*rules: Any) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """The faults and the remarks of these rules, each to a service of its own."""
    faults: list[DefinitionFault] = []
    section = {"routing": [{"when": rule, "service": f"s{i}"} for i, rule in enumerate(rules)]}
    _, remarks = read_routing(Reader.of(section, "", faults), FORM)
    return [(each.path, each.code) for each in faults], [(each.path, each.code) for each in remarks]


@pytest.mark.parametrize(
    ("rules", "faults", "remarks"),
    [
        ((SMALL, LARGE), [], []),
        ((SMALL, FAIR), [], [("routing[1].when", "route_overlaps")]),
        ((MORE, MANY), [], [("routing[1].when", "route_overlaps")]),
        ((MANY, MORE), [("routing[1].when", "route_covered")], []),
        ((FAIR, {"!": [FAIR]}, SMALL), [("routing[2].when", "route_covered")], [],),
        (({"and": [SMALL, LARGE]},), [("routing[0].when", "route_never")], []),
        (({"in": [{"var": "town"}, ["86194"]]}, {"==": [{"var": "town"}, "86194"]}),
         [("routing[1].when", "route_covered")], []),
        ((SOON, {"and": [SOON, SMALL]}), [], [("routing[1].when", "route_covered_maybe")]),
        (({"==": [{"var": "size"}, "xl"]},), [("routing[0].when", "rule_unknown_value")], []),
        (({"var": "gone"},), [("routing[0].when", "rule_unknown_answer")], []),
    ],
)  # fmt: skip
def test_what_rules_do_together_is_told(rules: Any, faults: Any, remarks: Any) -> None:
    assert judged(*rules) == (faults, remarks)


def _package(**values: Any) -> Package:
    return read(load_yaml(DOCUMENT) | values)


def test_the_first_rule_that_holds_says_where_it_goes() -> None:
    routing = [
        {"when": {"==": [{"var": "relation"}, "self"]}, "service": "mairies"},
        {"when": {"!=": [{"var": "relation"}, "relative"]}, "service": "voirie"},
    ]
    package = _package(routing=routing)
    places = [route(package, answers, today=TODAY) for answers in ({"relation": "self"}, {"relation": "relative"}, {})]
    assert places[:2] == ["mairies", package.service]
    assert read(package.definition) == package
    assert [each.code for each in package.remarks] == ["route_overlaps"]


def test_routing_is_read_strictly() -> None:
    with pytest.raises(BadPackage) as bad:
        _package(routing=[{"when": {"var": "x"}, "service": "Voirie", "then": 1}])
    assert {fault.code for fault in bad.value.faults} == {"rule_unknown_answer", "bad_slug", "unknown_key"}
    assert all(line for line in str(bad.value).splitlines())


_LEAVES = st.one_of(
    st.builds(lambda v: {"==": [{"var": "size"}, v]}, st.sampled_from(["s", "m", "l"])),
    st.just(FAIR),
    st.builds(
        lambda op, n: {op: [{"var": "guests"}, n]}, st.sampled_from(["<", "<=", ">", ">=", "=="]), st.integers(0, 4)
    ),
)
_RULES = st.recursive(
    _LEAVES,
    lambda inner: st.one_of(
        st.builds(lambda a, b: {"and": [a, b]}, inner, inner),
        st.builds(lambda a, b: {"or": [a, b]}, inner, inner),
        st.builds(lambda a: {"!": [a]}, inner.filter(lambda rule: "var" not in rule)),
    ),
    max_leaves=4,
)


@given(st.lists(_RULES, min_size=1, max_size=3))
def test_a_rule_is_refused_if_and_only_if_no_answers_reach_it(rules: list[Any]) -> None:
    """Against every combination of answers around the constants: what is exact must be so."""
    faults: list[DefinitionFault] = []
    section = {"routing": [{"when": rule, "service": f"s{i}"} for i, rule in enumerate(rules)]}
    routes, _ = read_routing(Reader.of(section, "", faults), FORM)
    package = _Routes("own", routes)
    reached = set()
    for size, fair, guests in product((None, "s", "m", "l"), (None, True, False), (None, *range(-2, 8))):
        given_ = {"size": size, "fair": fair, "guests": guests}
        answers = {name: value for name, value in given_.items() if value is not None}
        reached.add(route(package, answers, today=TODAY))
    assert {f"s{i}" for i in range(len(rules))} - reached == {f"s{each.path[8]}" for each in faults}


class _Routes:
    def __init__(self, service: str, routing: Any) -> None:
        self.service, self.routing = service, routing
