"""Answers in words, in both languages: what citizens and agents read."""

from typing import Any

import pytest

from api.answers import shown
from casework.forms.check import check
from casework.forms.example import example
from tests.casework.forms.forms import every_kind, form_of
from tests.casework.forms.strategies import TODAY


@pytest.mark.parametrize("locale", ["fr", "en"])
def test_every_answer_of_every_kind_has_words(locale: str) -> None:
    form = every_kind()
    answers = example(form, today=TODAY)
    told = shown(form, answers, (), locale=locale)
    assert {each.field.partition("[")[0] for each in told} == set(answers)
    assert all(each.shown and all(each.shown) for each in told)
    # Nothing of the stored form is left to be guessed at.
    assert not any(line.startswith(("{", "[")) for each in told for line in each.shown)


@pytest.mark.parametrize(
    ("field", "value", "french", "english"),
    [
        ({"kind": "decimal", "digits": 3}, 1234.567, "1\u202f234,567", "1,234.567"),
        ({"kind": "money"}, 12.5, "12,50\u00a0€", "€12.50"),
        ({"kind": "time"}, "14:05", "14\u202fh\u202f05", "14:05"),
        ({"kind": "consent"}, True, "Oui", "Yes"),
        ({"kind": "country"}, "DE", "Allemagne", "Germany"),
        ({"kind": "siret"}, "73282932000074", "732 829 320 00074", "732 829 320 00074"),
        ({"kind": "point"}, {"lat": 46.5, "lon": 0.34}, "46,5 ; 0,34", "46.5, 0.34"),
        (
            {"kind": "computed", "gives": "date", "value": "2026-12-01"},
            None,
            "1er\u00a0décembre 2026",
            "1 December 2026",
        ),
        ({"kind": "computed", "gives": "boolean", "value": {"==": [1, 2]}}, None, "Non", "No"),
    ],
)
def test_words_are_the_readers(field: dict[str, Any], value: Any, french: str, english: str) -> None:
    form = form_of({"id": "it", **field})
    answers = check(form, {"it": value}, documents={}, today=TODAY).answers
    for locale, words in (("fr", french), ("en", english)):
        assert [each.shown for each in shown(form, answers, (), locale=locale)] == [(words,)]


def test_a_row_is_told_by_its_number() -> None:
    form = every_kind()
    told = shown(form, {"field_block": [{"first_name": "Zoé"}, {"first_name": "Léo"}]}, (), locale="fr")
    assert [(each.field, each.label, each.shown) for each in told] == [
        ("field_block[0].first_name", "Enfant 1 – Question", ("Zoé",)),
        ("field_block[1].first_name", "Enfant 2 – Question", ("Léo",)),
    ]
