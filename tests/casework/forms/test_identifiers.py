"""Numbers of registers: what they catch, and their one written form."""

from collections.abc import Callable
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casework.demo.answers import NUMBERS
from casework.dossiers.reference import reference_of
from casework.forms.identifiers import COUNTRIES, IDENTIFIERS, BadNumber, any_plate

MADE: dict[str, Callable[[Random], str]] = {
    **NUMBERS,
    "dossier": lambda chance: reference_of(chance.randrange(2020, 2060), chance.randrange(10**7)),
}
chances = st.integers(0, 10**9).map(Random)
kinds = st.sampled_from(sorted(MADE))


def test_every_identifier_is_tried() -> None:
    assert set(MADE) == set(IDENTIFIERS)


@given(kinds, chances, st.sampled_from(["", " ", "\u00a0", "\u202f", "-", "."]))
def test_however_it_is_spaced_it_is_written_one_way(kind: str, chance: Random, between: str) -> None:
    identifier, number = IDENTIFIERS[kind], MADE[kind](chance)
    assert identifier.read(number) == number
    assert identifier.read(between.join(number.lower())) == number
    assert identifier.read(identifier.shown(number)) == number


@given(st.sampled_from(["siret", "iban", "dossier"]), chances, st.data())
def test_one_wrong_digit_is_always_caught(kind: str, chance: Random, data: st.DataObject) -> None:
    number = MADE[kind](chance)
    at = data.draw(st.sampled_from([i for i, sign in enumerate(number) if sign.isdigit()]))
    wrong = data.draw(st.sampled_from([digit for digit in "0123456789" if digit != number[at]]))
    with pytest.raises(BadNumber):
        IDENTIFIERS[kind].read(number[:at] + wrong + number[at + 1 :])


@given(st.text(max_size=40) | st.text("ABCDEFGHIWSU0123456789 -", max_size=12))
def test_no_text_makes_one_fall_and_what_is_read_stays(text: str) -> None:
    for read in (*(each.read for each in IDENTIFIERS.values()), any_plate):
        try:
            written = read(text)
        except BadNumber:
            continue
        assert read(written) == written


def test_countries_are_those_of_the_standard() -> None:
    assert len(COUNTRIES) == 249  # ISO 3166-1, officially assigned
    assert {"FR", "DE", "GP", "TW", "AQ"} <= COUNTRIES
    assert not {"EU", "UK", "XK", "ZZ", "AN"} & COUNTRIES
