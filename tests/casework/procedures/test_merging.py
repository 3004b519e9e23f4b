"""Texts with places: answers stand there as people read them, in both languages, and nothing else can be written."""

from typing import Any

import pytest

from casework.forms.strict import DefinitionFault, Reader
from casework.procedures.merging import check_places, merge, mergeable, words
from tests.casework.forms.forms import form_of

FORM = form_of(
    {"id": "name", "kind": "text"}, {"id": "paid", "kind": "money"}, {"id": "held_on", "kind": "date"},
    {"id": "home", "kind": "address"}, {"id": "agrees", "kind": "yes_no"}, {"id": "paper", "kind": "attachment"},
)  # fmt: skip
ANSWERS: dict[str, Any] = {
    "name": "{{ paid }}", "paid": 12.5, "held_on": "2027-03-01", "agrees": True, "paper": ["x"],
    "home": {"street": "12 rue des Écoles", "postal_code": "86000", "citycode": "86194"},
}  # fmt: skip


def test_an_answer_stands_as_people_read_it_and_is_put_in_once() -> None:
    said = words(FORM, ANSWERS, "fr", reference="2026-1-A")
    text = "{{ name }} | {{ paid }} | {{ held_on }} | {{home}} | {{ agrees }} | {{ reference }} | {{ gone }}"
    assert merge(text, said) == (
        "{{ paid }} | 12,50\u00a0€ | 1er\u00a0mars 2027 | 12 rue des Écoles, 86000 Poitiers | Oui | 2026-1-A | …"
    )
    assert words(FORM, ANSWERS, "en")["agrees"] == "Yes"


def test_files_have_no_place_in_a_text() -> None:
    assert mergeable(FORM) == {"reference", "applicant", "name", "paid", "held_on", "home", "agrees"}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{{ name.__class__ }}", "merge_not_a_name"),
        ("{{ name|upper }}", "merge_not_a_name"),
        ("{% for x in name %}", "merge_not_a_name"),
        ("{{ 7 * 7 }}", "merge_not_a_name"),
        ("{{ paper }}", "merge_unknown"),
        ("{{ nobody }}", "merge_unknown"),
    ],
)
def test_a_text_that_reaches_for_more_is_refused(text: str, code: str) -> None:
    faults: list[DefinitionFault] = []
    check_places(Reader.of({}, "", faults), "body", text, mergeable(FORM))
    assert [fault.code for fault in faults] == [code]
