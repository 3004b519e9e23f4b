"""Blocks, walked through: their fields, and the answers of their rows one by one."""

from casework.forms.blocks import answered, every_field
from tests.casework.forms.forms import form_of

FORM = form_of(
    {"id": "meals", "kind": "yes_no"},
    {
        "id": "children",
        "kind": "block",
        "fields": [{"id": "child", "kind": "text"}, {"id": "school", "kind": "address"}],
    },
    {"id": "why", "kind": "text"},
)


def test_every_field_is_met_once_in_order() -> None:
    assert [each.id for each in every_field(FORM)] == ["meals", "children", "child", "school", "why"]


def test_each_answer_is_met_with_its_place() -> None:
    rows = [{"child": "Zoé"}, {}, {"child": "Léo", "school": {"street": "1", "citycode": "86194"}}]
    met = [(each.path, each.row) for each in answered(FORM, {"why": "x", "children": rows})]
    assert met == [("children[0].child", 1), ("children[2].child", 3), ("children[2].school", 3), ("why", 0)]
