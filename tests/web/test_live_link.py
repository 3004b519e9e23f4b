"""The page's own link when its server is away: it comes back by itself, and never in step with the others."""

from playwright.async_api import Page

from tests.api.house import House
from tests.journeys.herd import FIRST_WAIT, LONGEST_WAIT
from web import static_files

# A socket that fails at once, and a clock that tells how long it was asked to wait instead of waiting.
_AWAY = """
async ([module, tries]) => {
  const later = window.setTimeout;
  const waits = [];
  window.setTimeout = (then, wait) => (waits.push(wait), later(then, 0));
  window.WebSocket = class {
    static OPEN = 1;
    constructor() { later(() => this.onclose({ code: 1006 }), 0); }
    close() {}
  };
  const { Live } = await import(module);
  const said = [];
  new Live({}, { fact() {}, state: (state) => said.push(state) });
  while (waits.length < tries) await new Promise((then) => later(then, 1));
  return { waits: waits.slice(0, tries), said };
}
"""


async def test_each_wait_is_drawn_from_nothing_to_its_most(house: House, page: Page) -> None:
    """Full jitter: half of a herd comes back in the first half of the time, and no two screens in the same instant."""
    await page.goto(house.url + "/connexion")
    found = await page.evaluate(_AWAY, [static_files.path_of("socket.js"), 400])
    assert set(found["said"]) == {"lost"}
    most = [min(1000 * LONGEST_WAIT, 1000 * FIRST_WAIT * 2**number) for number in range(400)]
    shares = [wait / limit for wait, limit in zip(found["waits"], most, strict=True)]
    assert all(0 <= share <= 1 for share in shares)
    assert most[0] < most[1] < most[-1]
    # 400 draws from [0, 1): each tenth has 40, and fewer than 10 with a chance of one in ten million.
    tenths = [sum(tenth <= 10 * share < tenth + 1 for share in shares) for tenth in range(10)]
    assert min(tenths) >= 10, tenths
