"""The session's token, from whatever a browser or a machine sends."""

import pytest

from infra.cookies import token_of


@pytest.mark.parametrize(
    ("headers", "token"),
    [
        ({}, None),
        ({"cookie": "relais=abc"}, "abc"),
        ({"cookie": "other=1; relais=abc; more=2"}, "abc"),
        ({"cookie": 'relais="abc"'}, "abc"),
        ({"cookie": "odd cookie; {json: [1]}=x; relais=abc"}, "abc"),
        ({"cookie": "norelais=abc; xrelais=def"}, None),
        ({"cookie": "relais="}, None),
        ({"cookie": "__Host-relais=abc"}, None),
        ({"authorization": "Bearer abc", "cookie": "relais=def"}, "abc"),
        ({"authorization": "bearer  abc "}, "abc"),
        ({"authorization": "Basic abc", "cookie": "relais=def"}, "def"),
    ],
)
def test_the_token_that_is_borne(headers: dict[str, str], token: str | None) -> None:
    assert token_of(headers, secure=False) == token


def test_over_https_only_the_cookie_of_this_host_alone() -> None:
    assert token_of({"cookie": "relais=abc"}, secure=True) is None
    assert token_of({"cookie": "__Host-relais=abc"}, secure=True) == "abc"
