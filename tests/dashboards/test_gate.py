"""Nothing of the dashboards for whoever has no living session of the desk: by page, by token, by socket."""

import asyncio

import httpx
import pytest
from bokeh.util.token import generate_jwt_token, generate_session_id, get_token_payload
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.dashboards.conftest import PAGE, Desk
from tests.servers import until

pytestmark = pytest.mark.timeout(180)  # the first of them starts three processes


async def _socket(desk: Desk, browser: httpx.AsyncClient | None, token: str, origin: str | None) -> ClientConnection:
    cookie = "; ".join(f"{name}={value}" for name, value in browser.cookies.items()) if browser else ""
    headers = {"Cookie": cookie} if cookie else {}
    if origin is not None:
        headers["Origin"] = origin
    url = desk.dashboards.url.replace("http", "ws", 1) + PAGE + "/ws"
    return await connect(url, subprotocols=["bokeh", token], additional_headers=headers, max_size=None)  # type: ignore[list-item]


async def _refused(desk: Desk, browser: httpx.AsyncClient | None, token: str, origin: str | None) -> bool:
    try:
        socket = await _socket(desk, browser, token, origin)
    except InvalidStatus as refused:
        return refused.response.status_code == 403
    await socket.close()
    return False


async def test_without_a_ticket_there_is_no_page(desk: Desk) -> None:
    async with httpx.AsyncClient(base_url=desk.dashboards.url) as nobody:
        answer = await nobody.get(PAGE)
        assert answer.status_code == 302
        assert answer.headers["location"].startswith("./fermee")
        assert (await nobody.get("/fermee")).status_code == 401
        assert (await nobody.get("/entrer?billet=invented")).headers["location"] == "/fermee?langue=fr"
        for closed in ("/autoload.js", "/metadata"):
            assert (await nobody.get(PAGE + closed)).status_code == 404
        forged = f"relais-tableaux=01920090-1ab6-731c-b570-9ac3d87e89f2.{'0' * 64}"
        assert (await nobody.get(PAGE, headers={"cookie": forged})).status_code == 302


async def test_a_ticket_opens_once(desk: Desk) -> None:
    hugo = await desk.signed_in()
    url = await desk.ticket(hugo)
    async with httpx.AsyncClient() as first, httpx.AsyncClient() as second:
        assert (await first.get(url)).headers["location"] == f"{PAGE}?langue=fr"
        assert (await second.get(url)).headers["location"] == "/fermee?langue=fr"
        assert not second.cookies


@pytest.mark.parametrize("who", ["amina", "paul", "root"])
async def test_tickets_are_for_those_who_direct(desk: Desk, who: str) -> None:
    client = await desk.signed_in(who)
    assert (await client.post("/dashboards/tickets")).status_code == 403


async def test_the_desk_answers_only_its_own_process(desk: Desk) -> None:
    hugo = await desk.signed_in()
    token = (await desk.ticket(hugo)).partition("billet=")[2].partition("&")[0]
    for headers in ({}, {"x-relais-process": "0" * 64}):
        asked = await hugo.post("/dashboards/readers", json={"ticket": token}, headers=headers)
        assert asked.status_code == 403
        asked = await hugo.post("/dashboards/readers/alive", json={"sessions": []}, headers=headers)
        assert asked.status_code == 403


async def test_the_page_is_framed_by_the_desk_alone_and_leaks_no_cookie(desk: Desk) -> None:
    browser = await desk.entered(await desk.signed_in())
    page = await browser.get(PAGE)
    assert f"frame-ancestors {desk.settings.public_url}" in page.headers["content-security-policy"]
    assert '<html lang="fr"' in page.text
    cookie = next(iter(browser.cookies.values()))
    payload = get_token_payload(await desk.token_of(browser))
    assert cookie not in str(payload)
    assert payload["cookies"] == payload["headers"] == {}


async def test_the_socket_opens_for_its_own_reader_alone(desk: Desk) -> None:
    browser = await desk.entered(await desk.signed_in())
    token = await desk.token_of(browser)
    own = desk.settings.dashboards_url
    socket = await _socket(desk, browser, token, own)
    assert "ACK" in str(await asyncio.wait_for(socket.recv(), 10))
    await socket.close()

    other = await desk.entered(await desk.signed_in("hugo"))
    assert await _refused(desk, None, token, own), "no cookie"
    assert await _refused(desk, browser, token, None), "no Origin"
    assert await _refused(desk, browser, token, desk.settings.public_url), "the desk's Origin"
    assert await _refused(desk, browser, token, "https://example.org"), "a foreign Origin"
    assert await _refused(desk, other, token, own), "somebody else's token"
    invented = generate_jwt_token(generate_session_id(signed=False), signed=False, extra_payload={"reader": "x"})
    assert await _refused(desk, browser, invented, own), "a token of one's own"
    assert (await browser.get(f"{PAGE}?bokeh-token={token}")).status_code == 403


async def test_nothing_more_once_the_desks_session_has_ended(desk: Desk) -> None:
    hugo = await desk.signed_in()
    browser = await desk.entered(hugo)
    token = await desk.token_of(browser)
    socket = await _socket(desk, browser, token, desk.settings.dashboards_url)
    await asyncio.wait_for(socket.recv(), 10)
    assert (await hugo.delete("/session")).status_code < 300

    async def over() -> bool:
        try:
            await asyncio.wait_for(socket.recv(), 0.5)
        except ConnectionClosed:
            return True
        except TimeoutError:
            pass
        return False

    assert await until(over, seconds=3)
    assert socket.close_code == 4401
    assert await _refused(desk, browser, token, desk.settings.dashboards_url)
    assert (await browser.get(PAGE)).status_code == 302
