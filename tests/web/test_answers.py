"""What a page shows in its boxes, posted again, is the same answer; what somebody types is understood."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import FormData

from infra.i18n import translator
from web.portal.answers import by_place, posted, rows_of
from web.render import typed


def read(kind: str, text: str, **more: Any) -> Any:
    """What this text is, typed into the box of a question."""
    return posted([{"id": "it", "kind": kind, **more}], FormData({"it": text}), {}).answers["it"]


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("decimal", "12,5", 12.5),
        ("decimal", "1 234.5", 1234.5),
        ("decimal", "-0,001", -0.001),
        ("decimal", "douze", "douze"),
        ("decimal", "1,2,3", "1,2,3"),
        ("money", "1\u202f250,50\u00a0€", 1250.5),
        ("money", "12 €", 12),
        ("time", "9:05", "09:05"),
        ("time", "9h05", "09:05"),
        ("time", "14 h", "14:00"),
        ("time", "matin", "matin"),
        ("consent", "true", True),
        ("consent", "", None),
        ("linked_choice", "road lamp", {"first": "road", "second": "lamp"}),
        ("linked_choice", "road", {"first": "road"}),
        ("siret", " 732 829 320 00074 ", "732 829 320 00074"),
    ],
)
def test_what_is_typed_is_understood(kind: str, text: str, value: Any) -> None:
    assert read(kind, text) == value


@given(st.integers(-(10**9), 10**9), st.integers(0, 6), st.sampled_from(["fr", "en"]))
def test_a_number_comes_back_as_it_was(number: int, digits: int, locale: str) -> None:
    value = number / 10**digits
    assert read("decimal", typed(value, translator(locale))) == value


@given(st.text(max_size=40))
def test_no_text_makes_it_fall(text: str) -> None:
    for kind in ("decimal", "money", "time", "date", "integer", "linked_choice", "country", "iban"):
        read(kind, text)
    for part in ("lat", "strokes"):
        posted([{"id": "it", "kind": "point" if part == "lat" else "signature"}], FormData({f"it.{part}": text}), {})


@pytest.mark.parametrize("count", ["", "-1", "0", "x", "1.5", "١"])
def test_a_block_without_a_count_has_no_row(count: str) -> None:
    block = {"id": "it", "kind": "block", "fields": [{"id": "name", "kind": "text"}]}
    assert len(posted([block], FormData({"it.rows": count, "it[0].name": "Zoé"}), {}).answers["it"]) <= 1


def test_rows_are_read_by_their_place_and_no_more_than_there_may_be() -> None:
    block = {
        "id": "it",
        "kind": "block",
        "fields": [{"id": "name", "kind": "text"}, {"id": "proof", "kind": "attachment"}],
    }
    form = FormData({"it.rows": "2", "it[0].name": "Zoé", "it[1].name": " Léo ", "it[2].name": "x"})
    found = posted([block], form, {"it": [{}, {"proof": ["a"]}]}).answers
    assert found == {"it": [{"name": "Zoé", "proof": []}, {"name": "Léo", "proof": ["a"]}]}
    assert by_place(found)["it[1].name"] == "Léo"
    assert len(posted([block], FormData({"it.rows": "999999"}), {}).answers["it"]) == 20
    assert rows_of("x") == rows_of({"a": 1}) == rows_of(None) == []
