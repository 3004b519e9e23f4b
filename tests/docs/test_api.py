"""docs/api.md cannot lie: every route as the code declares it."""

from analytics.published import PUBLISHED
from api.parameters import Figure
from api.routes import OPERATIONS
from casework import access
from tests.docs.tables import named, rows, section

DOCUMENT = "api.md"
PROCESS = "the dashboards process"


def test_every_route_is_told_as_it_is_declared() -> None:
    told = rows(DOCUMENT, "The routes")
    assert [(row[0], *named(row[1])) for row in told] == [(each.method, each.path) for each in OPERATIONS]
    for (_, _, does, who, if_match, once), operation in zip(told, OPERATIONS, strict=True):
        assert does == operation.does
        assert if_match == ("" if operation.if_match == "no" else operation.if_match)
        assert once == ("yes" if operation.once else "")
        act = "post_message" if operation.name == "write" else operation.name
        if act in access.ACTS:
            assert named(who) == sorted(access.ACTS[act])
        elif operation.needs == "anybody":
            assert who == (PROCESS if operation.path.startswith("/dashboards") else "anybody")
        else:
            assert who
            assert who not in ("anybody", PROCESS)


def test_figures_are_told_whole() -> None:
    words = set(named(section(DOCUMENT, "Figures")))
    assert set(PUBLISHED) <= words
    parameters = [name for row in rows(DOCUMENT, "Figures") for name in named(row[0])]
    assert set(parameters) == set(Figure.__struct_encode_fields__)
