"""The communes of the community."""

import pytest

from casework.organisation.communes import CommunesMissingError, communes


def test_the_forty_communes() -> None:
    found = communes()
    assert len(found) == 40
    assert found["86194"].name == "Poitiers"
    assert found["86115"].postal_codes == ("86130", "86380")
    assert all(len(code) == 5 and each.code == code and each.postal_codes for code, each in found.items())
    assert 190_000 < sum(each.population for each in found.values()) < 215_000


def test_an_unknown_community_is_told() -> None:
    with pytest.raises(CommunesMissingError):
        communes("000000000")
